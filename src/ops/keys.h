// Keys of a purpose, for the rooms that take a key from a user.
#pragma once

#include <cstdint>

#include "core/philox.h"
#include "runnel/ops.h"

namespace runnel::random {

// The key that `key` has for `data` (u32, i32 or a number) within a domain of core/philox.h: independent of
// its draws, of its children by fold_in, which are the user's own, and of the keys of other domains.
Array child_key(const Array& key, const Operand& data, std::uint32_t domain);

}  // namespace runnel::random
