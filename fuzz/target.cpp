#include "target.h"

#include <set>

#include "data/utf8.h"

namespace runnel::fuzz {
namespace {

std::vector<const Target*>& list() {
  static std::vector<const Target*> all;
  return all;
}

}  // namespace

Target::Target(const char* its_name, Run its_run) : name(its_name), run(its_run) { list().push_back(this); }

const std::vector<const Target*>& targets() { return list(); }

bool is_utf8(std::string_view text) { return data::first_not_utf8(text) == std::string_view::npos; }

void expect_sound(const Table& table) {
  expect(!table.columns.empty() || table.block, "a table has columns or a block");
  std::set<std::string> names;
  for (const Column& column : table.columns) {
    expect(is_utf8(column.name), "names are UTF-8");
    expect(names.insert(column.name).second, "names differ");
    expect(column.size() == table.rows, "every column has all rows");
    for (std::size_t row = 0; row < table.rows; ++row) {
      const std::string text = column.text(row);
      expect(column.is_missing(row) ? text.empty() : is_utf8(text), "cells are texts or missing");
    }
  }
  if (table.block) {
    expect(is_utf8(table.block->name), "names are UTF-8");
    expect(table.block->width() > 0 && table.block->size() / table.block->width() == table.rows &&
               table.block->size() % table.block->width() == 0,
           "the block has all rows");
  }
  expect(table.lines.empty() || table.lines.size() == table.rows, "every row has its line");
  expect(!table.test_begin || *table.test_begin <= table.rows,
         "the table's own test rows are among its rows");
}

}  // namespace runnel::fuzz
