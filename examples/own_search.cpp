// A search over a training of one's own, which is kept in a file and runs over ranks as well: ratings are
// factorised, stars(user, item) = <users[user], items[item]>; rank, rate and penalty are searched.
#include <cstdint>
#include <iostream>
#include <utility>

#include "runnel/ops.h"
#include "runnel/random.h"
#include "runnel/search.h"
#include "runnel/study.h"
#include "runnel/transforms.h"

using namespace runnel;

struct Factors {
  Array users, items;  // (users, rank), (items, rank)
};
struct Ratings {
  Array user, item, stars;  // one row for each rating: i32, i32, f32
};

constexpr std::int64_t kUsers = 300, kItems = 200, kRatings = 20000;

// Ratings of a table of rank 5, with noise of deviation 0.3.
Ratings made_ratings() {
  const Array key = random::key(1);
  const auto draw = [&](int stream, const Shape& shape) {
    return random::normal(random::fold_in(key, stream), shape);
  };
  const auto number = [&](int stream, double n) {
    return convert(random::uniform(random::fold_in(key, stream), {kRatings}, 0, n), DType::i32);
  };
  const Factors truth{draw(1, {kUsers, 5}), draw(2, {kItems, 5})};
  const Array user = number(3, kUsers), item = number(4, kItems);
  const Array stars = sum(gather(truth.users, user) * gather(truth.items, item), {1});
  return {user, item, stars + 0.3 * draw(5, {kRatings})};
}

Array error_of(const Factors& f, const Ratings& rows) {
  return sum(gather(f.users, rows.user) * gather(f.items, rows.item), {1}) - rows.stars;
}

int main(int argc, char** argv) try {
  search::Schema schema;
  schema.integer("rank", {2, 16}).log().fixed().meaning("columns of the factors");
  schema.real("rate", {1, 300}).log().meaning("of a step");
  schema.real("penalty", {1e-7, 1e-3}).log().meaning("on the squares of the factors");
  schema.batch("batch", 500);
  schema.budget("epochs", 27);

  const auto factorisation = search::trainable(
      schema,
      [](const search::Settings& h, const Array& key) {
        const std::int64_t rank = h.integer("rank");
        return Factors{0.3 * random::normal(random::fold_in(key, 0), {kUsers, rank}),
                       0.3 * random::normal(random::fold_in(key, 1), {kItems, rank})};
      },
      [](const search::Settings& h, const Factors& f, const Ratings& batch) {
        const auto loss = [&](const Factors& x) -> Array {
          return mean(square(error_of(x, batch))) +
                 h["penalty"] * (sum(square(x.users)) + sum(square(x.items)));
        };
        const auto [value, slope] = value_and_grad(loss)(f);
        const Factors next{f.users - h["rate"] * slope.users, f.items - h["rate"] * slope.items};
        return std::pair(next, value);
      },
      [](const search::Settings&, const Factors& f, const Ratings& rows) {
        return search::Measures{search::root_mean("rmse", square(error_of(f, rows)))};
      });

  search::Options options{.scheduling = search::halving()};
  if (argc > 1) options.study = study::at(argv[1]);  // where it goes on when it is started again
  const auto found = search::run(factorisation, search::split(made_ratings()), search::tpe(96), options);
  if (!search::is_root()) return 0;  // all ranks have found the same
  for (const std::string& warning : found.warnings) std::cerr << "note: " << warning << '\n';
  std::cout << found.table(5) << "factors of the best: " << to_string(found.state().users.type()) << '\n';
} catch (const Error& error) {
  if (search::is_root()) std::cerr << "error: " << error.what() << '\n';
  return search::is_root() ? 1 : 0;  // mpirun ends all at the first code that is not 0
}
