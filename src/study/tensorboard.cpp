#include "study/tensorboard.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "core/fail.h"
#include "study/crc32c.h"

namespace runnel::study {
namespace {

namespace fs = std::filesystem;

template <class T>
std::string little_endian(T bits) {
  std::string out;
  for (std::size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(bits >> (8 * i) & 0xFF);
  return out;
}

// Checksums of data that holds checksums would be weak; TFRecord therefore turns and shifts them.
std::string masked_crc(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return little_endian<std::uint32_t>(std::rotr(crc, 15) + 0xA282EAD8u);
}

}  // namespace

// ---- the wire format -----------------------------------------------------------------------------------

void Message::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
  bytes_ += static_cast<char>(value);
}

void Message::key(int field, int wire_type) { varint(static_cast<std::uint64_t>(field << 3 | wire_type)); }

Message& Message::whole(int field, std::int64_t value) {
  key(field, 0);
  varint(static_cast<std::uint64_t>(value));
  return *this;
}

Message& Message::real(int field, double value) {
  key(field, 1);
  bytes_ += little_endian(std::bit_cast<std::uint64_t>(value));
  return *this;
}

Message& Message::real32(int field, float value) {
  key(field, 5);
  bytes_ += little_endian(std::bit_cast<std::uint32_t>(value));
  return *this;
}

Message& Message::text(int field, std::string_view value) {
  key(field, 2);
  varint(value.size());
  bytes_ += value;
  return *this;
}

std::string framed(std::string_view record) {
  const std::string length = little_endian<std::uint64_t>(record.size());
  return length + masked_crc(length) + std::string(record) + masked_crc(record);
}

// ---- events --------------------------------------------------------------------------------------------

Events::Events(double wall_time) : wall_time_(wall_time) {
  bytes_ = framed(Message().real(1, wall_time).text(3, "brain.Event:2").bytes());
}

void Events::summary(std::int64_t step, const Message& value) {
  Message event;
  event.real(1, wall_time_);
  if (step != 0) event.whole(2, step);
  bytes_ += framed(event.message(5, Message().message(1, value)).bytes());
}

void Events::scalar(std::int64_t step, std::string_view tag, double value) {
  summary(step, Message().text(1, tag).real32(2, static_cast<float>(value)));
}

// A summary that carries the data of the HParams page (HParamsPluginData, version 0) and, since a summary has
// a value, an empty tensor of floats.
void Events::plugin(std::string_view tag, int field, const Message& content) {
  const Message data = Message().message(field, content);
  const Message metadata = Message().message(1, Message().text(1, "hparams").text(2, data.bytes()));
  const Message no_elements = Message().message(2, Message().whole(1, 0));
  const Message tensor = Message().whole(1, 1).message(2, no_elements);
  summary(0, Message().text(1, tag).message(8, tensor).message(9, metadata));
}

void Events::begin_run(const std::vector<Candidate::Value>& hyper, const std::vector<std::string>& texts) {
  Message start;
  for (const Candidate::Value& value : hyper) {
    if (!value.active) continue;
    Message held;
    if (value.numeric && std::find(texts.begin(), texts.end(), value.name) == texts.end())
      held.real(2, std::strtod(value.text.c_str(), nullptr));
    else
      held.text(3, value.text);
    start.message(1, Message().text(1, value.name).message(2, held));  // an entry of a map
  }
  plugin("_hparams_/session_start_info", 3, start.real(5, wall_time_));
}

void Events::end_run(Status status) {
  constexpr int kSuccess = 1, kFailure = 2;
  const Message end =
      Message().whole(1, status == Status::diverged ? kFailure : kSuccess).real(2, wall_time_);
  plugin("_hparams_/session_end_info", 4, end);
}

void Events::experiment(const std::vector<std::string>& numbers, const std::vector<std::string>& texts,
                        const std::vector<std::string>& tags) {
  constexpr int kText = 1, kNumber = 3;
  Message all;
  all.real(3, wall_time_);
  for (const std::string& name : numbers) all.message(4, Message().text(1, name).whole(4, kNumber));
  for (const std::string& name : texts) all.message(4, Message().text(1, name).whole(4, kText));
  for (const std::string& tag : tags) all.message(5, Message().message(1, Message().text(2, tag)));
  plugin("_hparams_/experiment", 2, all);
}

// ---- a study -------------------------------------------------------------------------------------------

namespace {

std::string tag_of(std::string_view what) { return fmt::format("validation/{}", what); }

// The first in a folder that has none of ours yet; TensorBoard reads the files of a folder in the order of
// their names, and files that are written again would show every curve twice.
void write_events(const fs::path& folder, const Events& events) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail_run("{}: cannot be made: {}; give another folder", folder.string(), error.message());
  const fs::path path = folder / "events.out.tfevents.0.runnel";
  const fs::path temporary = folder / ".runnel-events";
  std::ofstream file(temporary, std::ios::binary);
  file.write(events.bytes().data(), static_cast<std::streamsize>(events.bytes().size()));
  file.close();
  if (!file) fail_run("{}: cannot be written: {}", path.string(), std::strerror(errno));
  fs::rename(temporary, path, error);
  if (error) fail_run("{}: cannot be written: {}", path.string(), error.message());
}

Events events_of(const Study& study, const Candidate& candidate, const std::vector<std::string>& texts,
                 double wall_time) {
  Events events(wall_time);
  events.begin_run(candidate.hyper, texts);
  for (const Reading& reading : candidate.readings) {
    const std::string fold = study.description.folds > 1 ? fmt::format("/fold {}", reading.fold + 1) : "";
    for (std::size_t i = 0; i < reading.curve.size(); ++i)
      events.scalar(static_cast<std::int64_t>(i + 1), tag_of(study.description.metric) + fold,
                    reading.curve[i]);
  }
  // Over all folds; with one fold the curve ends with it already.
  if (study.description.folds > 1 && !std::isnan(candidate.metric))
    events.scalar(candidate.epochs, tag_of(study.description.metric), candidate.metric);
  if (!std::isnan(candidate.loss)) events.scalar(candidate.epochs, tag_of("loss"), candidate.loss);
  events.end_run(candidate.status);
  return events;
}

// Hyperparameters with more than one value among the candidates. What is a number here and a text there is a
// text.
struct Varied {
  std::vector<std::string> numbers, texts;
};

Varied varied_of(const Study& study) {
  Varied out;
  if (study.candidates.empty()) return out;
  struct Seen {
    std::set<std::string_view> values;
    bool numeric = true;
  };
  std::map<std::string_view, Seen> seen;
  std::vector<std::string> names;
  for (const Candidate& candidate : study.candidates)
    for (const Candidate::Value& value : candidate.hyper) {
      if (!value.active) continue;
      const auto [at, is_new] = seen.try_emplace(value.name);
      if (is_new) names.push_back(value.name);
      at->second.values.insert(value.text);
      at->second.numeric = at->second.numeric && value.numeric;
    }
  for (const std::string& name : names)
    if (const Seen& of = seen[name]; of.values.size() > 1)
      (of.numeric ? out.numbers : out.texts).push_back(name);
  return out;
}

}  // namespace

std::vector<std::string> tensorboard_runs(const std::string& folder) {
  const auto has_events = [](const fs::path& run) {
    std::error_code error;
    for (const auto& file : fs::directory_iterator(run, error))
      if (file.path().filename().string().find("tfevents") != std::string::npos) return true;
    return false;
  };
  std::vector<std::string> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.is_directory(error) && has_events(entry.path()))
      out.push_back(entry.path().filename().string());
  std::sort(out.begin(), out.end());
  return out;
}

std::int64_t write_tensorboard(const Study& study, const std::string& folder) {
  const double wall_time = study.runs.empty() ? 0 : study.runs[0].began;
  const Varied varied = varied_of(study);
  Events experiment(wall_time);
  experiment.experiment(varied.numbers, varied.texts, {tag_of(study.description.metric), tag_of("loss")});
  write_events(folder, experiment);
  const std::size_t digits = std::to_string(study.candidates.size()).size();
  std::int64_t written = 0;
  for (const Candidate& candidate : study.candidates) {
    if (candidate.readings.empty()) continue;
    const std::string name = fmt::format("candidate-{:0{}}", candidate.index, digits);
    write_events(fs::path(folder) / name, events_of(study, candidate, varied.texts, wall_time));
    ++written;
  }
  return written;
}

}  // namespace runnel::study
