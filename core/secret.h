// Secrets: a type that cannot be printed, references to them, and where they are read from.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/context.h"
#include "core/result.h"
#include "core/value.h"

namespace assay {

// Holds a secret's bytes, overwrites them when it goes away, and offers no operator<<, no formatter and no
// conversion.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) noexcept = default;
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) noexcept = default;
  ~Secret();

  // The bytes, for handing them to a library or a socket; never to anything that is written down.
  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

// Is `value` a reference: a map with exactly one of env, file, secret, vault (and `default` beside env)?
bool is_reference(const Value& value);

// A reference as one line for messages and as a key: "{env: NAME}".
std::string reference_name(const Value& reference);

// What the references of a run resolved to. Filled before the first check, read-only and shared from then on.
class SecretStore {
 public:
  // Keeps the outcome for a reference. Not to be called once checks run.
  void put(const Value& reference, Result<Secret> outcome);
  // The secret of a reference; `secret.unresolved` where it could not be read or was never asked for.
  Result<Secret> get(const Value& reference) const;
  bool has(const Value& reference) const;
  // Every secret that was resolved, with the name of its reference.
  void each(const std::function<void(std::string_view name, const Secret&)>& visit) const;

 private:
  std::map<std::string, Result<Secret>> outcomes_;
};

// Reads an {env:} or {file:} reference; a file's last newline is dropped, more than 1 MiB is refused. Other
// kinds of reference give `secret.unresolved` and need their own source.
Result<Secret> read_local_reference(const Value& reference);

}  // namespace assay
