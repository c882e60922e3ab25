#include "drift/normalise.h"

#include <algorithm>
#include <array>

#include "drift/dependent.h"
#include "drift/quantity.h"
#include "drift/text_scan.h"

namespace assay::drift {
namespace {

using Form = Type::Form;

// What the server writes into an object's own metadata, and what its identity already says.
constexpr std::array<std::string_view, 7> kServerMetadata{
    "creationTimestamp", "generation", "managedFields", "namespace", "resourceVersion", "selfLink", "uid"};
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

// Keeps what `keep` wants, in place.
template <class F>
void filter(Node& map, F&& keep) {
  const auto entries = map.entries();
  std::size_t kept = 0;
  for (auto& entry : entries) {
    if (!keep(entry)) continue;
    if (&entries[kept] != &entry) entries[kept] = entry;
    ++kept;
  }
  if (kept == entries.size()) return;
  const auto defaulted = map.defaulted();
  map = Node::map(entries.first(kept));
  map.set_defaulted(defaulted);
}

// What absent and this value have in common at a place where Go has no pointer.
bool is_zero(Node value, const Type& type) {
  switch (value.kind()) {
    case Node::Kind::null:
      return true;
    case Node::Kind::boolean:
      return type.form == Form::boolean && !value.boolean();
    case Node::Kind::integer:
    case Node::Kind::real:
      return (type.form == Form::number || type.form == Form::int_or_string || type.form == Form::quantity) &&
             value.number() == 0;
    case Node::Kind::string:
      if (type.form == Form::quantity) {
        const auto quantity = value.text().starts_with('0') ? parse_quantity(value.text()) : std::nullopt;
        return quantity && quantity->nano == 0;
      }
      return value.text().empty() && (type.form == Form::text || type.form == Form::bytes);
    case Node::Kind::list:
      return type.form == Form::list && value.items().empty();
    case Node::Kind::map:
      return (type.form == Form::object || type.form == Form::dictionary) && value.entries().empty();
  }
  return false;
}

// What Go makes of null where it has no pointer.
Node zero_of(const Type& type) {
  switch (type.form) {
    case Form::text:
    case Form::bytes:
      return Node::of(std::string_view{});
    case Form::number:
      return Node::of(std::int64_t{0});
    case Form::boolean:
      return Node::of(false);
    case Form::quantity:
      return Node::of(std::string_view("0"));
    case Form::object:
      return Node::map({});
    default:
      return {};
  }
}

class Normaliser {
 public:
  explicit Normaliser(Arena& arena) : arena_(arena) {}

  void value(Node& node, const Type& type) {
    if (node.is_map()) {
      if (type.form == Form::object) {
        object(node, type);
      } else if (type.form == Form::dictionary) {
        dictionary(node, type);
      }
    } else if (node.is_list() && type.form == Form::list) {
      for (auto& item : node.items()) element(item, type);
    }
  }

 private:
  void element(Node& node, const Type& container) {
    const auto& type = *container.element;
    const auto null = node.is_null() && !container.nulls_stay;
    if (null) node = zero_of(type);
    value(node, type);
    if (null) node.set_was_null();  // nobody wrote it
  }

  void dictionary(Node& node, const Type& type) {
    for (auto& entry : node.entries()) element(entry.value, type);
    if (type.element->form == Form::quantity && !type.nulls_stay) round_resources(node, arena_);
  }

  void object(Node& node, const Type& type) {
    auto field = type.fields.begin();
    filter(node, [&](Entry& entry) {
      int order = -1;
      while (field != type.fields.end() && (order = key_order(field->name, entry.key)) < 0) ++field;
      // What the type does not know stays as it is; null says nothing there.
      if (field == type.fields.end() || order != 0) return !entry.value.is_null() || type.preserves_unknown;
      if (field->server_owned) return false;
      if (entry.value.is_null()) return field->null_is_kept;
      value(entry.value, *field->type);
      return !(field->zero_is_dropped && is_zero(entry.value, *field->type));
    });
    if (!type.filled.empty()) fill(node, type);
    if (type.rule != 0) apply_rule(type.rule, node, arena_);
  }

  // Adds what is filled in and absent.
  void fill(Node& node, const Type& type) {
    const auto entries = node.entries();
    auto at = entries.begin();
    const auto absent = [&](const Type::Field& field) {
      while (at != entries.end() && key_order(at->key, field.name) < 0) ++at;
      return at == entries.end() || at->key != field.name;
    };
    Entry* grown = nullptr;  // room for all, made when the first is missing
    std::size_t size = 0;
    auto taken = entries.begin();  // up to here they are in `grown`
    for (const auto* field : type.filled) {
      if (!absent(*field)) continue;
      auto added = field->fallback;
      if (added.is_null()) {
        added = Node::map({});
        object(added, *field->type);
        if (added.entries().empty()) continue;
        added.set_defaulted(true);
      }
      if (grown == nullptr) grown = arena_.array<Entry>(entries.size() + type.filled.size());
      size = static_cast<std::size_t>(std::copy(taken, at, grown + size) - grown);
      taken = at;
      grown[size++] = {field->name, added};
    }
    if (grown == nullptr) return;
    size = static_cast<std::size_t>(std::copy(taken, entries.end(), grown + size) - grown);
    const auto defaulted = node.defaulted();
    node = Node::map({grown, size});
    node.set_defaulted(defaulted);
  }

  Arena& arena_;
};

bool is_nothing(Node node) {
  return node.is_null() || (node.is_map() && node.entries().empty()) ||
         (node.is_list() && node.items().empty());
}

// Every object's metadata, of a known kind or not.
void strip_metadata(Node& metadata) {
  auto server = kServerMetadata.begin();
  filter(metadata, [&](Entry& entry) {
    while (server != kServerMetadata.end() && key_order(*server, entry.key) < 0) ++server;
    if (server != kServerMetadata.end() && *server == entry.key) return false;
    if (entry.key == "annotations") erase_member(entry.value, kLastApplied);
    return !is_nothing(entry.value);
  });
}

}  // namespace

void normalise_part(Node& value, const Type& type, Arena& arena) { Normaliser(arena).value(value, type); }

void normalise(Node& object, const Type* type, Arena& arena) {
  if (auto* metadata = object.find("metadata"); metadata != nullptr) strip_metadata(*metadata);
  if (type == nullptr) {
    erase_member(object, "status");
  } else {
    normalise_part(object, *type, arena);
  }
}

}  // namespace assay::drift
