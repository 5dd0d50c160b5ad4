#include "models/forward.h"

#include <algorithm>
#include <cstring>

#include "core/fail.h"
#include "models/schema.h"
#include "runnel/ops.h"
#include "runnel/tree.h"

namespace runnel::models {
namespace {

// Of layers that learn nothing.
bool same(const nn::Layer& a, const nn::Layer& b) {
  return a.kind == b.kind && a.attributes == b.attributes &&
         std::equal(a.given.begin(), a.given.end(), b.given.begin(), b.given.end(),
                    [](const Array& x, const Array& y) { return same_bits(x, y); });
}

const void* data_of(const Array& array) {
  switch (array.dtype()) {
    case DType::f32:
      return array.data<float>().data();
    case DType::f64:
      return array.data<double>().data();
    case DType::i32:
      return array.data<std::int32_t>().data();
    default:
      fail("[predict] a network has numbers of {}", name_of(array.dtype()));
  }
}

// From this many times the middle size on, rows are run with the largest.
constexpr std::size_t kMany = 7;

// The place in kRows of the program for so many rows.
std::size_t size_for(std::size_t rows) { return rows == 1 ? 0 : rows <= kMany * Forward::kRows[1] ? 1 : 2; }

}  // namespace

Forward::Runner::Runner(const Compiled& of) : program(of) {
  for (const Type& type : program.output_types()) {
    const auto bytes = static_cast<std::size_t>(type.shape.product()) * size_of(type.dtype);
    places.push_back(out.emplace_back((bytes + sizeof(double) - 1) / sizeof(double)).data());
  }
  in.resize(program.input_types().size());
  const Type& features = program.input_types()[0];
  const auto bytes = static_cast<std::size_t>(features.shape.product()) * size_of(features.dtype);
  if (features.shape[0] > 1) x.resize((bytes + sizeof(double) - 1) / sizeof(double));
}

Forward::Forward(std::span<const Part> parts, std::int64_t inputs)
    : dtype_(parts.empty() || parts[0].network.layers.empty() ? DType::f32 : nn::dtype_of(parts[0].network)),
      inputs_(static_cast<std::size_t>(inputs)) {
  for (const Part& part : parts) {
    if (part.network.layers.empty()) fail("[predict] the model has no layers");
    const auto width = static_cast<std::size_t>(nn::outputs_of(part.network));
    if (nn::dtype_of(part.network) != dtype_ || (!networks_.empty() && width != width_))
      fail("[predict] the networks differ in their dtype or in the number of outputs");
    width_ = width;
    networks_.push_back(kept(part));
  }
  for (const nn::Network& embedding : embeddings_)
    for (Array& array : tree::flatten(embedding)) arrays_.push_back(std::move(array));
  for (const Kept& of : networks_)
    for (Array& array : tree::flatten(of.network)) arrays_.push_back(std::move(array));
  for (const Array& array : arrays_) data_.push_back(data_of(array));
}

Forward::Kept Forward::kept(const Part& part) {
  Kept out{part.network, activation_of(part.configuration), scale_of(part.configuration)};
  std::vector<nn::Layer>& layers = out.network.layers;
  if (layers[0].given.empty() || !layers[0].learnt.empty()) return out;
  std::size_t i = 0;
  while (i < embeddings_.size() && !same(embeddings_[i].layers[0], layers[0])) ++i;
  if (i == embeddings_.size()) embeddings_.push_back({{layers[0]}});
  out.embedding = i;
  layers.erase(layers.begin());
  return out;
}

Compiled Forward::compiled(std::size_t rows) const {
  const auto forward = [this](const std::vector<Array>& in) {
    std::size_t next = 1;
    std::vector<Array> embedded, out;
    for (const nn::Network& embedding : embeddings_)
      embedded.push_back(nn::forward(tree::unflatten(embedding, in, next), in[0], nn::Activation::relu));
    for (const Kept& of : networks_)
      out.push_back(nn::forward(tree::unflatten(of.network, in, next),
                                of.embedding ? embedded[*of.embedding] : in[0], of.activation, of.scale));
    return out;
  };
  std::vector<Type> types = {{dtype_, {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(inputs_)}}};
  for (const Array& array : arrays_) types.push_back(array.type());
  return {forward, types};
}

void Forward::run(const Array& x, double* out) const {
  if (x.rank() != 2 || x.dtype() != dtype_ || static_cast<std::size_t>(x.dim(1)) != inputs_)
    fail("[predict] features {}: {} of {} for each row are needed", to_string(x.type()), inputs_,
         name_of(dtype_));
  const auto rows = static_cast<std::size_t>(x.dim(0));
  if (dtype_ == DType::f64) return run(x.data<double>().data(), rows, out);
  run(x.data<float>().data(), rows, out);
}

void Forward::run(const void* x, std::size_t rows, double* out) const {
  const auto* bytes = static_cast<const std::byte*>(x);
  for (std::size_t begin = 0; begin < rows;) {
    const std::size_t size = size_for(rows - begin), count = std::min(kRows[size], rows - begin);
    run_part(size, bytes, begin, count, rows, out);
    begin += count;
  }
}

void Forward::run_part(std::size_t size, const std::byte* x, std::size_t begin, std::size_t count,
                       std::size_t rows, double* out) const {
  Size& of = sizes_[size];
  std::unique_ptr<Runner> runner = of.runners.take([&] {
    const std::lock_guard lock(of.mutex);
    if (!of.program) of.program = std::make_unique<Compiled>(compiled(kRows[size]));
    return std::make_unique<Runner>(*of.program);
  });
  const std::size_t row_bytes = inputs_ * size_of(dtype_);
  const void* in = x + begin * row_bytes;
  if (count < kRows[size]) {
    std::memcpy(runner->x.data(), in, count * row_bytes);
    in = runner->x.data();
  }
  runner->in[0] = in;
  std::copy(data_.begin(), data_.end(), runner->in.begin() + 1);
  runner->program.run(runner->in, runner->places);
  for (std::size_t k = 0; k < networks_.size(); ++k) {
    double* to = out + (k * rows + begin) * width_;
    const std::size_t n = count * width_;
    if (dtype_ == DType::f64) {
      std::memcpy(to, runner->places[k], n * sizeof(double));
    } else {
      std::copy_n(static_cast<const float*>(runner->places[k]), n, to);
    }
  }
  of.runners.give_back(std::move(runner));
}

Array predict(const nn::Network& network, const Configuration& configuration, const Array& x) {
  const std::array<Forward::Part, 1> parts = {{{network, configuration}}};
  const Forward forward(parts, x.dim(1));
  const auto rows = static_cast<std::size_t>(x.dim(0));
  std::vector<double> out(rows * forward.width());
  forward.run(x, out.data());
  return convert(Array::from(out, {x.dim(0), static_cast<std::int64_t>(forward.width())}), x.dtype());
}

}  // namespace runnel::models
