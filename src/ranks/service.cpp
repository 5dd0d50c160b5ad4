#include "ranks/service.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/fail.h"
#include "core/stopwatch.h"
#include "graph/digest.h"
#include "ranks/data_parallel.h"
#include "ranks/loop.h"
#include "ranks/search_message.h"
#include "search/top_k.h"

namespace runnel::ranks {
namespace {

using search::Block;
using search::LaneState;
using search::Reading;

struct Work {
  search::BlockManner manner;
  std::size_t memory = 0;
  std::vector<Block> blocks;
  std::vector<std::vector<LaneState>> states;  // of each block
};

// What a rank was handed, as the threads that train it see it: their coordinator. What they bring waits in a
// queue for the thread that carries messages.
class Handed : public search::Coordinator {
 public:
  Handed(const search::Programs& programs, Bell& bell) : programs_(programs), bell_(bell) {}

  // Before new work: what was asked too late for the work before it is void.
  void begin(Work work) {
    work_ = std::move(work);
    wanted_ = stopped_ = false;
    if (!top_k_) top_k_.emplace(work_.manner.states, programs_);
  }
  const Work& work() const { return work_; }

  // After it: what no thread has come to, for the search was stopped before.
  void give_back_the_rest() {
    for (std::vector<LaneState>& states : work_.states)
      if (!states.empty()) give_back(std::exchange(states, {}));
  }

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
    return std::exchange(work_.states[static_cast<std::size_t>(&block - work_.blocks.data())], {});
  }

  void read(const Reading& reading, const std::function<std::vector<Array>()>& state) override {
    const std::lock_guard lock(mutex_);
    readings_.emplace_back(reading, std::nullopt);
    if (are_all_kept()) {
      if (reading.finite) readings_.back().second = state();
    } else if (programs_.folds().size() == 1) {
      top_k_->read(reading, state);
    }
  }

  void give_back(std::vector<LaneState> states) override {
    const std::lock_guard lock(mutex_);
    Writer message(Kind::block);
    message.put(readings_.size());
    for (const auto& [reading, leaves] : readings_) {
      put(message, reading);
      message.put(leaves ? *leaves : kept_leaves(reading));
    }
    readings_.clear();
    put_all(message, states);
    send(message);
  }
  void keep(std::span<const LaneState> states) override {
    const std::lock_guard lock(mutex_);
    Writer message(Kind::states);
    put_all(message, std::vector<LaneState>(states.begin(), states.end()));
    send(message);
  }
  bool wants_states() override { return wanted_.exchange(false); }
  void advance(double work) override {
    const std::lock_guard lock(mutex_);
    progress_ += work;
  }
  void note(const LaneState&) override {}
  void thin_out() override {}
  bool is_stopped() override { return stopped_; }
  void note_handed(int, std::span<const Block>) override {}

 private:
  bool are_all_kept() const { return work_.manner.candidates <= work_.manner.states; }

  // A state that is not among the best of this rank is not among the best of all. Of a candidate of several
  // folds no rank knows how good it is: its states are not sent, and those of the best are trained again.
  std::vector<Array> kept_leaves(const Reading& reading) const {
    const search::TopK::States* states = are_all_kept() ? nullptr : top_k_->find(reading.candidate);
    return states == nullptr ? std::vector<Array>() : (*states)[reading.fold];
  }
  void send(Writer& message) {
    outgoing_.push_back(message.take());
    bell_.ring();
  }

  const search::Programs& programs_;
  Work work_;
  std::atomic<bool> wanted_{false}, stopped_{false};

  std::mutex mutex_;
  std::vector<Bytes> outgoing_;
  std::vector<std::pair<Reading, std::optional<std::vector<Array>>>> readings_;  // not sent yet
  double progress_ = 0;
  std::optional<search::TopK> top_k_;
  Bell& bell_;
};

class Service {
 public:
  Service(Transport& transport, int threads, const Served& search)
      : transport_(transport),
        exchange_(search_exchange_over(transport)),
        own_(search::threads_executor(threads, exchange_.get())),
        programs_(search.trainable, search.folds),
        schema_(std::make_shared<const search::Schema>(search.space.schema())),
        handed_(programs_, bell_) {}
  ~Service() { handed_.stop(); }  // what is in training is not wanted any more
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  Bytes run() {
    for (;;) {
      bool had_news = false;
      while (auto envelope = transport_.receive()) {
        if (is_last(*envelope)) return std::move(envelope->bytes);
        had_news = true;
      }
      send_progress();
      const bool ended = training_.has_ended();
      send_outgoing();
      if (ended) {
        training_.join();
        send_progress(/*now=*/true);
        send_outgoing();
        transport_.send(0, Writer(Kind::free).take());
        had_news = true;
      }
      if (!had_news) bell_.wait(training_.is_on());
    }
  }

 private:
  // Takes a message in, unless the search ends with it.
  bool is_last(const Envelope& envelope) {
    Reader message(envelope.bytes);
    switch (message.get<Kind>()) {
      case Kind::work:
        begin(message);
        return false;
      case Kind::together:
        share(message);
        return false;
      case Kind::keep:
        handed_.ask_states();
        return false;
      case Kind::stop:
        handed_.stop();
        return false;
      case Kind::over:
      case Kind::goodbye:
        return true;
      default:
        fail_run("rank 0 sent what this rank does not know: do all ranks run the same Runnel?");
    }
  }

  Work work_in(Reader& message) {
    Work work;
    work.manner = message.get<search::BlockManner>();
    work.memory = message.get<std::size_t>();
    work.blocks.resize(message.get<std::size_t>());
    for (Block& block : work.blocks) {
      SearchReader reader(message, schema_);
      block.fold = message.get<std::size_t>();
      block.begin = message.get<std::int64_t>();
      block.end = message.get<std::int64_t>();
      for (auto n = message.get<std::size_t>(); n > 0; --n) block.trajectories.push_back(reader.trajectory());
      block.program = &programs_.of(block.trajectories.at(0).configuration, block.fold);
      block.measured = search::rows_of(programs_.folds().at(block.fold).validation);
      expect_same_functions(*block.program, message);
      work.states.push_back(reader.states());
    }
    return work;
  }

  void share(Reader& message) {
    Work work = work_in(message);
    train_data_parallel(transport_, *own_, programs_, work.manner, work.memory, work.blocks.at(0), nullptr,
                        std::move(work.states.at(0)));
  }

  void begin(Reader& message) {
    handed_.begin(work_in(message));
    training_.start(
        [this] {
          const Work& mine = handed_.work();
          own_->train(programs_, mine.manner, mine.memory, mine.blocks, handed_);
          handed_.give_back_the_rest();
        },
        [this] { bell_.ring(); });
  }

  static void expect_same_functions(const search::Program& program, Reader& message) {
    const search::Program::Graphs& graphs = program.graphs();
    for (const auto& [name, graph] : {std::pair("init", graphs.init), std::pair("step", graphs.step),
                                      std::pair("evaluate", graphs.evaluate)})
      if (digest_of(*graph) != message.text())
        fail("the graph of {} is not that of rank 0; every rank must run the same functions", name);
  }

  void send_outgoing() {
    for (Bytes& bytes : handed_.outgoing()) transport_.send(0, std::move(bytes));
  }

  void send_progress(bool now = false) {
    constexpr double kEvery = 0.05;  // seconds
    if (!now && since_progress_.total() < kEvery) return;
    since_progress_ = Stopwatch();
    const double work = handed_.take_progress();
    if (work > 0) transport_.send(0, Writer(Kind::progress).put(work).take());
  }

  Transport& transport_;
  const std::unique_ptr<search::Exchange> exchange_;
  const std::unique_ptr<search::Executor> own_;
  search::Programs programs_;
  const std::shared_ptr<const search::Schema> schema_;
  Bell bell_;
  Handed handed_;
  Stopwatch since_progress_;
  Training training_;  // ends first
};

}  // namespace

Bytes serve(Transport& transport, int threads, std::int64_t number, const Facts& facts,
            const Served& search) {
  Writer message(Kind::facts);
  message.put(number).put(transport.host()).put(threads);
  for (const auto& [name, fingerprint] : facts) message.put(fingerprint.digest).put(fingerprint.parts);
  transport.send(0, message.take());
  return Service(transport, threads, search).run();
}

}  // namespace runnel::ranks
