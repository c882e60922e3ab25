#include "engine/vantage.h"

#include "core/secret.h"

namespace assay {
namespace {

Field row(std::string name, Type type, std::string doc, std::string example = {}) {
  return {std::move(name), type, std::move(doc), false, {}, std::move(example), {}, {}};
}

Field required(Field field) {
  field.required = true;
  return field;
}

const Fields& job_fields() {
  static const Fields fields = {
      row("namespace", Type::text, "where the Job runs; the context's namespace where it is not given",
          "shop"),
      row("like", Type::text,
          "a workload whose pod template gives service account, environment, volumes, pull secrets, "
          "tolerations "
          "and the labels that NetworkPolicies select",
          "deploy/shop"),
      row("container", Type::text, "which container of `like`; the first one where it is not given", "web"),
      row("serviceAccount", Type::text, "the Job's service account, where it is not that of `like`",
          "shop-sa"),
      row("labels", Type::map, "labels of the Job's pod, beside those of `like`", "{tier: web}"),
      row("start", Type::duration, "how long its pod may take to run (60s)", "2m"),
      row("image", Type::text, "assay's image, where it is not the one of --image",
          "registry.local/assay:0.1"),
      row("allow", Type::texts,
          "names of PodDisruptionBudgets, autoscalers and Services that may select the Job's pod", "[shop]"),
  };
  return fields;
}

const Fields& exec_fields() {
  static const Fields fields = {
      row("namespace", Type::text, "the pod's namespace; the context's where it is not given", "shop"),
      required(row("pod", Type::text, "a pod, or a workload of which a ready pod is taken", "deploy/shop")),
      row("container", Type::text, "which container; the first one where it is not given", "web"),
  };
  return fields;
}

const Fields& forward_fields() {
  static const Fields fields = {
      row("namespace", Type::text, "its namespace; the context's where it is not given", "shop"),
      required(
          row("to", Type::text, "a pod, a Service or a workload of which a ready pod is taken", "svc/shop")),
      row("port", Type::integer,
          "the port of the pod, or of the Service; the address's own where it is not given", "5432"),
  };
  return fields;
}

}  // namespace

std::string vantage_kind(const Value& from) {
  if (from.is_null()) return "local";
  if (from.is_string()) return from.string();
  return from.is_object() && from.members().size() == 1 ? from.members().front().key : "";
}

const Value& vantage_spec(const Value& from) {
  static const Value nothing;
  return from.is_object() && from.members().size() == 1 ? from.members().front().value : nothing;
}

const Fields* vantage_fields(std::string_view kind) {
  static const Fields none;
  if (kind == "local") return &none;
  if (kind == "job") return &job_fields();
  if (kind == "exec") return &exec_fields();
  if (kind == "forward") return &forward_fields();
  return nullptr;
}

std::string vantage_name(const Value& from) {
  const std::string kind = vantage_kind(from);
  return kind == "local" ? kind : kind + " " + to_json(vantage_spec(from));
}

bool is_mounted(const Value& reference, const Value& from) {
  if (vantage_kind(from) != "job" || !is_reference(reference)) return false;
  const Member& member = reference.members().front();
  if (member.key != "secret") return false;
  const std::string ns = member.value.get("namespace");
  return !ns.empty() && ns == vantage_spec(from).get("namespace") && !member.value.get("name").empty() &&
         !member.value.get("key").empty();
}

bool is_read_there(const Value& reference, const Value& from) {
  if (vantage_kind(from) != "job" || !is_reference(reference)) return false;
  const std::string& kind = reference.members().front().key;
  return kind == "env" || kind == "file";
}

}  // namespace assay
