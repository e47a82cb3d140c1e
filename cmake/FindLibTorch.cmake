# SPDX-License-Identifier: Apache-2.0
# LibTorch::cpu: libtorch_cpu and libc10 out of a torch wheel or a libtorch folder, nothing more.
# Looks in TIGHTROPE_TORCH_DIR (cache or environment), then in the project's own .venv. torch's own
# package file is not used: it demands the CUDA toolkit and takes seconds.
set(_roots ${TIGHTROPE_TORCH_DIR} $ENV{TIGHTROPE_TORCH_DIR})
if(NOT _roots)
  file(GLOB _roots "${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch")
endif()

# Looked up afresh in every configure, so that another folder takes effect.
unset(LIBTORCH_INCLUDE_DIR CACHE)
unset(LIBTORCH_CPU_LIBRARY CACHE)
unset(LIBTORCH_C10_LIBRARY CACHE)
find_path(LIBTORCH_INCLUDE_DIR ATen/ATen.h HINTS ${_roots} PATH_SUFFIXES include NO_DEFAULT_PATH)
find_library(LIBTORCH_CPU_LIBRARY torch_cpu HINTS ${_roots} PATH_SUFFIXES lib NO_DEFAULT_PATH)
find_library(LIBTORCH_C10_LIBRARY c10 HINTS ${_roots} PATH_SUFFIXES lib NO_DEFAULT_PATH)
mark_as_advanced(LIBTORCH_INCLUDE_DIR LIBTORCH_CPU_LIBRARY LIBTORCH_C10_LIBRARY)

set(_version_file "${LIBTORCH_INCLUDE_DIR}/torch/headeronly/version.h")
if(NOT EXISTS "${_version_file}")  # before 2.9
  set(_version_file "${LIBTORCH_INCLUDE_DIR}/torch/csrc/api/include/torch/version.h")
endif()
if(EXISTS "${_version_file}")
  file(STRINGS "${_version_file}" _lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*PATCH ([0-9]+).*" "\\1.\\2.\\3"
         LibTorch_VERSION "${_lines}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LIBTORCH_CPU_LIBRARY LIBTORCH_C10_LIBRARY LIBTORCH_INCLUDE_DIR
  VERSION_VAR LibTorch_VERSION)

if(LibTorch_FOUND AND NOT TARGET LibTorch::cpu)
  get_filename_component(_folder "${LIBTORCH_CPU_LIBRARY}" DIRECTORY)
  add_library(LibTorch::c10 SHARED IMPORTED)
  set_target_properties(LibTorch::c10 PROPERTIES IMPORTED_LOCATION "${LIBTORCH_C10_LIBRARY}")
  add_library(LibTorch::cpu SHARED IMPORTED)
  set_target_properties(LibTorch::cpu PROPERTIES
    IMPORTED_LOCATION "${LIBTORCH_CPU_LIBRARY}"
    # After the system's folders: the wheel brings an fmt of its own, whose library we do not link.
    INTERFACE_COMPILE_OPTIONS "SHELL:-idirafter ${LIBTORCH_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES LibTorch::c10
    # A CUDA wheel's libtorch_cpu finds its NVIDIA libraries by its own RPATH when it is loaded;
    # the linker must not chase them.
    INTERFACE_LINK_OPTIONS
      "LINKER:--allow-shlib-undefined;LINKER:--disable-new-dtags;LINKER:-rpath,${_folder}")
endif()
