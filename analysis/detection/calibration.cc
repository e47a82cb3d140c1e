// SPDX-License-Identifier: Apache-2.0
#include "analysis/detection/calibration.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "analysis/detection/detector_choice.h"
#include "analysis/detection/option_scale.h"
#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/config/yaml.h"

namespace tightrope {
namespace {

constexpr int kMostSteps = 60;
constexpr double kNarrow = 1e-4;  // of the scale
constexpr double kNear = 0.005;   // of the wanted run length

FieldInfo field_of(const std::string& detector, const std::string& option) {
  std::vector<std::string> names;
  for (const ComponentInfo& info : all_components()) {
    if (info.kind != InterfaceName<DetectorModel>::value || info.name != detector) continue;
    for (const FieldInfo& field : info.fields) {
      if (field.name == option) {
        TR_REQUIRE(field.type.starts_with("number") || field.type.starts_with("integer"),
                   "--option {}: is {} and not a number", option, field.type);
        return field;
      }
      names.push_back(field.name);
    }
  }
  throw InputError(fmt::format("--option {}: {} has no such option{}; it has {}", option, detector,
                               did_you_mean(option, names), join(names, ", ")));
}

// A value of the option that was simulated.
struct Point {
  double scaled = 0, value = 0;
  double length = 0;  // mean or median run length
  std::vector<std::int64_t> lengths;
};

class Search {
 public:
  explicit Search(const CalibrationSetup& setup)
      : setup_(setup),
        name_(setup.detector.find("type")->text()),
        field_(field_of(name_, setup.option)),
        start_(start_value()),
        scale_(field_, start_) {}

  Calibration run();

 private:
  double start_value() const;
  Node node(double value) const;
  std::optional<Point> simulate(double scaled);
  std::optional<Point> beyond(const Point& from, double step);
  void halve(Point& low, Point& high);
  bool near(const Point& p) const {
    return std::abs(p.length - setup_.run_length) <= kNear * setup_.run_length;
  }
  [[noreturn]] void unreachable(const Point& a, const Point& b) const;

  const CalibrationSetup& setup_;
  std::string name_;
  FieldInfo field_;
  double start_;
  OptionScale scale_;
  std::string refusal_;  // of the last value that the detector refused
  int evaluations_ = 0;
};

double Search::start_value() const {
  const Node* given = setup_.detector.find(setup_.option);
  const Node value = given != nullptr ? *given : parse_value(field_.default_text, "default");
  const auto number = value.as_number();
  TR_REQUIRE(number && std::isfinite(*number),
             "--option {}: has no finite number to start from; give one with --set {}=...",
             setup_.option, setup_.option);
  return *number;
}

Node Search::node(double value) const {
  return with_value(setup_.detector, setup_.option, Node::scalar(number_text(value)));
}

// Nothing when the detector refuses the value.
std::optional<Point> Search::simulate(double scaled) {
  Point p{.scaled = scaled, .value = scale_.to_value(scaled), .length = 0, .lengths = {}};
  std::shared_ptr<const DetectorModel> model;
  try {
    model = detector_model(node(p.value));
  } catch (const InputError& error) {
    refusal_ = error.what();
    return std::nullopt;
  }
  ++evaluations_;
  p.lengths = simulate_run_lengths(*model, setup_.runs);
  const std::int64_t cap = setup_.runs.cap;
  p.length = setup_.median ? run_length_quantile(p.lengths, cap, 0.5).value
                           : mean_run_length(p.lengths, cap).value;
  return p;
}

void Search::unreachable(const Point& a, const Point& b) const {
  const auto length = [&](double samples) {
    return std::isinf(samples) ? fmt::format("beyond {}", setup_.runs.cap)
                               : fmt::format("{:.6g}", samples);
  };
  throw InputError(fmt::format(
      "--option {}: from {} to {} the {} run length goes from {} to {}; {} is "
      "out of reach{}",
      setup_.option, number_text(a.value), number_text(b.value), setup_.median ? "median" : "mean",
      length(a.length), length(b.length), number_text(setup_.run_length),
      refusal_.empty() ? "" : " (the next value is refused: " + refusal_ + ")"));
}

// A value `step` away; where the detector refuses it the step is halved, down to nothing.
std::optional<Point> Search::beyond(const Point& from, double step) {
  for (int k = 0; k < 12; ++k, step /= 2) {
    if (scale_.to_value(from.scaled + step) == from.value) {
      if (!scale_.whole()) return std::nullopt;
      continue;
    }
    if (auto point = simulate(from.scaled + step)) return point;
  }
  return std::nullopt;
}

// Between two values with the wanted length between theirs.
void Search::halve(Point& low, Point& high) {
  for (int k = 0; k < kMostSteps; ++k) {
    const double width = std::abs(high.scaled - low.scaled);
    const bool narrow = scale_.whole() ? std::abs(high.value - low.value) <= 1 : width < kNarrow;
    if (narrow || near(high)) return;
    auto middle = simulate((low.scaled + high.scaled) / 2);
    if (!middle || middle->value == low.value || middle->value == high.value) return;
    (middle->length < setup_.run_length ? low : high) = std::move(*middle);
  }
}

Calibration Search::run() {
  auto first = simulate(scale_.to_scale(start_));
  TR_REQUIRE(first, "{}", refusal_);
  Point low = *first, high = *first;  // ends of the scale that was looked at
  double step = scale_.step();
  const auto holds = [&](const Point& a, const Point& b) {
    return std::min(a.length, b.length) <= setup_.run_length &&
           setup_.run_length <= std::max(a.length, b.length);
  };
  // Both ways until the direction shows, then on where the wanted length lies.
  bool down = true, up = true;
  for (int k = 0; k < kMostSteps && !holds(low, high) && (down || up); ++k, step *= 1.5) {
    const bool differs = low.length != high.length;
    const bool rising = high.length > low.length;
    const bool wants_up = rising == (setup_.run_length > std::max(low.length, high.length));
    if (up && (!differs || wants_up)) {
      const auto next = beyond(high, step);
      up = next.has_value();
      if (next) high = *next;
    } else if (differs && wants_up) {
      break;
    }
    if (holds(low, high)) break;
    if (down && (!differs || !wants_up)) {
      const auto next = beyond(low, -step);
      down = next.has_value();
      if (next) low = *next;
    } else if (differs && !wants_up) {
      break;
    }
  }
  TR_REQUIRE(
      std::isfinite(low.length) || std::isfinite(high.length),
      "--option {}: from {} to {} no run ended within --cap {}; raise it, or start elsewhere "
      "with --set",
      setup_.option, number_text(low.value), number_text(high.value), setup_.runs.cap);
  TR_REQUIRE(low.length != high.length || holds(low, high),
             "--option {}: from {} to {} makes no difference to the run length", setup_.option,
             number_text(low.value), number_text(high.value));
  if (!holds(low, high)) unreachable(low, high);
  Point& shorter = low.length < high.length ? low : high;
  Point& longer = low.length < high.length ? high : low;
  halve(shorter, longer);
  Calibration out;
  out.value = longer.value;
  out.below_value = shorter.value;
  out.below_length = shorter.length;
  out.mean = mean_run_length(longer.lengths, setup_.runs.cap);
  for (int q = 0; q < 3; ++q) {
    out.quantiles[q] =
        run_length_quantile(longer.lengths, setup_.runs.cap, kCalibrationQuantiles[q]);
  }
  out.censored = static_cast<int>(std::ranges::count_if(
      longer.lengths, [&](std::int64_t length) { return length > setup_.runs.cap; }));
  out.evaluations = evaluations_;
  return out;
}

}  // namespace

Calibration calibrate_option(const CalibrationSetup& setup) { return Search(setup).run(); }

}  // namespace tightrope
