// Models, losses, initialisers and exact linear solvers: plain functions of arrays, so that every one of them
// can be differentiated, vectorised over candidates and compiled. A model is a plain struct, a layer works on
// a batch of rows (n, d), nothing is kept between calls. C++ numbers fix the structure (sizes, the
// activation); whatever a search may vary (rates, scale, delta, L2) is an Operand: a number, or a scalar
// array that can become a lane.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runnel/array.h"
#include "runnel/drawing.h"
#include "runnel/ops.h"
#include "runnel/tree.h"

namespace runnel::nn {

// ---- models ----------------------------------------------------------------------------------------------

struct Dense {
  Array w;  // (in, out)
  Array b;  // (out,)
};

// Layers with an activation between each two of them, none after the last. One layer is linear regression, or
// logistic and softmax regression under the losses that take logits.
struct Mlp {
  std::vector<Dense> layers;
};

enum class Activation { relu, tanh, sigmoid };
std::string_view activation_name(Activation activation);

// The activation of scale * x. For the sigmoid that is 1 / (1 + exp(-scale x)), with the derivative
// scale s (1 - s); a large scale tends to a step.
Array activate(const Array& x, Activation activation, const Operand& scale = 1);

// Inverted dropout of hidden units (Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout",
// JMLR 15, 2014, section 10): a unit is zero with probability `rate`, else divided by 1 - rate, so that the
// expectation is the unit itself and prediction needs no change. Whether a unit falls is a function of (key,
// layer, example, unit) alone: the caller folds candidate and step into the key, and names the examples, so
// the masks do not depend on how rows are put into batches. It falls with the probability `rate` rounded up
// to a multiple of 2^-16. A rate of 0 changes no bit. The derivative with respect to the rate sees the factor
// 1 / (1 - rate) and takes the masks as given.
struct Dropout {
  Array key;   // of random::key, with candidate and step folded in
  Array rate;  // a scalar, 0 <= rate < 1
  Array rows;  // (n,) integers, the number of each example; or a scalar: example i has the number rows + i
};

// `x` (n, units) after dropout; `layer` tells the masks of the layers of one model apart.
Array drop(const Array& x, const Dropout& dropout, std::uint32_t layer = 0);

// The outputs (n, out) for the rows of x (n, in). The second form is for training: dropout after each hidden
// activation. A flat target wants flat predictions: squeeze(forward(...), 1).
Array forward(const Dense& layer, const Array& x);
Array forward(const Mlp& mlp, const Array& x, Activation activation, const Operand& scale = 1);
Array forward(const Mlp& mlp, const Array& x, Activation activation, const Operand& scale,
              const Dropout& dropout);

// (alpha / 2) times the sum of the squared weights; biases are never penalised.
Array l2_penalty(const Dense& layer, const Operand& alpha);
Array l2_penalty(const Mlp& mlp, const Operand& alpha);

// The numbers in a model (of one candidate, inside vmap).
template <class Model>
std::int64_t parameter_count(const Model& model) {
  std::int64_t count = 0;
  tree::for_each_leaf(model, [&](const Array& leaf) { count += leaf.size(); });
  return count;
}

// ---- networks for tables ---------------------------------------------------------------------------------

struct LayerNorm {
  Array gain, bias;  // (units,)
};

// gain (x - mean) / sqrt(variance + eps) + bias, mean and variance over the units of each row of x (n,
// units): Ba, Kiros and Hinton, "Layer normalization" (2016), equation 3. One unit alone gives the bias.
Array forward(const LayerNorm& norm, const Array& x, double eps = 1e-5);

// x + out(activation(in(x))): a residual block; `out` gives as many units as x has.
Array residual(const Dense& in, const Dense& out, const Array& x, Activation activation,
               const Operand& scale = 1);

enum class Body { mlp, residual };
enum class Embedding { none, linear_pieces, periodic };

// Which columns of x an embedding takes, and where it cuts them: found on training rows, not learnt.
struct Columns {
  Array feature;                  // i32 (c,), the column of each piece; periodic: the embedded columns
  std::optional<Array> low = {};  // (c,) where each piece begins and ends; periodic has none
  std::optional<Array> high = {};
};

// Pieces for x (n, d), concrete: a column named in `numeric` is cut at the quantiles 0, 1/bins, …, 1 of its
// values, any other is one piece from 0 to 1, which passes it unchanged. A value that more than one in `bins`
// rows have is an edge, and the bins that are left are cut at quantiles of the others; where edges fall
// together there are fewer pieces. Pieces of one column stand together, in order.
Columns quantile_pieces(const Array& x, const std::vector<std::int64_t>& numeric, std::int64_t bins);

// (n, c): where x lies in each piece, 0 before it and 1 behind it; the first piece of a column goes on below
// and the last one above. Gorishniy, Rubachev and Babenko, "On embeddings for numerical features in tabular
// deep learning" (NeurIPS 2022), equation 1.
Array linear_pieces(const Columns& columns, const Array& x);

// Columns as waves of learnt frequencies f (same paper, section 3.3): the sines and cosines of 2 pi f x, then
// a linear layer that all columns share, and relu.
struct Periodic {
  Array frequency;  // (columns * k,); of rank one, so that no penalty pulls it
  Dense mix;        // (2 k, width)
};

// x (n, d) itself, and behind it the waves of its embedded columns: (n, d + columns * width).
Array forward(const Periodic& waves, const Columns& columns, const Array& x);

// A layer of a network.
struct Layer {
  std::string kind;  // a row of the table in src/nn/table.cpp: "dense", "layer norm", …
  std::map<std::string, std::int64_t> attributes = {};  // what is fixed of it, as its row names it
  std::vector<Array> learnt = {};                       // in the order of its row's names
  std::vector<Array> given = {};                        // found on training rows, not learnt
  std::vector<Layer> inside = {};                       // of a residual block: the layers it goes around
};

// Layers one after another: what searches train. A tree whose leaves are the layers' arrays in the order that
// files, studies and optimisers' states have kept since before networks were lists: first what is learnt,
// kind by kind as the table has them and within a kind from the input to the output; then, likewise, what is
// given. In training what is given travels beside the network (with_columns), for it is not learnt.
struct Network {
  std::vector<Layer> layers;

  std::vector<Array*> leaves();
  std::vector<const Array*> leaves() const;
};

// What a network for tables is made from: an embedding or none, a body, an exit. Hidden widths w1, w2, … make
//   mlp        in -> w1 -> w2 … -> out, with a normalisation, if any, before each activation;
//   residual   in -> w1, then for every width a residual block w1 -> w -> w1, then w1 -> out, with a
//              normalisation, if any, at the head of each block and before the exit.
// No hidden width: a linear model. Units may fall (Dropout) after each hidden activation.
struct Architecture {
  // What the body reads, hidden…, outputs. The body reads the columns of x; of linear pieces, the pieces;
  // and with waves, the columns and embedded * frequencies more.
  std::vector<std::int64_t> sizes;
  Body body = Body::mlp;
  bool norm = false;
  std::int64_t embedded = 0;     // columns that become waves; 0: none
  std::int64_t frequencies = 0;  // for each, and as many numbers after the mixing

  friend bool operator==(const Architecture&, const Architecture&) = default;
};

// The layers of an architecture without their arrays; linear pieces are not among them (with_columns).
std::vector<Layer> layers_of(const Architecture& architecture);

// Initial weights: of a perceptron as init_mlp's; of a residual body the entry, the second layer of a block
// and the exit by LeCun; gains 1; frequencies normal with deviation frequency_scale. Without columns.
Network init_network(const Array& key, const Architecture& architecture, Activation activation,
                     const Operand& bias = 0, const Operand& frequency_scale = 1, DType dtype = DType::f32);

// These layers with an activation between each two of them, after which units may fall.
Network network_of(const std::vector<Dense>& layers);

// The network with what its embedding knows of columns: those of its waves, or else linear pieces before all
// other layers. As it is where there are none.
Network with_columns(Network network, const std::optional<Columns>& columns);

// The outputs (n, out) for the rows of x (n, d); a network with waves needs its columns.
Array forward(const Network& network, const Array& x, Activation activation, const Operand& scale = 1);
Array forward(const Network& network, const Array& x, Activation activation, const Operand& scale,
              const Dropout& dropout);

// ---- what a network is, told from the table of kinds ----

// The dense layers, from the input to the output, those inside of others among them.
std::vector<Dense> dense_layers(const Network& network);

// The leaves, in their order, by the names that files give them: layers.0.w, layers.0.b, …, norms.0.gain,
// norms.0.bias, …, periodic.frequency, periodic.w, periodic.b, columns.feature (i32), columns.low,
// columns.high.
std::vector<std::pair<std::string, Array>> named_parts(const Network& network);

// Numbers that are learnt, of arrays that are there.
std::int64_t parameter_count(const Network& network);

// The numbers of a row that it reads, those that it gives, and the dtype of its weights.
std::int64_t inputs_of(const Network& network);
std::int64_t outputs_of(const Network& network);
DType dtype_of(const Network& network);

// What the attributes of layers say of their costs, before there is an array.
struct Counts {
  std::int64_t parameters = 0;
  double multiplications = 0;  // of a row, in products of matrices
  std::int64_t made = 0;       // numbers that a row has on its way and that a step keeps for its gradient
};
Counts counts_of(const std::vector<Layer>& layers);

// A step of what a network does to a row of features.
struct Step {
  std::string what;                    // "dense", "relu", "layer norm", …
  Shape gives = {};                    // of a row
  std::string learnt = {};             // the shapes of what it has learnt: "w (12, 64), b (64)"
  std::int64_t parameters = 0;         // learnt numbers
  std::vector<std::size_t> from = {};  // the steps that it reads
};
// From the features, the first, to the outputs, the last. Dropout, which does nothing to a trained network,
// is none.
std::vector<Step> steps_of(const Network& network, Activation activation);
Drawing drawing_of(const Network& network, Activation activation);

// A line for each layer with weights of its own, with what follows it: "12 -> 64, layer norm, relu".
std::vector<std::string> lines_of(const Network& network, Activation activation);

// ---- initial weights (in, out), functions of a key
// ----------------------------------------------------------

// Variance 2 / in: He, Zhang, Ren and Sun, "Delving deep into rectifiers" (ICCV 2015), equation 10.
Array he_normal(const Array& key, std::int64_t in, std::int64_t out, DType dtype = DType::f32);
// Variance 1 / in: LeCun, Bottou, Orr and Müller, "Efficient BackProp" (1998), equation 16.
Array lecun_normal(const Array& key, std::int64_t in, std::int64_t out, DType dtype = DType::f32);
// Variance 2 / (in + out): Glorot and Bengio, "Understanding the difficulty of training deep feedforward
// neural networks" (AISTATS 2010), equation 12; uniform: their equation 16.
Array glorot_normal(const Array& key, std::int64_t in, std::int64_t out, DType dtype = DType::f32);
Array glorot_uniform(const Array& key, std::int64_t in, std::int64_t out, DType dtype = DType::f32);

// A perceptron of the sizes in, hidden..., out. Layers before a relu start by He, other hidden layers by
// Glorot, the last by LeCun; every bias is `bias`.
Mlp init_mlp(const Array& key, const std::vector<std::int64_t>& sizes, Activation activation,
             const Operand& bias = 0, DType dtype = DType::f32);

// ---- losses
// ------------------------------------------------------------------------------------------------

// Predictions and targets are (n,) or (n, k) and of one shape: a column (n, 1) against a flat (n,) is
// refused, for it would broadcast to (n, n). Targets take the predictions' dtype. The loss of an example is
// the sum over its k outputs.
namespace each {                                                         // the loss of every example, (n,)
Array squared_error(const Array& prediction, const Array& target);       // (p - y)²
Array half_squared_error(const Array& prediction, const Array& target);  // (p - y)² / 2
Array absolute_error(const Array& prediction, const Array& target);      // |p - y|, with derivative 0 at 0
// r² / 2 where |r| <= delta, delta (|r| - delta / 2) beyond: Huber, "Robust estimation of a location
// parameter" (Annals of Mathematical Statistics 35, 1964), equation 4.
Array huber(const Array& prediction, const Array& target, const Operand& delta = 1);
// -y log p - (1 - y) log(1 - p) for p = 1 / (1 + exp(-z)), computed from z; targets in [0, 1].
Array binary_cross_entropy_from_logits(const Array& logits, const Array& target);
// -log softmax(z)[label] for logits (n, classes) and labels (n,) in 0 … classes - 1. A label out of range is
// an error where its value is known and gives nan inside a transform.
Array softmax_cross_entropy_from_logits(const Array& logits, const Array& labels);
// -log of the normal density: Nix and Weigend, "Estimating the mean and variance of the target probability
// distribution" (ICNN 1994), with the constant log(2 pi) / 2 kept.
Array gaussian_nll(const Array& mean, const Array& log_variance, const Array& target);
}  // namespace each

// The mean of a loss over the rows; with row weights (n,) the weighted mean, sum(w loss) / sum(w).
Array mean_loss(const Array& losses);
Array mean_loss(const Array& losses, const Array& row_weights);

// The mean over the rows of the losses above.
Array squared_error(const Array& prediction, const Array& target);
Array squared_error(const Array& prediction, const Array& target, const Array& row_weights);
Array half_squared_error(const Array& prediction, const Array& target);
Array half_squared_error(const Array& prediction, const Array& target, const Array& row_weights);
Array absolute_error(const Array& prediction, const Array& target);
Array absolute_error(const Array& prediction, const Array& target, const Array& row_weights);
Array huber(const Array& prediction, const Array& target, const Operand& delta = 1);
Array huber(const Array& prediction, const Array& target, const Operand& delta, const Array& row_weights);
Array binary_cross_entropy_from_logits(const Array& logits, const Array& target);
Array binary_cross_entropy_from_logits(const Array& logits, const Array& target, const Array& row_weights);
Array softmax_cross_entropy_from_logits(const Array& logits, const Array& labels);
Array softmax_cross_entropy_from_logits(const Array& logits, const Array& labels, const Array& row_weights);
Array gaussian_nll(const Array& mean, const Array& log_variance, const Array& target);
Array gaussian_nll(const Array& mean, const Array& log_variance, const Array& target,
                   const Array& row_weights);

// ---- exact linear solvers, f32 and f64
// -----------------------------------------------------------------------

// x is (n, d); y is (n,) or, for k outputs at once, (n, k). Weights come back as (d,) or (d, k), the bias as
// () or (k,); with a y of (n, k) the result is a layer for forward().

// The minimiser of |x w + b - y|² / (2 n) + (alpha / 2) |w|², the bias not penalised. alpha > 0; alpha = 0 is
// right only where the centred x has full column rank (use least_squares otherwise). Has derivatives, alpha's
// too.
Dense ridge(const Array& x, const Array& y, const Operand& alpha);
// ridge() for many penalties at little more than the cost of one: normal equations in double precision, so
// alpha > 0, and figures good to about 1e-16 times the condition of the penalised system. Results in x's
// dtype.
std::vector<Dense> ridge_path(const Array& x, const Array& y, const std::vector<double>& alphas);
// The w of least norm among the minimisers of |x w - y|². Singular values up to `cut` times the largest count
// as zero; a negative cut means max(n, d) times the dtype's epsilon. By SVD, which has no derivative.
Array minimum_norm(const Array& x, const Array& y, double cut = -1);
// The same with a bias: the w of least norm among the minimisers of |x w + b - y|².
Dense least_squares(const Array& x, const Array& y, double cut = -1);

}  // namespace runnel::nn
