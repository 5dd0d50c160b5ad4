#include "runnel/compiled.h"

#include "compile/statistics.h"
#include "core/fail.h"
#include "runnel/transforms.h"

namespace runnel {

struct Compiled::Impl {
  Impl(std::shared_ptr<const Program> p, std::vector<Type> in, std::vector<Type> out)
      : program(std::move(p)),
        frame(*program),
        inputs(std::move(in)),
        outputs(std::move(out)),
        arguments(inputs.size() + outputs.size()) {}

  std::shared_ptr<const Program> program;
  Frame frame;
  std::vector<Type> inputs;
  std::vector<Type> outputs;
  std::vector<std::byte*> arguments;
};

Compiled::Compiled(const ArrayFn& f, const std::vector<Type>& inputs) {
  if (!f) fail("[Compiled] there is no function to compile");
  const Traced traced = flat::trace_for_compiler(f, inputs);
  if (!traced.captured.empty())
    fail("[Compiled] the function uses a value that another transform is tracing: pass it as an argument");
  impl_ = std::make_unique<Impl>(compile_counted(traced.graph), inputs, traced.graph->output_types());
}

Compiled::Compiled(const Compiled& other)
    : impl_(std::make_unique<Impl>(other.impl_->program, other.impl_->inputs, other.impl_->outputs)) {}
Compiled::Compiled(Compiled&& other) noexcept = default;
Compiled& Compiled::operator=(Compiled other) noexcept {
  impl_ = std::move(other.impl_);
  return *this;
}
Compiled::~Compiled() = default;

const std::vector<Type>& Compiled::input_types() const { return impl_->inputs; }
const std::vector<Type>& Compiled::output_types() const { return impl_->outputs; }
std::size_t Compiled::working_bytes() const { return impl_->program->arena_bytes; }

void Compiled::run(std::span<const void* const> inputs, std::span<void* const> outputs) {
  Impl& impl = *impl_;
  if (inputs.size() != impl.inputs.size() || outputs.size() != impl.outputs.size())
    fail("[Compiled] {} input and {} output buffers were given for {} and {}", inputs.size(), outputs.size(),
         impl.inputs.size(), impl.outputs.size());
  // Nothing writes to an input: kernels take all data in one list.
  for (std::size_t i = 0; i < inputs.size(); ++i)
    impl.arguments[i] = static_cast<std::byte*>(const_cast<void*>(inputs[i]));
  for (std::size_t o = 0; o < outputs.size(); ++o)
    impl.arguments[inputs.size() + o] = static_cast<std::byte*>(outputs[o]);
  impl.frame.run(impl.arguments);
}

}  // namespace runnel
