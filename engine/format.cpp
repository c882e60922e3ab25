#include "engine/format.h"

namespace assay {

const Fields& wait_fields() {
  static const Fields fields = {
      {"until", Type::duration, "how long to poll for convergence", true, {}, "30s", {}, {}},
      {"every", Type::duration, "pause between two attempts", false, "1s", "", {}, {}},
      {"any",
       Type::boolean,
       "poll on after codes that cannot heal by themselves, too",
       false,
       false,
       "",
       {},
       {}},
  };
  return fields;
}

const Fields& retry_fields() {
  static const Fields fields = {
      {"times",
       Type::integer,
       "how often a failed check is repeated; a pass then is flaky",
       true,
       {},
       "2",
       {},
       {}},
      {"every", Type::duration, "pause before a repetition", false, "1s", "", {}, {}},
  };
  return fields;
}

const Fields& known_fields() {
  static const Fields fields = {
      {"reason", Type::text, "why the failure is accepted for now", true, {}, "", {}, {}},
      {"until",
       Type::text,
       "last day (UTC, YYYY-MM-DD) on which it is muted",
       true,
       {},
       "2026-12-31",
       {},
       {}},
  };
  return fields;
}

const Fields& var_fields() {
  static const Fields fields = {
      {"required", Type::boolean, "the file does not load without a value", false, false, "", {}, {}},
      {"default", Type::any, "what stands when no value is given", false, {}, "", {}, {}},
      {"doc", Type::text, "what it is", false, {}, "", {}, {}},
  };
  return fields;
}

const Fields& defaults_fields() {
  static const Fields fields = {
      {"timeout", Type::duration, "bound of one attempt", false, "10s", "", {}, {}},
      {"from",
       Type::any,
       "where the probe stands: local, {job: ...}, {exec: ...} or {forward: ...}",
       false,
       "local",
       "{job: {namespace: shop, like: deploy/shop}}",
       {},
       {}},
      {"wait", Type::object, "polling", false, {}, "", wait_fields(), {}},
      {"retry", Type::object, "repetition", false, {}, "", retry_fields(), {}},
      {"tags", Type::texts, "added to the tags of every check", false, {}, "", {}, {}},
      {"perTarget", Type::integer, "attempts at once for each target address", false, {}, "", {}, {}},
      {"when", Type::any, "added to the `when` of every check", false, {}, "", {}, {}},
  };
  return fields;
}

const Fields& check_keys() {
  static const Fields fields = {
      {"id", Type::text, "name of the check, unique in its file", true, {}, "redis", {}, {}},
      {"probe", Type::text, "what observes; see `assay list probes`", true, {}, "redis.ping", {}, {}},
      {"doc", Type::text, "what it is for", false, {}, "", {}, {}},
      {"with", Type::any, "parameters of the probe", false, {}, "", {}, {}},
      {"use", Type::text, "a name of `connections`: its keys are added to `with`", false, {}, "", {}, {}},
      {"expect", Type::any, "matchers by paths of the observation", false, {}, "", {}, {}},
      {"defaults",
       Type::text,
       "none: the probe's default expectations are dropped",
       false,
       {},
       "",
       {},
       {"none"}},
      {"needs",
       Type::texts,
       "checks that must have passed: ids of this file or suite/id",
       false,
       {},
       "",
       {},
       {}},
      {"from",
       Type::any,
       "where the probe stands: local, {job: ...}, {exec: ...} or {forward: ...}",
       false,
       "local",
       "{job: {namespace: shop, like: deploy/shop}}",
       {},
       {}},
      {"control",
       Type::text,
       "a check that must have reached the same address, so that a closed one proves something",
       false,
       {},
       "reach-allowed",
       {},
       {}},
      {"timeout", Type::duration, "bound of one attempt", false, "10s", "", {}, {}},
      {"within", Type::duration, "latency budget of the observation", false, {}, "500ms", {}, {}},
      {"wait", Type::object, "polls for convergence", false, {}, "", wait_fields(), {}},
      {"retry", Type::object, "repeats a failed check", false, {}, "", retry_fields(), {}},
      {"matrix", Type::any, "a check for every combination of these lists", false, {}, "", {}, {}},
      {"when",
       Type::any,
       "matchers over variables; the check is skipped where they do not hold",
       false,
       {},
       "",
       {},
       {}},
      {"tags", Type::texts, "for --tag and --skip-tag", false, {}, "", {}, {}},
      {"severity",
       Type::text,
       "warn: never changes the exit code unless --strict",
       false,
       "fail",
       "",
       {},
       {"fail", "warn"}},
      {"known", Type::object, "a failure that is muted until a date", false, {}, "", known_fields(), {}},
      {"runbook", Type::text, "a URL, or an id of runbooks.yaml", false, {}, "redis-unreachable", {}, {}},
  };
  return fields;
}

const Fields& suite_fields() {
  static const Fields fields = {
      {"assay", Type::integer, "version of the format: 1", true, {}, "1", {}, {}},
      {"suite", Type::text, "name of the suite", true, {}, "verification-matrix", {}, {}},
      {"doc", Type::text, "what it is for", false, {}, "", {}, {}},
      {"vars", Type::any, "variables: a default value, or {required, default, doc}", false, {}, "", {}, {}},
      {"defaults",
       Type::object,
       "what stands for every check that does not say otherwise",
       false,
       {},
       "",
       defaults_fields(),
       {}},
      {"deadline", Type::duration, "bound of the whole run", false, {}, "45s", {}, {}},
      {"connections", Type::any, "addresses, TLS and credentials by name, for `use`", false, {}, "", {}, {}},
      {"include",
       Type::any,
       "files whose suites are run too, relative to this one: texts, or {file, tags} for only those checks "
       "and what they need",
       false,
       {},
       "[local.yaml]",
       {},
       {}},
      {"checks", Type::list, "the checks", false, {}, "", {}, {}},
  };
  return fields;
}

}  // namespace assay
