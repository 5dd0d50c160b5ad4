#include "cli/hyper_options.h"

#include <algorithm>
#include <filesystem>

#include "core/fail.h"
#include "data/readers.h"

namespace runnel::cli {
namespace {

// --seed is the run's; a candidate's own seed can still be searched with --grid seed=0,1,2.
bool has_flag(const params::Parameter& p) { return p.role != params::Role::seed; }

// "clip_value" is --clip-value.
std::string flag_of(const params::Parameter& p) {
  std::string flag = "--" + p.name;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

bool is_range(const std::string& text) { return text.find("..") != std::string::npos; }

}  // namespace

void add_hyper_options(CLI::App& app, std::vector<std::string>& texts) {
  const auto& all = models::network_schema()->parameters();
  texts.resize(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!has_flag(all[i])) continue;
    const bool numeric = all[i].kind == params::Kind::real || all[i].kind == params::Kind::integer;
    app.add_option(all[i].name == "rate" ? "--rate,--lr" : flag_of(all[i]), texts[i],
                   fmt::format("{} ({})", all[i].meaning, to_string(*all[i].standard)))
        ->type_name(numeric ? "X" : "VALUE")
        ->group("One value for all candidates");
  }
}

void set_hyper(const std::vector<std::string>& texts, FitOptions& options) {
  const auto& all = models::network_schema()->parameters();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string &text = texts[i], name = all[i].name;
    if (text.empty()) continue;
    if (name == "hidden" && text.find(',') != std::string::npos)
      fail(
          "--hidden '{}': widths are joined with x, as in 64x64; try several networks with --grid "
          "hidden=64,64x64",
          text);
    if (text.find(',') != std::string::npos || is_range(text)) {
      fail("{} '{}': one value goes here; try several with {} {}={}", flag_of(all[i]), text,
           is_range(text) ? "--random N --space" : "--grid", name, text);
    }
    try {
      options.set[name] = params::read(all[i], text);
    } catch (const Error& e) {
      fail("{}: {}", flag_of(all[i]), e.what());
    }
  }
}

params::Configuration base_of(const FitOptions& options) {
  params::Configuration base(models::network_schema());
  for (const auto& [name, value] : options.set) base.set(name, value);
  return base;
}

namespace {

// How many candidates there are, and whence.
void check_draws(const FitOptions& options) {
  const bool space = !options.space.empty() || !options.space_file.empty();
  if (!options.grid.empty() && options.random > 0)
    fail("--grid and --random do not go together; give one of them");
  if (!options.grid.empty() && space) fail("--grid and --space do not go together; give one of them");
  if (options.sampler == "grid" && options.random > 0)
    fail("--sampler grid counts through the space, and --random draws from it; give one of them");
  if (options.random > 0 || options.scheduling.scheduler == search::Scheduler::hyperband) return;
  if (!options.sampler.empty() && options.sampler != "grid")
    fail("--sampler {} needs --random N, the number of candidates to draw", options.sampler);
  if (!options.space.empty() && options.sampler.empty())
    fail("--space needs --random N, the number of candidates to draw");
}

// Parameters that are sound one by one, together.
void check_space(const FitOptions& options) {
  params::Space space(models::network_schema());
  for (const auto& [name, value] : options.set) space.set(name, value);
  for (const auto* texts : {&options.grid, &options.space})
    for (const std::string& text : *texts) space.vary(text);
  if (!options.space_file.empty())
    params::read_space(space, options.space_file, data::read_bytes(options.space_file));
  const bool drawn =
      options.sampler.empty() ? options.random > 0 || !options.space.empty() : options.sampler != "grid";
  for (const params::Varied& v : space.varied())
    if (drawn && v.points > 0 && v.where.empty())  // a file may serve grids as well
      fail(
          "--space: the points of {} are what a grid takes of its range, and candidates are drawn from it; "
          "leave "
          "them out, or give --sampler grid and no --random",
          v.name);
  space.expect_sound();
}

// --space FILE, as against --space name=…
void take_space_file(FitOptions& options) {
  std::vector<std::string> texts;
  for (std::string& text : options.space) {
    if (text.find('=') != std::string::npos && !text.ends_with(".toml")) {
      texts.push_back(std::move(text));
      continue;
    }
    if (!options.space_file.empty())
      fail("--space: {} and {} are two files; put the parameters into one", options.space_file, text);
    options.space_file = std::move(text);
  }
  options.space = std::move(texts);
  if (std::error_code error; options.space_file.empty() || std::filesystem::exists(options.space_file, error))
    return;
  fail("--space {}: there is no such file (a parameter is given as name=low..high or name=value,value)",
       options.space_file);
}

}  // namespace

void read_search_texts(FitOptions& options) {
  take_space_file(options);
  const auto check = [](const char* flag, const std::string& text) {
    try {
      params::Space(models::network_schema()).vary(text);
    } catch (const Error& e) {
      fail("{} {}: {}", flag, text, e.what());
    }
  };
  for (const std::string& text : options.grid) {
    if (is_range(text) && text.find(':') == std::string::npos) {
      fail(
          "--grid {}: a range is drawn from, not counted through; give --random N --space {}, list the "
          "values, "
          "or say how many points of it (rate=1e-4..1e-1:4)",
          text, text);
    }
    check("--grid", text);
  }
  for (const std::string& text : options.space) check("--space", text);
  check_draws(options);
  check_space(options);
}

}  // namespace runnel::cli
