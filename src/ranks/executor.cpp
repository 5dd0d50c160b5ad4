#include "ranks/executor.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "core/fail.h"
#include "graph/digest.h"
#include "ranks/data_parallel.h"
#include "ranks/gathering.h"
#include "ranks/loop.h"
#include "ranks/search_message.h"
#include "ranks/share.h"

namespace runnel::ranks {
namespace {

using search::Block;
using search::Coordinator;
using search::LaneState;
using search::Reading;

[[noreturn]] void raise(const std::string& rank, Reader& failed) {
  const auto kind = failed.get<ErrorKind>();
  throw Error(kind, fmt::format("{}: {}", rank, failed.text()));
}

[[noreturn]] void raise_left(const std::string& rank) {
  fail_run("{} has ended its program, and rank 0 is in a search: every rank must make the same searches",
           rank);
}

// What a search has blocks trained with.
struct Job {
  const search::Programs& programs;
  const search::BlockManner& manner;
  std::size_t memory;
};

// Writes blocks for a rank, which makes the same programs of them: it knows its functions by their digests.
class Packer {
 public:
  Bytes packed(Kind kind, const Job& job, std::span<const Block> blocks,
               const std::function<std::vector<LaneState>(const Block&)>& states) {
    Writer message(kind);
    message.put(job.manner).put(job.memory).put(blocks.size());
    for (const Block& block : blocks) {
      message.put(block.fold).put(block.begin).put(block.end);
      put_all(message, block.trajectories);
      for (const std::string& digest : digests_of(*block.program)) message.put(digest);
      put_all(message, states(block));
    }
    return message.take();
  }

 private:
  const std::vector<std::string>& digests_of(const search::Program& program) {
    std::vector<std::string>& digests = digests_[&program];
    if (digests.empty()) {
      const search::Program::Graphs& graphs = program.graphs();
      digests = {digest_of(*graphs.init), digest_of(*graphs.step), digest_of(*graphs.evaluate)};
    }
    return digests;
  }
  std::map<const search::Program*, std::vector<std::string>> digests_;
};

// One list of blocks, from the first hand-out to the last return. To the threads of rank 0 it is their
// coordinator.
class Shift : private Coordinator {
 public:
  struct Place {
    Transport& transport;
    const std::vector<int>& threads;
    const std::vector<std::string>& names;
    search::Executor& own;
  };
  Shift(const Place& place, const Job& job, std::span<const Block> blocks, Packer& packer,
        Coordinator& coordinator)
      : at_(place), job_(job), blocks_(blocks), packer_(packer), coordinator_(coordinator) {
    handed_.resize(place.threads.size());
    for (const Block& block : blocks_) work_left_ += block.work();
    for (const int n : place.threads) all_threads_ += n;
  }
  Shift(const Shift&) = delete;
  Shift& operator=(const Shift&) = delete;
  ~Shift() override { abandoned_ = true; }  // and then the training thread is waited for

  void run() {
    for (int rank = ranks() - 1; rank >= 0; --rank) hand_out(rank);
    while (is_anybody_busy()) {
      bool had_news = false;
      while (auto envelope = at_.transport.receive()) {
        take_in(*envelope);
        had_news = true;
      }
      if (training_.has_ended()) {
        training_.join();
        is_free(0);
        had_news = true;
      }
      if (coordinator_.is_stopped()) tell_stop();
      gather_states();
      if (!had_news) bell_.wait(training_.is_on());
    }
  }

 private:
  int ranks() const { return at_.transport.size(); }
  const std::string& name(int rank) const { return at_.names[static_cast<std::size_t>(rank)]; }
  std::span<const Block>& handed(int rank) { return handed_[static_cast<std::size_t>(rank)]; }
  bool is_anybody_busy() const {
    return std::any_of(handed_.begin(), handed_.end(), [](const auto& blocks) { return !blocks.empty(); });
  }

  // ---- to the ranks ----

  void hand_out(int rank) {
    const std::span<const Block> left = blocks_.subspan(next_);
    const int threads = at_.threads[static_cast<std::size_t>(rank)];
    const std::size_t n =
        coordinator_.is_stopped() ? 0 : share_of(left, std::max(0.0, work_left_), threads, all_threads_);
    const std::span<const Block> blocks = left.first(n);
    handed(rank) = blocks;
    next_ += n;
    for (const Block& block : blocks) work_left_ -= block.work();
    coordinator_.note_handed(rank, blocks);
    if (blocks.empty()) return;
    if (rank == 0)
      training_.start(
          [this, blocks] { at_.own.train(job_.programs, job_.manner, job_.memory, blocks, *this); },
          [this] { bell_.ring(); });
    else
      at_.transport.send(rank, packer_.packed(Kind::work, job_, blocks, [this](const Block& block) {
        return coordinator_.take(block);
      }));
  }

  void is_free(int rank) {
    {
      const std::lock_guard lock(mutex_);
      gathering_.forget(rank);
    }
    coordinator_.thin_out();
    hand_out(rank);
  }

  void tell_stop() {
    if (std::exchange(told_stop_, true)) return;
    for (int rank = 1; rank < ranks(); ++rank)
      if (!handed(rank).empty()) at_.transport.send(rank, Writer(Kind::stop).take());
  }

  // ---- from the ranks ----

  void take_in(const Envelope& envelope) {
    Reader message(envelope.bytes);
    const int rank = envelope.from;
    switch (message.get<Kind>()) {
      case Kind::progress:
        coordinator_.advance(message.get<double>());
        has_advanced_ = true;
        return;
      case Kind::block:
        return take_block(message);
      case Kind::states: {
        std::vector<LaneState> states = reader(message).states();
        return gather(rank, std::move(states));
      }
      case Kind::free:
        return is_free(rank);
      case Kind::failed:
        message.get<std::int64_t>();  // the number of the search
        raise(name(rank), message);
      case Kind::leaving:
        raise_left(name(rank));
      default:
        fail_run("{} sent what rank 0 does not know: do all ranks run the same Runnel?", name(rank));
    }
  }

  SearchReader reader(Reader& message) const {
    // Lanes have no configuration: no schema is wanted.
    return {message, nullptr};
  }

  void take_block(Reader& message) {
    for (auto n = message.get<std::size_t>(); n > 0; --n) {
      const Reading reading = reading_in(message);
      const std::vector<Array> leaves = message.arrays();
      coordinator_.read(reading, [&] { return leaves; });
    }
    std::vector<LaneState> states = reader(message).states();
    for (const LaneState& state : states)
      if (!state.readings.empty()) coordinator_.note(state);
    forget(states);
    coordinator_.give_back(std::move(states));
  }

  void forget(const std::vector<LaneState>& states) {
    const std::lock_guard lock(mutex_);
    for (const LaneState& state : states) gathering_.drop(state);
  }

  // The last of a rank's are none.
  void gather(int rank, std::vector<LaneState> states) {
    const std::lock_guard lock(mutex_);
    if (states.empty()) return gathering_.forget(rank);
    gathering_.add(std::move(states));
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
      coordinator_.keep(whole);
      has_advanced_ = true;  // asked again, it commits them
    }
    if (!has_advanced_.exchange(false) || !coordinator_.wants_states()) return;
    std::set<int> busy;
    for (int rank = 0; rank < ranks(); ++rank)
      if (!handed(rank).empty()) busy.insert(rank);
    const std::lock_guard lock(mutex_);
    gathering_.begin(busy);
    wanted_here_ = busy.contains(0);
    for (const int rank : busy)
      if (rank != 0) at_.transport.send(rank, Writer(Kind::keep).take());
  }

  // ---- the coordinator of rank 0's own threads ----

  bool is_stopped() override { return abandoned_ || coordinator_.is_stopped(); }
  std::vector<LaneState> take(const Block& block) override { return coordinator_.take(block); }
  void read(const Reading& reading, const std::function<std::vector<Array>()>& state) override {
    coordinator_.read(reading, state);
  }
  void note(const LaneState& lane) override { coordinator_.note(lane); }
  void give_back(std::vector<LaneState> states) override {
    forget(states);
    coordinator_.give_back(std::move(states));
  }
  void advance(double work) override {
    coordinator_.advance(work);
    has_advanced_ = true;
  }
  bool wants_states() override { return wanted_here_.exchange(false); }
  void keep(std::span<const LaneState> states) override {
    gather(0, {states.begin(), states.end()});
    bell_.ring();
  }
  void thin_out() override {}
  void note_handed(int, std::span<const Block>) override {}

  const Place at_;
  const Job job_;
  const std::span<const Block> blocks_;
  Packer& packer_;
  Coordinator& coordinator_;
  std::size_t next_ = 0;  // block to be handed out
  double work_left_ = 0;
  int all_threads_ = 0;
  std::vector<std::span<const Block>> handed_;  // to each rank, and not all back yet
  bool told_stop_ = false;

  std::mutex mutex_;
  Gathering<LaneState> gathering_;
  std::atomic<bool> has_advanced_{false}, wanted_here_{false}, abandoned_{false};
  Bell bell_;
  Training training_;  // ends first
};

}  // namespace

RanksExecutor::RanksExecutor(Transport& transport, int threads)
    : transport_(transport),
      exchange_(search_exchange_over(transport)),
      own_(search::threads_executor(threads, exchange_.get())) {
  threads_.assign(static_cast<std::size_t>(transport.size()), threads);
  for (int rank = 0; rank < transport.size(); ++rank) names_.push_back(fmt::format("rank {}", rank));
}

int RanksExecutor::threads() const {
  int all = 0;
  for (const int n : threads_) all += n;
  return all;
}

void RanksExecutor::agree(std::int64_t number, const Facts& facts) {
  std::set<int> awaited;
  for (int rank = 1; rank < transport_.size(); ++rank) awaited.insert(rank);
  Bell bell;
  while (!awaited.empty()) {
    const auto envelope = transport_.receive();
    if (!envelope) {
      bell.wait(/*is_training=*/false);
      continue;
    }
    Reader message(envelope->bytes);
    const auto rank = static_cast<std::size_t>(envelope->from);
    const auto kind = message.get<Kind>();
    if (kind == Kind::leaving) raise_left(names_[rank]);
    // What is of an earlier search, which failed, is passed over.
    if (kind != Kind::facts && kind != Kind::failed) continue;
    if (message.get<std::int64_t>() < number) continue;
    if (kind == Kind::failed) raise(names_[rank], message);
    names_[rank] = fmt::format("rank {} ({})", rank, message.text());
    threads_[rank] = message.get<int>();
    for (const auto& [name, here] : facts) {
      study::Fingerprint there;
      there.digest = message.text();
      there.parts = message.text();
      const std::string differs = study::difference(here, there);
      if (!differs.empty())
        fail("on {} the {} is not that of rank 0: {}; every rank must make the same search on the same rows",
             names_[rank], name, differs);
    }
    awaited.erase(envelope->from);
  }
}

// Blocks that can be shared are trained by all ranks together, after those that one rank can train.
void RanksExecutor::train(const search::Programs& programs, const search::BlockManner& manner,
                          std::size_t memory, std::span<const Block> blocks, Coordinator& coordinator) {
  const Job job{programs, manner, memory};
  std::vector<Block> apart, together;
  for (const Block& block : blocks) (block.program->shards() > 0 ? together : apart).push_back(block);
  Packer packer;
  Shift({transport_, threads_, names_, *own_}, job, apart, packer, coordinator).run();
  for (const Block& block : together) {
    if (coordinator.is_stopped()) return;
    const std::span<const Block> one(&block, 1);
    for (int rank = 0; rank < transport_.size(); ++rank) coordinator.note_handed(rank, one);
    std::vector<LaneState> states = coordinator.take(block);
    const Bytes message = packer.packed(Kind::together, job, one, [&](const Block&) { return states; });
    for (int rank = 1; rank < transport_.size(); ++rank) transport_.send(rank, message);
    train_data_parallel(transport_, *own_, programs, manner, memory, block, &coordinator, std::move(states));
    for (int rank = 0; rank < transport_.size(); ++rank) coordinator.note_handed(rank, {});
  }
}

}  // namespace runnel::ranks
