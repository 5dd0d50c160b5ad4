// Which of the texts that training knows a cell of another file means.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runnel/reading.h"

namespace runnel::data {

// Levels of a category, labels of classes. A cell means the level of the same text. Where there is none, it
// means the only one of the same numeric value (1.0 finds 1), and in a column of truths the one of the same
// truth (TRUE finds yes).
class Levels {
 public:
  // `twins` are those of the texts whose value a text of training that is not among them has too: nobody is
  // found by their value.
  Levels(const std::vector<std::string>& texts, const ColumnFormat& format,
         const std::vector<std::string>& twins = {});

  Levels(const Levels&) = delete;
  Levels& operator=(const Levels&) = delete;

  std::optional<std::size_t> find(std::string_view cell) const;

 private:
  std::optional<double> value_of(std::string_view text) const;

  ColumnFormat format_;
  std::vector<std::string> texts_;
  std::unordered_map<std::string_view, std::size_t> by_text_;  // views of texts_
  std::unordered_map<double, std::size_t> by_value_;
};

// Those of `levels` whose numeric value another of `all` texts has too.
std::vector<std::string> twins_of(const std::vector<std::string>& levels,
                                  const std::vector<std::string_view>& all, const ColumnFormat& format);

}  // namespace runnel::data
