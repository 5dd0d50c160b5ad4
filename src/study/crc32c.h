// CRC-32C (Castagnoli), as RFC 3720, appendix B.4, has it: what frames the records of TensorBoard's files.
#pragma once

#include <cstdint>
#include <string_view>

namespace runnel::study {

std::uint32_t crc32c(std::string_view bytes);

}  // namespace runnel::study
