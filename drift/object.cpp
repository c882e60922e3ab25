#include "drift/object.h"

#include "drift/schema.h"

namespace assay::drift {

std::string ObjectId::text() const { return api_version + "/" + kind + "/" + ns + "/" + name; }

std::string ObjectId::key() const {
  const auto slash = api_version.find('/');
  const auto group = slash == std::string::npos ? std::string() : api_version.substr(0, slash);
  return group + "/" + kind + "/" + ns + "/" + name;
}

ObjectId identify(Node object, const Schema& schema, std::string_view default_ns) {
  ObjectId id;
  id.api_version = object.text_at("apiVersion");
  id.kind = object.text_at("kind");
  const auto* metadata = object.find("metadata");
  if (metadata != nullptr) id.name = metadata->text_at("name");
  const auto* known = schema.find(id.api_version, id.kind);
  if (known != nullptr && !known->namespaced) return id;
  if (metadata != nullptr) id.ns = metadata->text_at("namespace");
  if (id.ns.empty()) id.ns = default_ns;
  return id;
}

}  // namespace assay::drift
