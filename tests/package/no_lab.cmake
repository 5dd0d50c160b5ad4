# No symbol of the lab (namespace runnel::lab) is defined in, or wanted by, the library that others link. Run as
#   cmake -DNM=<nm> -DLIBRARY=<librunnel.a> -DLAB=<librunnel_lab.a> -P no_lab.cmake
# Itanium C++ ABI, 5.1: a nested name is spelled by the lengths and letters of its parts.
set(of_lab "6runnel3lab")

# The symbols of `library`, defined or not, that have `part` in their mangled names.
function(symbols_with part library out)
  execute_process(COMMAND ${NM} ${library} OUTPUT_VARIABLE symbols ERROR_QUIET COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^ \n]*${part}[^\n]*" found "${symbols}")
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

# The lab's own library has them, and Runnel's has others: so they would be found.
symbols_with(${of_lab}3runE ${LAB} run)
symbols_with(6runnel10read_table ${LIBRARY} read_table)
if(NOT run OR NOT read_table)
  message(FATAL_ERROR "runnel::lab::run or runnel::read_table was not found: this test looks in the wrong place")
endif()
symbols_with(${of_lab} ${LIBRARY} found)
if(found)
  list(LENGTH found count)
  list(GET found 0 first)
  message(FATAL_ERROR "${count} symbols of the lab are in ${LIBRARY}, the first is ${first}")
endif()
