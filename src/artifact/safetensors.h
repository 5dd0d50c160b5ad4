// safetensors, the format that model weights are exchanged in: the header's length (8 bytes, little-endian),
// a JSON header with the type, shape and place of each tensor, then the numbers.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runnel/array.h"

namespace runnel {

struct SafeTensors {
  std::vector<std::pair<std::string, Array>> tensors = {};  // f32 or f64
  std::map<std::string, std::string> metadata = {};

  const Array* find(std::string_view name) const;  // nullptr when there is none
};

// The file's bytes. The header is padded with spaces so that the numbers begin at a multiple of 8; tensors of
// f64 stand before those of f32, so that each is aligned.
std::string encode_safetensors(const SafeTensors& file);

// Reads strictly: every byte of the file is accounted for, and nothing that the header says is believed
// before it is compared with the file's length. `name` is what errors call the file.
SafeTensors decode_safetensors(const std::string& name, std::string_view bytes);

// Whether a file begins as safetensors files do (a header length, then an opening brace).
bool looks_like_safetensors(std::string_view first_bytes);

}  // namespace runnel
