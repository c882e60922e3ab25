// An answer of HTTP whose body is read while it comes.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/http.h"

namespace assay {

// Made by HttpEngine::open. At most about 1 MiB is kept for the reader; then the transfer pauses. One thread
// at a time; must not outlive its engine.
class HttpStream {
 public:
  HttpStream(HttpStream&&) noexcept;
  HttpStream& operator=(HttpStream&&) noexcept;
  ~HttpStream();  // gives up what is still under way

  // Status and headers.
  const HttpResponse& head() const;
  // What has come since, or nothing at the end. Errors: those of HttpEngine::run; a deadline that passes here
  // loses nothing.
  Result<std::optional<std::string>> next(const Context& context);

 private:
  friend class HttpEngine;
  struct State;
  explicit HttpStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace assay
