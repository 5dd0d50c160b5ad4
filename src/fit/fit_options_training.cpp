// The options of how every candidate is trained and measured, and of the model that is made of the best.
#include "core/fail.h"
#include "core/text.h"
#include "data/list.h"
#include "fit/fit_option_parts.h"
#include "fit/fit_study.h"
#include "fit/prepared.h"

namespace runnel::fitting {
namespace {

constexpr std::string_view kGroup = "Training";

// "balanced", "yes=3,no=1"; empty where no class weighs.
std::string class_weights_text(const FitOptions& o) {
  std::vector<std::string> classes;
  for (const auto& [name, weight] : o.class_weights.of)
    classes.push_back(fmt::format("{}={}", data::in_list(name), weight));
  if (!classes.empty()) return fmt::format("{}", fmt::join(classes, ","));
  return o.class_weights.balanced ? "balanced" : "";
}

void set_class_weights(FitOptions& o, const std::string& text) {
  try {
    o.class_weights = class_weights_from(text);
  } catch (const Error& e) {
    fail("--class-weight: {}", e.what());
  }
}

std::string class_weight_refusal(const Asked& asked) {
  const FitOptions& o = asked.options;
  if (!o.class_weights.any() || !o.target.positive.empty() || o.target.task != Task::regression) return "";
  return "--class-weight is of classes, and --task regression has none; --weight COLUMN weighs rows";
}

void set_ensemble_of(FitOptions& o, const std::string& text) {
  if (text != "candidates" && text != "seeds")
    fail("--ensemble-of: an ensemble is of candidates or of seeds, not of '{}'{}", text,
         suggestion(text, {"candidates", "seeds"}));
  o.ensemble_of_seeds = text == "seeds";
}

std::string ensemble_of_refusal(const Asked& asked) {
  return asked.options.ensemble > 1 ? "" : "--ensemble-of needs --ensemble K, the number of networks";
}

std::optional<std::string> told_if(bool there, const std::string& text) {
  return there ? std::optional(text) : std::nullopt;
}

std::vector<FitOption> measures() {
  return {
      {.name = "loss",
       .group = kGroup,
       .value = "LOSS",
       .what = "squared, half-squared, absolute, huber, logistic or softmax",
       .usual = "by the task",
       .set = [](FitOptions& o, const std::string& text) { o.loss = models::loss_from_name(text); },
       .texts =
           [](const FitOptions& o) {
             return texts_of(o.loss ? std::string(models::loss_name(*o.loss)) : "");
           },
       .told = Told::setting,
       .setting = {4, "loss",
                   [](const Searching& fit) {
                     return std::optional(std::string(models::loss_name(fit.loss)));
                   }}},
      {.name = "metric",
       .group = kGroup,
       .value = "METRIC",
       .what = "What chooses: r2, rmse, mae, accuracy or log_loss",
       .usual = "r2, or accuracy of classes",
       .set = [](FitOptions& o, const std::string& text) { o.metric = models::metric_from_name(text); },
       .texts =
           [](const FitOptions& o) {
             return texts_of(o.metric ? std::string(models::metric_name(*o.metric)) : "");
           },
       .told = Told::setting,
       .setting = {5, "metric",
                   [](const Searching& fit) {
                     return std::optional(std::string(models::metric_name(fit.metric)));
                   }}},
      {.name = "weight",
       .group = kGroup,
       .value = "COLUMN",
       .what =
           "Column of what training rows weigh in the loss: numbers of at least 0; not a feature. Rows of "
           "weight 0 are left out",
       .set = [](FitOptions& o, const std::string& text) { o.weight = text; },
       .texts = [](const FitOptions& o) { return texts_of(o.weight); },
       .told = Told::setting,
       .setting = {22, "weight",
                   [](const Searching& fit) {
                     return told_if(!fit.options.weight.empty(), fit.options.weight);
                   }}},
      {.name = "class-weight",
       .group = kGroup,
       .value = "WEIGHTS",
       .what = "What classes weigh in the loss: balanced, none, or yes=3,no=1; names in quotes as for --keep",
       .usual = "none",
       .set = set_class_weights,
       .texts = [](const FitOptions& o) { return texts_of(class_weights_text(o)); },
       .told = Told::setting,
       .setting = {23, "class-weight",
                   [](const Searching& fit) {
                     const std::string text = class_weights_text(fit.options);
                     return told_if(!text.empty(), text);
                   }},
       .refusal = class_weight_refusal},
  };
}

std::vector<FitOption> models() {
  return {
      {.name = "ensemble",
       .group = kGroup,
       .value = "N",
       .what = "The model is the average of the best K networks",
       .usual = "5 of the default space, else 1",
       .flaw = whole<1>,
       .set = [](FitOptions& o, const std::string& text) { o.ensemble = whole_from<std::int64_t>(text); },
       .texts =
           [](const FitOptions& o) { return texts_of(o.ensemble > 0 ? std::to_string(o.ensemble) : ""); },
       .told = Told::setting,
       .setting = {24, "ensemble",
                   [](const Searching& fit) {
                     return told_if(fit.options.ensemble > 0, std::to_string(fit.options.ensemble));
                   }}},
      {.name = "ensemble-of",
       .group = kGroup,
       .value = "WHAT",
       .what = "candidates, or seeds: of the best candidate",
       .set = set_ensemble_of,
       .texts = [](const FitOptions& o) { return texts_of(o.ensemble_of_seeds ? "seeds" : "candidates"); },
       .told = Told::setting,
       .setting = {25, "ensemble-of",
                   [](const Searching& fit) { return told_if(fit.options.ensemble_of_seeds, "seeds"); }},
       .refusal = ensemble_of_refusal},
      {.name = "noise-seeds",
       .group = kGroup,
       .value = "N",
       .what = "Further seeds the winner is trained under, to tell choice from chance",
       .usual = "3 with folds, else 0",
       .flaw = whole<0>,
       .set = [](FitOptions& o, const std::string& text) { o.noise_seeds = whole_from<std::int64_t>(text); },
       .texts =
           [](const FitOptions& o) {
             return o.noise_seeds ? text_of(*o.noise_seeds) : std::vector<std::string>{};
           },
       .told = Told::manner},
  };
}

std::vector<FitOption> machines() {
  return {
      {.name = "f64",
       .group = kGroup,
       .value = "",
       .what = "Train in double precision",
       .set = [](FitOptions& o, const std::string&) { o.f64 = true; },
       .texts = [](const FitOptions& o) { return flag_if(o.f64); },
       .told = Told::setting,
       .setting = {7, "dtype",
                   [](const Searching& fit) {
                     return std::optional(std::string(fit.options.f64 ? "f64" : "f32"));
                   }}},
      {.name = "seed",
       .group = kGroup,
       .value = "N",
       .what = "Of the split, the order of rows and the initial weights",
       .flaw = whole<0, std::uint64_t>,
       .set = [](FitOptions& o, const std::string& text) { o.seed = whole_from<std::uint64_t>(text); },
       .texts = [](const FitOptions& o) { return text_of(o.seed); },
       .told = Told::setting,
       .setting = {6, "seed",
                   [](const Searching& fit) { return std::optional(std::to_string(fit.options.seed)); }}},
      {.name = "threads",
       .group = kGroup,
       .value = "N",
       .what = "Threads to use",
       .usual = "as many as there are cores",
       .flaw = whole<1, int>,
       .set = [](FitOptions& o, const std::string& text) { o.threads = whole_from<int>(text); },
       .texts = [](const FitOptions& o) { return texts_of(o.threads > 0 ? std::to_string(o.threads) : ""); },
       .told = Told::manner},
  };
}

}  // namespace

const std::vector<FitOption>& training_options() {
  static const std::vector<FitOption> options = [] {
    std::vector<FitOption> all = measures();
    for (const auto& part : {models(), machines()}) all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return options;
}

}  // namespace runnel::fitting
