// SPDX-License-Identifier: Apache-2.0
// An invented run for the log tests: deterministic, resumable, with three appended axes of
// different widths and blocks, and a state that only a correct checkpoint restores.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>

#include "core/base/error.h"
#include "core/log/checkpoint.h"
#include "core/log/reader.h"
#include "core/log/writer.h"

namespace tightrope::log_test {

// A fresh folder, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "tightrope_log_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline constexpr int kSegments = 3;
inline constexpr int kSteps = 245;
inline constexpr std::uint64_t kHash = 0x1234;

// A text contained in the message of the exception of this type that `action` throws.
template <typename Error>
std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "(nothing thrown)";
}

inline LogVariable variable(std::string name, std::vector<std::string> dims, LogType type) {
  LogVariable result;
  result.name = name;
  result.dims = std::move(dims);
  result.type = type;
  result.units = "1";
  result.long_name = "invented " + name;
  return result;
}

inline LogSchema invented_schema() {
  LogVariable frozen = variable("frozen", {"segment", "step"}, LogType::kU8);
  frozen.flag_values = {0, 1};
  frozen.flag_meanings = {"running", "frozen"};
  frozen.compress = true;
  const LogDimension segment = fixed_dimension("segment", kSegments);
  const LogDimension environment = labelled_dimension(
      "environment", std::vector<std::string>{"source", "target"}, "1", "named environment");
  const LogDimension quantile =
      labelled_dimension("quantile", std::vector<double>{0.1, 0.5, 0.9}, "1", "quantile level");
  LogSchema schema;
  schema.attributes = {{"experiment", "invented"}, {"status", "running"}, {"threads", 2L}};
  schema.groups = {
      {"meta",
       "what was run",
       {segment},
       {variable("seed", {"segment"}, LogType::kI64),
        variable("arm", {"segment"}, LogType::kString), variable("config", {}, LogType::kString)}},
      {"scalars",
       "training metrics",
       {segment, appended_dimension("step", 16, "steps", "optimizer step")},
       {variable("loss", {"segment", "step"}, LogType::kF64),
        variable("norm", {"segment", "step"}, LogType::kF32), frozen}},
      {"evaluation",
       "evaluation at checkpoints",
       {segment, appended_dimension("checkpoint", 4, "steps", "step of the evaluation"),
        environment, quantile, fixed_dimension("probe", 32)},
       {variable("accuracy", {"segment", "checkpoint", "environment"}, LogType::kF64),
        variable("tokens", {"segment", "checkpoint", "environment", "quantile", "probe"},
                 LogType::kF32),
        variable("target", {"segment", "checkpoint", "probe"}, LogType::kI32)}},
      {"drift",
       "what the processes did",
       {segment, appended_dimension("drift_step", 8, "steps", "stream time")},
       {variable("magnitude", {"drift_step"}, LogType::kF64),
        variable("kl", {"segment", "drift_step"}, LogType::kF64)}}};
  return schema;
}

// What a test may watch or do while the run goes on.
struct Hooks {
  std::function<void(const LogWriter&)> after_step = [](const LogWriter&) {};
  std::function<void()> before_finish = [] {};
  int checkpoint_every = 25;
};

class InventedRun {
 public:
  InventedRun(const std::string& folder, Hooks hooks)
      : log_path_(folder + "/pack_0000.h5"),
        checkpoint_path_(folder + "/pack_0000.ckpt"),
        hooks_(std::move(hooks)),
        log_(open()) {
    step_axis_ = log_.axis("scalars/step");
    evaluation_axis_ = log_.axis("evaluation/checkpoint");
    drift_axis_ = log_.axis("drift/drift_step");
  }

  void go() {
    for (; step_ < kSteps; ++step_) {
      if (step_ > 0 && step_ % hooks_.checkpoint_every == 0) checkpoint();
      advance();
      record();
      hooks_.after_step(log_);
    }
    hooks_.before_finish();
    log_.finish({{"status", "finished"}, {"finished_utc", "2000-01-01T00:00:00Z"}});
    remove_checkpoints(checkpoint_path_);
  }

 private:
  LogWriter open() {
    const auto loaded = load_checkpoint(checkpoint_path_, kHash);
    if (!loaded) {
      state_.assign(kSegments, 0.5);
      LogWriter log = LogWriter::create(log_path_, invented_schema());
      log.write<std::int64_t>("meta/seed", {7, 8, 9});
      log.write<std::string>("meta/arm", {"sft", "dpo", "cpo \xc3\xa9"});
      log.write<std::string>("meta/config", {std::string(100000, 'y')});
      log.start();
      return log;
    }
    state_ = loaded->checkpoint.get<double>("state");
    step_ = static_cast<int>(loaded->checkpoint.get<std::int64_t>("step").at(0));
    return LogWriter::resume(log_path_, invented_schema(), loaded->checkpoint);
  }

  void checkpoint() {
    Checkpoint checkpoint(kHash);
    log_.save(checkpoint);
    checkpoint.set("state", state_);
    checkpoint.set("step", std::vector<std::int64_t>{step_});
    save_checkpoint(checkpoint_path_, checkpoint);
  }

  void advance() {
    for (int s = 0; s < kSegments; ++s)
      state_[s] = 3.9 * state_[s] * (1 - state_[s]) * 0.99 + 1e-3 * s;
  }

  std::vector<double> numbers(std::size_t count, double shift) const {
    std::vector<double> values(count);
    for (std::size_t i = 0; i < count; ++i) {
      values[i] = std::sin(state_[i % kSegments] * 7 + shift + 0.1 * static_cast<double>(i));
    }
    return values;
  }

  void record() {
    log_.put(log_.column("scalars/loss"), numbers(kSegments, 0));
    log_.put(log_.column("scalars/norm"), numbers(kSegments, 1));
    log_.put(log_.column("scalars/frozen"),
             std::vector<std::uint8_t>{0, static_cast<std::uint8_t>(step_ > 100), 1});
    log_.end_row(step_axis_, step_);
    if (step_ % 3 == 0) {
      log_.put(log_.column("drift/magnitude"), numbers(1, 2));
      log_.put(log_.column("drift/kl"), numbers(kSegments, 3));
      log_.end_row(drift_axis_, step_);
    }
    if (step_ % 10 == 0) {
      log_.put(log_.column("evaluation/accuracy"), numbers(kSegments * 2, 4));
      log_.put(log_.column("evaluation/tokens"), numbers(kSegments * 2 * 3 * 32, 5));
      log_.put(log_.column("evaluation/target"), std::vector<std::int32_t>(kSegments * 32, step_));
      log_.end_row(evaluation_axis_, step_);
    }
  }

  std::string log_path_, checkpoint_path_;
  Hooks hooks_;
  std::vector<double> state_;
  int step_ = 0;
  int step_axis_ = 0, evaluation_axis_ = 0, drift_axis_ = 0;
  LogWriter log_;
};

inline void run_invented(const std::string& folder, Hooks hooks = {}) {
  InventedRun(folder, std::move(hooks)).go();
}

template <typename T>
void expect_same_values(const LogReader& a, const LogReader& b, const LogVariableInfo& shorter) {
  const LogShape offset(shorter.shape.size(), 0);
  const auto left = a.read<T>(shorter.name, offset, shorter.shape);
  const auto right = b.read<T>(shorter.name, offset, shorter.shape);
  ASSERT_EQ(left.values.size(), right.values.size());
  if (left.values.empty()) return;
  EXPECT_EQ(0, std::memcmp(left.values.data(), right.values.data(), left.values.size() * sizeof(T)))
      << shorter.name;
}

// Every value in `part` equals `whole` bit for bit; with `prefix`, `part` may have fewer rows.
inline void expect_same_data(const std::string& part, const std::string& whole, bool prefix) {
  const LogReader a = LogReader::open(part), b = LogReader::open(whole);
  ASSERT_EQ(a.groups(), b.groups());
  for (const std::string& group : a.groups()) {
    ASSERT_EQ(a.variables(group).size(), b.variables(group).size()) << group;
    for (const LogVariableInfo& info : a.variables(group)) {
      const LogVariableInfo other = b.info(info.name);
      EXPECT_EQ(info.dims, other.dims) << info.name;
      if (!prefix) {
        ASSERT_EQ(info.shape, other.shape) << info.name;
      }
      if (info.type == LogType::kString) {
        EXPECT_EQ(a.read_strings(info.name).values, b.read_strings(info.name).values);
      } else if (info.type == LogType::kF32) {
        expect_same_values<float>(a, b, info);
      } else if (info.type == LogType::kF64) {
        expect_same_values<double>(a, b, info);
      } else if (info.type == LogType::kI32) {
        expect_same_values<std::int32_t>(a, b, info);
      } else if (info.type == LogType::kI64) {
        expect_same_values<std::int64_t>(a, b, info);
      } else {
        expect_same_values<std::uint8_t>(a, b, info);
      }
    }
  }
}

// Runs `work` in a child process; returns its exit status as waitpid gives it.
inline int in_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace tightrope::log_test
