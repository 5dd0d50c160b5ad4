// Encodings by name, as --encoding takes them: through iconv.
#pragma once

#include <string>
#include <string_view>

namespace runnel::data {

// Text in the named encoding as UTF-8. Fails for a name that iconv does not know, naming one that is near,
// and with the line where bytes are not of that encoding.
std::string from_named(std::string_view bytes, const std::string& encoding, const std::string& label);

}  // namespace runnel::data
