#include "drift/plan_fields.h"

#include "probes/fields.h"

namespace assay::drift {
namespace {

Field row(std::string name, Type type, std::string doc, bool required = false, Fields fields = {}) {
  Field field;
  field.name = std::move(name);
  field.type = type;
  field.doc = std::move(doc);
  field.required = required;
  field.fields = std::move(fields);
  return field;
}

const Fields& plan_fields() {
  static const Fields git = {
      row("repo", Type::text, "repository: a URL or a folder; none: this machine"),
      row("ref", Type::text, "branch, tag or commit"),
      row("chart", Type::text, "folder of the chart"),
      row("path", Type::text, "file or folder of manifests"),
      row("values", Type::texts, "values files"),
      row("set", Type::texts, "values, as helm's --set takes them"),
      row("token", Type::secret, "for https"),
      row("user", Type::text, "that the token goes with"),
      row("key", Type::secret, "private key for ssh"),
      row("known_hosts", Type::text, "file with the keys of hosts that are reached by ssh"),
      row("ca", Type::text, "file with authorities for https")};
  static const Fields release = {row("name", Type::text, "the release", true),
                                 row("namespace", Type::text, "its namespace", true),
                                 row("context", Type::text, "context of the kubeconfig"),
                                 row("git", Type::object, "what is declared", false, git),
                                 row("rules", Type::any, "differences that are wanted: a list, or a file"),
                                 row("revision", Type::any, "deployed, newest or a number"),
                                 row("manager", Type::text, "field manager that Helm writes as")};
  static const Fields top = {row("releases", Type::list, "what is expected where", true, release)};
  return top;
}

}  // namespace

Problems check_plan_fields(const Value& root) {
  Problems problems;
  for (auto& problem : check_fields(root, plan_fields(), "a file of expectations"))
    problems.push_back({problem.mark, std::move(problem.message), false});
  return problems;
}

}  // namespace assay::drift
