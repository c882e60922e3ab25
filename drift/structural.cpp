#include "drift/structural.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "drift/table.h"

namespace assay::drift {
namespace {

using Form = Type::Form;

constexpr int kDeepest = 100;
constexpr std::string_view kObjectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

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

// The name of the component that a schema refers to, alone or with a default beside it; empty: none.
std::string_view reference(Node schema) {
  constexpr std::string_view kComponents = "#/components/schemas/";
  const auto* all = schema.find("allOf");
  const auto of = schema.find("$ref") == nullptr && all != nullptr && all->items().size() == 1
                      ? all->items().front().text_at("$ref")
                      : schema.text_at("$ref");
  return of.starts_with(kComponents) ? of.substr(kComponents.size()) : std::string_view{};
}

// Types by their names.
using NamedTypes = std::unordered_map<std::string_view, const Type*>;

NamedTypes names_of(const Schema& schema) {
  NamedTypes names;
  std::unordered_set<const Type*> seen;
  const auto walk = [&](auto&& self, const Type* type) -> void {
    if (type == nullptr || !seen.insert(type).second) return;
    if (!type->name.empty()) names.emplace(type->name, type);
    self(self, type->element);
    for (const auto& field : type->fields) self(self, field.type);
  };
  for (const auto& kind : schema.kinds()) walk(walk, kind.type);
  return names;
}

// A structural schema
// (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/,
// "Specifying a structural schema"), or one of an OpenAPI document, which is the same with references. Zero
// values are values here: nothing is dropped but null where it is not allowed.
class Reader {
 public:
  Reader(const Type* metadata, Arena& arena) : metadata_(metadata), arena_(arena) {}
  // With what references refer to, and with the types that are known by the same names.
  Reader(Node components, NamedTypes known, Arena& arena)
      : arena_(arena), components_(components), known_(std::move(known)) {}

  const Type* root(Node schema, bool status_apart) {
    status_apart_ = status_apart;
    return object(schema, true, 0);
  }
  // The same of a component.
  const Type* root_component(std::string_view name, bool status_apart) {
    if (const auto found = known_.find(name); found != known_.end()) return component(name, 0);
    const auto* schema = components_.find(name);
    return schema == nullptr ? nullptr : root(*schema, status_apart);
  }
  // After the last root().
  void complete() { complete_types(drafts_, arena_); }

 private:
  Type* make(Form form) {
    auto* type = std::construct_at(arena_.array<Type>(1));
    type->form = form;
    type->nulls_stay = true;
    return type;
  }

  const Type* type_of(Node schema, int depth) {
    if (!schema.is_map() || depth > kDeepest) return make(Form::any);
    if (const auto name = reference(schema); !name.empty()) return component(name, depth);
    if (is_true(schema, "x-kubernetes-int-or-string") || schema.text_at("format") == "int-or-string")
      return make(is_quantity(schema) ? Form::quantity : Form::int_or_string);
    const auto kind = schema.text_at("type");
    if (kind == "object") {
      const auto is_resource = is_true(schema, "x-kubernetes-embedded-resource");
      const auto is_open =
          schema.find("properties") == nullptr && schema.find("additionalProperties") == nullptr;
      return is_open && !is_resource && components_.is_map() ? make(Form::any)
                                                             : object(schema, is_resource, depth);
    }
    if (kind == "array") return list(schema, depth);
    if (kind == "integer" || kind == "number") return make(Form::number);
    if (kind == "boolean") return make(Form::boolean);
    if (kind != "string") return make(Form::any);
    const auto format = schema.text_at("format");
    if (format == "byte") return make(Form::bytes);
    if (format == "date-time") return make(Form::time);
    return make(Form::text);
  }

  const Type* component(std::string_view name, int depth) {
    if (name == "io.k8s.apimachinery.pkg.api.resource.Quantity") return make(Form::quantity);
    if (name == "io.k8s.apimachinery.pkg.apis.meta.v1.Duration") return make(Form::duration);
    if (const auto made = made_.find(name); made != made_.end()) return made->second;
    const auto* schema = components_.find(name);
    const auto found = known_.find(name);
    if (found != known_.end())
      return schema == nullptr ? found->second : completed(*found->second, *schema, depth);
    if (schema == nullptr || depth > kDeepest) return make(Form::any);
    if (schema->find("properties") == nullptr) return type_of(*schema, depth + 1);
    auto* type = make(Form::object);
    made_.emplace(name, type);  // it may refer to itself
    *type = *object(*schema, false, depth + 1);
    drafts_.back().type = type;
    return type;
  }

  // A known object as this server has it: with the fields that it lacks.
  const Type* completed(const Type& known, Node schema, int depth) {
    const auto* properties = schema.find("properties");
    if (properties == nullptr || depth > kDeepest) return &known;
    auto* type = std::construct_at(arena_.array<Type>(1), known);
    made_.emplace(known.name, type);
    std::vector<Type::Field> fields(known.fields.begin(), known.fields.end());
    for (auto& one : fields) {
      const auto* property = properties->find(one.name);
      // A server that does not know a field fills nothing in there.
      one.fallback =
          property == nullptr ? Node{} : copy_tree(one.fallback, arena_);  // complete() works on it
      one.implied = one.implied && property != nullptr;
      if (property != nullptr) one.type = within(one.type, *property, depth + 1);
    }
    for (const auto& [key, value] : properties->entries())
      if (known.field(key) == nullptr) fields.push_back(field(arena_.keep(key), value, depth + 1));
    draft(*type, fields);
    return type;
  }

  // The same of the type of a place: the objects in it.
  const Type* within(const Type* known, Node schema, int depth) {
    if (const auto name = reference(schema); !name.empty())
      return known->form == Form::object && known->name == name ? component(name, depth) : known;
    const auto* inner = known->form == Form::list         ? schema.find("items")
                        : known->form == Form::dictionary ? schema.find("additionalProperties")
                                                          : nullptr;
    if (inner == nullptr) return known;
    const auto* element = within(known->element, *inner, depth);
    if (element == known->element) return known;
    auto* type = std::construct_at(arena_.array<Type>(1), *known);
    type->element = element;
    return type;
  }

  void draft(Type& type, std::vector<Type::Field>& fields) {
    std::ranges::sort(fields, {}, &Type::Field::name);
    auto* kept = arena_.array<Type::Field>(fields.size());
    std::ranges::copy(fields, kept);
    type.fields = {kept, fields.size()};
    drafts_.push_back({&type, {kept, fields.size()}});
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
      const auto* metadata = metadata_ == nullptr ? component(kObjectMeta, depth) : metadata_;
      fields.push_back({.name = "metadata", .type = metadata, .zero_is_dropped = true});
      if (depth == 0 && status_apart_) {
        std::erase_if(fields, [](const Type::Field& one) { return one.name == "status"; });
        fields.push_back({.name = "status", .type = make(Form::any), .server_owned = true});
      }
    }
    auto* type = make(Form::object);
    type->preserves_unknown = is_true(schema, "x-kubernetes-preserve-unknown-fields") || others != nullptr;
    draft(*type, fields);
    return type;
  }

  Type::Field field(std::string_view name, Node schema, int depth) {
    Type::Field made{.name = name, .type = type_of(schema, depth)};
    made.null_is_kept = is_true(schema, "nullable") || made.type->form == Form::any;
    if (const auto* fallback = schema.find("default"); fallback != nullptr)
      made.fallback = keep_tree(*fallback, arena_);
    return made;
  }

  const Type* metadata_ = nullptr;
  Arena& arena_;
  bool status_apart_ = false;
  Node components_{};
  NamedTypes known_{};
  NamedTypes made_{};
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
    Reader reader(metadata, arena);
    kind.type = reader.root(*schema, status_apart);
    reader.complete();
    kinds.push_back(kind);
  }
  return kinds;
}

namespace {

// The component that describes a kind; empty: none.
std::string_view component_of(Node components, const OpenApiKind& wanted) {
  const auto slash = wanted.api_version.find('/');
  const auto group = slash == std::string::npos ? std::string() : wanted.api_version.substr(0, slash);
  const auto version = slash == std::string::npos ? wanted.api_version : wanted.api_version.substr(slash + 1);
  for (const auto& [name, schema] : components.entries()) {
    const auto* kinds = schema.find("x-kubernetes-group-version-kind");
    if (kinds == nullptr || kinds->items().size() != 1) continue;
    const auto one = kinds->items().front();
    if (one.text_at("kind") == wanted.kind && one.text_at("group") == group &&
        one.text_at("version") == version)
      return name;
  }
  return {};
}

// Whether it has a part of its own: then only a server writes it.
bool has_status(Node document, const OpenApiKind& wanted) {
  const auto* paths = document.find("paths");
  if (paths == nullptr) return false;
  return std::ranges::any_of(paths->entries(), [&](const Entry& path) {
    const auto* action = path.value.find({"get", "x-kubernetes-group-version-kind"});
    return path.key.ends_with("/{name}/status") && action != nullptr &&
           action->text_at("kind") == wanted.kind;
  });
}

}  // namespace

std::vector<KindType> read_openapi(const OpenApiPart& part, const Schema& known, Arena& arena) {
  std::vector<KindType> kinds;
  const auto* components = part.document.find({"components", "schemas"});
  if (components == nullptr) return kinds;
  Reader reader(*components, names_of(known), arena);
  for (const auto& one : part.kinds) {
    const auto name = component_of(*components, one);
    if (name.empty()) continue;
    KindType kind;
    kind.api_version = arena.keep(one.api_version);
    kind.kind = arena.keep(one.kind);
    kind.namespaced = one.namespaced;
    kind.type = reader.root_component(name, has_status(part.document, one));
    if (kind.type != nullptr) kinds.push_back(kind);
  }
  reader.complete();
  return kinds;
}

}  // namespace assay::drift
