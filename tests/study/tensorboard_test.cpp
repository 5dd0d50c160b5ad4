// TensorBoard's files, read back by a reader that knows nothing of the writer.
#include "study/tensorboard.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <map>

#include "study/crc32c.h"
#include "study/support.h"

namespace runnel::study {
namespace {

std::string filled(std::size_t n, int first, int step) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += static_cast<char>(first + static_cast<int>(i) * step);
  return out;
}

// RFC 3720, appendix B.4 (which lists the bytes of the checksums, the lowest first), and the usual check
// value.
TEST(Crc32c, KnownAnswers) {
  EXPECT_EQ(crc32c(filled(32, 0, 0)), 0x8A9136AAu);
  EXPECT_EQ(crc32c(filled(32, 0xFF, 0)), 0x62A8AB43u);
  EXPECT_EQ(crc32c(filled(32, 0, 1)), 0x46DD794Eu);
  EXPECT_EQ(crc32c(filled(32, 31, -1)), 0x113FDB5Cu);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(""), 0u);
}

// ---- a reader ------------------------------------------------------------------------------------------

// CRC-32C bit by bit, by polynomial division.
std::uint32_t slow_crc(std::string_view bytes) {
  std::uint32_t rest = ~0u;
  for (const char c : bytes)
    for (int bit = 0; bit < 8; ++bit) {
      const std::uint32_t top = (rest ^ static_cast<std::uint32_t>(static_cast<unsigned char>(c) >> bit)) & 1;
      rest = (rest >> 1) ^ (top * 0x82F63B78u);
    }
  return ~rest;
}

template <class T>
T taken(std::string_view& bytes) {
  T value{};
  if (bytes.size() < sizeof(T)) throw std::runtime_error("cut");
  std::memcpy(&value, bytes.data(), sizeof(T));
  bytes.remove_prefix(sizeof(T));
  return value;
}

std::string_view taken(std::string_view& bytes, std::uint64_t n) {
  if (bytes.size() < n) throw std::runtime_error("cut");
  const std::string_view out = bytes.substr(0, n);
  bytes.remove_prefix(n);
  return out;
}

void expect_masked(std::string_view bytes, std::uint32_t masked) {
  const std::uint32_t turned = masked - 0xA282EAD8u;
  EXPECT_EQ(turned << 15 | turned >> 17, slow_crc(bytes));
}

std::vector<std::string_view> records(std::string_view file) {
  std::vector<std::string_view> out;
  while (!file.empty()) {
    const std::string_view length = file.substr(0, 8);
    const auto n = taken<std::uint64_t>(file);
    expect_masked(length, taken<std::uint32_t>(file));
    out.push_back(taken(file, n));
    expect_masked(out.back(), taken<std::uint32_t>(file));
  }
  return out;
}

// The fields of a message, by number, each with its values: bytes of fixed width, of a length, or a varint.
using Fields = std::multimap<int, std::string>;

std::uint64_t varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = taken<unsigned char>(bytes);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
}

Fields fields(std::string_view bytes) {
  Fields out;
  while (!bytes.empty()) {
    const std::uint64_t key = varint(bytes);
    const int number = static_cast<int>(key >> 3);
    switch (key & 7) {
      case 0:
        out.emplace(number, std::to_string(varint(bytes)));
        break;
      case 1:
        out.emplace(number, taken(bytes, 8));
        break;
      case 2:
        out.emplace(number, taken(bytes, varint(bytes)));
        break;
      case 5:
        out.emplace(number, taken(bytes, 4));
        break;
      default:
        throw std::runtime_error("wire type");
    }
  }
  return out;
}

const std::string& only(const Fields& all, int number) {
  EXPECT_EQ(all.count(number), 1u) << number;
  static const std::string none;
  const auto at = all.find(number);
  return at == all.end() ? none : at->second;
}

template <class T>
T as(const std::string& bytes) {
  T value{};
  EXPECT_EQ(bytes.size(), sizeof(T));
  std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof(T)));
  return value;
}

struct Scalar {
  std::int64_t step;
  std::string tag;
  float value;
  friend bool operator==(const Scalar&, const Scalar&) = default;
};

// What a file says: scalars in order, and the messages for the HParams page by their tags.
struct Said {
  std::vector<Scalar> scalars;
  std::map<std::string, Fields> plugin;
};

Said said_by(const std::string& file) {
  Said out;
  const auto all = records(file);
  EXPECT_EQ(only(fields(all.at(0)), 3), "brain.Event:2");
  for (std::size_t i = 1; i < all.size(); ++i) {
    const Fields event = fields(all[i]);
    EXPECT_GT(as<double>(only(event, 1)), 1e9);  // since 1970
    const Fields value = fields(only(fields(only(event, 5)), 1));
    const std::string tag = only(value, 1);
    if (value.contains(2)) {
      out.scalars.push_back(
          {event.contains(2) ? std::stoll(only(event, 2)) : 0, tag, as<float>(only(value, 2))});
      continue;
    }
    const Fields data = fields(only(fields(only(value, 9)), 1));
    EXPECT_EQ(only(data, 1), "hparams");
    out.plugin[tag] = fields(only(data, 2));
    const Fields tensor = fields(only(value, 8));  // a vector of no floats
    EXPECT_EQ(only(tensor, 1), "1");
    EXPECT_EQ(only(fields(only(fields(only(tensor, 2)), 2)), 1), "0");
  }
  return out;
}

// ---- what is written -----------------------------------------------------------------------------------

TEST(TensorBoard, HoldsCurvesAndHyperparameters) {
  const Folder folder;
  Description description = some_description();
  description.folds = 1;
  {
    Store store = Store::create(folder.file("s"), description, some_candidates(12));
    store.reading({3, 0, 3, 0.75, 0.5, true, {0.25, std::nan(""), 0.75}});
    store.verdict({3, Status::done, 0.75, 0.5, 3});
    store.reading({10, 0, 200, 0.5, 0.25, false, std::vector<double>(200, 0.125)});
    store.verdict({10, Status::diverged, std::nan(""), std::nan(""), 200});
  }
  const std::string out = folder.file("board");
  EXPECT_EQ(write_tensorboard(read(folder.file("s")), out), 2);
  const auto file = [&](const std::string& run) {
    return said_by(bytes_of(out + run + "/events.out.tfevents.0.runnel"));
  };

  const Said three = file("/candidate-03");
  ASSERT_EQ(three.scalars.size(), 4u);
  EXPECT_EQ(three.scalars[0], (Scalar{1, "validation/r2", 0.25f}));
  EXPECT_TRUE(std::isnan(three.scalars[1].value));
  EXPECT_EQ(three.scalars[2], (Scalar{3, "validation/r2", 0.75f}));
  EXPECT_EQ(three.scalars[3], (Scalar{3, "validation/loss", 0.5f}));
  std::map<std::string, Fields> hyper;
  const Fields start = fields(only(three.plugin.at("_hparams_/session_start_info"), 3));
  for (auto [at, end] = start.equal_range(1); at != end; ++at) {
    const Fields entry = fields(at->second);
    hyper[only(entry, 1)] = fields(only(entry, 2));
  }
  const params::Configuration candidate = some_candidates(4)[3];
  for (const params::Parameter& p : candidate.schema().parameters())  // those that take part
    EXPECT_EQ(hyper.contains(p.name), !candidate[p.name].is_nothing()) << p.name;
  EXPECT_EQ(only(hyper.at("dropout"), 3), "off");
  EXPECT_EQ(as<double>(only(hyper.at("rate"), 2)), 0.004);
  EXPECT_EQ(only(hyper.at("activation"), 3), "relu");
  EXPECT_EQ(only(hyper.at("seed"), 3), "9223372036854775804");  // more digits than a double holds
  EXPECT_EQ(only(fields(only(three.plugin.at("_hparams_/session_end_info"), 4)), 1), "1");

  const Said ten = file("/candidate-10");
  ASSERT_EQ(ten.scalars.size(), 200u);  // no loss: it diverged
  EXPECT_EQ(ten.scalars[199], (Scalar{200, "validation/r2", 0.125f}));
  EXPECT_EQ(only(fields(only(ten.plugin.at("_hparams_/session_end_info"), 4)), 1), "2");
  EXPECT_FALSE(std::filesystem::exists(out + "/candidate-04"));

  const Fields experiment = fields(only(file("").plugin.at("_hparams_/experiment"), 2));
  std::map<std::string, std::string> varied;
  for (auto [at, end] = experiment.equal_range(4); at != end; ++at)
    varied[only(fields(at->second), 1)] = only(fields(at->second), 4);
  EXPECT_EQ(varied, (std::map<std::string, std::string>{{"hidden", "1"}, {"rate", "3"}, {"seed", "1"}}));
  EXPECT_EQ(experiment.count(5), 2u);

  // Written again, it is the same and not twice.
  EXPECT_EQ(write_tensorboard(read(folder.file("s")), out), 2);
  EXPECT_EQ(file("/candidate-03").scalars.size(), 4u);
}

TEST(TensorBoard, FoldsHaveCurvesOfTheirOwn) {
  const Folder folder;
  {
    Store store = Store::create(folder.file("s"), some_description(), some_candidates(4));
    store.reading({0, 0, 1, 0.5, 0.5, true, {0.5}});
    store.reading({0, 1, 1, 0.25, 0.5, true, {0.25}});
    store.verdict({0, Status::done, 0.375, 0.5, 1});
  }
  write_tensorboard(read(folder.file("s")), folder.file("board"));
  EXPECT_EQ(said_by(bytes_of(folder.file("board/candidate-0/events.out.tfevents.0.runnel"))).scalars,
            (std::vector<Scalar>{{1, "validation/r2/fold 1", 0.5f},
                                 {1, "validation/r2/fold 2", 0.25f},
                                 {1, "validation/r2", 0.375f},
                                 {1, "validation/loss", 0.5f}}));
}

TEST(TensorBoard, AFolderThatCannotBeMade) {
  const Folder folder;
  Store::create(folder.file("s"), some_description(), some_candidates(4));
  EXPECT_THAT(error_of([&] { write_tensorboard(read(folder.file("s")), folder.file("s")); }, ErrorKind::run),
              testing::HasSubstr(folder.file("s") + ": cannot be made"));
}

}  // namespace
}  // namespace runnel::study
