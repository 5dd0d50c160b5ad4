# What `cmake --install` puts where: library, headers and CMake package are the component runnel-dev.
# (The program installs itself: cli/CMakeLists.txt.) Both want what connects ranks.
include_guard()
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/runnel)

install(TARGETS runnel EXPORT runnelTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runnel-dev
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY include/runnel ${CMAKE_CURRENT_BINARY_DIR}/generated/include/runnel
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT runnel-dev FILES_MATCHING PATTERN "*.h")
install(EXPORT runnelTargets NAMESPACE runnel:: DESTINATION ${package_dir} COMPONENT runnel-dev)

if(TARGET runnel_mpi)
  install(TARGETS runnel_mpi LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/runnel COMPONENT runnel-dev)
  if(TARGET runnel_cli)
    install(TARGETS runnel_mpi LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/runnel)
  endif()
endif()

configure_package_config_file(cmake/runnelConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/runnelConfig.cmake
  INSTALL_DESTINATION ${package_dir})
# Before 1.0 every second number may change the interface.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/runnelConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/runnelConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/runnelConfigVersion.cmake
  cmake/RunnelDependencies.cmake
  DESTINATION ${package_dir} COMPONENT runnel-dev)
