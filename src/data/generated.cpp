// The generated tables, demo:NAME. Every value is a function of the seed and of its place alone.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/fail.h"
#include "core/text.h"
#include "data/random.h"
#include "data/readers.h"

namespace runnel {
namespace data {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Column number_column(std::string name, std::size_t rows) {
  Column column;
  column.name = std::move(name);
  column.numbers.resize(rows);
  return column;
}

Column text_column(std::string name, std::size_t rows) {
  Column column;
  column.name = std::move(name);
  column.type = Column::Type::text;
  column.texts.resize(rows);
  column.missing.assign(rows, 0);
  return column;
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }
// To a number of decimals; dividing by the power of ten gives the double nearest to the decimal number.
double rounded(double x, double per_unit) { return std::round(x * per_unit) / per_unit; }

// Whether a song is a hit depends on its twelve columns partly linearly, partly not: a good tempo is neither
// slow nor fast, and energy helps cheerful songs and harms sad ones. The rest is chance.
class Songs {
 public:
  explicit Songs(std::uint64_t seed, std::size_t rows) : seed_(seed), rows_(rows) {}

  Table table() const {
    Table t;
    t.rows = rows_;
    t.usual_target = "hit";
    t.columns.push_back(text_column("song_id", rows_));
    t.columns.push_back(text_column("name", rows_));
    for (const char* name : {"danceability", "energy", "loudness", "speechiness", "acousticness",
                             "instrumentalness", "valence", "tempo", "duration_ms", "explicit", "year"}) {
      t.columns.push_back(number_column(name, rows_));
    }
    t.columns.push_back(text_column("genre", rows_));
    t.columns.push_back(number_column("hit", rows_));
    for (std::size_t i = 0; i < rows_; ++i) fill(t, i);
    return t;
  }

 private:
  // The draws of row i: part is the place of the value within the row.
  double u(std::size_t i, std::uint32_t part) const { return Draws(seed_, Stream::songs, part).uniform(i); }
  double z(std::size_t i, std::uint32_t part) const { return Draws(seed_, Stream::songs, part).normal(i); }

  std::string id(std::size_t i) const {
    static constexpr std::string_view digits =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string out;
    for (std::uint32_t k = 0; k < 22; ++k) {
      out += digits[static_cast<std::size_t>(u(i, 100 + k) * static_cast<double>(digits.size()))];
    }
    return out;
  }

  std::string name(std::size_t i) const {
    static constexpr std::array<std::string_view, 24> first = {
        "Blue",     "Silent",  "Golden", "Last",   "Broken", "Summer", "Paper",   "Hollow",
        "Electric", "Distant", "Velvet", "Winter", "Early",  "Slow",   "Bright",  "Lonely",
        "Wild",     "Crystal", "Faded",  "Neon",   "Quiet",  "Silver", "Burning", "Hidden"};
    static constexpr std::array<std::string_view, 24> second = {
        "River",   "Streets", "Hearts",  "Radio",  "Mirror",  "Skies",   "Garden",   "Highway",
        "Letters", "Dancer",  "Harbour", "Lights", "Rain",    "Echo",    "Mountain", "Rooms",
        "Fire",    "Shadow",  "Window",  "Ocean",  "Morning", "Machine", "Stars",    "Train"};
    const auto pick = [&](const auto& words, std::uint32_t part) {
      return words[static_cast<std::size_t>(u(i, part) * static_cast<double>(words.size()))];
    };
    std::string out = fmt::format("{} {}", pick(first, 200), pick(second, 201));
    const double kind = u(i, 202);
    if (kind < 0.25) out += fmt::format(" of {}", pick(second, 203));
    if (kind > 0.8) out += fmt::format(", Pt. {}", 1 + static_cast<int>(u(i, 204) * 9));
    return out;
  }

  void fill(Table& t, std::size_t i) const {
    static constexpr std::array<std::string_view, 5> genres = {"pop", "rock", "rap", "latin", "edm"};
    static constexpr std::array<double, 5> liking = {1.1, -0.8, 0.3, 0.5, -1.1};
    const auto genre = static_cast<std::size_t>(u(i, 0) * 5);
    const double energy = z(i, 1), dance = z(i, 2), valence = 0.4 * dance + 0.9 * z(i, 3);
    const double loud = 0.7 * energy + 0.7 * z(i, 4), acoustic = -0.6 * energy + 0.8 * z(i, 5);
    const double instrumental = z(i, 6), speech = z(i, 7), tempo = z(i, 8), length = z(i, 9);
    const double explicit_words = u(i, 10) < 0.3 ? 1 : 0, year = std::floor(u(i, 11) * 30);

    const double score = 1.2 * dance + 0.9 * loud - 1.3 * instrumental + liking[genre] +
                         0.25 * explicit_words + 0.03 * (year - 15) - 0.4 * acoustic +
                         1.2 * energy * valence - 1.1 * (tempo * tempo - 1) - 0.2 * length;

    std::size_t c = 0;
    t.columns[c++].texts.set(i, id(i));
    t.columns[c++].texts.set(i, name(i));
    const double values[] = {rounded(logistic(0.4 + 0.7 * dance), 1e3),
                             rounded(logistic(0.6 + 0.9 * energy), 1e3),
                             rounded(-7 + 2.5 * loud, 1e3),
                             rounded(logistic(-2 + 0.5 * speech), 1e4),
                             rounded(logistic(-0.8 + acoustic), 1e3),
                             rounded(logistic(-1 + instrumental), 1e4),
                             rounded(logistic(0.8 * valence), 1e3),
                             u(i, 12) < 0.03 ? nan : rounded(118 + 22 * tempo, 1e3),
                             std::round(215000 + 35000 * length),
                             explicit_words,
                             1990 + year};
    for (const double value : values) t.columns[c++].numbers[i] = value;
    if (u(i, 13) < 0.02) {
      t.columns[c++].missing[i] = 1;
    } else {
      t.columns[c++].texts.set(i, genres[genre]);
    }
    t.columns[c].numbers[i] = u(i, 14) < logistic(score) ? 1 : 0;
  }

  std::uint64_t seed_;
  std::size_t rows_;
};

// 48 x 48 images: a bright oval on grey ground, eight smooth patterns in random amounts, noise. The age is
// linear in those amounts, plus a deviation of 13 years that no image shows. The brightness is such that the
// largest eigenvalue of X^T X / n stays below 2/0.003, the limit of gradient descent on half the mean squared
// error at rate 0.003.
class Faces {
 public:
  Faces(std::uint64_t seed, std::size_t rows) : seed_(seed), rows_(rows) {
    const Draws draws(seed, Stream::faces_pattern);
    double norm = 0;
    for (std::size_t k = 0; k < factors; ++k) {
      weights_[k] = draws.normal(k);
      norm += weights_[k] * weights_[k];
    }
    for (double& w : weights_) w /= std::sqrt(norm);
    for (std::size_t k = 0; k < factors; ++k) fill_pattern(k);
    for (std::size_t p = 0; p < pixels; ++p) {
      const double y = (static_cast<double>(p / side) - 23.5) / 22,
                   x = (static_cast<double>(p % side) - 23.5) / 17;
      ground_[p] = x * x + y * y < 1 ? 0.55f : 0.40f;
    }
  }

  Table table() const {
    Table t;
    t.rows = rows_;
    t.usual_target = "age";
    t.test_begin = rows_ * 4000 / 6500;
    t.columns.push_back(number_column("age", rows_));
    t.block = Block{.name = "pixels", .shape = {side, side}, .values = {}};
    t.block->values.resize(rows_ * pixels);
    const Draws latent(seed_, Stream::faces_latent), own(seed_, Stream::faces_latent, 1);
    for (std::size_t i = 0; i < rows_; ++i) {
      std::array<float, factors> amounts;
      double signal = 0;
      for (std::size_t k = 0; k < factors; ++k) {
        const double amount = latent.normal(i * factors + k);
        amounts[k] = static_cast<float>(amount);
        signal += weights_[k] * amount;
      }
      t.columns[0].numbers[i] = std::round(std::clamp(42 + 14 * signal + 13 * own.normal(i), 1.0, 90.0));
      paint(i, amounts, t.block->values.data() + i * pixels);
    }
    return t;
  }

 private:
  static constexpr std::size_t side = 48, pixels = side * side, factors = 8;

  void fill_pattern(std::size_t k) {
    static constexpr std::array<std::array<int, 2>, factors> waves = {
        {{0, 1}, {1, 0}, {1, 1}, {0, 2}, {2, 0}, {1, 2}, {2, 1}, {2, 2}}};
    const auto cosine = [](int wave, std::size_t at) {
      return std::cos(std::numbers::pi * wave * (static_cast<double>(at) + 0.5) / side);
    };
    for (std::size_t p = 0; p < pixels; ++p) {
      patterns_[k][p] =
          static_cast<float>(0.08 * cosine(waves[k][0], p / side) * cosine(waves[k][1], p % side));
    }
  }

  void paint(std::size_t i, const std::array<float, factors>& amounts, float* out) const {
    std::copy(ground_.begin(), ground_.end(), out);
    for (std::size_t k = 0; k < factors; ++k) {
      for (std::size_t p = 0; p < pixels; ++p) out[p] += amounts[k] * patterns_[k][p];
    }
    // Four pixels to a draw, 16 bits each: noise in [-0.08, 0.08).
    const Draws noise(seed_, Stream::faces_noise);
    for (std::size_t p = 0; p < pixels; p += 4) {
      const std::uint64_t bits = noise.bits((i * pixels + p) / 4);
      for (std::size_t k = 0; k < 4; ++k) {
        const auto u = static_cast<float>((bits >> (16 * k)) & 0xFFFFu) * 0x1p-16f;
        out[p + k] = std::clamp(out[p + k] + 0.16f * (u - 0.5f), 0.0f, 1.0f);
      }
    }
  }

  std::uint64_t seed_;
  std::size_t rows_;
  std::array<double, factors> weights_{};
  std::array<std::array<float, pixels>, factors> patterns_{};
  std::array<float, pixels> ground_{};
};

Table moons(std::uint64_t seed, std::size_t rows) {
  Table t;
  t.rows = rows;
  t.usual_target = "class";
  for (const char* name : {"x1", "x2", "class"}) t.columns.push_back(number_column(name, rows));
  const Draws angle(seed, Stream::moons), noise(seed, Stream::moons, 1);
  for (std::size_t i = 0; i < rows; ++i) {
    const double a = std::numbers::pi * angle.uniform(i);
    const bool lower_moon = i % 2 == 1;
    t.columns[0].numbers[i] = (lower_moon ? 1 - std::cos(a) : std::cos(a)) + 0.15 * noise.normal(2 * i);
    t.columns[1].numbers[i] = (lower_moon ? 0.5 - std::sin(a) : std::sin(a)) + 0.15 * noise.normal(2 * i + 1);
    t.columns[2].numbers[i] = lower_moon ? 1 : 0;
  }
  return t;
}

Table wave(std::uint64_t seed, std::size_t rows) {
  Table t;
  t.rows = rows;
  t.usual_target = "y";
  for (const char* name : {"x", "y"}) t.columns.push_back(number_column(name, rows));
  const Draws place(seed, Stream::wave), noise(seed, Stream::wave, 1);
  for (std::size_t i = 0; i < rows; ++i) {
    const double x = place.uniform(i);
    t.columns[0].numbers[i] = x;
    t.columns[1].numbers[i] = std::sin(10 * x) + 0.1 * noise.normal(i);
  }
  return t;
}

struct Generated {
  std::string name, what;
  std::size_t rows;
  Table (*make)(std::uint64_t seed, std::size_t rows);
};

const std::vector<Generated>& all() {
  static const std::vector<Generated> list = {
      {"songs", "4,000 songs, hit or not: 12 mixed columns, an id and a name; target hit", 4000,
       [](std::uint64_t seed, std::size_t rows) { return Songs(seed, rows).table(); }},
      {"faces", "48 x 48 images, 4,000 to train on and 2,500 to test; target age", 6500,
       [](std::uint64_t seed, std::size_t rows) { return Faces(seed, rows).table(); }},
      {"moons", "1,000 points on two interleaved half circles; target class", 1000, moons},
      {"wave", "500 points of sin(10 x) with noise of deviation 0.1; target y", 500, wave},
  };
  return list;
}

}  // namespace

Table generate(const std::string& name, const ReadOptions& options) {
  std::vector<std::string> names;
  for (const Generated& g : all()) {
    if (g.name == name) {
      Table table = g.make(options.seed, options.rows ? options.rows : g.rows);
      table.source = "demo:" + name;
      table.format = "generated";
      return table;
    }
    names.push_back(g.name);
  }
  fail("demo:{}: no generated table of that name{}", name, suggestion(name, names));
}

}  // namespace data

std::vector<std::pair<std::string, std::string>> generated_tables() {
  std::vector<std::pair<std::string, std::string>> out;
  for (const data::Generated& g : data::all()) out.emplace_back(g.name, g.what);
  return out;
}

}  // namespace runnel
