// Which elements of two or three lists belong together.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "drift/tree.h"

namespace assay::drift {

struct Type;

// The lists of Git, the release and the cluster; one that takes no part is empty.
using ListSides = std::array<std::span<Node>, 3>;
// The position of an element in each of them.
using ListRow = std::array<std::optional<std::size_t>, 3>;

// By the values of their keys. What has the same keys twice is paired in its order (a list of environment
// variables may hold a name twice).
std::vector<ListRow> pair_by_key(const ListSides& lists, std::span<const std::string_view> keys);
// By their values, in any order; what is left over is paired in its order where it holds maps.
std::vector<ListRow> pair_by_value(const ListSides& lists, const Type* element);
// In their order: equal elements first (the longest common subsequence), what lies between them by position.
std::vector<ListRow> pair_in_order(const ListSides& lists, const Type* element, bool with_release);

}  // namespace assay::drift
