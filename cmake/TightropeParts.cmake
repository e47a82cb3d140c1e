# SPDX-License-Identifier: Apache-2.0
# The libraries that do what we do not write ourselves; Debian packages unless said.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(Boost REQUIRED COMPONENTS program_options)
set(HDF5_PREFER_PARALLEL OFF)
find_package(HDF5 REQUIRED COMPONENTS C HL)
find_path(RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)
find_path(HWY_INCLUDE_DIR hwy/highway.h REQUIRED)
find_library(HWY_LIBRARY hwy REQUIRED)

add_library(tightrope_parts INTERFACE)
target_include_directories(tightrope_parts SYSTEM INTERFACE ${RANDOM123_INCLUDE_DIR}
                           ${HWY_INCLUDE_DIR} ${HDF5_INCLUDE_DIRS} ${YAML_CPP_INCLUDE_DIR})
target_link_libraries(tightrope_parts INTERFACE Threads::Threads fmt::fmt spdlog::spdlog
                      nlohmann_json::nlohmann_json yaml-cpp Boost::program_options
                      ${HDF5_LIBRARIES} ${HDF5_HL_LIBRARIES} ${HWY_LIBRARY} ${CMAKE_DL_LIBS})
target_compile_definitions(tightrope_parts INTERFACE SPDLOG_FMT_EXTERNAL R123_USE_AES_NI=0)
