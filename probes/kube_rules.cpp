#include "probes/kube_rules.h"

#include <algorithm>
#include <vector>

#include "probes/kube_reads.h"

namespace assay {
namespace {

bool holds(const std::vector<std::string>& list, std::string_view text) {
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& one) { return one == "*" || one == text; });
}

bool is_about(const Value& rule, const Right& right, const KubeResource& resource) {
  if (!holds(texts_of(rule, "verbs"), right.verb) || !holds(texts_of(rule, "apiGroups"), resource.group))
    return false;
  const std::vector<std::string> resources = texts_of(rule, "resources");
  if (right.subresource.empty()) return holds(resources, resource.plural);
  return holds(resources, resource.plural + "/" + right.subresource) ||
         std::find(resources.begin(), resources.end(), "*/" + right.subresource) != resources.end();
}

}  // namespace

std::optional<Right> read_right(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (words.size() != 2 && words.size() != 3) return std::nullopt;
  Right right{words[0], words[1], "", words.size() == 3 ? words[2] : ""};
  if (const auto slash = right.resource.find('/'); slash != std::string::npos) {
    right.subresource = right.resource.substr(slash + 1);
    right.resource.resize(slash);
    if (right.subresource.empty()) return std::nullopt;
  }
  if (right.resource.empty()) return std::nullopt;
  return right;
}

Granted granted(const Value& rules, const Right& right, const KubeResource& resource) {
  Granted best = Granted::no;
  if (!rules.is_array()) return best;
  for (const Value& rule : rules.items()) {
    if (!is_about(rule, right, resource)) continue;
    const std::vector<std::string> names = texts_of(rule, "resourceNames");
    if (names.empty()) return Granted::yes;
    if (!right.name.empty() && std::find(names.begin(), names.end(), right.name) != names.end())
      return Granted::yes;
    // Of one object that is not among them nothing is granted; of any object, that of some is.
    if (right.name.empty()) best = Granted::named;
  }
  return best;
}

}  // namespace assay
