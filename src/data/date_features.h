// What a model sees of a date: a trend, and its place in the year, the week and the day.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "runnel/data.h"

namespace runnel::data {

// Of a column of dates: the fractional year; of times of day, the fraction of the day. NaN when missing.
double date_trend(const Column& column, std::size_t row);

// The waves that these rows call for: of the year where the month varies, of the week where the day of the
// week does and days of a month do too, of the day where the time does.
Waves waves_of(const Column& column, std::span<const std::size_t> rows);

// The sines and cosines of a row, waves.features() numbers from -1 to 1; 0 when missing. The year and the day
// are cut into equal steps as time passes, the week into its seven days, on the clock of the cell's own
// place.
void write_waves(const Column& column, std::size_t row, const Waves& waves, double* out);

// "year sin", "year cos", "year sin 2", …: the names of those numbers.
std::vector<std::string> wave_names(const Waves& waves);

}  // namespace runnel::data
