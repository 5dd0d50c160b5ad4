// Losses: of every example, and their means over the rows.
#include <cmath>
#include <limits>
#include <numbers>

#include "core/fail.h"
#include "nn/operand.h"
#include "runnel/nn.h"

namespace runnel::nn {
namespace {

void expect_batch(const char* loss, const char* what, const Array& x) {
  if (!is_float(x.dtype()) || x.rank() < 1 || x.rank() > 2)
    fail("[{}] {} {}: f32 or f64 of shape (n,) or (n, k) is needed", loss, what, to_string(x.type()));
}

// The target in the prediction's dtype, after checking that both have one shape.
Array target_for(const char* loss, const Array& prediction, const Array& target) {
  expect_batch(loss, "prediction", prediction);
  if (prediction.shape() != target.shape())
    fail("[{}] prediction {} and target {}: the shapes must be equal{}", loss, to_string(prediction.shape()),
         to_string(target.shape()),
         prediction.rank() != target.rank() && prediction.size() == target.size()
             ? "; a column beside a flat array would broadcast, squeeze or expand_dims one of them"
             : "");
  return convert(target, prediction.dtype());
}

// (n,): the sum over the outputs of each example.
Array over_outputs(const Array& losses) { return losses.rank() == 2 ? sum(losses, 1) : losses; }

void expect_labels(const char* loss, const Array& logits, const Array& labels) {
  expect_batch(loss, "logits", logits);
  if (logits.rank() != 2) fail("[{}] logits {}: (n, classes) are needed", loss, to_string(logits.shape()));
  if (!is_integer(labels.dtype()) || labels.shape() != Shape{logits.dim(0)})
    fail("[{}] logits {} and labels {}: the labels are integers, one per row", loss, to_string(logits.type()),
         to_string(labels.type()));
  if (labels.is_traced()) return;
  const std::vector<double> values = labels.to_doubles();
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] < 0 || values[i] >= static_cast<double>(logits.dim(1)))
      fail("[{}] label {} in row {}: with {} classes the labels are 0 to {}", loss, values[i], i,
           logits.dim(1), logits.dim(1) - 1);
}

}  // namespace

namespace each {

Array squared_error(const Array& prediction, const Array& target) {
  return over_outputs(square(prediction - target_for("squared_error", prediction, target)));
}

Array half_squared_error(const Array& prediction, const Array& target) {
  return over_outputs(square(prediction - target_for("half_squared_error", prediction, target)) * 0.5);
}

Array absolute_error(const Array& prediction, const Array& target) {
  return over_outputs(abs(prediction - target_for("absolute_error", prediction, target)));
}

Array huber(const Array& prediction, const Array& target, const Operand& delta) {
  const Array residual = prediction - target_for("huber", prediction, target);
  const Array bound = in_dtype(delta, residual.dtype());
  if (bound.rank() != 0) fail("[huber] delta {}: one number is needed", to_string(bound.type()));
  if (!bound.is_traced() && !(bound.item() > 0))
    fail("[huber] a delta of {}: it must be positive", bound.item());
  const Array size = abs(residual);
  return over_outputs(select(size <= bound, square(residual) * 0.5, bound * (size - bound * 0.5)));
}

// max(z, 0) - y z + log(1 + exp(-|z|)): each term is exact where another grows large. -|z| stands as a
// select, because abs has the derivative 0 at 0 where this loss has 1/2 - y.
Array binary_cross_entropy_from_logits(const Array& logits, const Array& target) {
  const Array y = target_for("binary_cross_entropy_from_logits", logits, target);
  const Array minus_size = select(logits > 0, -logits, logits);
  return over_outputs(relu(logits) - y * logits + log1p(exp(minus_size)));
}

Array softmax_cross_entropy_from_logits(const Array& logits, const Array& labels) {
  expect_labels("softmax_cross_entropy_from_logits", logits, labels);
  const std::int64_t classes = logits.dim(1);
  const Array label = convert(labels, DType::i32);
  const Array chosen = equal(expand_dims(label, 1), arange(classes));
  const Array loss = -sum(select(chosen, log_softmax(logits, 1), 0), 1);
  const Array known = logical_and(label >= 0, label < classes);
  return select(known, loss, std::numeric_limits<double>::quiet_NaN());
}

Array gaussian_nll(const Array& mean, const Array& log_variance, const Array& target) {
  const Array y = target_for("gaussian_nll", mean, target);
  if (log_variance.type() != mean.type())
    fail("[gaussian_nll] mean {} and log variance {}: their types must be equal", to_string(mean.type()),
         to_string(log_variance.type()));
  const Array misfit = square(y - mean) * exp(-log_variance);
  return over_outputs((log_variance + misfit + std::log(2 * std::numbers::pi)) * 0.5);
}

}  // namespace each

Array mean_loss(const Array& losses) {
  if (losses.size() == 0) fail("[mean_loss] no rows: a mean needs at least one");
  return mean(losses);
}

Array mean_loss(const Array& losses, const Array& row_weights) {
  if (losses.rank() != 1 || losses.shape() != row_weights.shape())
    fail("[mean_loss] losses {} and row weights {}: one weight per row is needed", to_string(losses.shape()),
         to_string(row_weights.shape()));
  const Array w = convert(row_weights, losses.dtype());
  return sum(w * losses) / sum(w);
}

Array squared_error(const Array& prediction, const Array& target) {
  return mean_loss(each::squared_error(prediction, target));
}
Array squared_error(const Array& prediction, const Array& target, const Array& row_weights) {
  return mean_loss(each::squared_error(prediction, target), row_weights);
}
Array half_squared_error(const Array& prediction, const Array& target) {
  return mean_loss(each::half_squared_error(prediction, target));
}
Array half_squared_error(const Array& prediction, const Array& target, const Array& row_weights) {
  return mean_loss(each::half_squared_error(prediction, target), row_weights);
}
Array absolute_error(const Array& prediction, const Array& target) {
  return mean_loss(each::absolute_error(prediction, target));
}
Array absolute_error(const Array& prediction, const Array& target, const Array& row_weights) {
  return mean_loss(each::absolute_error(prediction, target), row_weights);
}
Array huber(const Array& prediction, const Array& target, const Operand& delta) {
  return mean_loss(each::huber(prediction, target, delta));
}
Array huber(const Array& prediction, const Array& target, const Operand& delta, const Array& row_weights) {
  return mean_loss(each::huber(prediction, target, delta), row_weights);
}
Array binary_cross_entropy_from_logits(const Array& logits, const Array& target) {
  return mean_loss(each::binary_cross_entropy_from_logits(logits, target));
}
Array binary_cross_entropy_from_logits(const Array& logits, const Array& target, const Array& row_weights) {
  return mean_loss(each::binary_cross_entropy_from_logits(logits, target), row_weights);
}
Array softmax_cross_entropy_from_logits(const Array& logits, const Array& labels) {
  return mean_loss(each::softmax_cross_entropy_from_logits(logits, labels));
}
Array softmax_cross_entropy_from_logits(const Array& logits, const Array& labels, const Array& row_weights) {
  return mean_loss(each::softmax_cross_entropy_from_logits(logits, labels), row_weights);
}
Array gaussian_nll(const Array& mean, const Array& log_variance, const Array& target) {
  return mean_loss(each::gaussian_nll(mean, log_variance, target));
}
Array gaussian_nll(const Array& mean, const Array& log_variance, const Array& target,
                   const Array& row_weights) {
  return mean_loss(each::gaussian_nll(mean, log_variance, target), row_weights);
}

}  // namespace runnel::nn
