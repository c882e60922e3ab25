#include "probes/helm_hooks.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "core/yaml.h"
#include "probes/kube_parts.h"

namespace assay {
namespace {

// The words of a comma-separated annotation.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text + ",") {
    if (c != ',' && c != ' ') {
      word += c;
    } else if (c == ',') {
      if (!word.empty()) words.push_back(word);
      word.clear();
    }
  }
  return words;
}

bool holds(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_test(const std::vector<std::string>& events) {
  return holds(events, "test") || holds(events, "test-success");
}

}  // namespace

bool is_test_hook(const Value& object) {
  return is_test(words_of(value_at(object, {"metadata", "annotations"}).get("helm.sh/hook")));
}

Result<std::vector<TestHook>> test_hooks(const HelmRelease& release) {
  std::vector<TestHook> hooks;
  for (const HelmRelease::Hook& one : release.hooks) {
    if (!is_test(one.events)) continue;
    const auto object = parse_yaml(one.manifest, 0);
    if (!object)
      return fail("helm.release", "transfer",
                  "the hook " + one.name + " cannot be read: " + object.error().message);
    const Value& notes = value_at(*object, {"metadata", "annotations"});
    TestHook hook;
    hook.name = one.name;
    hook.kind = one.kind;
    hook.api_version = object->get("apiVersion");
    hook.ns = value_at(*object, {"metadata"}).get("namespace");
    hook.manifest = one.manifest;
    const std::string weight = notes.get("helm.sh/hook-weight");
    std::from_chars(weight.data(), weight.data() + weight.size(), hook.weight);
    const std::vector<std::string> policies = words_of(notes.get("helm.sh/hook-delete-policy"));
    hook.delete_before = policies.empty() || holds(policies, "before-hook-creation");
    hook.delete_succeeded = holds(policies, "hook-succeeded");
    hook.delete_failed = holds(policies, "hook-failed");
    hooks.push_back(std::move(hook));
  }
  std::stable_sort(hooks.begin(), hooks.end(), [](const TestHook& a, const TestHook& b) {
    return std::tie(a.weight, a.name) < std::tie(b.weight, b.name);
  });
  return hooks;
}

}  // namespace assay
