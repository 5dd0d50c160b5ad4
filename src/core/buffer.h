// Reference-counted storage of arrays, aligned to 64 bytes.
#pragma once

#include <cstddef>
#include <memory>

namespace runnel {

// At least `bytes` bytes (never none), aligned to 64, uninitialised. Throws Error(run) when memory is short.
std::shared_ptr<std::byte> allocate_buffer(std::size_t bytes);

// The same for memory that a program works in. Where it is large it comes from the system by itself and goes
// back to it: an allocator would keep it.
std::shared_ptr<std::byte> allocate_arena(std::size_t bytes);

// How many buffers this process has allocated so far: lets a test show that a compiled step allocates none.
std::size_t buffers_allocated();

// Bytes of the buffers that are alive: lets a test show that what is dropped leaves nothing behind.
std::size_t buffer_bytes();

}  // namespace runnel
