// The side that the release stands for.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "drift/sources.h"

namespace assay::drift {
namespace {

void add(std::string& text, const std::string& source, std::string_view manifest) {
  while (manifest.starts_with('\n')) manifest.remove_prefix(1);
  if (manifest.starts_with("---\n")) manifest.remove_prefix(4);
  text += "---\n";
  if (!manifest.starts_with("# Source:")) text += "# Source: " + source + "\n";
  text += manifest;
  if (!manifest.ends_with('\n')) text += '\n';
}

bool runs(const std::string& status) { return status == "deployed"; }

}  // namespace

std::optional<RevisionChoice> parse_revision_choice(const std::string& text) {
  if (text == "deployed") return RevisionChoice{RevisionChoice::Kind::deployed, 0};
  if (text == "newest") return RevisionChoice{RevisionChoice::Kind::newest, 0};
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return RevisionChoice{RevisionChoice::Kind::number, number};
}

Manifests manifests_of(const HelmRelease& release) {
  Manifests made;
  made.name = fmt::format("release {} revision {}", release.name, release.revision);
  for (const auto& crd : release.crds) add(made.text, release.chart + "/" + crd.path, crd.text);
  made.text += release.manifest;
  if (!made.text.ends_with('\n')) made.text += '\n';
  for (const auto& hook : release.hooks) add(made.text, hook.path, hook.manifest);
  return made;
}

const HelmRevision* choose_revision(const std::vector<HelmRevision>& revisions, const RevisionChoice& choice,
                                    std::vector<std::string>& warnings) {
  if (revisions.empty()) return nullptr;
  const auto& newest = revisions.front();
  if (choice.kind == RevisionChoice::Kind::number) {
    const auto found = std::find_if(revisions.begin(), revisions.end(),
                                    [&](const HelmRevision& one) { return one.revision == choice.number; });
    if (found == revisions.end()) return nullptr;
    if (!runs(found->status))
      warnings.push_back(fmt::format("revision {} is {}", found->revision, found->status));
    return &*found;
  }
  if (choice.kind == RevisionChoice::Kind::newest || runs(newest.status)) {
    if (!runs(newest.status))
      warnings.push_back(fmt::format("the newest revision, {}, is {}", newest.revision, newest.status));
    return &newest;
  }
  const auto deployed = std::find_if(revisions.begin(), revisions.end(),
                                     [](const HelmRevision& one) { return runs(one.status); });
  if (deployed == revisions.end()) {
    warnings.push_back(fmt::format("no revision is deployed: compared with revision {}, which is {}",
                                   newest.revision, newest.status));
    return &newest;
  }
  warnings.push_back(fmt::format("revision {} is {}: compared with revision {}, the newest that is deployed",
                                 newest.revision, newest.status, deployed->revision));
  return &*deployed;
}

}  // namespace assay::drift
