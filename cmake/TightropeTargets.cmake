# SPDX-License-Identifier: Apache-2.0
# tightrope_folder(NAME [EXCLUDE files or folders...]): all sources of a folder as one object
# library.
# tightrope_program(NAME MAIN FOLDERS names...): a program out of whole folders. Object files are
# named as sources, because a static library would silently drop the self-registering components.

set(TIGHTROPE_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion)
if(TIGHTROPE_WERROR)
  list(APPEND TIGHTROPE_WARNINGS -Werror)
endif()

function(tightrope_folder name)
  cmake_parse_arguments(ARG "" "" "EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${name}/*.cc")
  foreach(file ${ARG_EXCLUDE})
    list(FILTER sources EXCLUDE REGEX "^${PROJECT_SOURCE_DIR}/${name}/${file}")
  endforeach()
  if(NOT sources)
    set(sources "${PROJECT_SOURCE_DIR}/cmake/empty.cc")
  endif()
  add_library(tightrope_${name} OBJECT ${sources})
  target_include_directories(tightrope_${name} PUBLIC "${PROJECT_SOURCE_DIR}"
                                                      "${PROJECT_BINARY_DIR}/generated")
  target_link_libraries(tightrope_${name} PUBLIC tightrope_parts)
  target_compile_options(tightrope_${name} PRIVATE ${TIGHTROPE_WARNINGS})
endfunction()

function(tightrope_program name main)
  cmake_parse_arguments(ARG "" "" "FOLDERS" ${ARGN})
  if(NOT EXISTS "${PROJECT_SOURCE_DIR}/${main}")
    message(FATAL_ERROR "no ${main}")
  endif()
  add_executable(${name} ${main})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}"
                                             "${PROJECT_BINARY_DIR}/generated")
  target_compile_options(${name} PRIVATE ${TIGHTROPE_WARNINGS})
  target_link_libraries(${name} PRIVATE tightrope_parts)
  foreach(folder ${ARG_FOLDERS})
    target_sources(${name} PRIVATE $<TARGET_OBJECTS:tightrope_${folder}>)
  endforeach()
endfunction()
