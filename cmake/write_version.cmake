# SPDX-License-Identifier: Apache-2.0
# cmake -DSOURCE=... -DVERSION=... -DHEADER=... -P write_version.cmake
execute_process(COMMAND git -C "${SOURCE}" describe --always --dirty --abbrev=12 --exclude=*
                OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE
                RESULT_VARIABLE result ERROR_QUIET)
if(NOT result EQUAL 0 OR revision STREQUAL "")
  set(revision "unknown")
endif()
set(text "// Written by cmake/write_version.cmake in every build.
#pragma once
#define TIGHTROPE_VERSION \"${VERSION}\"
#define TIGHTROPE_REVISION \"${revision}\"
#define TIGHTROPE_SOURCE_FOLDER \"${SOURCE}\"
")
if(EXISTS "${HEADER}")
  file(READ "${HEADER}" old)
endif()
if(NOT "${old}" STREQUAL "${text}")
  file(WRITE "${HEADER}" "${text}")
endif()
