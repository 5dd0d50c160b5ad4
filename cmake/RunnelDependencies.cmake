# Everything comes from the system's packages (scripts/packages.txt); nothing is downloaded.
# An installed Runnel reads this file too (runnelConfig.cmake), for what a static library must be linked with.
include_guard()

macro(runnel_find name)
  if(CMAKE_FIND_PACKAGE_NAME STREQUAL "runnel")
    find_dependency(${name})
  else()
    find_package(${name} REQUIRED)
  endif()
endmacro()

runnel_find(TBB)
runnel_find(fmt)
runnel_find(ZLIB)
runnel_find(libzip)
runnel_find(hwy)
runnel_find(SQLite3)

# These two come without a CMake package that says what Debian installs.
find_library(LAPACKE_LIBRARY lapacke REQUIRED)
find_library(OPENBLAS_LIBRARY openblas REQUIRED)
add_library(runnel::lapack INTERFACE IMPORTED)
target_link_libraries(runnel::lapack INTERFACE ${LAPACKE_LIBRARY} ${OPENBLAS_LIBRARY})

find_library(LIBCSV_LIBRARY csv REQUIRED)
add_library(runnel::csv INTERFACE IMPORTED)
target_link_libraries(runnel::csv INTERFACE ${LIBCSV_LIBRARY})

if(NOT CMAKE_FIND_PACKAGE_NAME STREQUAL "runnel")
  # Headers alone, which only Runnel's own sources include.
  runnel_find(nlohmann_json)
  runnel_find(FastFloat)
  # The package's own target is a shared library; the header alone does all that is wanted.
  find_path(TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)
  add_library(runnel_toml INTERFACE)
  target_include_directories(runnel_toml SYSTEM INTERFACE ${TOMLPLUSPLUS_INCLUDE})
  target_compile_definitions(runnel_toml INTERFACE TOML_HEADER_ONLY=1 TOML_ENABLE_FORMATTERS=0)
  find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
endif()

if(NOT CMAKE_FIND_PACKAGE_NAME STREQUAL "runnel")
  # Several machines: optional. What uses it is a library of its own (src/mpi), loaded at run time.
  set(RUNNEL_MPI AUTO CACHE STRING "Searches over ranks: AUTO (where MPI is found), ON or OFF")
  set_property(CACHE RUNNEL_MPI PROPERTY STRINGS AUTO ON OFF)
  set(MPI_CXX_SKIP_MPICXX ON)
  if(RUNNEL_MPI STREQUAL "ON")
    find_package(MPI REQUIRED COMPONENTS CXX)
  elseif(RUNNEL_MPI STREQUAL "AUTO")
    find_package(MPI QUIET COMPONENTS CXX)
    if(NOT MPI_CXX_FOUND)
      message(STATUS "No MPI: built without searches over ranks (libopenmpi-dev)")
    endif()
  elseif(NOT RUNNEL_MPI STREQUAL "OFF")
    message(FATAL_ERROR "RUNNEL_MPI is ${RUNNEL_MPI}: it must be AUTO, ON or OFF")
  endif()
endif()
