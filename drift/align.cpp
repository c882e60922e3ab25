#include "drift/align.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string>

#include "drift/compare.h"

namespace assay::drift {
namespace {

// Beyond that the middle of two lists is paired by position.
constexpr std::size_t kMostCells = 250'000;

using Pair = std::array<std::optional<std::size_t>, 2>;

// The pairs of two lists in order; positions are those of the whole lists, of which `a` and `b` are parts.
class Pairing {
 public:
  Pairing(std::span<Node> a, std::span<Node> b, const Type* element) : a_(a), b_(b), element_(element) {}

  std::vector<Pair> run() {
    std::size_t first = 0;
    while (first < std::min(a_.size(), b_.size()) && same(first, first)) ++first;
    std::size_t last = 0;
    while (last < std::min(a_.size(), b_.size()) - first && same(a_.size() - 1 - last, b_.size() - 1 - last))
      ++last;
    for (std::size_t i = 0; i < first; ++i) pairs_.push_back({i, i});
    middle(first, a_.size() - last, first, b_.size() - last);
    for (std::size_t i = last; i > 0; --i) pairs_.push_back({a_.size() - i, b_.size() - i});
    return std::move(pairs_);
  }

 private:
  bool same(std::size_t i, std::size_t j) const { return same_value(element_, a_[i], b_[j]); }

  void gap(std::size_t a_from, std::size_t a_to, std::size_t b_from, std::size_t b_to) {
    for (; a_from < a_to || b_from < b_to; ++a_from, ++b_from) {
      Pair pair;
      if (a_from < a_to) pair[0] = a_from;
      if (b_from < b_to) pair[1] = b_from;
      pairs_.push_back(pair);
    }
  }

  void middle(std::size_t a_from, std::size_t a_to, std::size_t b_from, std::size_t b_to) {
    const auto rows = a_to - a_from;
    const auto columns = b_to - b_from;
    if (rows == 0 || columns == 0 || rows > kMostCells / columns) return gap(a_from, a_to, b_from, b_to);
    // Length of the longest common subsequence of what follows, and which elements are equal.
    std::vector<std::uint32_t> longest((rows + 1) * (columns + 1));
    std::vector<bool> equal(rows * columns);
    const auto cell = [&](std::size_t i, std::size_t j) -> std::uint32_t& {
      return longest[i * (columns + 1) + j];
    };
    for (auto i = rows; i-- > 0;) {
      for (auto j = columns; j-- > 0;) {
        equal[i * columns + j] = same(a_from + i, b_from + j);
        cell(i, j) =
            equal[i * columns + j] ? cell(i + 1, j + 1) + 1 : std::max(cell(i + 1, j), cell(i, j + 1));
      }
    }
    std::size_t i = 0, j = 0, gap_a = 0, gap_b = 0;
    while (i < rows && j < columns) {
      if (equal[i * columns + j]) {
        gap(a_from + gap_a, a_from + i, b_from + gap_b, b_from + j);
        pairs_.push_back({a_from + i, b_from + j});
        gap_a = ++i;
        gap_b = ++j;
      } else if (cell(i + 1, j) >= cell(i, j + 1)) {
        ++i;
      } else {
        ++j;
      }
    }
    gap(a_from + gap_a, a_to, b_from + gap_b, b_to);
  }

  std::span<Node> a_, b_;
  const Type* element_;
  std::vector<Pair> pairs_;
};

std::string key_of(Node element, std::span<const std::string_view> keys) {
  std::string out;
  for (const auto& key : keys) {
    const auto* value = element.find(key);
    out += value == nullptr ? std::string() : to_json(*value);
    out += '\n';
  }
  return out;
}

}  // namespace

std::vector<ListRow> pair_by_key(const ListSides& lists, std::span<const std::string_view> keys) {
  std::vector<ListRow> rows;
  std::map<std::pair<std::string, std::size_t>, std::size_t, std::less<>> places;
  for (std::size_t side = 0; side < lists.size(); ++side) {
    std::map<std::string, std::size_t, std::less<>> seen;
    for (std::size_t i = 0; i < lists[side].size(); ++i) {
      const auto key = key_of(lists[side][i], keys);
      const auto [place, added] = places.try_emplace({key, seen[key]++}, rows.size());
      if (added) rows.emplace_back();
      rows[place->second][side] = i;
    }
  }
  return rows;
}

std::vector<ListRow> pair_by_value(const ListSides& lists, const Type* element) {
  std::vector<ListRow> rows;
  const auto value = [&](const ListRow& row, std::size_t before) {
    for (std::size_t side = 0; side < before; ++side)
      if (row[side]) return lists[side][*row[side]];
    return Node();
  };
  for (std::size_t side = 0; side < lists.size(); ++side) {
    const auto old = rows.size();  // rows of the sides before
    std::vector<std::size_t> left;
    for (std::size_t i = 0; i < lists[side].size(); ++i) {
      const auto found = std::find_if(
          rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(old), [&](const ListRow& row) {
            return !row[side] && same_value(element, value(row, side), lists[side][i]);
          });
      if (found != rows.begin() + static_cast<std::ptrdiff_t>(old)) {
        (*found)[side] = i;
      } else {
        left.push_back(i);
      }
    }
    for (const auto i : left) {
      const auto nested = lists[side][i].is_map();
      const auto found =
          std::find_if(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(old),
                       [&](const ListRow& row) { return nested && !row[side] && value(row, side).is_map(); });
      if (found != rows.begin() + static_cast<std::ptrdiff_t>(old)) {
        (*found)[side] = i;
      } else {
        rows.emplace_back()[side] = i;
      }
    }
  }
  return rows;
}

std::vector<ListRow> pair_in_order(const ListSides& lists, const Type* element, bool with_release) {
  const auto live = Pairing(lists[0], lists[2], element).run();
  std::vector<ListRow> rows;
  if (!with_release) {
    for (const auto& pair : live) rows.push_back({pair[0], std::nullopt, pair[1]});
    return rows;
  }
  const auto release = Pairing(lists[0], lists[1], element).run();
  // Element by element of Git; what the others have before it and Git has not is paired between those two.
  auto r = release.begin();
  auto l = live.begin();
  for (std::size_t git = 0; git <= lists[0].size(); ++git) {
    std::vector<std::size_t> only_release, only_live;
    for (; r != release.end() && !(*r)[0]; ++r) only_release.push_back(*(*r)[1]);
    for (; l != live.end() && !(*l)[0]; ++l) only_live.push_back(*(*l)[1]);
    std::vector<Node> a, b;
    for (const auto i : only_release) a.push_back(lists[1][i]);
    for (const auto i : only_live) b.push_back(lists[2][i]);
    for (const auto& pair : Pairing(a, b, element).run()) {
      ListRow row;
      if (pair[0]) row[1] = only_release[*pair[0]];
      if (pair[1]) row[2] = only_live[*pair[1]];
      rows.push_back(row);
    }
    if (git == lists[0].size()) break;
    rows.push_back({git, (*r)[1], (*l)[1]});
    ++r;
    ++l;
  }
  return rows;
}

}  // namespace assay::drift
