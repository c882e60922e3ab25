#include <dlfcn.h>
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <memory>
#include <mutex>
#include <optional>

#include "core/utf8.h"
#include "net/rdkafka.h"

namespace assay {
namespace {

constexpr const char* kFile = "librdkafka.so.1";  // by the version of its interface

struct Unload {
  void operator()(void* library) const { ::dlclose(library); }
};

// Nothing of this is destroyed at the end of the process, when detached threads may still be in the library.
std::mutex opening;
constinit std::optional<RdKafka> opened;
static_assert(std::is_trivially_destructible_v<std::optional<RdKafka>>);

std::string loader_words() {
  const char* const words = ::dlerror();
  return words == nullptr ? "no reason was given" : shorten(printable(words), 300);
}

}  // namespace

void* RdKafka::symbol(void* library, const char* name) { return ::dlsym(library, name); }

Result<RdKafka> load_rdkafka(const std::string& file) {
  std::unique_ptr<void, Unload> library(::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (library == nullptr) {
    return fail("harness.internal", "setup",
                fmt::format("Kafka needs {}, which cannot be loaded: {} (Debian's package is librdkafka1)",
                            printable(file), loader_words()));
  }
  const RdKafka found(library.get());
  if (found.missing() != nullptr) {
    return fail(
        "harness.internal", "setup",
        fmt::format(
            "{} has no {}, which Kafka needs: too old, or not librdkafka (Debian's package is librdkafka1)",
            printable(file), found.missing()));
  }
  [[maybe_unused]] auto* const for_good = library.release();
  return found;
}

Result<void> open_rdkafka() {
  const std::lock_guard lock(opening);
  if (opened) return {};
  const auto loaded = load_rdkafka(kFile);
  if (!loaded) return Failure(loaded.error());
  opened.emplace(*loaded);
  return {};
}

const RdKafka& rdk() { return *opened; }

}  // namespace assay
