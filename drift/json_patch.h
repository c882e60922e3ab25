// JSON patches (RFC 6902) that move one object towards another, place by place.
#pragma once

#include <string>

#include "core/result.h"
#include "core/value.h"
#include "drift/report.h"

namespace assay::drift {

class JsonPatch {
 public:
  // `object` is what the patch will be applied to.
  explicit JsonPatch(Value object) : object_(std::move(object)) {}

  // Makes the place of `field` what `target` is there, given as `want` (JSON; nothing: the place goes). What
  // is taken away is tested for first, by its value or by the keys of its list's element. Of a list whose
  // elements have no keys, the whole list is taken from `target`. Errors: drift.patch, where the object has
  // no such place (a sentence that names it).
  Result<void> move(const FieldDrift& field, const std::optional<std::string>& want, const Value& target);

  // The operations so far; empty where nothing is to be done.
  const Value::Array& operations() const { return operations_; }
  // The object as the operations leave it.
  const Value& object() const { return object_; }

 private:
  void add(const std::string& pointer, Value value);
  void test(const std::string& pointer, const Value& value);
  void remove(const std::string& pointer);
  Result<void> finish(Value& parent, std::string pointer, const FieldStep& last,
                      const std::optional<std::string>& want);

  Value object_;
  Value::Array operations_;
};

// Where the element or member that `step` names stands in `list`, or its size. An element that lacks one of
// the keys is taken where no other fits.
std::size_t position_of(const Value& list, const FieldStep& step);
// The value at the place, or null: no such place.
const Value* find_place(const Value& object, const std::vector<FieldStep>& steps);
// Takes the place away; nothing happens where there is none.
void erase_place(Value& object, const std::vector<FieldStep>& steps);

}  // namespace assay::drift
