#include "probes/kube_parts.h"

#include "core/base64.h"

namespace assay {
namespace {

// What a Secret holds is never shown: {KEY: {bytes: N}}.
void show_sizes(Value& data) {
  if (!data.is_object()) return;
  for (Member& member : data.members()) {
    const auto bytes = member.value.is_string() ? decode_base64(member.value.string()) : std::nullopt;
    member.value = Value::object({{"bytes", bytes ? Value(bytes->size()) : Value()}});
  }
}

}  // namespace

Result<KubeClient*> kube_client(const Attempt& attempt) {
  if (attempt.kube == nullptr) return fail("harness.internal", "setup", "this run has no cluster");
  return attempt.kube->client();
}

std::string namespace_of(Reader& reader, const KubeClient& client) {
  const std::string ns = reader.has("namespace") ? reader.text("namespace") : "";
  return ns.empty() ? client.access().ns : ns;
}

void show_object(Value object, Value& seen) {
  if (!object.is_object()) return;
  if (Value* metadata = object.find("metadata")) {
    metadata->erase("managedFields");
    if (Value* annotations = metadata->find("annotations"))
      annotations->erase("kubectl.kubernetes.io/last-applied-configuration");
  }
  if (object.get("kind") == "Secret") {
    for (const char* key : {"data", "stringData"}) {
      if (Value* data = object.find(key)) show_sizes(*data);
    }
  }
  for (Member& member : object.members()) seen[member.key] = std::move(member.value);
}

Field namespace_field() {
  return {"namespace", Type::text, "namespace; the context's own when none is given", false, {}, "shop",
          {},          {}};
}

}  // namespace assay
