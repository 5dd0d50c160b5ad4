#include "cli/options.h"

#include <algorithm>
#include <cstdint>

#include "cli/hyper_options.h"
#include "cli/points.h"
#include "core/fail.h"
#include "core/text.h"
#include "data/list.h"
#include "fit/fit_option_parts.h"

namespace runnel::cli {

CLI::Validator whole_number(std::uint64_t least) {
  return {[least](std::string& text) { return fitting::flaw_of_whole(text, least); }, ""};
}

namespace {

// An option that takes one value at a time and may be repeated.
CLI::Option* add_repeatable(CLI::App& app, const std::string& flag, std::vector<std::string>& values,
                            const std::string& what) {
  return app.add_option(flag, values, what)->allow_extra_args(false);
}

template <class T>
CLI::Option* add_checked(CLI::App& app, const std::string& flag, T& value, const std::string& what,
                         const CLI::Validator& check) {
  return app.add_option(flag, value, what)->check(check)->type_name("N");
}

char separator_from(const std::string& text) {
  const std::pair<std::string_view, char> names[] = {{"tab", '\t'},      {"\\t", '\t'}, {"comma", ','},
                                                     {"semicolon", ';'}, {"pipe", '|'}, {"space", ' '}};
  for (const auto& [name, separator] : names) {
    if (text == name) return separator;
  }
  if (text.size() == 1 && text != "\"" && text != "\n") return text[0];
  fail("--separator '{}': give one character, or tab, comma, semicolon, pipe, space", text);
}

// "comma", or of one column "price=comma": its name, empty for all, and what the word stands for.
template <class T>
std::vector<std::pair<std::string, T>> column_words(const std::string& flag,
                                                    const std::vector<std::string>& texts,
                                                    const std::vector<std::pair<std::string, T>>& words) {
  std::vector<std::pair<std::string, T>> out;
  std::vector<std::string> names;
  for (const auto& [name, value] : words) names.push_back(name);
  for (const std::string& text : texts) {
    const auto at = text.rfind('=');
    const std::string word = at == std::string::npos ? text : text.substr(at + 1);
    const auto known =
        std::find_if(words.begin(), words.end(), [&](const auto& entry) { return entry.first == word; });
    if (known == words.end()) fail("{} {}: there is no '{}'{}", flag, text, word, suggestion(word, names));
    std::string name = at == std::string::npos ? "" : text.substr(0, at);
    if (name.starts_with('"')) name = data::split_list(name).at(0);  // as in the flags that take lists
    out.emplace_back(std::move(name), known->second);
  }
  return out;
}

}  // namespace

void add_manner(CLI::App& app, Manner& manner) {
  app.add_flag("--json", manner.json, "Print one JSON object");
  app.add_flag("--quiet,-q", manner.quiet, "No progress, no notes, the shortest output");
}

void add_read_options(CLI::App& app, ReadArguments& read) {
  const std::string group = "Reading";
  app.add_option("--separator", read.separator,
                 "Of columns: one character, tab, or space for any number of them (found)")
      ->type_name("C")
      ->group(group);
  app.add_flag("--header", read.header, "The first line holds names, though they look like numbers")
      ->group(group);
  app.add_flag("--no-header", read.no_header, "No names: columns are column1, column2, ...")->group(group);
  add_checked(app, "--skip-rows", read.options.skip_rows, "Lines at the top that are not part of the table",
              whole_number(0))
      ->group(group);
  app.add_option("--encoding", read.options.encoding,
                 "Of a text file, as windows-1251 (found: UTF-8, UTF-16, and cells in Windows-1252)")
      ->type_name("NAME")
      ->group(group);
  add_missing_options(app, read.missing, group);
  add_text_list(app, read.text, group);
  add_repeatable(app, "--decimal", read.decimal, "The decimal mark of numbers: point or comma (found)")
      ->type_name("[COLUMN=]MARK")
      ->group(group);
  add_repeatable(app, "--thousands", read.thousands,
                 "What stands between thousands: comma, point, space or apostrophe (found)")
      ->type_name("[COLUMN=]MARK")
      ->group(group);
  add_repeatable(app, "--dates", read.dates, "The order of dates: dmy, mdy or ymd (found)")
      ->type_name("[COLUMN=]ORDER")
      ->group(group);
  app.add_option("--labels", read.options.labels, "Labels of an image or array file (found by name for idx)")
      ->type_name("FILE")
      ->group(group);
  add_checked(app, "--rows", read.options.rows, "Rows of a generated table", whole_number(1))->group(group);
  add_checked(app, "--data-seed", read.options.seed, "Seed of a generated table (0)", whole_number(0))
      ->group(group);
}

ReadOptions read_options(const ReadArguments& read) {
  ReadOptions out = read.options;
  out.text = text_list(read.text);
  out.decimal = column_words<char>("--decimal", read.decimal, {{"point", '.'}, {"comma", ','}});
  out.grouping = column_words<char>("--thousands", read.thousands,
                                    {{"comma", ','}, {"point", '.'}, {"space", ' '}, {"apostrophe", '\''}});
  out.dates = column_words<DateFormat::Order>(
      "--dates", read.dates,
      {{"dmy", DateFormat::Order::dmy}, {"mdy", DateFormat::Order::mdy}, {"ymd", DateFormat::Order::ymd}});
  if (!read.separator.empty()) out.separator = separator_from(read.separator);
  if (read.header && read.no_header) fail("--header and --no-header do not go together; give one of them");
  if (read.header) out.header = true;
  if (read.no_header) out.header = false;
  out.missing = missing_words(read.missing, out.missing);
  return out;
}

// ---- the options of a fit ------------------------------------------------------------------------------

namespace {

using fitting::FitOption;

std::string help_of(const FitOption& option) {
  const std::string usual = fitting::usual_text(option);
  return usual.empty() ? std::string(option.what) : fmt::format("{} ({})", option.what, usual);
}

void add_fit_option(CLI::App& app, const FitOption& option, std::vector<std::string>& given) {
  const std::string flag = fmt::format("--{}", option.name), group(option.group);
  if (option.value.empty()) {
    app.add_flag_function(
           flag, [&given](std::int64_t times) { given.assign(times > 0 ? 1 : 0, ""); }, help_of(option))
        ->group(group);
    return;
  }
  CLI::Option* added =
      option.repeats
          ? add_repeatable(app, flag, given, help_of(option))
          : app.add_option_function<std::string>(
                flag, [&given](const std::string& text) { given.assign(1, text); }, help_of(option));
  added->type_name(std::string(option.value))->group(group);
  if (option.flaw != nullptr)
    added->check(CLI::Validator([&option](std::string& text) { return option.flaw(text); }, ""));
}

}  // namespace

void add_fit_options(CLI::App& app, FitArguments& fit) {
  const auto& options = fitting::fit_options();
  fit.given.resize(options.size());
  for (std::size_t i = 0; i < options.size(); ++i) add_fit_option(app, *options[i], fit.given[i]);
  add_hyper_options(app, fit.hyper);
}

std::vector<std::string>& given_to(FitArguments& fit, std::string_view name) {
  const auto& options = fitting::fit_options();
  const auto at = std::find(options.begin(), options.end(), &fitting::fit_option(name));
  return fit.given.at(static_cast<std::size_t>(at - options.begin()));
}

FitOptions fit_options(FitArguments& fit, bool test_file) {
  FitOptions& out = fit.options;
  const auto& options = fitting::fit_options();
  for (std::size_t i = 0; i < options.size(); ++i)
    for (const std::string& text : fit.given[i]) fitting::set_option(out, *options[i], text);
  set_hyper(fit.hyper, out);
  read_search_texts(out);
  Points points = points_from(out.tries, base_of(out));
  out.tries = std::move(points.points);
  fit.try_files = std::move(points.files);
  if (fit.again) out.given.clear();
  fitting::refuse_idle({out, test_file});
  return out;
}

void check_column_lists(const FitArguments& fit, const Table& table) {
  const auto& options = fitting::fit_options();
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (!options[i]->columns) continue;
    for (const std::string& argument : fit.given[i])
      check_column_list(fmt::format("--{}", options[i]->name), argument, table);
  }
}

}  // namespace runnel::cli
