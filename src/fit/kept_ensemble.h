// The ensemble that a search makes its model of, as its study keeps it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "fit/winner.h"
#include "runnel/study.h"

namespace runnel::fitting {

nlohmann::ordered_json kept(const Ensemble& ensemble);
// None in studies of earlier versions, which do not tell.
std::optional<Ensemble> kept_ensemble(const study::Description& study);

}  // namespace runnel::fitting
