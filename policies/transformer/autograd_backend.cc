// SPDX-License-Identifier: Apache-2.0
// Finds the autograd backend: a module beside the program, loaded on first use, so that programs
// start without LibTorch. Test programs link the module's sources and find it in themselves.
#include <dlfcn.h>

#include <string>

#include "core/base/check.h"
#include "core/base/paths.h"
#include "policies/transformer/autograd/entry.h"
#include "policies/transformer/backends.h"

namespace tightrope {
namespace {

constexpr const char* kModule = "tightrope_autograd.so";

void* open_module() {
  const auto folder = program_folder();
  std::string reason;
  for (const auto& path : {folder / kModule, folder / "../lib/tightrope" / kModule}) {
    if (void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return module;
    const char* why = dlerror();
    reason += std::string("\n  ") + (why != nullptr ? why : path.c_str());
  }
  throw InputError("backend: autograd needs its module " + std::string(kModule) +
                   ", which is built where LibTorch is found:" + reason);
}

AutogradFactory* find_factory() {
  void* symbol = dlsym(RTLD_DEFAULT, kAutogradFactory);
  if (symbol == nullptr) symbol = dlsym(open_module(), kAutogradFactory);
  TR_REQUIRE(symbol != nullptr, "{} is not a module of this version: it lacks {}", kModule,
             kAutogradFactory);
  return reinterpret_cast<AutogradFactory*>(symbol);
}

}  // namespace

std::shared_ptr<const Policy> make_autograd_transformer(
    std::shared_ptr<const TransformerShape> shape, const std::string& precision,
    const std::string& device) {
  static AutogradFactory* const factory = find_factory();
  return std::shared_ptr<const Policy>(factory(shape, precision.c_str(), device.c_str()));
}

}  // namespace tightrope
