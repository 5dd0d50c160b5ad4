// The study of a fit: what its search is described by, and what keeps it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fit/searched.h"
#include "runnel/fit.h"
#include "runnel/study.h"
#include "study/search_study.h"

namespace runnel {

// A fit as it stands when its search begins. It refers to what fit() holds.
struct Searching {
  const Table& table;
  const Table* test;
  const FitOptions& options;
  const Target& target;
  const Split& split;
  std::span<const Fold> folds;
  models::Loss loss;
  models::Metric metric;
  const fitting::Searched& search;
};

// Source, settings and fingerprints: what a resumed search must agree with.
study::Description describe(const Searching& fit);

// The study that the options ask for; none where they ask for none. The search begins it, or goes on with it,
// and throws Error(input) naming what differs from what it was begun with.
std::shared_ptr<study::SearchStudy> study_of(const Searching& fit);
// Writes what the search came to, with the network that the fit made of it, if any; and the event files, if
// wanted. What could not be written: a search is not lost for it.
std::vector<std::string> finish_study(study::SearchStudy& study, const FitOptions& options,
                                      const models::Result& result, const nn::Network* network);

// Runs that lie in the folder of event files already, as a warning; none where the search goes on with a
// study, whose own they may be.
std::vector<std::string> runs_of_others(const FitStudy& wanted);

// Why a search by so many folds (0: none) has no winner, and what to do.
// `study`: the file that it is kept in; empty: none.
std::string no_winner(const models::Result& search, SearchEnd ended, std::size_t folds,
                      const std::string& study);

// Throws Error(input) naming the difference where data or split are not those of FitOptions::refitted.
void expect_rows_of_study(const Searching& fit);

}  // namespace runnel
