// SPDX-License-Identifier: Apache-2.0
// Nanoseconds per update of every registered detector, on the first of these streams that it takes:
// sin(0.7 i), the same within [0, 1], and errors 0 and 1 at rate 0.2.
//   bench_detectors                     all of them: scan() of 1e6 samples, a bank of 1000 streams
//   bench_detectors list                the names
//   bench_detectors run YAML FILE       one over float64 samples in FILE: {"ns": ..., "drift":
//   [...]}
#include <benchmark/benchmark.h>

#include <cmath>
#include <ctime>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/check.h"
#include "core/config/yaml.h"
#include "core/detectors/detector.h"
#include "core/random/stream.h"

namespace tightrope {
namespace {

constexpr std::size_t kSamples = 1000000, kStreams = 1000;

std::vector<double> stream_of(int kind) {
  std::vector<double> x(kSamples);
  Draws draws = Stream(1, Purpose::kProbe, 0).at(0);
  for (std::size_t i = 0; i < kSamples; ++i) {
    const double sine = std::sin(0.7 * static_cast<double>(i));
    x[i] = kind == 0 ? sine : kind == 1 ? 0.5 + 0.5 * sine : (draws.bernoulli(0.2) ? 1 : 0);
  }
  return x;
}

std::shared_ptr<const DetectorModel> model_of(const std::string& yaml) {
  Problems problems;
  auto model = Registry<DetectorModel>::get().build(parse_yaml(yaml, "detector"), "", problems);
  problems.throw_if_any();
  return model;
}

// The samples of the first stream that the detector takes.
const std::vector<double>& input_of(const DetectorModel& model) {
  static const std::vector<double> streams[] = {stream_of(0), stream_of(1), stream_of(2)};
  for (const auto& x : streams) {
    try {
      model.make()->scan({x.data(), 1000}, [](std::int64_t, const DetectorState&) {});
      return x;
    } catch (const InputError&) {
      continue;
    }
  }
  throw InternalError("a detector takes none of the streams");
}

void scan(benchmark::State& state, const std::string& yaml) {
  const auto model = model_of(yaml);
  const std::vector<double>& x = input_of(*model);
  std::int64_t alarms = 0, samples = 0;
  const auto detector = model->make();
  for (auto _ : state) {
    const std::size_t begin = samples % static_cast<std::int64_t>(kSamples);
    if (begin == 0) detector->reset();
    constexpr std::size_t kPart = 10000;
    detector->scan({x.data() + begin, kPart},
                   [&](std::int64_t, const DetectorState&) { ++alarms; });
    samples += kPart;
  }
  state.counters["time_per_update"] = benchmark::Counter(
      static_cast<double>(samples), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["alarms"] = static_cast<double>(alarms);
}

void bank(benchmark::State& state, const std::string& yaml) {
  const auto model = model_of(yaml);
  const std::vector<double>& x = input_of(*model);
  const auto detectors = model->make_bank(kStreams);
  std::vector<DetectorState> said(kStreams);
  std::size_t begin = 0, samples = 0;
  for (auto _ : state) {
    detectors->update({x.data() + begin, kStreams}, said);
    benchmark::DoNotOptimize(said.data());
    begin = (begin + kStreams) % kSamples;
    samples += kStreams;
  }
  state.counters["time_per_update"] = benchmark::Counter(
      static_cast<double>(samples), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void register_benchmarks() {
  std::vector<std::string> all;
  for (const std::string& name : Registry<DetectorModel>::get().names())
    all.push_back("{type: " + name + "}");
  all.push_back("{type: adwin, clock: 1}");
  for (const std::string& yaml : all) {
    benchmark::RegisterBenchmark(("scan" + yaml).c_str(), scan, yaml);
    benchmark::RegisterBenchmark(("bank" + yaml).c_str(), bank, yaml);
  }
}

// Times one scan of a file's samples in processor time, and says where it drifted.
int run_file(const std::string& yaml, const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  TR_REQUIRE(file.good(), "{}: cannot read it", path);
  std::vector<double> x(static_cast<std::size_t>(file.tellg()) / sizeof(double));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(x.data()),
            static_cast<std::streamsize>(x.size() * sizeof(double)));
  const auto detector = model_of(yaml)->make();
  std::vector<std::int64_t> drifts;
  const auto begin = std::clock();
  detector->scan(x, [&](std::int64_t position, const DetectorState& state) {
    if (state.verdict == AlarmLevel::kDrift) drifts.push_back(position);
  });
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::cout << nlohmann::json{{"ns", 1e9 * seconds / static_cast<double>(x.size())},
                              {"drift", drifts}}
                   .dump()
            << "\n";
  return 0;
}

}  // namespace
}  // namespace tightrope

int main(int count, char** values) {
  if (count == 4 && std::string(values[1]) == "run") {
    return tightrope::run_file(values[2], values[3]);
  }
  if (count == 2 && std::string(values[1]) == "list") {
    for (const auto& name : tightrope::Registry<tightrope::DetectorModel>::get().names()) {
      std::cout << name << "\n";
    }
    return 0;
  }
  tightrope::register_benchmarks();
  benchmark::Initialize(&count, values);
  if (benchmark::ReportUnrecognizedArguments(count, values)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
