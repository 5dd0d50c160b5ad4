# Writes FILE as the C++ source OUT, whose function page() gives its bytes.
file(READ ${FILE} text)
string(FIND "${text}" ")runnel_page\"" end)
if(NOT end EQUAL -1)
  message(FATAL_ERROR "${FILE} holds what ends the literal that it is to stand in")
endif()
file(WRITE ${OUT} "// Made of web/ by bytes.cmake.
#include \"web/page.h\"

namespace runnel::web {
std::string_view page() {
  static constexpr char bytes[] = R\"runnel_page(${text})runnel_page\";
  return {bytes, sizeof bytes - 1};
}
}  // namespace runnel::web
")
