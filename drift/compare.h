// Where three trees differ.
#pragma once

#include <optional>
#include <vector>

#include "drift/path.h"
#include "drift/schema.h"
#include "drift/tree.h"

namespace assay::drift {

// What one tree has at a place; `present` is false where it has nothing.
struct Side {
  bool present = false;
  Node value;
};

struct Difference {
  Path path;
  Side git, release, live;
  const Type* type = nullptr;
};

// The trees of one object, normalised. An object that a source lacks is not present.
struct Trees {
  Side git, release, live;
};

// All places where not all the trees that take part agree, in the order of their paths: down to leaves where
// maps stand (a map that one side lacks and another has without anything written in it is a leaf), to
// elements where keyed lists and sets stand (an element that one lacks is one difference). A list that is
// atomic is compared position by position where it holds maps or lists (after equal elements have been
// paired), and is one difference where it holds scalars. Without a release only `git` and `live` take part
// (`with_release` false). A pure function; the nodes point into the trees.
std::vector<Difference> compare(const Trees& trees, bool with_release, const Type* type);

// Equal at this type, however it is written.
bool same_value(const Type* type, Node a, Node b);

}  // namespace assay::drift
