// A kernel made ready for given shapes and strides: everything that does not depend on the values is worked
// out once, so that running it is little more than its arithmetic.
#pragma once

#include <cstddef>
#include <memory>

namespace runnel::kernels {

class Prepared {
 public:
  virtual ~Prepared() = default;
  // Bytes of working memory that a run needs, aligned to 64.
  virtual std::size_t scratch_bytes() const { return 0; }
  // `data` holds the first elements of the inputs, then of the outputs, of the views that it was prepared
  // for. Allocates nothing; several threads may run one object at a time, each with a scratch of its own.
  virtual void run(std::byte* const* data, std::byte* scratch) const = 0;
};

using PreparedPtr = std::shared_ptr<const Prepared>;

}  // namespace runnel::kernels
