#include "data/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "core/fail.h"
#include "core/text.h"

namespace runnel::data {
namespace {

// Real data pack to a few per cent; deflate cannot do better than 1032.
constexpr std::size_t plausible_ratio = 1000;

constexpr int gzip_only = 15 + 16;  // windowBits: the largest window, and gzip's header and trailer

using Stream = std::unique_ptr<z_stream, void (*)(z_stream*)>;

Stream open(const std::string& label) {
  auto stream = std::make_unique<z_stream>();
  *stream = {};
  if (inflateInit2(stream.get(), gzip_only) != Z_OK) fail_run("{}: out of memory", label);
  return {stream.release(), [](z_stream* z) {
            inflateEnd(z);
            delete z;
          }};
}

void check_ratio(const std::string& label, std::size_t unpacked, std::size_t packed, std::size_t believed) {
  if (unpacked <= believed || unpacked / plausible_ratio <= packed) return;
  fail(
      "{}: {} of gzip hold more than {}, over {} times as many: no data pack like that; if it is meant so, "
      "unpack it first (gunzip)",
      label, counted(packed, "byte"), counted(unpacked, "byte"), grouped(plausible_ratio));
}

// zlib counts in 32 bits.
uInt at_most(std::size_t size) {
  return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max() / 2));
}

struct Unpacking {
  const std::string& label;
  std::string_view bytes;
  std::size_t believed;
  std::string out = {};
  std::string buffer = std::string(1 << 18, '\0');
};

// Unpacks one member from `at` on, behind what is out already; gives where it ends.
std::size_t unpack_member(z_stream& z, std::size_t at, Unpacking& work) {
  const auto& [label, bytes, believed, out, buffer] = work;
  while (true) {
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data() + at));
    z.avail_in = at_most(bytes.size() - at);
    z.next_out = reinterpret_cast<Bytef*>(work.buffer.data());
    z.avail_out = at_most(buffer.size());
    const uInt given = z.avail_in;
    const int code = inflate(&z, Z_NO_FLUSH);
    at += given - z.avail_in;
    work.out.append(buffer.data(), buffer.size() - z.avail_out);
    check_ratio(label, out.size(), bytes.size(), believed);
    if (code == Z_STREAM_END) return at;
    if (code == Z_MEM_ERROR) fail_run("{}: out of memory", label);
    if (code != Z_OK && code != Z_BUF_ERROR) {
      fail("{}: damaged: gzip's data are not sound near byte {} ({})", label, grouped(at),
           z.msg ? z.msg : "no reason is known");
    }
    if (at == bytes.size() && z.avail_out > 0) {
      fail("{}: truncated: gzip's data stop before their end; copy or download the file again", label);
    }
  }
}

}  // namespace

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1F\x8B"); }

std::string gunzip(const std::string& label, std::string_view bytes, std::size_t believed) {
  const Stream stream = open(label);
  Unpacking work{label, bytes, believed};
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (at > 0 && bytes.find_first_not_of('\0', at) == std::string_view::npos) break;
    if (at > 0 && !is_gzip(bytes.substr(at))) {
      fail("{}: damaged: {} behind gzip's data are not gzip's", label, counted(bytes.size() - at, "byte"));
    }
    inflateReset(stream.get());
    at = unpack_member(*stream, at, work);
  }
  return std::move(work.out);
}

}  // namespace runnel::data
