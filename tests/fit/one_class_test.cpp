// Parts of a split that hold one class only.
#include "fit/one_class.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_of.h"

namespace runnel {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Rows = std::vector<std::size_t>;

// Twelve rows: six of class 0, then six of class 1 of which the last is of class 2.
const std::vector<double> kClasses{0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2};

Target target() {
  Table t;
  t.rows = kClasses.size();
  Column k{.name = "k", .type = Column::Type::text};
  for (const double c : kClasses) {
    k.texts.push_back(c == 0 ? "a" : c == 1 ? "b" : "c");
    k.missing.push_back(0);
  }
  t.columns = {k};
  std::vector<std::string> warnings;
  return Target::fit(t, {.column = "k"}, warnings);
}

std::vector<std::string> warnings(const Rows& training, const Rows& validation,
                                  const std::vector<Fold>& folds, const std::vector<double>& y_test,
                                  const SplitOptions& options = {}, bool separate = false) {
  const Target of = target();
  return one_class_warnings({of, kClasses, training, validation, folds, y_test, separate, options});
}

TEST(OneClass, PartsWithSeveralAreFine) {
  EXPECT_THAT(warnings({0, 1, 6}, {2, 7}, {}, {0, 1}), IsEmpty());
  EXPECT_THAT(warnings({0, 1, 6}, {}, {}, {}), IsEmpty());
}

TEST(OneClass, TrainingRowsOfOneAreRefused) {
  EXPECT_THAT(error_of([] {
                warnings({0, 1, 2}, {6, 7}, {}, {0, 1}, {.time = "day"});
              }),
              AllOf(HasSubstr("the 3 training rows are of one class only, 'a': there is nothing to learn"),
                    HasSubstr("rows of a longer time")));
}

TEST(OneClass, ValidationAndTestAreSaid) {
  EXPECT_THAT(
      warnings({0, 6}, {1, 2}, {}, {1, 1, 1}, {.group = "site"}),
      ElementsAre(AllOf(HasSubstr("the 2 validation rows are of one class only, 'a'"), HasSubstr("--folds"),
                        HasSubstr("more groups")),
                  AllOf(HasSubstr("the 3 test rows are of one class only, 'b':"), HasSubstr("more groups"))));
  EXPECT_THAT(warnings({0, 6}, {1, 7}, {}, {2}, {}, true),
              ElementsAre(AllOf(HasSubstr("the 1 test row is of one class only"),
                                HasSubstr("'c', which no training row has"),
                                HasSubstr("test rows of the other classes"))));
  EXPECT_THAT(warnings({0, 6}, {1, 7}, {}, {0}, {.kind = SplitKind::random}),
              ElementsAre(HasSubstr("--split stratified")));
}

TEST(OneClass, FoldsAreNamed) {
  const std::vector<Fold> folds{{{0, 1, 2}, {6, 7}}, {{0, 6}, {1, 7}}, {{6, 7}, {0, 8}}};
  EXPECT_THAT(
      warnings({0, 1, 2, 6, 7}, {}, folds, {0, 1}),
      ElementsAre(HasSubstr("the training rows of 2 of 3 folds are of one class only ('a' in fold 1, 'b' in "
                            "fold 3)"),
                  HasSubstr("the validation rows of 1 of 3 folds are of one class only ('b' in fold 1)")));
}

}  // namespace
}  // namespace runnel
