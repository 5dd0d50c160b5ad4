// Networks of tables as a search trains them: their training runs in a problem's folds, measured by its
// metric and its loss.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "runnel/models.h"
#include "runnel/search.h"

namespace runnel::models {

class Networks : public search::Trainable {
 public:
  // The problem outlives it.
  explicit Networks(const Problem& problem);
  ~Networks() override;

  // Of each fold the rows of x and y, their numbers, and their weights if there are any.
  const std::vector<search::Fold>& folds() const { return folds_; }

  const search::Schema& schema() const override;
  void check(const search::Configuration& configuration) const override;
  search::Manner manner() const override;
  std::vector<Array> init(const search::Settings& h, const Array& key) const override;
  std::pair<std::vector<Array>, Array> step(const search::Settings& h, const std::vector<Array>& state,
                                            const std::vector<Array>& batch) const override;
  search::Measures evaluate(const search::Settings& h, const std::vector<Array>& state,
                            const std::vector<Array>& rows) const override;
  // What an embedding knows of columns.
  std::vector<Array> given(const search::Configuration& configuration,
                           const search::Fold& fold) const override;
  // The weights that are evaluated.
  std::vector<Array> learnt(const search::Settings& h, const std::vector<Array>& state) const override;
  const search::OutputMeasures* output_measures() const override;
  std::int64_t shards(const search::Settings& h, std::int64_t rows) const override;
  std::vector<std::vector<Array>> shard_gradients(const search::Settings& h, const std::vector<Array>& state,
                                                  const std::vector<Array>& batch, std::int64_t first,
                                                  std::int64_t last) const override;
  std::vector<Array> step_along(const search::Settings& h, const std::vector<Array>& state,
                                const std::vector<Array>& gradient) const override;

  // A network of a candidate on a fold, of what it learnt.
  nn::Network network(const search::Configuration& configuration, std::size_t fold,
                      const std::vector<Array>& learnt) const;

 private:
  class Measures;

  train::State state_of(const search::Settings& h, const std::vector<Array>& leaves) const;
  train::Recipe recipe_of(const search::Settings& h) const;

  const Problem& problem_;
  std::vector<search::Fold> folds_;
  const std::unique_ptr<const Measures> measures_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, train::State> structures_;  // of states, by what is fixed
  mutable std::map<std::pair<std::size_t, std::int64_t>, std::vector<Array>> given_;  // by fold and pieces
};

}  // namespace runnel::models
