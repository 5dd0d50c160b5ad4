#include "ranks/rank.h"

#include <algorithm>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "core/fail.h"
#include "ranks/loop.h"
#include "ranks/part.h"
#include "ranks/search_message.h"
#include "ranks/service.h"
#include "search/archive.h"
#include "search/check.h"
#include "study/facts.h"

namespace runnel::ranks {
namespace {

struct Failure {
  ErrorKind kind = ErrorKind::run;
  std::string text;
};

struct Finally {
  std::atomic<bool>& flag;
  ~Finally() { flag = false; }
};

// What is being thrown.
Failure failure() {
  try {
    throw;
  } catch (const Error& e) {
    return {e.kind(), e.what()};
  } catch (const std::bad_alloc&) {
    return {ErrorKind::run, "out of memory; use fewer ranks on a machine"};
  } catch (const std::exception& e) {
    return {ErrorKind::run, e.what()};
  } catch (...) {
    return {ErrorKind::run, "unexpected"};
  }
}

std::string tries_of(const search::Space& space, const search::Options& options) {
  std::string out;
  for (const search::Try& one : options.tries) out += (out.empty() ? "" : "; ") + to_string(one.in(space));
  return out;
}

}  // namespace

template <class Out>
struct Rank::Call {
  std::string name;
  int threads;
  const search::Trainable& trainable;
  const std::vector<search::Fold>& folds;
  const search::Space& space;
  const search::SamplerPtr& sampler;
  const search::Options& options;
  std::function<Out(RanksExecutor&)> led;                        // by rank 0
  std::function<Out(SearchReader&)> read;                        // what it came to
  std::function<void(search::Programs&, const Out&)> take = {};  // by the others

  Facts facts() const {
    search::check_search(trainable, folds, space, sampler, options);
    search::Programs programs(trainable, folds);
    Facts facts = study::facts_of({programs, space, *sampler, options});
    facts.emplace_back("call",
                       study::settings_fingerprint({{"of", name},
                                                    {"candidates", std::to_string(sampler->size(space))},
                                                    {"tries", tries_of(space, options)},
                                                    {"seed", std::to_string(options.seed)},
                                                    {"states", std::to_string(options.states)}}));
    return facts;
  }
};

template <class Out>
Out Rank::make(const Call<Out>& call) {
  // Two at a time would mix their messages.
  if (searches_.exchange(true))
    fail_run("a search over ranks is under way: make one after another, and none from within another");
  const Finally over{searches_};
  ++number_;
  return transport_.rank() == 0 ? lead(call) : follow(call);
}

template <class Out>
Out Rank::lead(const Call<Out>& call) {
  try {
    RanksExecutor executor(transport_, call.threads);
    executor.agree(number_, call.facts());
    Out out = call.led(executor);
    Writer message(Kind::over);
    put(message.put(number_).put(true), out);
    tell_all(message.take());
    return out;
  } catch (...) {
    const Failure failed = failure();
    tell_all(Writer(Kind::over).put(number_).put(false).put(failed.kind).put(failed.text).take());
    throw;
  }
}

// A long message leaves while its sender looks after the transport, and no longer.
void Rank::tell_all(const Bytes& bytes) {
  for (int rank = 1; rank < transport_.size(); ++rank) transport_.send(rank, bytes);
  Bell bell;
  while (!transport_.is_idle()) bell.wait(/*is_training=*/false);
}

// A rank that fails goes on to wait for rank 0, which hears of it and ends the search for all.
template <class Out>
Out Rank::follow(const Call<Out>& call) {
  const Served served{call.trainable, call.folds, call.space};
  Failure own;
  Bytes last;
  try {
    last = serve(transport_, call.threads, number_, call.facts(), served);
  } catch (...) {
    own = failure();
    transport_.send(0, Writer(Kind::failed).put(number_).put(own.kind).put(own.text).take());
    last = wait_until_over();
  }
  Reader message(last);
  if (message.get<Kind>() == Kind::goodbye) {
    dismissed_ = true;
    if (own.text.empty())
      own.text = fmt::format(
          "rank 0 has ended its program, and rank {} is in a search: every rank must make the same searches",
          transport_.rank());
    throw Error(own.kind, own.text);
  }
  if (message.get<std::int64_t>() != number_)
    fail_run("rank {} is in its search {}, and rank 0 is not: every rank must make the same searches",
             transport_.rank(), number_);
  if (!message.get<bool>()) {
    const auto kind = message.get<ErrorKind>();
    throw Error(kind, message.text());
  }
  SearchReader reader(message, std::make_shared<const search::Schema>(call.space.schema()));
  Out out = call.read(reader);
  search::Programs programs(call.trainable, call.folds);
  if (call.take) call.take(programs, out);
  return out;
}

Bytes Rank::wait_until_over() {
  Bell bell;
  for (;;) {
    auto envelope = transport_.receive();
    if (!envelope) {
      bell.wait(/*is_training=*/false);
      continue;
    }
    const auto kind = Reader(envelope->bytes).get<Kind>();
    if (kind == Kind::over || kind == Kind::goodbye) return std::move(envelope->bytes);
  }
}

search::Result Rank::run(int threads, const search::Trainable& trainable,
                         const std::vector<search::Fold>& folds, const search::Space& space,
                         const search::SamplerPtr& sampler, const search::Options& options) {
  using search::Result;
  return make(Call<Result>{
      "run", threads, trainable, folds, space, sampler, options,
      [&](RanksExecutor& executor) {
        return search::run_with(executor, trainable, folds, space, sampler, options);
      },
      [](SearchReader& reader) { return reader.result(); },
      // Whoever turns states into types of his own knows their structure once init has been traced.
      [](search::Programs& programs, const Result& result) {
        for (const search::Candidate& c : result.candidates)
          for (std::size_t fold = 0; fold < c.states.size(); ++fold) programs.of(c.configuration, fold);
      }});
}

search::Plan Rank::plan(int threads, const search::Trainable& trainable,
                        const std::vector<search::Fold>& folds, const search::Space& space,
                        const search::SamplerPtr& sampler, const search::Options& options) {
  return make(Call<search::Plan>{"plan", threads, trainable, folds, space, sampler, options,
                                 [&](RanksExecutor& executor) {
                                   return search::plan_with(executor.threads(), trainable, folds, space,
                                                            sampler, options);
                                 },
                                 [](SearchReader& reader) { return reader.plan(); }});
}

void Rank::tell_failure(ErrorKind kind, const std::string& text) {
  if (transport_.rank() != 0 && !dismissed_)
    transport_.send(0, Writer(Kind::failed).put(number_ + 1).put(kind).put(text).take());
}

Rank::~Rank() {
  try {
    if (transport_.rank() != 0 && !dismissed_) transport_.send(0, Writer(Kind::leaving).take());
    part(transport_, dismissed_);
  } catch (const std::exception&) {
    transport_.abort();
  }
}

}  // namespace runnel::ranks
