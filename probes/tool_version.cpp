#include "probes/tool_version.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/value.h"

namespace assay {
namespace {

constexpr std::array<std::string_view, 5> kEarly = {"alpha", "beta", "rc", "pre", "dev"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The end of the version that begins at `at`, and how many numbers it has.
std::size_t end_of(std::string_view text, std::size_t at, int& numbers) {
  numbers = 0;
  while (at < text.size() && is_digit(text[at])) {
    ++numbers;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at + 1 >= text.size() || text[at] != '.' || !is_digit(text[at + 1])) break;
    ++at;
  }
  if (at < text.size() && (text[at] == '-' || text[at] == '+' || text[at] == '~')) {
    const auto is_part = [](char c) {
      return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
             c == '+' || c == '~';
    };
    while (at < text.size() && is_part(text[at])) ++at;
  }
  return at;
}

std::string name_of(const std::string& tool) { return tool.substr(tool.rfind('/') + 1); }

std::vector<std::int64_t> numbers_of(std::string_view text, std::string_view& rest) {
  std::vector<std::int64_t> numbers;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (at != end && is_digit(*at)) {
    std::int64_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc()) break;
    numbers.push_back(number);
    at = next;
    if (end - at < 2 || *at != '.' || !is_digit(at[1])) break;
    ++at;
  }
  rest = std::string_view(at, static_cast<std::size_t>(end - at));
  while (!numbers.empty() && numbers.back() == 0) numbers.pop_back();
  return numbers;
}

bool is_early(std::string_view rest) {
  while (!rest.empty() && (rest.front() == '-' || rest.front() == '~')) rest.remove_prefix(1);
  return std::any_of(kEarly.begin(), kEarly.end(),
                     [&](std::string_view word) { return rest.starts_with(word); });
}

}  // namespace

std::vector<std::string> version_command(const std::string& tool) {
  const std::string name = name_of(tool);
  if (name == "kubectl") return {tool, "version", "--client", "--output=json"};
  if (name == "helm") return {tool, "version", "--short"};
  if (name == "kind") return {tool, "version"};
  return {tool, "--version"};
}

std::optional<std::string> version_in(const std::string& tool, std::string_view output) {
  std::string client;
  if (name_of(tool) == "kubectl") {
    const auto json = parse_json(output);
    const Value* version = json ? json->find("clientVersion") : nullptr;
    if (version == nullptr) return std::nullopt;
    client = version->get("gitVersion");
    output = client;
  }
  for (std::size_t at = 0; at < output.size(); ++at) {
    if (!is_digit(output[at])) continue;
    const bool begins = at == 0 || (!is_digit(output[at - 1]) && output[at - 1] != '.');
    int numbers = 0;
    const std::size_t end = end_of(output, at, numbers);
    if (begins && numbers >= 2) return std::string(output.substr(at, end - at));
    at = end;
  }
  return std::nullopt;
}

bool is_version(std::string_view text) {
  int numbers = 0;
  return !text.empty() && is_digit(text.front()) && end_of(text, 0, numbers) == text.size();
}

int compare_versions(std::string_view a, std::string_view b) {
  std::string_view behind_a;
  std::string_view behind_b;
  const auto left = numbers_of(a, behind_a);
  const auto right = numbers_of(b, behind_b);
  if (left != right) return left < right ? -1 : 1;
  if (is_early(behind_a) == is_early(behind_b)) return 0;
  return is_early(behind_a) ? -1 : 1;
}

}  // namespace assay
