// The row type of the table of layers (src/nn/table.cpp lists the rows): everything Runnel knows of a kind of
// layer. Shapes are those of a row, without the axis of rows before them: (features), or (height, width,
// channels) of images.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runnel/nn.h"

namespace runnel::nn {

struct LayerKind;

// What initial arrays are made from.
struct Start {
  const Array& key;    // of the network
  std::size_t number;  // of the layer among those of its kind, from the input to the output
  Activation activation;
  const Operand& bias;
  const Operand& frequency_scale;
  DType dtype;
};

// A key for the layer alone, apart from all others of the network. Dense layers and waves have had keys of
// their own before there was a table.
Array key_of(const LayerKind& kind, const Start& start);

// What a forward pass tells its layers.
struct Pass {
  Activation activation;
  const Operand& scale;    // of what activations take
  const Dropout* dropout;  // null: none
};

// An array of a layer.
struct Part {
  const char* name;    // in files; {} is the number of the layer among those of its kind
  bool whole = false;  // whole numbers from 0 (i32), which files hold as floats
};

struct PartShapes {
  std::vector<Shape> learnt = {};
  std::vector<Shape> given = {};
};

// The picture of a network while it is drawn, step by step.
class Steps {
 public:
  Steps(Shape features, Activation activation);

  // A step that reads the one before it; of what the layer has learnt it uses `count` arrays from `first` on.
  void add(std::string what, const Shape& gives);
  void add(std::string what, const Shape& gives, const Layer& layer, std::size_t first, std::size_t count);
  void reads_too(std::size_t step);  // the last step does

  std::size_t last() const { return steps_.size() - 1; }
  const Shape& gives() const { return steps_.back().gives; }
  Activation activation() const { return activation_; }
  std::vector<Step> take() { return std::move(steps_); }

 private:
  Activation activation_;
  std::vector<Step> steps_;
};

// A layer with the shape of the rows it reads, on which the laws of the table are tested.
struct LayerSample {
  Layer layer;  // without what it learns
  Shape in;
};

struct LayerKind {
  const char* name;
  const char* meaning;  // one sentence
  // What is fixed of one, by name. Sizes among them are read where there are no arrays yet: arrays tell their
  // own.
  std::vector<const char*> attributes = {};
  std::vector<Part> learnt = {};  // no penalty pulls an array of rank one
  std::vector<Part> given = {};

  // The shape of a row that it gives for one that it reads. Throws Error(input) for one that it does not
  // take.
  Shape (*gives)(const Layer&, const Shape& in);
  // The other way round, for rows of numbers: how many it reads where it gives so many.
  std::int64_t (*reads)(const Layer&, std::int64_t gives);
  // The shapes of its arrays; null: it has none.
  PartShapes (*shapes)(const Layer&, const Shape& in) = nullptr;
  // Throws for values of what is given that mean nothing; null: all are good.
  void (*check)(const Layer&) = nullptr;

  // Initial values of what it learns, of the shapes above.
  std::vector<Array> (*init)(const Layer&, const Shape& in, const Start&) = nullptr;
  // Rows x (n, in…) to (n, out…).
  Array (*apply)(const Layer&, const Array& x, const Pass&);

  // See Counts; null: none. Of its own: layers inside count themselves.
  double (*multiplications)(const Layer&, const Shape& in) = nullptr;
  std::int64_t (*made)(const Layer&, const Shape& in) = nullptr;

  void (*draw)(const Layer&, Steps&);
  std::string (*text)(const Layer&, Activation);  // a few words; empty: nothing to tell
  bool begins_line = false;                       // where a network is told in lines

  std::function<std::vector<LayerSample>()> samples;
};

const std::vector<LayerKind>& layer_table();
const LayerKind& kind_of(const Layer& layer);  // throws for an unknown kind

// An attribute; throws where the layer does not have it.
std::int64_t attribute(const Layer& layer, const char* name);

// ---- layers one after another (src/nn/network.cpp, describe.cpp) ----

Shape given_by(const std::vector<Layer>& layers, Shape in);
std::int64_t read_by(const std::vector<Layer>& layers, std::int64_t gives);
Array apply(const std::vector<Layer>& layers, Array x, const Pass& pass);
void draw(const std::vector<Layer>& layers, Steps& steps);
std::string text_of(const std::vector<Layer>& layers, Activation activation);

// visit(layer, in) for every layer and the shape that it reads, those inside of others right behind these.
template <class Layers, class Visit>
void walk(Layers& layers, Shape in, Visit&& visit) {
  for (auto& layer : layers) {
    visit(layer, in);
    walk(layer.inside, in, visit);
    in = kind_of(layer).gives(layer, in);
  }
}

// The layers of a kind, from the input to the output.
template <class Layers, class Visit>
void visit_kind(Layers& layers, const char* kind, Visit&& visit) {
  for (auto& layer : layers) {
    if (layer.kind == kind) visit(layer);
    visit_kind(layer.inside, kind, visit);
  }
}

// The leaves that are learnt, which come first.
std::vector<Array> learnt_arrays(const Network& network);

// The name that files give an array of the layer of this number among those of its kind.
std::string part_name(const Part& part, std::size_t number);

}  // namespace runnel::nn
