// Running a program.
#include <cstring>

#include "compile/program.h"
#include "graph/node.h"

namespace runnel {

Frame::Frame(const Program& program)
    : program_(&program), owned_(allocate_buffer(program.arena_bytes)), arena_(owned_.get()) {
  place_views();
}

Frame::Frame(const Program& program, std::byte* arena) : program_(&program), arena_(arena) { place_views(); }

void Frame::place_views() {
  views_.reserve(program_->slots.size());
  for (std::size_t i = 0; i < program_->slots.size(); ++i) {
    const Slot& slot = program_->slots[i];
    views_.push_back(slot.view);
    switch (slot.base) {
      case Slot::Base::arena:
        views_[i].data = arena_ + slot.offset;
        break;
      case Slot::Base::constant:
        views_[i].data = detail::ArrayAccess::node(program_->constants[slot.index]).data + slot.offset;
        break;
      case Slot::Base::argument:
        patches_.push_back({i, slot.index, slot.offset});
        break;
    }
  }
  for (const Step& step : program_->steps)
    if (step.loop != nullptr) {
      const Program& body = *step.loop->body;
      bodies_.push_back(std::make_unique<Frame>(body, arena_ + step.loop->arena));
      body_arguments_.emplace_back(body.inputs + body.outputs);
    }
}

void Frame::run(std::span<std::byte* const> arguments) {
  for (const Patch& patch : patches_) views_[patch.view].data = arguments[patch.argument] + patch.offset;
  std::size_t loop = 0;
  for (const Step& step : program_->steps) {
    const std::span<const View> in(views_.data() + step.first, step.inputs);
    const std::span<const View> out(views_.data() + step.first + step.inputs, step.outputs);
    if (step.kernel != nullptr)
      step.kernel({in, out, step.attrs, arena_ + step.scratch});
    else
      run_loop(step, loop++);
  }
}

namespace {

std::size_t bytes_of(const View& view) { return static_cast<std::size_t>(view.size()) * size_of(view.dtype); }

// Slice i along the leading axis of a dense view.
std::byte* slice_of(const View& view, std::int64_t i) {
  return view.data + i * view.strides[0] * static_cast<std::int64_t>(size_of(view.dtype));
}

}  // namespace

void Frame::run_loop(const Step& step, std::size_t index) {
  const Loop& loop = *step.loop;
  const View* in = views_.data() + step.first;
  const View* out = in + step.inputs;
  std::vector<std::byte*>& arguments = body_arguments_[index];
  const std::size_t before = loop.constants + loop.carries;
  for (std::size_t i = 0; i < loop.constants; ++i) arguments[i] = in[i].data;
  if (loop.length == 0)
    for (std::size_t i = 0; i < loop.carries; ++i)
      if (const std::size_t bytes = bytes_of(out[i]); bytes > 0)
        std::memcpy(out[i].data, in[loop.constants + i].data, bytes);
  for (std::int64_t t = 0; t < loop.length; ++t) {
    const std::int64_t place = loop.reverse ? loop.length - 1 - t : t;
    // Carries alternate between the result's buffer and the spare one, so that the last step writes the
    // result.
    const bool into_result = (loop.length - 1 - t) % 2 == 0;
    for (std::size_t i = 0; i < loop.carries; ++i) {
      std::byte* spare = arena_ + loop.spare[i];
      arguments[loop.constants + i] = t == 0        ? in[loop.constants + i].data
                                      : into_result ? spare
                                                    : out[i].data;
      arguments[step.inputs + i] = into_result ? out[i].data : spare;
    }
    for (std::size_t i = before; i < step.inputs; ++i) arguments[i] = slice_of(in[i], place);
    for (std::size_t i = loop.carries; i < step.outputs; ++i)
      arguments[step.inputs + i] = slice_of(out[i], place);
    bodies_[index]->run(arguments);
  }
}

}  // namespace runnel
