#include "drift/table.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "drift/dependent.h"
#include "drift/normalise.h"
#include "drift/reader.h"

namespace assay::drift {
namespace {

constexpr std::int64_t kZeroIsDropped = 1;
constexpr std::int64_t kImplied = 2;
constexpr std::int64_t kServerOwned = 4;

const Type* scalar(std::string_view letter) {
  static const auto kTypes = [] {
    std::array<Type, 9> types;
    for (std::size_t i = 0; i < types.size(); ++i) types[i].form = static_cast<Type::Form>(i);
    return types;
  }();
  constexpr std::string_view kLetters = "asnbqdiyt";  // in the order of Type::Form
  const auto at = letter.size() == 1 ? kLetters.find(letter[0]) : std::string_view::npos;
  return at == std::string_view::npos ? nullptr : &kTypes[at];
}

class Table {
 public:
  Table(Node root, Arena& arena) : root_(root), arena_(arena) {}

  Result<std::vector<KindType>> read() {
    const auto* types = root_.find("types");
    const auto* kinds = root_.find("kinds");
    if (types == nullptr || kinds == nullptr) return broken();
    all_.resize(types->items().size());
    for (auto& draft : all_) draft.type = std::construct_at(arena_.array<Type>(1));
    for (std::size_t i = 0; i < all_.size(); ++i)
      if (!read_type(types->items()[i], all_[i])) return broken();
    complete_types(all_, arena_);
    std::vector<KindType> out;
    for (const auto kind : kinds->items()) {
      const auto parts = kind.items();
      if (parts.size() != 4) return broken();
      const auto* type = reference(parts[3]);
      if (type == nullptr) return broken();
      out.push_back({parts[0].text(), parts[1].text(), parts[2].boolean(), type});
    }
    return out;
  }

 private:
  static Failure broken() {
    return fail("drift.manifest", "setup", "the table of Kubernetes' types is not in its format");
  }

  const Type* reference(Node node) const {
    if (node.is_string()) return scalar(node.text());
    const auto at = static_cast<std::size_t>(node.integer());
    return node.is_integer() && at < all_.size() ? all_[at].type : nullptr;
  }

  bool read_type(Node node, DraftType& draft) {
    auto& type = *draft.type;
    if (const auto* element = node.find("dictionary"); element != nullptr) {
      type.form = Type::Form::dictionary;
      type.element = reference(*element);
      return type.element != nullptr;
    }
    if (const auto* element = node.find("of"); element != nullptr) {
      type.form = Type::Form::list;
      type.element = reference(*element);
      const auto list = node.text_at("list");
      type.list = list == "keyed" ? Type::List::keyed : list == "set" ? Type::List::set : Type::List::atomic;
      if (const auto* keys = node.find("keys"); keys != nullptr) {
        auto* texts = arena_.array<std::string_view>(keys->items().size());
        std::ranges::transform(keys->items(), texts, [](Node key) { return key.text(); });
        type.keys = {texts, keys->items().size()};
      }
      return type.element != nullptr;
    }
    type.form = Type::Form::object;
    type.name = node.text_at("name");
    type.rule = rule_of(type.name);
    const auto* fields = node.find("fields");
    return fields != nullptr && read_fields(fields->items(), draft);
  }

  bool read_fields(std::span<Node> nodes, DraftType& draft) {
    auto* fields = arena_.array<Type::Field>(nodes.size());
    draft.fields = {fields, nodes.size()};
    draft.type->fields = draft.fields;
    for (const auto node : nodes) {
      const auto parts = node.items();
      if (parts.size() < 3) return false;
      auto& field = *std::construct_at(fields++);
      field.name = parts[0].text();
      field.type = reference(parts[1]);
      const auto flags = parts[2].integer();
      field.zero_is_dropped = (flags & kZeroIsDropped) != 0;
      field.implied = (flags & kImplied) != 0;
      field.server_owned = (flags & kServerOwned) != 0;
      if (parts.size() > 3) field.fallback = parts[3];
      if (field.type == nullptr) return false;
    }
    return true;
  }

  const Node root_;
  Arena& arena_;
  std::vector<DraftType> all_;
};

}  // namespace

void complete_types(std::span<const DraftType> drafts, Arena& arena) {
  const auto comes = [](const Type::Field& field) {
    return !field.fallback.is_null() || (field.implied && field.type->has_defaults);
  };
  // An object that is implied in another brings its defaults with it: until nothing changes.
  for (auto changed = true; std::exchange(changed, false);) {
    for (const auto& [type, fields] : drafts) {
      if (type->has_defaults) continue;
      type->has_defaults = type->rule != 0 || std::ranges::any_of(fields, comes);
      changed = changed || type->has_defaults;
    }
  }
  for (const auto& [type, fields] : drafts) {
    const auto count = static_cast<std::size_t>(std::ranges::count_if(fields, comes));
    auto* filled = arena.array<const Type::Field*>(count);
    type->filled = {filled, count};
    for (const auto& field : fields)
      if (comes(field)) *filled++ = &field;
  }
  // Twice: a default may hold another one that is treated later.
  for (auto round = 0; round < 2; ++round) {
    for (const auto& [type, fields] : drafts) {
      for (auto& field : fields) {
        if (field.fallback.is_null()) continue;
        normalise_part(field.fallback, *field.type, arena);
        mark_defaulted(field.fallback);
      }
    }
  }
}

Result<std::vector<KindType>> read_table(std::string_view text, Arena& arena) {
  const auto root = read_json(text, arena);
  if (!root) return tl::make_unexpected(root.error());
  return Table(*root, arena).read();
}

}  // namespace assay::drift
