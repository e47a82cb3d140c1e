// SPDX-License-Identifier: Apache-2.0
// One live line on a terminal, plain lines otherwise.
#pragma once

#include <cstdint>
#include <string>

namespace tightrope {

class Progress {
 public:
  // What is counted: "lane steps", and a second of it: "steps/s".
  struct Words {
    std::string things = "lane steps";
    std::string rate = "steps/s";
  };
  // `total`: lane steps of the whole plan; `skipped` of them were done by an earlier run.
  Progress(std::int64_t total, std::int64_t skipped, bool quiet)
      : Progress(total, skipped, quiet, {}) {}
  Progress(std::int64_t total, std::int64_t skipped, bool quiet, Words words);
  ~Progress();
  // Adds what was done. `what`: "rft pack 3/7"; headline NaN when unknown. Redraws at most ten
  // times a second on a terminal, every five seconds elsewhere.
  void update(std::int64_t more, const std::string& what, double headline);
  // Ends the live line.
  void finish();

 private:
  void draw(const std::string& what, double headline);

  std::int64_t total_;
  std::int64_t done_;
  std::int64_t skipped_;
  bool quiet_;
  Words words_;
  bool terminal_;
  bool open_ = false;
  double started_;
  double drawn_ = 0;
};

}  // namespace tightrope
