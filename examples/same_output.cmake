# A program that says the same on one thread and on two, and the table that it promises. Run as
#   cmake -DPROGRAM=<path> -DSAYS=<regular expression> -P same_output.cmake
set(outputs)
foreach(threads 1 2 3)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env RUNNEL_THREADS=${threads} ${PROGRAM}
                  OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${PROGRAM} ended with ${result} on ${threads} threads:\n${output}${errors}")
  endif()
  if(NOT output MATCHES "${SAYS}")
    message(FATAL_ERROR "${PROGRAM} does not say \"${SAYS}\" but:\n${output}")
  endif()
  if(threads GREATER 1 AND NOT output STREQUAL first)
    message(FATAL_ERROR "${PROGRAM} says on one thread\n${first}\nand on ${threads}\n${output}")
  endif()
  set(first "${output}")
endforeach()
