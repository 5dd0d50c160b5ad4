// A picture as plain data: panels with axes and what is drawn in them. Nothing here draws; a page does.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace runnel::lab {

enum class Scale { linear, log };

struct Axis2d {
  std::string label = {};  // with its unit, if it has one
  Scale scale = Scale::linear;
  std::optional<double> low = {}, high = {};  // its ends; where missing, those of the data
  std::vector<std::string> names = {};        // of the places 0, 1, 2, … of an axis of categories
};

enum class Draw { line, points, bars };

// x and y have one length. A value that is not finite is a gap.
struct Series {
  std::string name = {};  // as a legend tells it; empty: not in the legend
  Draw draw = Draw::line;
  std::vector<double> x = {}, y = {};
  std::vector<double> low = {}, high = {};  // a band around a line, error bars at points; empty: none
  bool dashed = false;                      // theory, bounds
  bool faint = false;                       // one of many
  bool arrow = false;                       // a line of two points, from the first to the second
};

// A vertical line where only x is given, a horizontal one where only y is, a named point where both are.
struct Mark {
  std::string text = {};
  std::optional<double> x = {}, y = {};
  bool boxed = false;  // the text in a box about the point, on as many lines as it has
};

// values[i][j] belongs to y[i] and x[j].
struct HeatMap {
  std::string label = {};  // of the values
  Scale scale = Scale::linear;
  std::vector<double> x = {}, y = {};
  std::vector<std::vector<double>> values = {};
};

struct Panel {
  std::string title = {};
  Axis2d x = {}, y = {};
  std::vector<Series> series = {};
  std::vector<Mark> marks = {};
  std::optional<HeatMap> map = {};
  bool equal = false;    // one unit is as long on both axes
  bool diagram = false;  // boxes and arrows: without axes

  Series& line(std::string name, std::vector<double> xs, std::vector<double> ys) {
    return add({std::move(name), Draw::line, std::move(xs), std::move(ys)});
  }
  Series& points(std::string name, std::vector<double> xs, std::vector<double> ys) {
    return add({std::move(name), Draw::points, std::move(xs), std::move(ys)});
  }
  Series& bars(std::string name, std::vector<double> xs, std::vector<double> ys) {
    return add({std::move(name), Draw::bars, std::move(xs), std::move(ys)});
  }
  Series& add(Series one) {
    series.push_back(std::move(one));
    return series.back();
  }
  void mark(std::string text, std::optional<double> at_x, std::optional<double> at_y = {}) {
    marks.push_back({std::move(text), at_x, at_y});
  }
  void box(std::string text, double at_x, double at_y) {
    marks.push_back({std::move(text), at_x, at_y, true});
  }
  void arrow(double from_x, double from_y, double to_x, double to_y) {
    line("", {from_x, to_x}, {from_y, to_y}).arrow = true;
  }
};

struct Picture {
  std::string caption = {};  // what is to be seen, in a sentence: also for those who cannot see it
  std::vector<Panel> panels = {};
};

}  // namespace runnel::lab
