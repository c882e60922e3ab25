#include "drift/structural.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "drift/table.h"

namespace assay::drift {
namespace {

using Form = Type::Form;

constexpr int kDeepest = 100;

// A copy that holds its texts too.
Node keep_tree(Node node, Arena& arena) {
  auto copy = copy_tree(node, arena);
  const auto texts = [&arena](auto&& self, Node& at) -> void {
    if (at.is_string()) at = Node::of(arena.keep(at.text()));
    for (auto& item : at.items()) self(self, item);
    for (auto& [key, value] : at.entries()) {
      key = arena.keep(key);
      self(self, value);
    }
  };
  texts(texts, copy);
  return copy;
}

bool is_true(Node schema, std::string_view key) {
  const auto* flag = schema.find(key);
  return flag != nullptr && flag->boolean();
}

// A structural schema
// (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/,
// "Specifying a structural schema"). Zero values are values here: nothing is dropped but null where it is not
// allowed.
class Reader {
 public:
  Reader(const Type* metadata, Arena& arena) : metadata_(metadata), arena_(arena) {}

  const Type* root(Node schema, bool status_apart) {
    status_apart_ = status_apart;
    const auto* type = object(schema, true, 0);
    complete_types(drafts_, arena_);
    return type;
  }

 private:
  Type* make(Form form) {
    auto* type = std::construct_at(arena_.array<Type>(1));
    type->form = form;
    type->nulls_stay = true;
    return type;
  }

  const Type* type_of(Node schema, int depth) {
    if (!schema.is_map() || depth > kDeepest) return make(Form::any);
    if (is_true(schema, "x-kubernetes-int-or-string"))
      return make(is_quantity(schema) ? Form::quantity : Form::int_or_string);
    const auto kind = schema.text_at("type");
    if (kind == "object") return object(schema, is_true(schema, "x-kubernetes-embedded-resource"), depth);
    if (kind == "array") return list(schema, depth);
    if (kind == "integer" || kind == "number") return make(Form::number);
    if (kind == "boolean") return make(Form::boolean);
    if (kind != "string") return make(Form::any);
    const auto format = schema.text_at("format");
    if (format == "byte") return make(Form::bytes);
    if (format == "date-time") return make(Form::time);
    return make(Form::text);
  }

  // The pattern that generators write for resource.Quantity.
  static bool is_quantity(Node schema) {
    return schema.text_at("pattern").find("(([KMGTPE]i)|[numkMGTPE]|([eE]") != std::string_view::npos;
  }

  const Type* list(Node schema, int depth) {
    auto* type = make(Form::list);
    const auto* items = schema.find("items");
    type->element = type_of(items == nullptr ? Node{} : *items, depth + 1);
    const auto kind = schema.text_at("x-kubernetes-list-type");
    const auto* keys = schema.find("x-kubernetes-list-map-keys");
    if (kind == "set") type->list = Type::List::set;
    if (kind != "map" || keys == nullptr) return type;
    type->list = Type::List::keyed;
    auto* texts = arena_.array<std::string_view>(keys->items().size());
    std::ranges::transform(keys->items(), texts, [this](Node key) { return arena_.keep(key.text()); });
    type->keys = {texts, keys->items().size()};
    return type;
  }

  Type* object(Node schema, bool is_resource, int depth) {
    const auto* properties = schema.find("properties");
    const auto* others = schema.find("additionalProperties");
    if (properties == nullptr && others != nullptr && others->is_map() && !is_resource) {
      auto* type = make(Form::dictionary);
      type->element = type_of(*others, depth + 1);
      return type;
    }
    std::vector<Type::Field> fields;
    if (properties != nullptr)
      for (const auto& [key, value] : properties->entries())
        fields.push_back(field(arena_.keep(key), value, depth + 1));
    if (is_resource) {
      std::erase_if(fields, [](const Type::Field& one) {
        return one.name == "apiVersion" || one.name == "kind" || one.name == "metadata";
      });
      const auto* text = make(Form::text);
      fields.push_back({.name = "apiVersion", .type = text});
      fields.push_back({.name = "kind", .type = text});
      if (metadata_ != nullptr)
        fields.push_back({.name = "metadata", .type = metadata_, .zero_is_dropped = true});
      if (depth == 0 && status_apart_) {
        std::erase_if(fields, [](const Type::Field& one) { return one.name == "status"; });
        fields.push_back({.name = "status", .type = make(Form::any), .server_owned = true});
      }
      std::ranges::sort(fields, {}, &Type::Field::name);
    }
    auto* type = make(Form::object);
    type->preserves_unknown = is_true(schema, "x-kubernetes-preserve-unknown-fields") || others != nullptr;
    auto* kept = arena_.array<Type::Field>(fields.size());
    std::ranges::copy(fields, kept);
    type->fields = {kept, fields.size()};
    drafts_.push_back({type, {kept, fields.size()}});
    return type;
  }

  Type::Field field(std::string_view name, Node schema, int depth) {
    Type::Field made{.name = name, .type = type_of(schema, depth)};
    made.null_is_kept = is_true(schema, "nullable") || made.type->form == Form::any;
    if (const auto* fallback = schema.find("default"); fallback != nullptr)
      made.fallback = keep_tree(*fallback, arena_);
    return made;
  }

  const Type* metadata_;
  Arena& arena_;
  bool status_apart_ = false;
  std::vector<DraftType> drafts_;
};

}  // namespace

std::vector<KindType> read_crd(Node crd, const Type* metadata, Arena& arena) {
  std::vector<KindType> kinds;
  const auto* spec = crd.find("spec");
  const auto* names = spec == nullptr ? nullptr : spec->find("names");
  const auto* versions = spec == nullptr ? nullptr : spec->find("versions");
  if (crd.text_at("kind") != "CustomResourceDefinition" || names == nullptr || versions == nullptr ||
      !crd.text_at("apiVersion").starts_with("apiextensions.k8s.io/"))
    return kinds;
  for (const auto version : versions->items()) {
    const auto* schema = version.find({"schema", "openAPIV3Schema"});
    if (schema == nullptr) continue;
    const auto api_version = std::string(spec->text_at("group")) + "/" + std::string(version.text_at("name"));
    KindType kind;
    kind.api_version = arena.keep(api_version);
    kind.kind = arena.keep(names->text_at("kind"));
    kind.namespaced = spec->text_at("scope") != "Cluster";
    const auto status_apart = version.find({"subresources", "status"}) != nullptr;
    kind.type = Reader(metadata, arena).root(*schema, status_apart);
    kinds.push_back(kind);
  }
  return kinds;
}

}  // namespace assay::drift
