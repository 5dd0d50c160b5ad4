# Everything comes from the system's packages (scripts/packages.txt); nothing is downloaded.
include_guard()

find_package(TBB REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(FastFloat REQUIRED)
find_package(libzip REQUIRED)

find_library(LAPACKE_LIBRARY lapacke REQUIRED)
find_library(OPENBLAS_LIBRARY openblas REQUIRED)
add_library(runnel_lapack INTERFACE)
target_link_libraries(runnel_lapack INTERFACE ${LAPACKE_LIBRARY} ${OPENBLAS_LIBRARY})

find_library(LIBCSV_LIBRARY csv REQUIRED)
add_library(runnel_csv INTERFACE)
target_link_libraries(runnel_csv INTERFACE ${LIBCSV_LIBRARY})
