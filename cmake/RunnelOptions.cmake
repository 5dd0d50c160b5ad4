# Flags of our own targets only; nothing here leaks into a consumer.
include_guard()

if(NOT CMAKE_BUILD_TYPE AND PROJECT_IS_TOP_LEVEL)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  find_program(CCACHE ccache)
  if(CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
    set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  endif()
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(RUNNEL_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")

add_library(runnel_flags INTERFACE)
target_compile_options(runnel_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  # g++ 12 misjudges the buffers that fmt and the standard library write inline at -O3, and strings within
  # aggregates and regular expressions.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow;-Wno-array-bounds;-Wno-restrict;-Wno-maybe-uninitialized>
  # A fused multiply-add stands only where the source says std::fma: the bits of a result do not
  # depend on what the optimiser happened to contract.
  -ffp-contract=off -fno-math-errno -fno-trapping-math)
# The project's compiler is g++: what another, or another version within somebody else's program, warns of must not
# stop it.
option(RUNNEL_WERROR "Take g++'s warnings for errors" ${PROJECT_IS_TOP_LEVEL})
if(RUNNEL_WERROR AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(runnel_flags INTERFACE -Werror)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  # The least machine: AVX2 and FMA (2013 and later); std::fma must be one instruction.
  target_compile_options(runnel_flags INTERFACE -march=x86-64-v3)
endif()
if(RUNNEL_SANITIZE)
  target_compile_options(runnel_flags INTERFACE -fsanitize=${RUNNEL_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(runnel_flags INTERFACE -fsanitize=${RUNNEL_SANITIZE})
endif()

# Instruments sources for libFuzzer (fuzz/): every branch is counted, every wrong access or overflow ends the run.
option(RUNNEL_FUZZ "Build the fuzz targets instead of all else (clang++)" OFF)
set(RUNNEL_FUZZ_FLAGS
  -fsanitize=fuzzer-no-link,address,undefined,float-cast-overflow -fno-sanitize-recover=all -fno-omit-frame-pointer)
if(RUNNEL_FUZZ AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "RUNNEL_FUZZ needs clang++, which has libFuzzer: cmake --preset fuzz")
endif()
