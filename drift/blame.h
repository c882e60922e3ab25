// Who wrote a field, by an object's managedFields
// (https://kubernetes.io/docs/reference/using-api/server-side-apply/, "FieldsV1").
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "drift/path.h"
#include "drift/tree.h"

namespace assay::drift {

// One entry of managedFields. Texts belong to the object.
struct Owner {
  std::string_view manager;
  std::string_view operation;    // Apply, Update
  std::string_view subresource;  // "status", "scale"; empty: the object itself
  std::string_view time;         // RFC 3339; empty where the server has none
  Node fields;
};

// Of one live object, before it is normalised. The object outlives it. One thread at a time.
class Ownership {
 public:
  explicit Ownership(Node live);

  // The object says nothing of its owners (an old server, a dump without managedFields).
  bool unknown() const { return owners_.empty(); }
  const std::vector<Owner>& owners() const { return owners_; }
  // Those who own the place itself, or something under it where it is a map or list that came or went as a
  // whole; the latest last. An atomic list or map that is owned as a whole owns what lies in it.
  std::vector<const Owner*> of(const Path& path) const;

 private:
  // The elements of one list in FieldsV1 ("k:{...}", "v:...").
  struct Elements {
    std::vector<std::vector<std::string>> keys;  // the sets of keys that name them; mostly one
    std::unordered_map<std::string, const Node*> by_name;
  };
  const Elements& elements_of(Node fields) const;
  const Node* child(Node fields, const Step& step) const;
  bool owns(Node fields, const Path& path) const;

  std::vector<Owner> owners_;
  // By the list's first entry; made when one of its elements is asked for.
  mutable std::unordered_map<const Entry*, Elements> elements_;
};

}  // namespace assay::drift
