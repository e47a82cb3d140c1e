# SPDX-License-Identifier: Apache-2.0
# generated/tightrope_version.h: the version and the git revision, looked up again in every build
# and written only when changed. Only core/base/version.cc and core/base/paths.cc include it.
set(_header "${PROJECT_BINARY_DIR}/generated/tightrope_version.h")
add_custom_target(tightrope_version ALL
  COMMAND ${CMAKE_COMMAND} "-DSOURCE=${PROJECT_SOURCE_DIR}" "-DVERSION=${PROJECT_VERSION}"
          "-DHEADER=${_header}" -P "${PROJECT_SOURCE_DIR}/cmake/write_version.cmake"
  BYPRODUCTS "${_header}"
  COMMENT "Looking up the git revision" VERBATIM)
add_dependencies(tightrope_core tightrope_version)
