# SPDX-License-Identifier: Apache-2.0
# The autograd backend of the transformer: a module that the engine loads on first use, built where
# LibTorch is found. The rest of the program neither links LibTorch nor waits for it to start.
find_package(LibTorch)
if(LibTorch_FOUND)
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/policies/transformer/autograd/*.cc")
  add_library(tightrope_autograd_objects OBJECT ${sources})
  target_include_directories(tightrope_autograd_objects PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(tightrope_autograd_objects PUBLIC tightrope_parts LibTorch::cpu)
  # One header an operation: ATen/Functions.h alone takes ten seconds a file.
  target_compile_definitions(tightrope_autograd_objects PUBLIC AT_PER_OPERATOR_HEADERS)
  target_compile_options(tightrope_autograd_objects PRIVATE ${TIGHTROPE_WARNINGS})
  add_library(tightrope_autograd MODULE $<TARGET_OBJECTS:tightrope_autograd_objects>)
  target_link_libraries(tightrope_autograd PRIVATE LibTorch::cpu)
  set_target_properties(tightrope_autograd PROPERTIES PREFIX "" INSTALL_RPATH_USE_LINK_PATH ON)
else()
  message(STATUS "no LibTorch: the transformer's autograd backend and its tests are left out (set "
                 "TIGHTROPE_TORCH_DIR, or ./tightrope setup)")
endif()

# A program that may load the module, which finds the program's own classes in it.
function(tightrope_loads_autograd program)
  set_target_properties(${program} PROPERTIES ENABLE_EXPORTS ON)
  if(TARGET tightrope_autograd)
    add_dependencies(${program} tightrope_autograd)
  endif()
endfunction()
