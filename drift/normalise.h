// Brings an object to the form in which the API server keeps it.
#pragma once

#include "drift/schema.h"
#include "drift/tree.h"

namespace assay::drift {

// In place. Nulls and zero values go as the API server drops them; stringData goes into data; defaults come
// in, marked as such, those that depend on other fields too; what only a server writes goes: metadata's uid,
// resourceVersion, generation, creationTimestamp, selfLink, managedFields, kubectl's last-applied annotation,
// and `status` where the kind has one of its own. metadata's namespace goes too: it is part of the identity,
// and Git need not name it. `type` is null where nothing is known of the kind: then metadata and status alone
// are treated. Doing it twice changes nothing. New nodes lie in `arena` or in the schema. No two nodes of
// `object` may share a list or map (a reader copies what an alias stands for).
void normalise(Node& object, const Type* type, Arena& arena);

// A part of an object, by the type of its place: all that normalise() does but for metadata.
void normalise_part(Node& value, const Type& type, Arena& arena);

}  // namespace assay::drift
