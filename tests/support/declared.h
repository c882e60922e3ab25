// Do observations keep to the tables that lint reads?
#pragma once

#include <string>

#include "probes/fields.h"

namespace assay::test {

// The first path of `seen` that `fields` does not declare, or whose value is of another type than declared;
// "" when there is none.
std::string undeclared(const Value& seen, const Fields& fields);

// The same for a probe of the table, by its name.
std::string undeclared(const Value& seen, std::string_view probe);

}  // namespace assay::test
