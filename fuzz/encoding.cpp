// Text in any encoding, told or not.
#include "data/encoding.h"
#include "target.h"

namespace runnel::fuzz {
namespace {

void run(std::string_view bytes) {
  for (const char* name : {"", "UTF-8", "UTF-16", "windows-1251", "shift_jis"}) {
    data::Decoded decoded;
    if (!accepted([&] { decoded = data::decode(std::string(bytes), name, "input"); })) continue;
    data::decode_cells(decoded.text, ",");
    expect(is_utf8(decoded.text), "what is decoded is UTF-8");
    const std::string once = decoded.text;
    data::Decoded again;
    expect(accepted([&] { again = data::decode(once, "UTF-8", "input"); }), "UTF-8 is read again");
    data::decode_cells(again.text, ",");
    // A mark at the beginning is no part of the text.
    expect(once.starts_with("\xEF\xBB\xBF") || again.text == once, "UTF-8 stays what it is");
  }
}

const Target target("encoding", run);

}  // namespace
}  // namespace runnel::fuzz
