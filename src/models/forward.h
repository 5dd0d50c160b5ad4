// What networks make of rows of features, compiled once and run many times, by many threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "core/pool.h"
#include "runnel/compiled.h"
#include "runnel/models.h"
#include "runnel/nn.h"

namespace runnel::models {

// Networks that read the same features, as one program: what they share (the pieces of columns, say) is
// worked out once. There is a program for one row, one for some and one for many; each is compiled when it is
// first needed, and rows that do not fill it are run with empty ones behind them. A row's outputs are the
// same bits in all of them.
class Forward {
 public:
  struct Part {
    const nn::Network& network;
    const Configuration& configuration;
  };
  // `inputs` features a row, of the networks' dtype. The parts are read here only.
  Forward(std::span<const Part> parts, std::int64_t inputs);

  static constexpr std::array<std::size_t, 3> kRows = {1, 32, 256};

  DType dtype() const { return dtype_; }
  std::size_t inputs() const { return inputs_; }
  std::size_t networks() const { return networks_.size(); }
  std::size_t width() const { return width_; }  // numbers a row that come out of each network

  // Features (rows, inputs), row-major and of dtype(), at `x`; the outputs (networks, rows, width) go to
  // `out`. Any number of threads may call it at a time.
  void run(const void* x, std::size_t rows, double* out) const;
  void run(const Array& x, double* out) const;

 private:
  // A program with the memory that one thread runs it on.
  struct Runner {
    explicit Runner(const Compiled& program);
    Compiled program;
    std::vector<std::vector<double>> out;  // of each network; enough bytes for its dtype
    std::vector<void*> places;             // of them
    std::vector<const void*> in;           // the features, then the networks
    std::vector<double> x;                 // features that do not fill the program's rows
  };
  struct Size {
    std::mutex mutex;
    std::unique_ptr<const Compiled> program = {};
    Pool<Runner> runners = {};
  };

  void run_part(std::size_t size, const std::byte* x, std::size_t begin, std::size_t count, std::size_t rows,
                double* out) const;

  struct Kept {
    nn::Network network;  // without a first layer that learns nothing
    nn::Activation activation;
    double scale;
    std::optional<std::size_t> embedding = {};  // which of embeddings_ it reads
  };
  std::vector<Kept> networks_;
  std::vector<nn::Network> embeddings_;  // different ones, a layer each
  // All arrays of both, and where their numbers lie: the programs read them as arguments, for as constants
  // they would be spread out to whole batches.
  std::vector<Array> arrays_ = {};
  std::vector<const void*> data_ = {};
  DType dtype_;
  std::size_t inputs_, width_ = 0;

  Kept kept(const Part& part);
  Compiled compiled(std::size_t rows) const;

  mutable std::array<Size, kRows.size()> sizes_ = {};
};

}  // namespace runnel::models
