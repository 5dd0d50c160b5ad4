// What the ranks of a run write to each other, as bytes of one machine type: all ranks run the same program.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "ranks/transport.h"
#include "runnel/array.h"

namespace runnel::ranks {

enum class Kind : std::uint8_t {
  // to rank 0
  facts,     // what the search is of, with its number; threads
  progress,  // work done since the last one
  block,     // one has come to its end: readings, networks, states
  states,    // of all that is in training, because `keep` asked; none: that was all
  free,      // all that was handed out is back
  failed,    // number of the search, kind of error, text
  leaving,   // the rank's program is at its end
  left,      // and this is its last word
  // from rank 0
  work,      // blocks and their states
  together,  // likewise, one block, which all ranks train in step
  keep,      // send the states
  stop,      // give back all as it stands
  over,      // the search is over; its number, and what came of it
  goodbye,   // the program is: end
};

class Writer {
 public:
  explicit Writer(Kind kind) { put(kind); }

  template <class T>
  Writer& put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    return put_bytes(&value, sizeof value);
  }
  Writer& put(std::string_view text);
  Writer& put(const std::string& text) { return put(std::string_view(text)); }
  Writer& put(const std::vector<double>& values);
  Writer& put(const Array& array);  // dense
  Writer& put(const std::vector<Array>& arrays);

  Bytes take() { return std::move(bytes_); }

 private:
  Writer& put_bytes(const void* data, std::size_t size);
  Bytes bytes_;
};

// Reads in the order of writing. Throws Error(run) where a message ends too early.
class Reader {
 public:
  explicit Reader(const Bytes& bytes) : bytes_(bytes) {}

  template <class T>
  T get() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, next(sizeof value), sizeof value);
    return value;
  }
  std::string text();
  std::vector<double> numbers();
  Array array();
  std::vector<Array> arrays();

 private:
  const std::byte* next(std::size_t size);
  const Bytes& bytes_;
  std::size_t at_ = 0;
};

}  // namespace runnel::ranks
