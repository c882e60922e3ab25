// The secrets of a run, and how they are found in a text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/secret.h"
#include "core/value.h"

namespace assay {

// What a Redactor knows: see there for what is replaced, and by what. add() it first; const members are safe
// from any thread.
class KnownSecrets {
 public:
  explicit KnownSecrets(std::string_view key);

  void add(const Secret& secret, std::string_view name);
  std::string redact(std::string_view text) const;
  void redact(Value& value) const;
  std::vector<std::string> weak() const;

 private:
  void add_one(const std::string& literal, std::string_view name);
  void add_pattern(std::string pattern, const std::string& token);
  std::string token(std::string_view literal) const;
  std::string redact_positions(std::string text) const;
  void redact_before(std::string& text, std::size_t cut) const;

  struct Pattern {
    std::string text;
    std::string token;
  };
  struct Weak {
    std::string text;
    std::string token;
    std::string name;
  };
  static constexpr std::size_t kWindow = 6;
  static constexpr std::size_t kBits = 1U << 16;

  std::string key_;
  std::vector<Pattern> patterns_;
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> by_window_;  // longest pattern first
  std::vector<std::uint64_t> bitmap_;
  std::vector<bool> parts_;  // by a hash: the pieces of kPart bytes that patterns are made of
  std::vector<Weak> weak_;
};

}  // namespace assay
