// SPDX-License-Identifier: Apache-2.0
#include "experiments/provenance.h"

#include <unistd.h>

#include <ctime>

#include "core/base/version.h"
#include "policies/kernels/dispatch.h"

namespace tightrope {

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::vector<std::pair<std::string, std::string>> provenance(const std::string& device,
                                                            int threads) {
  char host[256] = "unknown";
  gethostname(host, sizeof host - 1);
  return {{"version", std::string(program_version())},
          {"revision", std::string(program_revision())},
          {"device", device},
          {"instruction_set", instruction_set()},
          {"threads", std::to_string(threads)},
          {"hostname", host},
          {"created_utc", utc_now()}};
}

std::vector<std::int64_t> drift_times(const Experiment& experiment) {
  std::vector<std::int64_t> times;
  const std::int64_t end = experiment.horizon();
  // At most about 200 times, on a multiple of the record cadence.
  const std::int64_t every = experiment.record.every * (1 + end / (200 * experiment.record.every));
  for (std::int64_t t = 0; t < end; t += every) times.push_back(t);
  times.push_back(end);
  return times;
}

}  // namespace tightrope
