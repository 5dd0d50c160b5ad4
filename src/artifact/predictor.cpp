#include "runnel/predictor.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <numeric>

#include "artifact/probabilities.h"
#include "core/fail.h"
#include "core/pool.h"
#include "core/threads.h"
#include "data/row_features.h"
#include "models/forward.h"

namespace runnel {
namespace {

// Rows are preprocessed and predicted in pieces, so that a long table needs no matrix of its own.
constexpr std::size_t kPiece = 1024;

std::vector<models::Forward::Part> parts_of(const Model& model) {
  std::vector<models::Forward::Part> out = {{model.network, model.configuration}};
  for (const Member& m : model.others) out.push_back({m.network, m.configuration});
  return out;
}

// What a thread works in.
struct Desk {
  std::vector<float> features;
  std::vector<double> doubles, outputs, logits, probabilities;
};

}  // namespace

struct Predictor::Impl {
  explicit Impl(Model given)
      : model(std::move(given)),
        forward(parts_of(model), static_cast<std::int64_t>(model.preprocessor.features().size())),
        row_features(model.preprocessor, model.reading),
        classes(model.target.classes().size()) {}

  Model model;
  models::Forward forward;
  data::RowFeatures row_features;
  std::size_t classes;
  mutable Pool<Desk> desks = {};

  bool doubles() const { return forward.dtype() == DType::f64; }
  // Numbers that Model::outputs has for each row.
  std::size_t width() const {
    return model.others.empty() ? forward.width() : std::max<std::size_t>(classes, 1);
  }

  void combine(const double* of_networks, std::size_t rows, double* out, std::vector<double>& p) const;
  template <class Use>
  void at_desk(const Use& use) const;
  template <class Cell>
  Prediction row(std::span<const Cell> cells) const;
  void piece(const Table& table, std::span<const std::size_t> rows, std::size_t first,
             Predictions& out) const;
  void finish(const double* outputs, double* probabilities, std::size_t& label) const;
};

// One network's outputs as they are; of several the means.
void Predictor::Impl::combine(const double* of_networks, std::size_t rows, double* out,
                              std::vector<double>& p) const {
  const std::size_t networks = forward.networks(), each = forward.width();
  if (networks == 1) {
    std::copy_n(of_networks, rows * each, out);
    return;
  }
  const std::size_t n = rows * width();
  p.resize(std::max<std::size_t>(classes, 1));
  std::fill_n(out, n, 0.0);
  for (std::size_t k = 0; k < networks; ++k) {
    const double* outputs = of_networks + k * rows * each;
    for (std::size_t i = 0; i < rows; ++i) {
      if (classes == 0) {
        out[i] += outputs[i];
        continue;
      }
      to_probabilities(outputs + i * each, each, p.data());
      for (std::size_t c = 0; c < classes; ++c) out[i * classes + c] += p[c];
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    out[i] /= static_cast<double>(networks);
    if (classes > 0) out[i] = logit_of(out[i]);
  }
}

template <class Use>
void Predictor::Impl::at_desk(const Use& use) const {
  std::unique_ptr<Desk> desk = desks.take([] { return std::make_unique<Desk>(); });
  use(*desk);
  desks.give_back(std::move(desk));
}

template <class Cell>
Prediction Predictor::Impl::row(std::span<const Cell> cells) const {
  Prediction out;
  at_desk([&](Desk& d) {
    const std::size_t n = forward.inputs();
    const void* x = nullptr;
    if (doubles() && !model.narrow_features) {
      d.doubles.resize(n);
      row_features.write(cells, d.doubles.data());
      x = d.doubles.data();
    } else {
      d.features.resize(n);
      row_features.write(cells, d.features.data());
      x = d.features.data();
      if (doubles()) {
        d.doubles.assign(d.features.begin(), d.features.end());
        x = d.doubles.data();
      }
    }
    d.outputs.resize(forward.networks() * forward.width());
    d.logits.resize(width());
    forward.run(x, 1, d.outputs.data());
    combine(d.outputs.data(), 1, d.logits.data(), d.probabilities);
    if (classes == 0) {
      out.value = model.target_mean + model.target_scale * d.logits[0];
      return;
    }
    out.probabilities.resize(classes);
    finish(d.logits.data(), out.probabilities.data(), out.label);
  });
  return out;
}

void Predictor::Impl::finish(const double* outputs, double* probabilities, std::size_t& label) const {
  to_probabilities(outputs, width(), probabilities);
  label = static_cast<std::size_t>(std::max_element(probabilities, probabilities + classes) - probabilities);
}

// The rows of a table that begin at row `first` of the result.
void Predictor::Impl::piece(const Table& table, std::span<const std::size_t> rows, std::size_t first,
                            Predictions& out) const {
  const Preprocessor& preprocessor = model.preprocessor;
  at_desk([&](Desk& d) {
    Matrix<float> features;
    Matrix<double> wide;
    const void* x = nullptr;
    if (doubles() && !model.narrow_features) {
      wide = preprocessor.transform_doubles(table, rows);
      x = wide.values.data();
    } else {
      features = preprocessor.transform(table, rows);
      x = features.values.data();
      if (doubles()) {
        d.doubles.assign(features.values.begin(), features.values.end());
        x = d.doubles.data();
      }
    }
    d.outputs.resize(forward.networks() * rows.size() * forward.width());
    d.logits.resize(rows.size() * width());
    forward.run(x, rows.size(), d.outputs.data());
    combine(d.outputs.data(), rows.size(), d.logits.data(), d.probabilities);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double* outputs = d.logits.data() + i * width();
      if (classes == 0) {
        out.values[first + i] = model.target_mean + model.target_scale * outputs[0];
      } else {
        finish(outputs, out.probabilities.values.data() + (first + i) * classes, out.labels[first + i]);
      }
    }
  });
}

Predictor::Predictor(Model model) : impl_(std::make_unique<Impl>(std::move(model))) {}
Predictor::Predictor(Predictor&&) noexcept = default;
Predictor& Predictor::operator=(Predictor&&) noexcept = default;
Predictor::~Predictor() = default;

const Model& Predictor::model() const { return impl_->model; }
const std::vector<std::string>& Predictor::columns() const { return impl_->row_features.cells(); }

Predictions Predictor::predict(const Table& table) const {
  std::vector<std::size_t> rows(table.rows);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return predict(table, rows);
}

Predictions Predictor::predict(const Table& as_given, std::span<const std::size_t> rows) const {
  const std::optional<Table> other = reread(as_given, impl_->model.reading);
  const Table& table = other ? *other : as_given;
  const std::size_t classes = impl_->classes;
  Predictions out;
  if (classes > 0) {
    out.probabilities = {rows.size(), classes, std::vector<double>(rows.size() * classes)};
    out.labels.resize(rows.size());
  } else {
    out.values.resize(rows.size());
  }
  // Of several pieces that fail, the first one's error is told, whatever thread came to which.
  const std::size_t pieces = (rows.size() + kPiece - 1) / kPiece;
  std::atomic<std::size_t> failed = pieces;
  std::exception_ptr failure;
  std::mutex mutex;
  parallel_parts(static_cast<int>(pieces), [&](int part) {
    const auto i = static_cast<std::size_t>(part);
    if (i > failed) return;
    try {
      impl_->piece(table, rows.subspan(i * kPiece, std::min(kPiece, rows.size() - i * kPiece)), i * kPiece,
                   out);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (i < failed) {
        failed = i;
        failure = std::current_exception();
      }
    }
  });
  if (failure) std::rethrow_exception(failure);
  return out;
}

Prediction Predictor::predict_row(std::span<const std::string_view> cells) const { return impl_->row(cells); }
Prediction Predictor::predict_row(std::span<const double> numbers) const { return impl_->row(numbers); }

std::vector<double> Predictor::outputs(const Array& features) const {
  const auto rows = static_cast<std::size_t>(features.dim(0));
  std::vector<double> of_networks(impl_->forward.networks() * rows * impl_->forward.width()),
      out(rows * impl_->width()), p;
  impl_->forward.run(features, of_networks.data());
  impl_->combine(of_networks.data(), rows, out.data(), p);
  return out;
}

}  // namespace runnel
