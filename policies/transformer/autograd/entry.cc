// SPDX-License-Identifier: Apache-2.0
#include "policies/transformer/autograd/entry.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <string>

#include "core/base/check.h"
#include "policies/transformer/autograd/autograd_transformer.h"

namespace tightrope {
namespace {

// CUDA registers itself when its library is loaded, which must be before the first question.
void require_cuda() {
  static void* const library = dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL);
  const char* why = library == nullptr ? dlerror() : nullptr;
  TR_REQUIRE(
      library != nullptr,
      "device cuda needs the GPU packages of LibTorch, which ./tightrope setup --gpu installs ({})",
      why != nullptr ? why : "libtorch_cuda.so did not load");
  TR_REQUIRE(at::globalContext().hasCUDA(), "device cuda: no CUDA device is visible here");
}

at::TensorOptions options_of(const std::string& precision, const std::string& device) {
  if (device == "cuda") {
    require_cuda();
    // Where an operation has no deterministic form, LibTorch warns.
    at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/true);
  }
  return at::TensorOptions()
      .dtype(precision == "float64" ? at::kDouble : at::kFloat)
      .device(device == "cuda" ? at::kCUDA : at::kCPU);
}

}  // namespace
}  // namespace tightrope

extern "C" [[gnu::visibility("default")]] const tightrope::Policy* tightrope_autograd_transformer(
    const std::shared_ptr<const tightrope::TransformerShape>& shape, const char* precision,
    const char* device) {
  // Lanes are what runs in parallel; a sum split over threads would not be the same sum.
  at::set_num_threads(1);
  return new tightrope::AutogradTransformer(shape, tightrope::options_of(precision, device));
}
