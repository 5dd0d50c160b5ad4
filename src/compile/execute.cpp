// Running a program.
#include <atomic>
#include <cstring>
#include <exception>
#include <mutex>

#include "compile/program.h"
#include "core/threads.h"
#include "graph/node.h"

namespace runnel {

Frame::Frame(const Program& program)
    : program_(&program), owned_(allocate_arena(program.arena_bytes)), arena_(owned_.get()) {
  place_slots();
  make_bodies();
}

Frame::Frame(const Program& program, std::byte* arena) : program_(&program), arena_(arena) {
  place_slots();
  make_bodies();
}

void Frame::place_slots() {
  for (std::size_t i = 0; i < program_->slots.size(); ++i) {
    const Slot& slot = program_->slots[i];
    views_.push_back(slot.view);
    data_.push_back(nullptr);
    switch (slot.base) {
      case Slot::Base::arena:
        data_[i] = arena_ + slot.offset;
        break;
      case Slot::Base::constant:
        data_[i] = detail::ArrayAccess::node(program_->constants[slot.index]).data + slot.offset;
        break;
      case Slot::Base::argument:
        patches_.push_back({i, slot.index, slot.offset});
        break;
    }
  }
}

void Frame::make_bodies() {
  for (const Step& step : program_->steps) {
    if (step.loop != nullptr) {
      const Program& body = *step.loop->body;
      bodies_.emplace_back();
      bodies_.back().push_back({std::make_unique<Frame>(body, arena_ + step.loop->arena), nullptr,
                                std::vector<std::byte*>(body.inputs + body.outputs)});
    } else if (step.chunks != nullptr) {
      const Chunks& c = *step.chunks;
      bodies_.emplace_back();
      for (int worker = 0; worker < c.workers; ++worker) {
        // The first works in this frame's arena, the others in arenas of their own.
        const auto frame_of = [&](const std::shared_ptr<const Program>& p) -> std::unique_ptr<Frame> {
          if (p == nullptr) return nullptr;
          return worker == 0 ? std::make_unique<Frame>(*p, arena_ + c.arena) : std::make_unique<Frame>(*p);
        };
        bodies_.back().push_back(
            {frame_of(c.body), frame_of(c.tail), std::vector<std::byte*>(c.body->inputs + c.body->outputs)});
      }
    }
  }
}

void Frame::run(std::span<std::byte* const> arguments) {
  for (const Patch& patch : patches_) data_[patch.slot] = arguments[patch.argument] + patch.offset;
  std::size_t body = 0;
  for (const Step& step : program_->steps) {
    if (step.prepared != nullptr)
      step.prepared->run(data_.data() + step.first, arena_ + step.scratch);
    else if (step.loop != nullptr)
      run_loop(step, bodies_[body++][0]);
    else if (step.chunks != nullptr)
      run_strip(step, bodies_[body++]);
    else
      run_kernel(step);
  }
}

void Frame::run_kernel(const Step& step) {
  const std::size_t n = step.inputs + step.outputs;
  for (std::size_t i = step.first; i < step.first + n; ++i) views_[i].data = data_[i];
  const std::span<const View> in(views_.data() + step.first, step.inputs);
  const std::span<const View> out(views_.data() + step.first + step.inputs, step.outputs);
  step.kernel({in, out, step.attrs, arena_ + step.scratch});
}

namespace {

std::size_t bytes_of(const View& view) { return static_cast<std::size_t>(view.size()) * size_of(view.dtype); }

// Bytes from one element to the next along an axis.
std::int64_t step_along(const View& view, std::size_t axis) {
  return view.strides[axis] * static_cast<std::int64_t>(size_of(view.dtype));
}

}  // namespace

void Frame::run_loop(const Step& step, Body& body) {
  const Loop& loop = *step.loop;
  const View* in = views_.data() + step.first;
  const View* out = in + step.inputs;
  std::byte* const* in_data = data_.data() + step.first;
  std::byte* const* out_data = in_data + step.inputs;
  std::vector<std::byte*>& arguments = body.arguments;
  const std::size_t before = loop.constants + loop.carries;
  for (std::size_t i = 0; i < loop.constants; ++i) arguments[i] = in_data[i];
  for (std::size_t i = 0; i < loop.carries; ++i)
    if (const std::size_t bytes = bytes_of(out[i]); bytes > 0 && (loop.length == 0 || loop.spare[i] < 0))
      std::memcpy(out_data[i], in_data[loop.constants + i], bytes);
  for (std::int64_t t = 0; t < loop.length; ++t) {
    const std::int64_t place = loop.reverse ? loop.length - 1 - t : t;
    // Other carries alternate between the result's buffer and the spare one, so that the last step writes the
    // result.
    const bool into_result = (loop.length - 1 - t) % 2 == 0;
    for (std::size_t i = 0; i < loop.carries; ++i) {
      if (loop.spare[i] < 0) {
        arguments[loop.constants + i] = arguments[step.inputs + i] = out_data[i];
        continue;
      }
      std::byte* spare = arena_ + loop.spare[i];
      arguments[loop.constants + i] = t == 0        ? in_data[loop.constants + i]
                                      : into_result ? spare
                                                    : out_data[i];
      arguments[step.inputs + i] = into_result ? out_data[i] : spare;
    }
    for (std::size_t i = before; i < step.inputs; ++i)
      arguments[i] = in_data[i] + place * step_along(in[i], 0);
    for (std::size_t i = loop.carries; i < step.outputs; ++i)
      arguments[step.inputs + i] = out_data[i] + place * step_along(out[i], 0);
    body.frame->run(arguments);
  }
}

void Frame::run_strip(const Step& step, std::span<Body> workers) {
  const Chunks& c = *step.chunks;
  const std::int64_t n = c.spec.size;
  const std::int64_t chunk = c.spec.chunk;
  const std::int64_t parts = (n + chunk - 1) / chunk;
  const View* views = views_.data() + step.first;
  std::byte* const* data = data_.data() + step.first;
  const auto run_part = [&](std::int64_t part, Body& body) {
    for (std::size_t i = 0; i < body.arguments.size(); ++i) {
      const std::int64_t axis = i < step.inputs ? c.spec.in_axes[i] : c.spec.out_axes[i - step.inputs];
      body.arguments[i] =
          axis < 0 ? data[i] : data[i] + part * chunk * step_along(views[i], static_cast<std::size_t>(axis));
    }
    (n - part * chunk < chunk ? body.tail : body.frame)->run(body.arguments);
  };
  if (workers.size() == 1 || work_threads() == 1) {
    for (std::int64_t part = 0; part < parts; ++part) run_part(part, workers[0]);
    return;
  }
  // A worker that has begun takes range after range; the first error ends them all.
  std::atomic<std::int64_t> next{0};
  std::exception_ptr failure;
  std::mutex mutex;
  parallel_parts(static_cast<int>(workers.size()), [&](int worker) {
    try {
      for (std::int64_t part = next++; part < parts; part = next++)
        run_part(part, workers[static_cast<std::size_t>(worker)]);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      next = parts;
    }
  });
  if (failure) std::rethrow_exception(failure);
}

}  // namespace runnel
