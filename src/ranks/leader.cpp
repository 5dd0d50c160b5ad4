#include "ranks/leader.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/fail.h"
#include "nn/layer.h"
#include "ranks/in_step.h"
#include "ranks/loop.h"
#include "ranks/message.h"
#include "runnel/study.h"

namespace runnel::ranks {
namespace {

using sweep::Block;
using sweep::Desk;
using sweep::LaneState;
using sweep::Reading;

[[noreturn]] void raise(const std::string& rank, Reader& failed) {
  const auto kind = failed.get<ErrorKind>();
  throw Error(kind, fmt::format("{}: {}", rank, failed.text()));
}

void put_block(Writer& message, const Block& block, const std::vector<LaneState>& states) {
  message.put(block.fold).put(block.begin).put(block.end).put(block.trajectories.size());
  for (const sweep::Trajectory& t : block.trajectories) message.put(t.number);
  message.put(states);
}

// States of all that is in training, gathered from every rank before any of them is kept: were they kept as
// they come, the first to come would put the others off.
class Gathering {
 public:
  bool is_on() const { return on_; }
  void begin(std::set<int> ranks) {
    on_ = true;
    awaited_ = std::move(ranks);
  }
  void add(int rank, std::vector<LaneState> states) {
    for (LaneState& state : states) states_[{state.trajectory, state.fold}] = std::move(state);
    awaited_.erase(rank);
  }
  // It has come to its end: an earlier state of it is out of date.
  void drop(const LaneState& state) { states_.erase({state.trajectory, state.fold}); }
  void forget(int rank) { awaited_.erase(rank); }
  bool is_whole() const { return on_ && awaited_.empty(); }
  std::vector<LaneState> take() {
    on_ = false;
    std::vector<LaneState> out;
    for (auto& [place, state] : states_) out.push_back(std::move(state));
    states_.clear();
    return out;
  }

 private:
  bool on_ = false;
  std::set<int> awaited_;
  std::map<std::pair<std::int64_t, std::size_t>, LaneState> states_;
};

// One list of blocks, from the first hand-out to the last return. To the threads of rank 0 it is their desk.
class Shift : private Desk {
 public:
  struct Place {
    Wire& wire;
    const std::vector<int>& threads;
    const std::vector<std::string>& names;
    sweep::Crew& own;
    sweep::BlockPrograms& programs;
  };
  Shift(const Place& place, const sweep::Problem& problem, const sweep::Options& options,
        std::span<const Block> blocks, Desk& desk)
      : at_(place), problem_(problem), options_(options), blocks_(blocks), desk_(desk) {
    handed_.resize(place.threads.size());
    for (const Block& block : blocks) work_left_ += block.work();
    for (const int n : place.threads) all_threads_ += n;
  }
  Shift(const Shift&) = delete;
  Shift& operator=(const Shift&) = delete;
  ~Shift() override { abandoned_ = true; }  // and then the training thread is waited for

  void run() {
    for (int rank = ranks() - 1; rank >= 0; --rank) hand_out(rank);
    while (is_anybody_busy()) {
      bool had_news = false;
      while (auto envelope = at_.wire.receive()) {
        take_in(*envelope);
        had_news = true;
      }
      if (training_.has_ended()) {
        training_.join();
        is_free(0);
        had_news = true;
      }
      if (desk_.is_stopped()) tell_stop();
      gather_states();
      if (!had_news) bell_.wait(training_.is_on());
    }
  }

 private:
  int ranks() const { return at_.wire.size(); }
  std::span<const Block>& handed(int rank) { return handed_[static_cast<std::size_t>(rank)]; }
  bool is_anybody_busy() const {
    return std::any_of(handed_.begin(), handed_.end(), [](const auto& blocks) { return !blocks.empty(); });
  }

  // Guided self-scheduling (Polychronopoulos and Kuck, IEEE Transactions on Computers C-36, 1987), with work
  // in place of counts: half of a rank's share of what is left, at least a block for each of its threads.
  // Blocks stand in order of their work, so the last ones to be handed out are the least.
  std::size_t share_of(int rank) const {
    const int threads = at_.threads[static_cast<std::size_t>(rank)];
    const double share = work_left_ * threads / (2.0 * all_threads_);
    double work = 0;
    std::size_t n = 0;
    for (; next_ + n < blocks_.size(); ++n) {
      work += blocks_[next_ + n].work();
      if (n >= static_cast<std::size_t>(threads) && work > share) break;
    }
    return n;
  }

  void hand_out(int rank) {
    handed(rank) = desk_.is_stopped() ? blocks_.subspan(next_, 0) : blocks_.subspan(next_, share_of(rank));
    const std::span<const Block> blocks = handed(rank);
    next_ += blocks.size();
    for (const Block& block : blocks) work_left_ -= block.work();
    desk_.note_handed(rank, blocks);
    if (blocks.empty()) return;
    if (rank == 0) {
      training_.start([this, blocks] { at_.own.train(problem_, options_, blocks, *this); },
                      [this] { bell_.ring(); });
      return;
    }
    Writer message(Kind::work);
    message.put(blocks.size());
    for (const Block& block : blocks) put_block(message, block, desk_.take(block));
    at_.wire.send(rank, message.take());
  }

  void is_free(int rank) {
    {
      const std::lock_guard lock(mutex_);
      gathering_.forget(rank);
    }
    desk_.thin_out();
    hand_out(rank);
  }

  void take_in(const Envelope& envelope) {
    Reader message(envelope.bytes);
    const int rank = envelope.from;
    switch (message.get<Kind>()) {
      case Kind::progress:
        desk_.advance(message.get<double>());
        has_advanced_ = true;
        return;
      case Kind::block:
        return take_block(rank, message);
      case Kind::states: {
        const std::lock_guard lock(mutex_);
        return gathering_.add(rank, message.states());
      }
      case Kind::free:
        return is_free(rank);
      case Kind::failed:
        raise(at_.names[static_cast<std::size_t>(rank)], message);
      default:
        fail_run("{} sent what rank 0 does not know: do all ranks run the same Runnel?",
                 at_.names[static_cast<std::size_t>(rank)]);
    }
  }

  void take_block(int rank, Reader& message) {
    for (auto n = message.get<std::size_t>(); n > 0; --n) {
      const auto reading = message.get<Reading>();
      const bool wanted = desk_.read(reading);
      if (!message.get<bool>()) continue;
      const std::vector<Array> leaves = message.arrays();
      if (wanted) desk_.take_model(reading, network_of(rank, reading.candidate, leaves));
    }
    const bool stopped = message.get<bool>();
    std::vector<LaneState> states = message.states();
    forget(states);
    desk_.give_back(std::move(states), stopped);
  }

  // The network of a candidate that a rank is training.
  nn::Network network_of(int rank, std::int64_t candidate, const std::vector<Array>& leaves) {
    for (const Block& block : handed(rank))
      for (const sweep::Trajectory& t : block.trajectories)
        for (const auto& reading : t.readings) {
          if (reading.second != candidate) continue;
          const nn::Network like = sweep::like_of(problem_, block, at_.programs);
          std::vector<Array> all = tree::flatten(like);  // what is learnt comes first
          if (leaves.size() != nn::learnt_arrays(like).size())
            fail_run("rank {} sent {} arrays of candidate {}, whose network learns {}", rank, leaves.size(),
                     candidate, nn::learnt_arrays(like).size());
          std::copy(leaves.begin(), leaves.end(), all.begin());
          return tree::unflatten(like, all);
        }
    fail_run("rank {} sent the network of candidate {}, which it was not handed", rank, candidate);
  }

  void forget(const std::vector<LaneState>& states) {
    const std::lock_guard lock(mutex_);
    for (const LaneState& state : states) gathering_.drop(state);
  }

  void tell_stop() {
    if (std::exchange(told_stop_, true)) return;
    for (int rank = 1; rank < ranks(); ++rank)
      if (!handed(rank).empty()) at_.wire.send(rank, Writer(Kind::stop).take());
  }

  // Where somebody has come to the end of an epoch, the search is asked whether it wants to have the states.
  void gather_states() {
    std::vector<LaneState> whole;
    {
      const std::lock_guard lock(mutex_);
      if (gathering_.is_on() && !gathering_.is_whole()) return;
      if (gathering_.is_on()) whole = gathering_.take();
    }
    if (!whole.empty()) {
      desk_.keep(whole);
      has_advanced_ = true;  // asked again, it commits them
    }
    if (!has_advanced_.exchange(false) || !desk_.wants_states()) return;
    std::set<int> busy;
    for (int rank = 0; rank < ranks(); ++rank)
      if (!handed(rank).empty()) busy.insert(rank);
    const std::lock_guard lock(mutex_);
    gathering_.begin(busy);
    wanted_here_ = busy.contains(0);
    for (const int rank : busy)
      if (rank != 0) at_.wire.send(rank, Writer(Kind::keep).take());
  }

  // ---- the desk of rank 0's own threads ----

  bool is_stopped() const override { return abandoned_ || desk_.is_stopped(); }
  std::vector<LaneState> take(const Block& block) override { return desk_.take(block); }
  bool read(const Reading& reading) override { return desk_.read(reading); }
  void take_model(const Reading& reading, nn::Network network) override {
    desk_.take_model(reading, std::move(network));
  }
  void give_back(std::vector<LaneState> states, bool stopped) override {
    forget(states);
    desk_.give_back(std::move(states), stopped);
  }
  void advance(double work) override {
    desk_.advance(work);
    has_advanced_ = true;
  }
  bool wants_states() override { return wanted_here_.exchange(false); }
  void keep(std::span<const LaneState> states) override {
    const std::lock_guard lock(mutex_);
    gathering_.add(0, {states.begin(), states.end()});
    bell_.ring();
  }
  void thin_out() override {}
  void note_handed(int, std::span<const Block>) override {}

  const Place at_;
  const sweep::Problem& problem_;
  const sweep::Options& options_;
  const std::span<const Block> blocks_;
  Desk& desk_;
  std::size_t next_ = 0;  // block to be handed out
  double work_left_ = 0;
  int all_threads_ = 0;
  std::vector<std::span<const Block>> handed_;  // to each rank, and not all back yet
  bool told_stop_ = false;

  std::mutex mutex_;
  Gathering gathering_;
  std::atomic<bool> has_advanced_{false}, wanted_here_{false}, abandoned_{false};
  Bell bell_;
  Training training_;  // ends first
};

}  // namespace

Leader::Leader(Wire& wire, int threads)
    : wire_(wire), exchange_(exchange_over(wire)), own_(sweep::crew_of_threads(threads, exchange_.get())) {
  threads_.assign(static_cast<std::size_t>(wire.size()), threads);
  for (int rank = 0; rank < wire.size(); ++rank) names_.push_back(fmt::format("rank {}", rank));
}

Leader::~Leader() {
  for (int rank = 1; rank < wire_.size(); ++rank) wire_.send(rank, Writer(Kind::over).take());
}

int Leader::threads() const {
  int all = 0;
  for (const int n : threads_) all += n;
  return all;
}

void Leader::agree(const std::vector<sweep::Fact>& facts) {
  std::vector<bool> heard(threads_.size(), false);
  heard[0] = true;
  Bell bell;
  while (std::find(heard.begin(), heard.end(), false) != heard.end()) {
    const auto envelope = wire_.receive();
    if (!envelope) {
      bell.wait(/*is_training=*/false);
      continue;
    }
    Reader message(envelope->bytes);
    const auto rank = static_cast<std::size_t>(envelope->from);
    const auto kind = message.get<Kind>();
    if (kind == Kind::failed) raise(names_[rank], message);
    names_[rank] = fmt::format("rank {} ({})", rank, message.text());
    threads_[rank] = message.get<int>();
    for (const sweep::Fact& fact : facts) {
      const study::Fingerprint here{fact.digest, fact.parts};
      study::Fingerprint there;
      there.digest = message.text();
      there.parts = message.text();
      const std::string differs = study::difference(here, there);
      if (!differs.empty())
        fail(
            "on {} the {} is not that of rank 0: {}; every rank must read the same file with the same "
            "options",
            names_[rank], fact.name, differs);
    }
    heard[rank] = true;
  }
}

// Blocks with shards are trained by all ranks together, after those that one rank can train.
void Leader::train(const sweep::Problem& problem, const sweep::Options& options,
                   std::span<const sweep::Block> blocks, sweep::Desk& desk) {
  std::vector<Block> apart, together;
  for (const Block& block : blocks)
    (block.trajectories[0].hyper.shards > 0 ? together : apart).push_back(block);
  Shift({wire_, threads_, names_, *own_, programs_}, problem, options, apart, desk).run();
  for (const Block& block : together) {
    if (desk.is_stopped()) return;
    const std::span<const Block> one(&block, 1);
    for (int rank = 0; rank < wire_.size(); ++rank) desk.note_handed(rank, one);
    std::vector<LaneState> states = desk.take(block);
    for (int rank = 1; rank < wire_.size(); ++rank) {
      Writer message(Kind::together);
      put_block(message.put(std::size_t{1}), block, states);
      wire_.send(rank, message.take());
    }
    train_in_step(wire_, *own_, problem, options, block, &desk, std::move(states));
    for (int rank = 0; rank < wire_.size(); ++rank) desk.note_handed(rank, {});
  }
}

void Leader::serve(const sweep::Problem&, const std::vector<sweep::Hyper>&, const sweep::Options&) {
  fail_run("rank 0 leads the crew and serves nobody");
}

}  // namespace runnel::ranks
