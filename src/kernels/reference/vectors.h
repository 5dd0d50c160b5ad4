// Short vectors as the compiler's own types, for the few loops it does not make into vectors by itself.
#pragma once

#include <cstring>

namespace runnel::kernels {

template <class T, int Width>
struct VectorOf {
  using type __attribute__((vector_size(Width * sizeof(T)))) = T;
};
template <class T, int Width>
using Vector = typename VectorOf<T, Width>::type;

template <class T>
inline constexpr int kWidth = 32 / static_cast<int>(sizeof(T));  // numbers in a 256-bit register

template <class T, int Width>
inline Vector<T, Width> load(const T* p) {
  Vector<T, Width> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

template <class T, int Width>
inline void store(T* p, Vector<T, Width> v) {
  std::memcpy(p, &v, sizeof v);
}

}  // namespace runnel::kernels
