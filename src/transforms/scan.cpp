// Derivatives and lanes of scan: the body is transformed, its carries grow by tangents, cotangents or lanes.
#include <algorithm>

#include "ops/control.h"
#include "ops/helpers.h"
#include "transforms/control.h"

namespace runnel {
namespace {

// Operands (or flags) of a scan in their three parts, and outputs in their two.
template <class T>
struct Parts {
  std::vector<T> constants, carries, sequences;
};

template <class T>
Parts<T> parts_of(const ScanSpec& s, const std::vector<T>& all) {
  const auto c = static_cast<std::ptrdiff_t>(s.constants);
  const auto k = static_cast<std::ptrdiff_t>(s.constants + s.carries);
  return {{all.begin(), all.begin() + c}, {all.begin() + c, all.begin() + k}, {all.begin() + k, all.end()}};
}

template <class T>
void append(std::vector<T>& to, const std::vector<T>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

template <class T>
std::vector<T> joined(const Parts<T>& parts) {
  std::vector<T> out = parts.constants;
  append(out, parts.carries);
  append(out, parts.sequences);
  return out;
}

template <class T>
std::vector<T> head(const std::vector<T>& all, std::int64_t n) {
  return {all.begin(), all.begin() + n};
}
template <class T>
std::vector<T> tail(const std::vector<T>& all, std::int64_t n) {
  return {all.begin() + n, all.end()};
}

Arrays bind_scan(const GraphPtr& body, const ScanSpec& like, const Parts<Array>& operands, bool reverse) {
  const ScanSpec s{body, like.length, static_cast<std::int64_t>(operands.constants.size()),
                   static_cast<std::int64_t>(operands.carries.size()), reverse};
  return bind_op(find_op("scan"), joined(operands), scan_attrs(s));
}

std::vector<Type> body_types(const ScanSpec& s) { return s.body->input_types(); }

// Flags of the body's inputs such that a carry marked at the end of a step is marked at its start.
template <class Step>
Flags fixed_point(const ScanSpec& s, Flags in, Step outputs_of_body) {
  for (;;) {
    const Flags out = outputs_of_body(in);
    bool changed = false;
    for (std::int64_t i = 0; i < s.carries; ++i) {
      const auto at = static_cast<std::size_t>(s.constants + i);
      if (out[static_cast<std::size_t>(i)] && !in[at]) {
        in[at] = true;
        changed = true;
      }
    }
    if (!changed) return in;
  }
}

Flags activity(const ScanSpec& s, const Flags& active) {
  return fixed_point(s, active, [&](const Flags& in) { return active_outputs(*s.body, in); });
}

std::vector<MaybeArray> placed(const Flags& flags, const Arrays& given) {
  std::vector<MaybeArray> out(flags.size());
  std::size_t next = 0;
  for (std::size_t i = 0; i < flags.size(); ++i)
    if (flags[i]) out[i] = given[next++];
  return out;
}

Arrays filled(const std::vector<MaybeArray>& maybe, const std::vector<Type>& types, const Flags& wanted) {
  Arrays out;
  for (std::size_t i = 0; i < maybe.size(); ++i)
    if (wanted[i]) out.push_back(maybe[i] ? *maybe[i] : Array::zeros(types[i].shape, types[i].dtype));
  return out;
}

std::vector<Type> types_of(const Arrays& arrays) {
  std::vector<Type> out;
  for (const Array& a : arrays) out.push_back(a.type());
  return out;
}

// Flags of the body's outputs: its carries as at the start of a step, then the stacked ones.
Flags output_flags(const ScanSpec& s, const Flags& inputs, const Flags& body_outputs) {
  Flags out = head(tail(inputs, s.constants), s.carries);
  append(out, tail(body_outputs, s.carries));
  return out;
}

// ---- forward mode --------------------------------------------------------------------------------------

Pushed push_scan(const Attrs& attrs, const Arrays& in, const std::vector<MaybeArray>& tangents) {
  const ScanSpec s = scan_spec(attrs);
  Flags given;
  for (const MaybeArray& t : tangents) given.push_back(t.has_value());
  const Flags flags = activity(s, given);
  const Flags out_flags = output_flags(s, flags, active_outputs(*s.body, flags));
  const auto parts = parts_of(s, flags);

  Builder builder;
  const auto types = parts_of(s, body_types(s));
  Parts<Array> primal;
  Parts<Array> moved;
  primal.constants = builder.inputs(types.constants);
  moved.constants = builder.inputs(where(types.constants, parts.constants));
  primal.carries = builder.inputs(types.carries);
  moved.carries = builder.inputs(where(types.carries, parts.carries));
  primal.sequences = builder.inputs(types.sequences);
  moved.sequences = builder.inputs(where(types.sequences, parts.sequences));
  const Pushed pushed = push_forward(*s.body, joined(primal), placed(flags, joined(moved)));
  const auto out_types = s.body->output_types();
  Arrays outputs = head(pushed.outputs, s.carries);
  append(outputs, filled(head(pushed.tangents, s.carries), out_types, head(out_flags, s.carries)));
  append(outputs, tail(pushed.outputs, s.carries));
  append(outputs,
         filled(tail(pushed.tangents, s.carries), tail(out_types, s.carries), tail(out_flags, s.carries)));
  const GraphPtr body = builder.finish_closed(outputs);

  auto operands = parts_of(s, in);
  const auto t = parts_of(s, tangents);
  append(operands.constants, filled(t.constants, types_of(operands.constants), parts.constants));
  append(operands.sequences, filled(t.sequences, types_of(operands.sequences), parts.sequences));
  append(operands.carries, filled(t.carries, types_of(operands.carries), parts.carries));
  const Arrays out = bind_scan(body, s, operands, s.reverse);

  // carries, their tangents, stacked, their tangents
  const auto carry_flags = head(out_flags, s.carries);
  const auto moved_carries = std::count(carry_flags.begin(), carry_flags.end(), true);
  const auto stacked = static_cast<std::int64_t>(s.body->outputs().size()) - s.carries;
  Pushed result;
  result.outputs = head(out, s.carries);
  append(result.outputs, head(tail(out, s.carries + moved_carries), stacked));
  Arrays all_moved = head(tail(out, s.carries), moved_carries);
  append(all_moved, tail(out, s.carries + moved_carries + stacked));
  result.tangents = placed(out_flags, all_moved);
  return result;
}

// ---- reverse mode --------------------------------------------------------------------------------------

// The forward scan also stacks the carries that each step starts from.
ControlRule::Forward forward_scan(const Attrs& attrs, const Arrays& in, const Flags&) {
  const ScanSpec s = scan_spec(attrs);
  Builder builder;
  const Arrays inputs = builder.inputs(body_types(s));
  Arrays outputs = evaluate(*s.body, inputs);
  append(outputs, parts_of(s, inputs).carries);
  const Arrays out = bind_scan(builder.finish_closed(outputs), s, parts_of(s, in), s.reverse);
  const auto n = static_cast<std::int64_t>(s.body->outputs().size());
  return {head(out, n), tail(out, n)};
}

// A scan the other way: it carries the cotangents of the carries and the sums of those of the constants, and
// stacks those of the sequences.
std::vector<MaybeArray> pull_back_scan(const Attrs& attrs, const Arrays& in, const Flags& active,
                                       const Arrays& stacked_carries,
                                       const std::vector<MaybeArray>& cotangents) {
  const ScanSpec s = scan_spec(attrs);
  const Flags flags = activity(s, active);
  const Flags body_active = active_outputs(*s.body, flags);
  const Flags out_flags = output_flags(s, flags, body_active);
  const auto parts = parts_of(s, flags);
  const auto types = parts_of(s, body_types(s));
  const auto out_types = s.body->output_types();
  const Flags stacked_flags = tail(out_flags, s.carries);

  Builder builder;
  const Arrays constants = builder.inputs(types.constants);
  const Arrays ct_carries = builder.inputs(where(types.carries, parts.carries));
  const Arrays ct_constants = builder.inputs(where(types.constants, parts.constants));
  const Arrays carries = builder.inputs(types.carries);
  const Arrays slices = builder.inputs(types.sequences);
  const Arrays ct_stacked = builder.inputs(where(tail(out_types, s.carries), stacked_flags));
  const Tape tape = run_forward(s.body, joined(Parts<Array>{constants, carries, slices}), flags);
  std::vector<MaybeArray> cts = placed(parts.carries, ct_carries);
  append(cts, placed(stacked_flags, ct_stacked));
  const auto pulled = parts_of(s, pull_back(tape, cts));
  Arrays outputs = filled(pulled.carries, types.carries, parts.carries);
  const Arrays more = filled(pulled.constants, types.constants, parts.constants);
  for (std::size_t i = 0; i < more.size(); ++i) outputs.push_back(add(ct_constants[i], more[i]));
  append(outputs, filled(pulled.sequences, types.sequences, parts.sequences));
  const GraphPtr body = builder.finish_closed(outputs);

  const auto given = parts_of(s, in);
  Parts<Array> operands;
  operands.constants = given.constants;
  operands.carries = filled(head(cotangents, s.carries), types.carries, parts.carries);
  for (const Array& constant : where(given.constants, parts.constants))
    operands.carries.push_back(zeros_like(constant));
  operands.sequences = stacked_carries;
  append(operands.sequences, given.sequences);
  std::vector<Type> stacked_types = tail(out_types, s.carries);
  for (Type& type : stacked_types) type.shape.insert(0, s.length);
  append(operands.sequences, filled(tail(cotangents, s.carries), stacked_types, stacked_flags));
  const Arrays out = bind_scan(body, s, operands, !s.reverse);

  const auto n_carries = static_cast<std::int64_t>(ct_carries.size());
  const auto n_constants = static_cast<std::int64_t>(ct_constants.size());
  std::vector<MaybeArray> result = placed(parts.constants, head(tail(out, n_carries), n_constants));
  append(result, placed(parts.carries, head(out, n_carries)));
  append(result, placed(parts.sequences, tail(out, n_carries + n_constants)));
  return result;
}

// ---- lanes ---------------------------------------------------------------------------------------------

Batched batch_scan(const Attrs& attrs, const Arrays& in, const Flags& batched, std::int64_t lanes) {
  const ScanSpec s = scan_spec(attrs);
  // The body traced with the given lanes; which of its outputs have lanes is reported too.
  Flags out_batched;
  auto trace_body = [&](const Flags& flags, bool give_lanes) {
    std::vector<Type> types = body_types(s);
    for (std::size_t i = 0; i < types.size(); ++i)
      if (flags[i]) types[i].shape.push_back(lanes);
    Builder builder;
    Batched out = run_batched(*s.body, builder.inputs(types), flags, lanes);
    out_batched = out.batched;
    if (!give_lanes) return GraphPtr();
    for (std::size_t i = 0; i < static_cast<std::size_t>(s.carries); ++i)
      if (flags[static_cast<std::size_t>(s.constants) + i] && !out.batched[i]) {
        out.outputs[i] = with_lanes(out.outputs[i], lanes);
        out_batched[i] = true;
      }
    return builder.finish_closed(out.outputs);
  };
  const Flags carried = parts_of(s, batched).carries;
  const bool all_carried =
      std::all_of(carried.begin(), carried.end(), [](bool lanes_of) { return lanes_of; });
  const Flags flags = all_carried ? batched : fixed_point(s, batched, [&](const Flags& now) {
    trace_body(now, false);
    return out_batched;
  });
  const GraphPtr body = trace_body(flags, true);
  auto operands = parts_of(s, in);
  for (std::size_t i = 0; i < operands.carries.size(); ++i) {
    const std::size_t at = static_cast<std::size_t>(s.constants) + i;
    if (flags[at] && !batched[at]) operands.carries[i] = with_lanes(operands.carries[i], lanes);
  }
  return {bind_scan(body, s, operands, s.reverse), out_batched};
}

Flags scan_active(const Attrs& attrs, const Flags& active) {
  const ScanSpec s = scan_spec(attrs);
  const Flags flags = activity(s, active);
  return output_flags(s, flags, active_outputs(*s.body, flags));
}

}  // namespace

const ControlRule& scan_rule() {
  static const ControlRule rule{push_scan, forward_scan, pull_back_scan, batch_scan, scan_active};
  return rule;
}

}  // namespace runnel
