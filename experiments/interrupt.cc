// SPDX-License-Identifier: Apache-2.0
#include "experiments/interrupt.h"

#include <unistd.h>

#include <csignal>

namespace tightrope {
namespace {

std::atomic<bool> flag{false};

void handle(int) {
  if (flag.exchange(true)) _exit(75);
}

}  // namespace

const std::atomic<bool>& interrupted() {
  static const bool installed = [] {
    struct sigaction action {};
    action.sa_handler = handle;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    return true;
  }();
  static_cast<void>(installed);
  return flag;
}

}  // namespace tightrope
