// The types of a schema, from the tables that are built in.
#pragma once

#include <string_view>
#include <vector>

#include "core/result.h"
#include "drift/schema.h"

namespace assay::drift {

// Reads a table as fixtures/node/server/tables writes it (its format: table.go). What is made lies in
// `arena`; names point into `text`. Errors: drift.manifest.
Result<std::vector<KindType>> read_table(std::string_view text, Arena& arena);

// The text that is built into the program: drift/tables/k8s-1.34.json.
std::string_view built_in_table();

// A type that is being made.
struct DraftType {
  Type* type;
  std::span<Type::Field> fields;  // its own
};

// Derives `filled` and `has_defaults` of types whose fields are all there, and brings the defaults to the
// form that normalise() makes, marked as defaulted. The types may refer to each other in any order.
void complete_types(std::span<const DraftType> drafts, Arena& arena);

}  // namespace assay::drift
