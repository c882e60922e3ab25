// What the probes of Postgres have in common.
#pragma once

#include "net/postgres.h"
#include "probes/probe.h"

namespace assay {

// address, dsn, database, user, password, tls; `database` is what stands where none is given ("": the user's
// name).
Fields postgres_login_fields(std::string_view database = {});

// Reads those parameters. Errors: params.invalid, secret.unresolved.
Result<PostgresTarget> postgres_target(const Attempt& attempt);

// Connects where they say.
Result<Postgres> postgres_connect(Attempt& attempt, Trace& trace);

// The answer to a question of assay's own, of which nothing may be missing: protocol.too-large where rows
// were dropped.
Result<PostgresRows> all_of(Result<PostgresRows> rows);

// "host:port" of the addresses, or of a dsn that is no reference.
std::vector<std::string> postgres_targets(const Value& params);

// A probe with those parameters and targets, to be filled in.
Probe postgres_probe(std::string name, std::string summary, std::string_view database = {});

// What every one of these probes observes beside its own fields.
Field sqlstate_field();
Probes replication_probes();
Probes repmgr_probes();
Probes pgpool_probes();

}  // namespace assay
