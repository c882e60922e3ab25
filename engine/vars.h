// Variables and their substitution.
#pragma once

#include <map>
#include <string>

#include "core/source.h"
#include "core/value.h"

namespace assay {

using Vars = std::map<std::string, Value, std::less<>>;

// A copy of `value` in which every ${path} is filled in, in texts and in keys; `path` begins with a
// variable's name and may go on into its value (${nodes[0]}, ${tls.ca}). A text that is exactly ${x} takes
// x's type; inside of a longer text only scalars can stand. $${ is a literal ${. Marks stay those of the
// place of use. Problems name unknown variables with the nearest known one.
Value substitute(const Value& value, const Vars& vars, Problems& problems);

// The names of the variables that `value` uses.
void used_variables(const Value& value, std::map<std::string, Mark>& used);

}  // namespace assay
