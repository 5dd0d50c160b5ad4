// The marks in numbers, as flags name them.
#pragma once

#include <string_view>

namespace runnel::data {

inline std::string_view mark_name(char mark) {
  return mark == ',' ? "comma" : mark == '.' ? "point" : mark == ' ' ? "space" : "apostrophe";
}

}  // namespace runnel::data
