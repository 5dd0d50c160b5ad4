// gzip: bytes that may be packed, and bytes that are.
#include <zlib.h>

#include "data/gzip.h"
#include "target.h"

namespace runnel::fuzz {
namespace {

std::string packed(std::string_view bytes) {
  z_stream stream = {};
  constexpr int with_gzip = 15 + 16;
  expect(deflateInit2(&stream, 1, Z_DEFLATED, with_gzip, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib begins");
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  expect(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib packs");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

void run(std::string_view bytes) {
  constexpr std::size_t believed = 1 << 20;
  (void)accepted([&] { (void)data::gunzip("input", bytes, believed); });
  // gzip within gzip is refused; all else comes back.
  const std::string twice = packed(bytes);
  std::string back;
  if (accepted([&] { back = data::gunzip("input", twice, believed); }))
    expect(back == bytes, "what was packed comes back");
  else
    expect(data::is_gzip(bytes) || bytes.empty(), "what was packed is unpacked");
}

const Target target("gzip", run);

}  // namespace
}  // namespace runnel::fuzz
