// What candidates say of their networks.
#pragma once

#include <string>

#include "runnel/models.h"

namespace runnel::models {

nn::Activation activation_of(const std::string& name);
double scale_of(const Configuration& configuration);  // 1 where it is off
nn::Body body_of(const Configuration& configuration);
bool has_norm(const Configuration& configuration);
nn::Embedding embedding_of(const Configuration& configuration);

}  // namespace runnel::models
