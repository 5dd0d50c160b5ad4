#include "ranks/follower.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/fail.h"
#include "core/stopwatch.h"
#include "nn/layer.h"
#include "ranks/in_step.h"
#include "ranks/loop.h"
#include "ranks/message.h"
#include "sweep/kept.h"

namespace runnel::ranks {
namespace {

using sweep::Block;
using sweep::LaneState;
using sweep::Reading;

// What a rank was handed, as the threads that train it see it: their desk. What they bring waits in a queue
// for the thread that carries messages.
class Handed : public sweep::Desk {
 public:
  Handed(const sweep::Problem& problem, const sweep::Options& options, Bell& bell)
      : kept_(options.networks, problem.metric), one_fold_(problem.folds.size() == 1), bell_(bell) {}

  // Before new work: questions that came too late for the work before it are void.
  void begin(std::vector<Block> blocks, std::vector<std::vector<LaneState>> states) {
    blocks_ = std::move(blocks);
    states_ = std::move(states);
    wanted_ = false;
  }
  std::span<const Block> blocks() const { return blocks_; }

  void ask_states() { wanted_ = true; }
  void stop() { stopped_ = true; }

  std::vector<Bytes> outgoing() {
    const std::lock_guard lock(mutex_);
    return std::exchange(outgoing_, {});
  }
  double take_progress() {
    const std::lock_guard lock(mutex_);
    return std::exchange(progress_, 0);
  }

  std::vector<LaneState> take(const Block& block) override {
    return std::move(states_[static_cast<std::size_t>(&block - blocks_.data())]);
  }

  // A network that is not among the best of this rank is not among the best of all.
  bool read(const Reading& reading) override {
    const std::lock_guard lock(mutex_);
    readings_.emplace_back(reading, std::nullopt);
    return one_fold_ && kept_.wants(reading);
  }
  void take_model(const Reading& reading, nn::Network network) override {
    const std::lock_guard lock(mutex_);
    for (auto& [known, model] : readings_)  // what is given, rank 0 has
      if (known.candidate == reading.candidate) model = nn::learnt_arrays(network);
    kept_.take(reading, std::move(network));
  }

  void give_back(std::vector<LaneState> states, bool stopped) override {
    const std::lock_guard lock(mutex_);
    Writer message(Kind::block);
    message.put(readings_.size());
    for (const auto& [reading, leaves] : readings_) {
      const bool sent = leaves && is_kept(reading);
      message.put(reading).put(sent);
      if (sent) message.put(*leaves);
    }
    readings_.clear();
    message.put(stopped).put(states);
    send(message);
  }
  void keep(std::span<const LaneState> states) override {
    const std::lock_guard lock(mutex_);
    Writer message(Kind::states);
    message.put(std::vector<LaneState>(states.begin(), states.end()));
    send(message);
  }
  bool wants_states() override { return wanted_.exchange(false); }
  void advance(double work) override {
    const std::lock_guard lock(mutex_);
    progress_ += work;
  }
  void thin_out() override {}
  bool is_stopped() const override { return stopped_; }
  void note_handed(int, std::span<const Block>) override {}

 private:
  bool is_kept(const Reading& reading) const {
    return std::any_of(kept_.all().begin(), kept_.all().end(),
                       [&](const auto& kept) { return kept.first.candidate == reading.candidate; });
  }
  void send(Writer& message) {
    outgoing_.push_back(message.take());
    bell_.ring();
  }

  std::vector<Block> blocks_;
  std::vector<std::vector<LaneState>> states_;
  std::atomic<bool> wanted_{false}, stopped_{false};

  std::mutex mutex_;
  std::vector<Bytes> outgoing_;
  std::vector<std::pair<Reading, std::optional<std::vector<Array>>>> readings_;  // not sent yet
  double progress_ = 0;
  sweep::Kept kept_;
  bool one_fold_;
  Bell& bell_;
};

// A rank in the service of a search.
class Service {
 public:
  Service(Wire& wire, sweep::Crew& own, const sweep::Problem& problem,
          const std::vector<sweep::Hyper>& candidates, const sweep::Options& options)
      : wire_(wire),
        own_(own),
        problem_(problem),
        options_(options),
        trajectories_(sweep::make_trajectories(problem, candidates)),
        handed_(problem, options, bell_) {}

  void run() {
    while (!over_) {
      bool had_news = false;
      while (!over_) {  // what comes after the end is not for this search
        const auto envelope = wire_.receive();
        if (!envelope) break;
        take_in(*envelope);
        had_news = true;
      }
      send_progress();
      const bool ended = training_.has_ended();
      for (Bytes& bytes : handed_.outgoing()) wire_.send(0, std::move(bytes));
      if (ended) {
        training_.join();
        send_progress(/*now=*/true);
        for (Bytes& bytes : handed_.outgoing()) wire_.send(0, std::move(bytes));
        wire_.send(0, Writer(Kind::free).take());
        had_news = true;
      }
      if (!had_news) bell_.wait(training_.is_on());
    }
  }
  ~Service() { handed_.stop(); }  // what is in training is not wanted any more

 private:
  void take_in(const Envelope& envelope) {
    Reader message(envelope.bytes);
    switch (message.get<Kind>()) {
      case Kind::work:
        return begin(message);
      case Kind::together:
        return train_together(message);
      case Kind::keep:
        return handed_.ask_states();
      case Kind::stop:
        return handed_.stop();
      case Kind::over:
        over_ = true;
        return;
      default:
        fail_run("rank 0 sent what this rank does not know: do all ranks run the same Runnel?");
    }
  }

  struct Work {
    std::vector<Block> blocks;
    std::vector<std::vector<LaneState>> states;
  };
  Work work_in(Reader& message) const {
    Work work;
    work.blocks.resize(message.get<std::size_t>());
    for (Block& block : work.blocks) {
      block.fold = message.get<std::size_t>();
      block.data = &problem_.folds.at(block.fold);
      block.begin = message.get<std::int64_t>();
      block.end = message.get<std::int64_t>();
      for (auto n = message.get<std::size_t>(); n > 0; --n)
        block.trajectories.push_back(trajectories_.at(message.get<std::size_t>()));
      work.states.push_back(message.states());
    }
    return work;
  }

  void begin(Reader& message) {
    Work work = work_in(message);
    handed_.begin(std::move(work.blocks), std::move(work.states));
    training_.start([this] { own_.train(problem_, options_, handed_.blocks(), handed_); },
                    [this] { bell_.ring(); });
  }

  void train_together(Reader& message) {
    Work work = work_in(message);
    train_in_step(wire_, own_, problem_, options_, work.blocks.at(0), nullptr, std::move(work.states.at(0)));
  }

  void send_progress(bool now = false) {
    constexpr double kEvery = 0.05;  // seconds
    if (!now && since_progress_.total() < kEvery) return;
    since_progress_ = Stopwatch();
    const double work = handed_.take_progress();
    if (work > 0) wire_.send(0, Writer(Kind::progress).put(work).take());
  }

  Wire& wire_;
  sweep::Crew& own_;
  const sweep::Problem& problem_;
  const sweep::Options& options_;
  const std::vector<sweep::Trajectory> trajectories_;
  Bell bell_;
  Handed handed_;
  Stopwatch since_progress_;
  bool over_ = false;
  Training training_;  // ends first
};

}  // namespace

Follower::Follower(Wire& wire, int threads)
    : wire_(wire),
      threads_(threads),
      exchange_(exchange_over(wire)),
      own_(sweep::crew_of_threads(threads, exchange_.get())) {}

Follower::~Follower() = default;

void Follower::agree(const std::vector<sweep::Fact>& facts) {
  Writer message(Kind::facts);
  message.put(wire_.host()).put(threads_);
  for (const sweep::Fact& fact : facts) message.put(fact.digest).put(fact.parts);
  wire_.send(0, message.take());
}

void Follower::train(const sweep::Problem&, const sweep::Options&, std::span<const sweep::Block>,
                     sweep::Desk&) {
  fail_run("rank {} follows: rank 0 runs the search", wire_.rank());
}

void Follower::serve(const sweep::Problem& problem, const std::vector<sweep::Hyper>& candidates,
                     const sweep::Options& options) {
  Service(wire_, *own_, problem, candidates, options).run();
}

}  // namespace runnel::ranks
