// Where a check's probe stands: `from` of a suite.
#pragma once

#include <string>
#include <string_view>

#include "core/value.h"
#include "probes/fields.h"

namespace assay {

// The kind of a vantage as a suite writes it ("local", {job: {...}}, {exec: {...}}, {forward: {...}}), or ""
// where it is none. Null stands for local.
std::string vantage_kind(const Value& from);

// What is said of it under its kind; null where nothing is.
const Value& vantage_spec(const Value& from);

// The table of what a vantage of this kind takes; null for a kind that does not exist, empty for local.
const Fields* vantage_fields(std::string_view kind);

// The same vantage has the same name; checks of one name share what stands there. Starts with the kind.
std::string vantage_name(const Value& from);

// Is this a reference to a Secret of the namespace where a job stands, so that the cluster mounts it there
// and assay never reads it?
bool is_mounted(const Value& reference, const Value& from);

// Is it read where the probe stands: an environment variable or a file of a job's own container?
bool is_read_there(const Value& reference, const Value& from);

}  // namespace assay
