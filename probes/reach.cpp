// kube.reach: is an address open or closed from where the probe stands, as a NetworkPolicy would have it.
#include <fmt/format.h>

#include "net/transport.h"
#include "probes/probe.h"

namespace assay {
namespace {

Result<void> observe_reach(Attempt& attempt) {
  Reader reader = attempt.reader();
  const auto address = reader.address("address");
  const Duration patience = reader.duration("patience");
  if (const auto ok = reader.ok(); !ok) return ok;
  Trace trace = attempt.trace();
  const TimePoint begin = std::chrono::steady_clock::now();
  const auto connection =
      Transport::connect(attempt.network, *address, TlsOptions(), attempt.context.within(patience), trace);
  if (connection) {
    attempt.seen["state"] = "open";
    return {};
  }
  const Error& error = connection.error();
  if (error.code.starts_with("dns.") || error.phase == "resolve")
    return fail("reach.no-control", "resolve",
                fmt::format("{} did not resolve, so nothing was tried ({})", address->host, error.message));
  const bool dropped = error.code == "deadline";
  const bool refused =
      error.code == "connect.refused" || error.code == "connect.reset" || error.code == "connect.unreachable";
  // The attempt's own timeout, or the run's end, came before the patience was over.
  if ((!dropped && !refused) || (dropped && attempt.context.deadline().passed())) return Failure(error);
  // Silence that assay itself slept through proves nothing.
  const Duration waited = std::chrono::steady_clock::now() - begin;
  if (dropped && waited > patience + patience / 10)
    return fail(
        "harness.late", "connect",
        fmt::format("the patience of {} ended after {}", format_duration(patience), format_duration(waited)));
  attempt.seen["state"] = "closed";
  attempt.seen["by"] = dropped ? "drop" : "refusal";
  attempt.seen["why"] = error.message;
  return {};
}

}  // namespace

Probes reach_probes() {
  Probe reach;
  reach.name = "kube.reach";
  reach.summary = "an address is open, or closed, from where the check stands";
  reach.params = {
      {"address", Type::address, "where to connect", true, {}, "db.shop.svc.cluster.local:5432", {}, {}},
      {"patience",
       Type::duration,
       "how long a silent address is waited for before it counts as closed",
       false,
       "3s",
       "",
       {},
       {}}};
  Field state = seen_field("state", Type::text, "open or closed");
  state.one_of = {"open", "closed"};
  reach.observes = {state, seen_field("by", Type::text, "of a closed one: drop (silence) or refusal"),
                    seen_field("why", Type::text, "of a closed one: what happened")};
  reach.defaults = {{"state", "open"}};
  reach.wants_control = DefaultExpectation{"state", "closed"};
  reach.example = "address: db.shop.svc.cluster.local:5432";
  reach.observe = observe_reach;
  reach.targets = address_targets;
  return {reach};
}

}  // namespace assay
