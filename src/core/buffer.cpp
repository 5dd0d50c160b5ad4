#include "core/buffer.h"

#include <sys/mman.h>

#include <atomic>
#include <new>

#include "core/fail.h"

namespace runnel {
namespace {
std::atomic<std::size_t> allocated{0};
std::atomic<std::size_t> alive{0};  // bytes
constexpr std::align_val_t kAlignment{64};
}  // namespace

std::shared_ptr<std::byte> allocate_buffer(std::size_t bytes) {
  // Whole cache lines, so that a vector load at the end of a buffer stays inside it.
  const std::size_t size = (bytes + 64) / 64 * 64;
  void* memory = ::operator new(size, kAlignment, std::nothrow);
  if (memory == nullptr) fail_run("out of memory: an array of {} bytes could not be allocated", bytes);
  allocated.fetch_add(1, std::memory_order_relaxed);
  alive.fetch_add(size, std::memory_order_relaxed);
  return {static_cast<std::byte*>(memory), [size](std::byte* p) {
            alive.fetch_sub(size, std::memory_order_relaxed);
            ::operator delete(p, kAlignment);
          }};
}

std::shared_ptr<std::byte> allocate_arena(std::size_t bytes) {
  constexpr std::size_t kLarge = std::size_t{1} << 20;
  if (bytes < kLarge) return allocate_buffer(bytes);
  const std::size_t size = (bytes + 64) / 64 * 64;
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail_run("out of memory: {} bytes to work in could not be allocated", bytes);
  allocated.fetch_add(1, std::memory_order_relaxed);
  alive.fetch_add(size, std::memory_order_relaxed);
  return {static_cast<std::byte*>(memory), [size](std::byte* p) {
            alive.fetch_sub(size, std::memory_order_relaxed);
            ::munmap(p, size);
          }};
}

std::size_t buffer_bytes() { return alive.load(std::memory_order_relaxed); }

std::size_t buffers_allocated() { return allocated.load(std::memory_order_relaxed); }

}  // namespace runnel
