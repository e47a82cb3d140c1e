// SPDX-License-Identifier: Apache-2.0
// How fast `tightrope analyze` is beside plain reading of the same logs: every variable once. The
// best of some rounds of each, in turn.
//
//   bench_analyze [FOLDER] [--threads N] [--rounds N]
//
// Without a folder it writes a log of about 250 MB: 20 segments, 16 checkpoints, 2 environments, 8
// probes, the sizes of the paper's world.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <limits>

#include "analysis/analyze/analyzer.h"
#include "core/commands/command.h"
#include "core/commands/program.h"
#include "core/log/files.h"
#include "core/random/stream.h"
#include "tests/support/hand_log.h"

namespace tightrope {
namespace {

// CPU time of this process, its threads and its ended children [s].
double busy_seconds() {
  double sum = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage used{};
    getrusage(who, &used);
    for (const timeval& time : {used.ru_utime, used.ru_stime}) {
      sum += static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    }
  }
  return sum;
}

struct Time {
  double wall = 1e300;  // s
  double cpu = 1e300;   // s: what counts on a machine that others use too
  void take_least(const std::function<void()>& body) {
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    const double busy = busy_seconds();
    body();
    cpu = std::min(cpu, busy_seconds() - busy);
    wall = std::min(wall, std::chrono::duration<double>(Clock::now() - begin).count());
  }
};

void read_plainly(const std::string& path) {
  const LogReader log = LogReader::open(path);
  for (const std::string& group : log.groups()) {
    for (const LogVariableInfo& info : log.variables(group)) {
      switch (info.type) {
        case LogType::kF64:
          log.read<double>(info.name);
          break;
        case LogType::kF32:
          log.read<float>(info.name);
          break;
        case LogType::kI64:
          log.read<std::int64_t>(info.name);
          break;
        case LogType::kI32:
          log.read<std::int32_t>(info.name);
          break;
        case LogType::kU8:
          log.read<std::uint8_t>(info.name);
          break;
        case LogType::kString:
          log.read_strings(info.name);
          break;
      }
    }
  }
}

// Random laws, a third of the vocabulary allowed in one stretch as the grammar does.
void fill_laws(std::size_t vocabulary, Draws& draws, std::vector<double>& laws) {
  laws.assign(laws.size(), -std::numeric_limits<double>::infinity());
  const std::size_t width = vocabulary / 3;
  for (std::size_t row = 0; row < laws.size(); row += vocabulary) {
    const std::size_t first = row / vocabulary % (vocabulary - width);
    double sum = 0;
    for (std::size_t y = 0; y < width; ++y) {
      laws[row + first + y] = 6 * draws.uniform();
      sum += std::exp(laws[row + first + y]);
    }
    for (std::size_t y = 0; y < width; ++y) laws[row + first + y] -= std::log(sum);
  }
}

std::string make_folder() {
  const std::string folder = std::filesystem::temp_directory_path() / "tightrope_analyze_bench";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder + "/packs");
  HandLog log;
  log.token.resize(3);
  while (log.token.size() < 187) log.token.push_back("token" + std::to_string(log.token.size()));
  log.segments = 20;
  log.probes = 8;
  log.positions = 21;
  log.checkpoint.clear();
  for (std::int64_t c = 0; c < 16; ++c) log.checkpoint.push_back(25 * c);
  log.make_room();
  Draws draws(1, 2, 3, 4);
  for (auto* laws : {&log.policy, &log.oracle, &log.reference}) {
    fill_laws(log.token.size(), draws, *laws);
  }
  log.belief_policy.clear();
  log.belief_oracle.clear();
  log.evaluation["accuracy"].assign(20 * 16 * 2, 0.5);
  log.scalars["loss"].assign(20 * 400, 1.0);
  log.write(folder + "/packs/pack_0000.h5");
  return folder;
}

int bench(int count, char** values) {
  std::string folder;
  AnalyzeOptions options;
  options.threads = 2;
  options.force = true;
  options.alarm_choice.detectors = choose_detectors({"adwin", "page_hinkley", "e_detector"}, {});
  int rounds = 5;
  for (int i = 1; i < count; ++i) {
    const std::string word = values[i];
    if (word == "--threads" && i + 1 < count) {
      options.threads = std::stoi(values[++i]);
    } else if (word == "--rounds" && i + 1 < count) {
      rounds = std::stoi(values[++i]);
    } else {
      folder = word;
    }
  }
  if (folder.empty()) folder = make_folder();
  double bytes = 0;
  Time plain, analysed;
  const std::vector<std::string> logs = pack_logs(folder);
  for (const std::string& log : logs) bytes += static_cast<double>(file_size(log));
  for (int round = 0; round < rounds; ++round) {
    plain.take_least([&] {
      for (const std::string& log : logs) read_plainly(log);
    });
    analysed.take_least([&] { analyze_folder(folder, options); });
  }
  std::printf("%zu logs, %.0f MB, %d threads, best of %d\n", logs.size(), bytes / 1e6,
              options.threads, rounds);
  std::printf("              wall s    MB/s   CPU s\n");
  std::printf("read plainly %7.3f %7.0f %7.3f\n", plain.wall, bytes / plain.wall / 1e6, plain.cpu);
  std::printf("analysed     %7.3f %7.0f %7.3f\n", analysed.wall, bytes / analysed.wall / 1e6,
              analysed.cpu);
  std::printf("ratio        %7.2f %15.2f\n", plain.wall / analysed.wall, plain.cpu / analysed.cpu);
  return 0;
}

}  // namespace
}  // namespace tightrope

int main(int count, char** values) {
  return tightrope::guarded([&] { return tightrope::bench(count, values); });
}
