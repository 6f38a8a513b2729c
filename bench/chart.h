#pragma once
// Line charts as SVG: a grid of small panels with the same logarithmic axes, so that flat lines and steep ones are told apart at a glance.
//
// Threads  plain values.

#include <string>
#include <vector>

namespace bench {

struct Series {
  std::string name;             // in the legend; the n-th of every panel is drawn alike
  std::vector<std::pair<double, double>> points;
};

struct Panel {
  std::string title;
  std::vector<Series> series;
};

struct Chart {
  std::string title, x, y;      // of the axes, units last
  std::vector<Panel> panels;
  std::size_t across = 4;       // panels
};

std::string svg(const Chart& chart);

}  // namespace bench
