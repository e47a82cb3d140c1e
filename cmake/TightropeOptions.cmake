# SPDX-License-Identifier: Apache-2.0
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# No -ffast-math, no contraction: the same source gives the same bits on every x86-64 machine.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
add_compile_options(-ffp-contract=off)
# GCC 12 leaves empty cold parts of functions whose unwinding data lld prefers to those of the
# function that lies there: an exception through it aborts.
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-reorder-blocks-and-partition>)

option(TIGHTROPE_TESTS "Build the tests" ON)
option(TIGHTROPE_BENCH "Build the benchmarks" ON)
option(TIGHTROPE_WERROR "Warnings in our own code are errors" ON)
set(TIGHTROPE_SANITIZE "" CACHE STRING "Sanitizers, for example address;undefined or thread")
set(TIGHTROPE_TORCH_DIR "" CACHE PATH "Folder of a LibTorch (the torch package or a libtorch zip)")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()
find_program(LLD_PROGRAM NAMES ld.lld)
if(LLD_PROGRAM)
  add_link_options(-fuse-ld=lld)
endif()
if(TIGHTROPE_SANITIZE)
  list(JOIN TIGHTROPE_SANITIZE "," _sanitizers)
  # GCC's own notes: sanitizers make -Wmaybe-uninitialized report false positives (<regex>).
  add_compile_options(-fsanitize=${_sanitizers} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -g1
                      -Wno-maybe-uninitialized)
  add_link_options(-fsanitize=${_sanitizers})
endif()
