#include "chart.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace bench {
namespace {

constexpr double kWidth = 230, kHeight = 170, kLeft = 46, kRight = 12, kTop = 26, kBottom = 26, kHead = 62;
constexpr const char* kColours[] = {"#1b6ca8", "#d9822b", "#4a9d5b", "#8a5aa8"};

std::string number(const char* format, double v) {
  char text[64];
  std::snprintf(text, sizeof text, format, v);
  return text;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return out;
}

// A power of ten as people write it.
std::string tick(double v) {
  if (v >= 1e6) return number("%g", v / 1e6) + "M";
  if (v >= 1e3) return number("%g", v / 1e3) + "k";
  return number("%g", v);
}

struct Axis {
  double low = 1e300, high = -1e300;  // powers of ten
  void include(double v) {
    low = std::min(low, std::floor(std::log10(v) + 1e-9));
    high = std::max(high, std::ceil(std::log10(v) - 1e-9));
  }
  double at(double v) const { return high > low ? (std::log10(v) - low) / (high - low) : 0.5; }
};

}  // namespace

std::string svg(const Chart& chart) {
  Axis x, y;
  for (const Panel& panel : chart.panels) {
    for (const Series& series : panel.series) {
      for (const auto& [a, b] : series.points) {
        x.include(a);
        y.include(b);
      }
    }
  }
  const std::size_t down = (chart.panels.size() + chart.across - 1) / chart.across;
  const double width = kWidth * static_cast<double>(chart.across), height = kHead + kHeight * static_cast<double>(down);
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number("%g", width) + " " + number("%g", height) +
                    "\" font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\" font-size=\"10\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
  const auto text = [&](double px, double py, const char* anchor, const std::string& what, const std::string& more = "") {
    out += "<text x=\"" + number("%.1f", px) + "\" y=\"" + number("%.1f", py) + "\" text-anchor=\"" + anchor + "\" fill=\"#333333\"" + more + ">" + escaped(what) + "</text>\n";
  };
  const auto line = [&](double x1, double y1, double x2, double y2, const std::string& style) {
    out += "<line x1=\"" + number("%.1f", x1) + "\" y1=\"" + number("%.1f", y1) + "\" x2=\"" + number("%.1f", x2) + "\" y2=\"" + number("%.1f", y2) + "\" " + style + "/>\n";
  };
  text(12, 20, "start", chart.title, " font-size=\"14\" font-weight=\"bold\"");
  text(12, 36, "start", "across: " + chart.x + "; up: " + chart.y);
  std::vector<std::string> names;
  for (const Panel& panel : chart.panels) {
    for (std::size_t s = names.size(); s < panel.series.size(); ++s) names.push_back(panel.series[s].name);
  }
  double at = 12;
  for (std::size_t s = 0; s < names.size(); ++s) {
    line(at, 48, at + 18, 48, std::string("stroke=\"") + kColours[s % 4] + "\" stroke-width=\"2\"");
    text(at + 23, 52, "start", names[s]);
    at += 40 + 6.2 * static_cast<double>(names[s].size());
  }
  for (std::size_t n = 0; n < chart.panels.size(); ++n) {
    const Panel& panel = chart.panels[n];
    const double left = kWidth * static_cast<double>(n % chart.across) + kLeft, top = kHead + kHeight * static_cast<double>(n / chart.across) + kTop;
    const double w = kWidth - kLeft - kRight, h = kHeight - kTop - kBottom;
    text(left, top - 7, "start", panel.title, " font-size=\"11\"");
    for (double e = y.low; e <= y.high; ++e) {
      const double py = top + h * (1 - y.at(std::pow(10, e)));
      line(left, py, left + w, py, "stroke=\"#e4e4e4\"");
      text(left - 5, py + 3.5, "end", tick(std::pow(10, e)));
    }
    for (double e = x.low; e <= x.high; ++e) {
      const double px = left + w * x.at(std::pow(10, e));
      line(px, top, px, top + h, "stroke=\"#f1f1f1\"");
      text(px, top + h + 13, "middle", tick(std::pow(10, e)));
    }
    for (std::size_t s = 0; s < panel.series.size(); ++s) {
      std::string path;
      for (const auto& [a, b] : panel.series[s].points) {
        const std::string point = number("%.1f", left + w * x.at(a)) + "," + number("%.1f", top + h * (1 - y.at(b)));
        path += (path.empty() ? "" : " ") + point;
        out += "<circle cx=\"" + point.substr(0, point.find(',')) + "\" cy=\"" + point.substr(point.find(',') + 1) + "\" r=\"2.2\" fill=\"" + kColours[s % 4] + "\"/>\n";
      }
      out += "<polyline points=\"" + path + "\" fill=\"none\" stroke=\"" + kColours[s % 4] + "\" stroke-width=\"1.6\"/>\n";
    }
  }
  return out + "</svg>\n";
}

}  // namespace bench
