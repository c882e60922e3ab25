#include "engine/runbooks.h"

#include <filesystem>

#include "core/yaml.h"
#include "engine/loader_internal.h"

namespace assay {
namespace fs = std::filesystem;

namespace {

const Fields& runbook_fields() {
  static const Fields fields = {
      {"symptom", Type::text, "what is seen", true, {}, "", {}, {}},
      {"evidence", Type::text, "what to read", true, {}, "", {}, {}},
      {"cause", Type::text, "what is usually behind it", true, {}, "", {}, {}},
      {"fix", Type::text, "what to do", true, {}, "", {}, {}},
      {"link", Type::text, "where more is written", false, {}, "", {}, {}},
  };
  return fields;
}

}  // namespace

bool is_url(std::string_view runbook) {
  return runbook.starts_with("https://") || runbook.starts_with("http://");
}

std::string find_runbooks(const std::string& suite_file) {
  std::error_code error;
  fs::path folder = fs::absolute(suite_file, error).parent_path();
  for (int up = 0; up < 5 && !error; ++up) {
    const fs::path candidate = folder / "runbooks.yaml";
    if (fs::exists(candidate, error)) return candidate.string();
    if (!folder.has_parent_path() || folder == folder.parent_path()) break;
    folder = folder.parent_path();
  }
  return {};
}

Runbooks read_runbooks(const std::string& path, Sources& sources, Problems& problems) {
  Runbooks runbooks;
  const auto text = read_text(path, 1 << 20);
  const std::uint32_t file = sources.add(path, text ? *text : "");
  if (!text) {
    problems.push_back({{file, 0, 0}, text.error().message, false});
    return runbooks;
  }
  const auto root = parse_yaml(*text, file);
  if (!root) {
    problems.push_back(root.error());
    return runbooks;
  }
  const Value* entries = root->find("runbooks");
  if (entries == nullptr || !entries->is_object()) {
    problems.push_back({{file, 1, 1}, "no `runbooks:` with a map of entries", false});
    return runbooks;
  }
  for (const Member& entry : entries->members()) {
    for (FieldProblem& problem : check_fields(entry.value, runbook_fields(), "the runbook " + entry.key)) {
      problems.push_back(
          {problem.mark.known() ? problem.mark : entry.mark, std::move(problem.message), false});
    }
    runbooks[entry.key] = {entry.value.get("symptom"), entry.value.get("evidence"), entry.value.get("cause"),
                           entry.value.get("fix"), entry.value.get("link")};
  }
  return runbooks;
}

}  // namespace assay
