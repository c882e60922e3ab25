#include "drift/compare.h"

#include <algorithm>
#include <array>
#include <utility>

#include "drift/align.h"
#include "drift/text_scan.h"

namespace assay::drift {
namespace {

constexpr std::size_t kSides = 3;  // git, release, live
using Sides = std::array<Side, kSides>;

const Type* field_type(const Type* type, std::string_view key) {
  if (type == nullptr) return nullptr;
  if (type->form == Type::Form::dictionary) return type->element;
  const auto* field = type->form == Type::Form::object ? type->field(key) : nullptr;
  return field == nullptr ? nullptr : field->type;
}

const Type* element_type(const Type* type) {
  return type != nullptr && type->form == Type::Form::list ? type->element : nullptr;
}

class Comparison {
 public:
  Comparison(bool with_release, std::vector<Difference>& out) : with_release_(with_release), out_(out) {}

  void at(const Sides& sides, const Type* type) {
    if (all_same(sides, type)) return;
    if (all_of_kind(sides, Node::Kind::map) && any_entry(sides)) return maps(sides, type);
    if (all_present(sides) && all_of_kind(sides, Node::Kind::list)) return lists(sides, type);
    emit(sides, type);
  }

 private:
  // Calls for each side that takes part.
  template <class F>
  void each(F&& call) const {
    for (std::size_t i = 0; i < kSides; ++i)
      if (i != 1 || with_release_) call(i);
  }

  bool all_present(const Sides& sides) const {
    auto all = true;
    each([&](std::size_t i) { all = all && sides[i].present; });
    return all;
  }

  // Of those that are present; one at least is.
  bool all_of_kind(const Sides& sides, Node::Kind kind) const {
    auto all = true;
    auto some = false;
    each([&](std::size_t i) {
      if (!sides[i].present) return;
      some = true;
      all = all && sides[i].value.kind() == kind;
    });
    return all && some;
  }

  // An absent map is like an empty one, so that each leaf has an author of its own; but a map that is empty,
  // or that only defaults have filled, is itself a leaf, and absent and empty differ.
  bool any_entry(const Sides& sides) const {
    auto some = false;
    auto empty = false;
    each([&](std::size_t i) {
      if (!sides[i].present) return;
      const auto entries = sides[i].value.entries();
      some = some || !entries.empty();
      empty = empty || std::ranges::all_of(entries, [](const Entry& one) { return one.value.defaulted(); });
    });
    return some && (!empty || all_present(sides));
  }

  bool all_same(const Sides& sides, const Type* type) const {
    const Side* first = nullptr;
    auto same = true;
    each([&](std::size_t i) {
      if (!same) return;
      if (first == nullptr) {
        first = &sides[i];
      } else {
        same = first->present == sides[i].present &&
               (!first->present || same_value(type, first->value, sides[i].value));
      }
    });
    return same;
  }

  void emit(const Sides& sides, const Type* type) {
    out_.push_back({path_, sides[0], sides[1], sides[2], type});
  }

  void step(Step step, const Sides& sides, const Type* type) {
    path_.push_back(step);
    at(sides, type);
    path_.pop_back();
  }

  void maps(const Sides& sides, const Type* type) {
    std::array<std::span<Entry>, kSides> rest;
    each([&](std::size_t i) { rest[i] = sides[i].present ? sides[i].value.entries() : std::span<Entry>{}; });
    for (;;) {
      const std::string_view* key = nullptr;
      each([&](std::size_t i) {
        if (!rest[i].empty() && (key == nullptr || key_order(rest[i].front().key, *key) < 0))
          key = &rest[i].front().key;
      });
      if (key == nullptr) return;
      const auto name = *key;
      Sides values;
      each([&](std::size_t i) {
        if (rest[i].empty() || rest[i].front().key != name) return;
        values[i] = {true, rest[i].front().value};
        rest[i] = rest[i].subspan(1);
      });
      step({.kind = Step::Kind::field, .field = name}, values, field_type(type, name));
    }
  }

  void lists(const Sides& sides, const Type* type) {
    const auto* element = element_type(type);
    const auto order = type == nullptr || type->form != Type::Form::list ? Type::List::atomic : type->list;
    std::array<std::span<Node>, kSides> items;
    auto nested = false;
    each([&](std::size_t i) {
      items[i] = sides[i].value.items();
      for (const auto item : items[i]) nested = nested || !item.is_scalar();
    });
    if (order == Type::List::atomic && !nested) return emit(sides, type);
    const auto rows = order == Type::List::keyed ? pair_by_key(items, type->keys)
                      : order == Type::List::set ? pair_by_value(items, element)
                                                 : pair_in_order(items, element, with_release_);
    for (const auto& row : rows) {
      Sides values;
      Step at;
      each([&](std::size_t i) {
        if (!row[i]) return;
        values[i] = {true, items[i][*row[i]]};
        at.element = values[i].value;
        if (i == 0 || !row[0]) at.index = *row[i];
      });
      if (order == Type::List::keyed) {
        at.kind = Step::Kind::element;
        at.list = type;
      } else if (order == Type::List::set && at.element.is_scalar()) {
        at.kind = Step::Kind::member;
      } else {
        at.kind = Step::Kind::index;
      }
      path_.push_back(at);
      // An element that came or went is one difference, not one for each of its leaves.
      if (all_present(values)) {
        this->at(values, element);
      } else if (!all_same(values, element)) {
        emit(values, element);
      }
      path_.pop_back();
    }
  }

  const bool with_release_;
  std::vector<Difference>& out_;
  Path path_;
};

bool same_lists(const Type* type, Node a, Node b) {
  const auto x = a.items();
  const auto y = b.items();
  if (x.size() != y.size()) return false;
  const auto* element = element_type(type);
  const auto in_order =
      std::equal(x.begin(), x.end(), y.begin(), [&](Node m, Node n) { return same_value(element, m, n); });
  if (in_order || type == nullptr || type->form != Type::Form::list || type->list == Type::List::atomic)
    return in_order;
  const ListSides items{x, {}, y};
  const auto rows =
      type->list == Type::List::keyed ? pair_by_key(items, type->keys) : pair_by_value(items, element);
  return std::all_of(rows.begin(), rows.end(), [&](const ListRow& row) {
    return row[0] && row[2] && same_value(element, x[*row[0]], y[*row[2]]);
  });
}

}  // namespace

bool same_value(const Type* type, Node a, Node b) {
  if (a.is_map() && b.is_map()) {
    const auto x = a.entries();
    const auto y = b.entries();
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), [&](const Entry& m, const Entry& n) {
      return m.key == n.key && same_value(field_type(type, m.key), m.value, n.value);
    });
  }
  if (a.is_list() && b.is_list()) return same_lists(type, a, b);
  if (!a.is_scalar() || !b.is_scalar()) return false;
  return same_scalar(type, a, b);
}

std::vector<Difference> compare(const Trees& trees, bool with_release, const Type* type) {
  std::vector<Difference> out;
  Comparison(with_release, out).at({trees.git, trees.release, trees.live}, type);
  return out;
}

}  // namespace assay::drift
