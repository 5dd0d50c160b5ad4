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
double date_trend(double seconds, DateFormat::Order order);

// The waves that these rows call for: of the year where the month varies, of the week where the day of the
// week does and days of a month do too, of the day where the time does.
Waves waves_of(const Column& column, std::span<const std::size_t> rows);

// Of the year, of the week and of the day each.
inline constexpr std::size_t most_waves = 64;

// The sines and cosines of a date, waves.features() numbers from -1 to 1; 0 when missing. The year and the
// day are cut into equal steps as time passes, the week into its seven days, on the clock of the cell's own
// place.
void write_waves(double local, const Waves& waves, double* out);
// What write_waves takes of a row: seconds as the local clock shows them, NaN when missing.
double local_at(const Column& column, std::size_t row);

// "year sin", "year cos", "year sin 2", …: the names of those numbers.
std::vector<std::string> wave_names(const Waves& waves);

}  // namespace runnel::data
