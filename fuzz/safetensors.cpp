// safetensors files. What was read is written and read again, to the last bit.
#include "artifact/safetensors.h"

#include "core/text.h"
#include "runnel/array.h"
#include "target.h"

namespace runnel::fuzz {
namespace {

void run(std::string_view bytes) {
  SafeTensors file;
  if (!accepted([&] { file = decode_safetensors("input", bytes); })) return;
  expect(looks_like_safetensors(bytes), "what is read looks like what is read");
  const SafeTensors again = decode_safetensors("again", encode_safetensors(file));
  expect(again.metadata == file.metadata, "written and read again: the same metadata");
  expect(again.tensors.size() == file.tensors.size(), "written and read again: as many tensors");
  for (const auto& [name, array] : file.tensors) {
    const Array* copy = again.find(name);
    expect(copy != nullptr && same_bits(*copy, array), "written and read again: the same tensors");
  }
}

const Target target("safetensors", run);

}  // namespace
}  // namespace runnel::fuzz
