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

}  // namespace

struct Gunzip::Impl {
  Impl(std::string label_, std::function<std::string()> packed_, std::size_t believed_)
      : label(std::move(label_)), packed(std::move(packed_)), believed(believed_), stream(open(label)) {}

  bool fill();
  void begin_member();
  void inflate_some(std::string& out, std::size_t most);

  std::string label;
  std::function<std::string()> packed;
  std::size_t believed;
  Stream stream;
  std::string in = {};       // packed bytes
  std::size_t at = 0;        // of them, that were unpacked
  std::size_t before = 0;    // packed bytes before these
  std::size_t unpacked = 0;  // bytes that came out
  bool in_member = false, ended = false;
  std::string buffer = std::string(1 << 18, '\0');
};

// More packed bytes behind those that are there; false at the end of the file.
bool Gunzip::Impl::fill() {
  const std::string more = packed();
  if (more.empty()) return false;
  in.erase(0, at);
  before += at;
  at = 0;
  in += more;
  return true;
}

// Behind a member: another one, or padding.
void Gunzip::Impl::begin_member() {
  constexpr std::size_t magic = 2;
  while (in.size() - at < magic && fill()) {
  }
  const std::string_view next = std::string_view(in).substr(at);
  if (next.empty() && before + at > 0) {
    ended = true;
  } else if (before + at == 0 || is_gzip(next)) {
    inflateReset(stream.get());
    in_member = true;
  } else {
    std::size_t count = 0;
    bool zeros = true;
    do {
      zeros = zeros && in.find_first_not_of('\0', at) == std::string::npos;
      count += in.size() - at;
      before += in.size();
      in.clear();
      at = 0;
    } while (fill());
    if (!zeros) fail("{}: damaged: {} behind gzip's data are not gzip's", label, counted(count, "byte"));
    ended = true;
  }
}

// What comes next out of the member, at most so many bytes.
void Gunzip::Impl::inflate_some(std::string& out, std::size_t most) {
  if (at == in.size()) fill();
  z_stream& z = *stream;
  z.next_in = reinterpret_cast<Bytef*>(in.data() + at);
  z.avail_in = at_most(in.size() - at);
  z.next_out = reinterpret_cast<Bytef*>(buffer.data());
  z.avail_out = at_most(std::min(buffer.size(), most));
  const uInt given = z.avail_in, room = z.avail_out;
  const int code = inflate(&z, Z_NO_FLUSH);
  at += given - z.avail_in;
  out.append(buffer.data(), room - z.avail_out);
  unpacked += room - z.avail_out;
  check_ratio(label, unpacked, before + in.size(), believed);
  if (code == Z_STREAM_END) {
    in_member = false;
    return;
  }
  if (code == Z_MEM_ERROR) fail_run("{}: out of memory", label);
  if (code != Z_OK && code != Z_BUF_ERROR) {
    fail("{}: damaged: gzip's data are not sound near byte {} ({})", label, grouped(before + at),
         z.msg ? z.msg : "no reason is known");
  }
  if (at == in.size() && z.avail_out > 0 && !fill())
    fail("{}: truncated: gzip's data stop before their end; copy or download the file again", label);
}

Gunzip::Gunzip(std::string label, std::function<std::string()> packed, std::size_t believed)
    : impl_(std::make_unique<Impl>(std::move(label), std::move(packed), believed)) {}
Gunzip::Gunzip(Gunzip&&) noexcept = default;
Gunzip& Gunzip::operator=(Gunzip&&) noexcept = default;
Gunzip::~Gunzip() = default;

std::string Gunzip::read(std::size_t bytes) {
  std::string out;
  while (out.size() < bytes && !impl_->ended) {
    if (impl_->in_member) {
      impl_->inflate_some(out, bytes - out.size());
    } else {
      impl_->begin_member();
    }
  }
  return out;
}

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1F\x8B"); }

std::string gunzip(const std::string& label, std::string_view bytes, std::size_t believed) {
  bool given = false;
  Gunzip all(
      label, [&] { return std::exchange(given, true) ? std::string() : std::string(bytes); }, believed);
  return all.read(~std::size_t{0});
}

}  // namespace runnel::data
