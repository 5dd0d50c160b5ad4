// A text for each of the fit's options, other than as usual.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace runnel::fitting {

inline const std::map<std::string_view, std::string>& option_texts() {
  static const std::map<std::string_view, std::string> texts{{"target", "x"},
                                                             {"task", "multiclass"},
                                                             {"positive", ">1"},
                                                             {"max-classes", "7"},
                                                             {"test-fraction", "0.25"},
                                                             {"validation", "0.3"},
                                                             {"folds", "4"},
                                                             {"split", "random"},
                                                             {"group", "id"},
                                                             {"time-column", "day"},
                                                             {"keep", "x,\"low, cheap\""},
                                                             {"drop", "x"},
                                                             {"numeric", "x"},
                                                             {"categorical", "x"},
                                                             {"max-levels", "5"},
                                                             {"feature-clip", "3"},
                                                             {"raw", ""},
                                                             {"no-standardize", ""},
                                                             {"no-log-companions", ""},
                                                             {"no-scale-target", ""},
                                                             {"grid", "rate=0.1,0.2"},
                                                             {"random", "9"},
                                                             {"space", "rate=0.1..0.2"},
                                                             {"sampler", "sobol"},
                                                             {"try", "rate=0.5"},
                                                             {"scheduler", "median"},
                                                             {"eta", "4"},
                                                             {"min-epochs", "2"},
                                                             {"time", "90s"},
                                                             {"loss", "absolute"},
                                                             {"metric", "mae"},
                                                             {"weight", "w"},
                                                             {"class-weight", "a=2,b=1"},
                                                             {"ensemble", "3"},
                                                             {"ensemble-of", "seeds"},
                                                             {"noise-seeds", "2"},
                                                             {"f64", ""},
                                                             {"seed", "11"},
                                                             {"threads", "2"},
                                                             {"study", "s.study"},
                                                             {"resume", ""},
                                                             {"study-every", "7"},
                                                             {"tensorboard", "board"}};
  return texts;
}

}  // namespace runnel::fitting
