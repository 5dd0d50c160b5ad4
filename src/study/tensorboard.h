// TensorBoard's event files: TFRecord frames around messages in the wire format of Protocol Buffers. The few
// messages that are needed are small and fixed, so they are written by hand; their field numbers are those of
// event.proto, summary.proto and tensor.proto of TensorFlow, and api.proto and plugin_data.proto of
// TensorBoard's HParams plugin.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runnel/study.h"

namespace runnel::study {

// A message as it grows, in the wire format (protobuf.dev/programming-guides/encoding).
class Message {
 public:
  Message& whole(int field, std::int64_t value);  // int32, int64, enums
  Message& real(int field, double value);         // double
  Message& real32(int field, float value);        // float
  Message& text(int field, std::string_view value);
  Message& message(int field, const Message& value) { return text(field, value.bytes_); }

  const std::string& bytes() const { return bytes_; }

 private:
  void key(int field, int wire_type);
  void varint(std::uint64_t value);

  std::string bytes_;
};

// One record: its length and its bytes, each with a masked CRC-32C behind it.
std::string framed(std::string_view record);

// The events of one file, as bytes.
class Events {
 public:
  explicit Events(double wall_time);  // begins with the event that names the format's version
  void scalar(std::int64_t step, std::string_view tag, double value);
  // The start of a run with these hyperparameters, and its end. Those of `texts` are told as texts, numbers
  // too.
  void begin_run(const std::vector<Candidate::Value>& hyper, const std::vector<std::string>& texts = {});
  void end_run(Status status);
  // What all runs vary, and the tags of what they measure; belongs into the folder above them.
  void experiment(const std::vector<std::string>& numbers, const std::vector<std::string>& texts,
                  const std::vector<std::string>& tags);

  const std::string& bytes() const { return bytes_; }

 private:
  void summary(std::int64_t step, const Message& value);
  void plugin(std::string_view tag, int field, const Message& content);

  double wall_time_;
  std::string bytes_;
};

}  // namespace runnel::study
