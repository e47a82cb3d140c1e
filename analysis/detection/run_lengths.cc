// SPDX-License-Identifier: Apache-2.0
#include "analysis/detection/run_lengths.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "core/base/check.h"

namespace tightrope {
namespace {

constexpr std::int64_t kBlock = 256;

std::int64_t run_length(Detector& detector, const RunLengthSetup& setup, int run) {
  std::array<double, kBlock> samples;
  detector.reset();
  Draws draws = Stream(setup.seed, Purpose::kCalibration, 0).at(static_cast<std::uint32_t>(run));
  std::int64_t drift = -1;
  const Detector::Alarm take = [&](std::int64_t position, const DetectorState& state) {
    if (drift < 0 && state.verdict == AlarmLevel::kDrift) drift = position;
  };
  for (std::int64_t done = 0; done < setup.cap && drift < 0; done += kBlock) {
    const std::span<double> block(samples.data(), std::min(kBlock, setup.cap - done));
    setup.law->draw(draws, block);
    detector.scan(block, take);
  }
  return drift < 0 ? setup.cap + 1 : drift + 1;
}

}  // namespace

std::vector<std::int64_t> simulate_run_lengths(const DetectorModel& model,
                                               const RunLengthSetup& setup) {
  std::vector<std::int64_t> lengths(setup.runs);
  std::atomic<int> next = 0;
  std::exception_ptr failure;
  std::mutex failing;
  const auto work = [&] {
    try {
      const auto detector = model.make();
      for (int run = next++; run < setup.runs; run = next++) {
        lengths[run] = run_length(*detector, setup, run);
      }
    } catch (const InputError& error) {
      const std::lock_guard<std::mutex> lock(failing);
      failure = std::make_exception_ptr(
          InputError(fmt::format("--law {}: {}", setup.law->text(), error.what())));
      next = setup.runs;
    } catch (...) {
      const std::lock_guard<std::mutex> lock(failing);
      failure = std::current_exception();
      next = setup.runs;
    }
  };
  std::vector<std::thread> helpers;
  for (int k = 1; k < std::min(setup.threads, setup.runs); ++k) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
  if (failure) std::rethrow_exception(failure);
  return lengths;
}

}  // namespace tightrope
