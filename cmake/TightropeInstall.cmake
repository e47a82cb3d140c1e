# SPDX-License-Identifier: Apache-2.0
# bin/ holds the two programs, share/tightrope/ the data they find by their own place
# (core/base/paths.h) in the same folders as in the source tree.
include(GNUInstallDirs)
set(_data ${CMAKE_INSTALL_DATADIR}/tightrope)
install(TARGETS tightrope-engine tightrope-reader RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET tightrope_autograd)
  install(TARGETS tightrope_autograd LIBRARY DESTINATION lib/tightrope)
endif()
install(DIRECTORY graph/data/ DESTINATION ${_data}/graph/data)
install(DIRECTORY experiments/configs/ DESTINATION ${_data}/experiments/configs)
install(FILES LICENSE README.md CITATION.cff CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR}
        OPTIONAL)
