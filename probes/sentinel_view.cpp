#include "probes/sentinel_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "net/address.h"

namespace assay {
namespace {

// A value of a flat array of names and values, or `fallback`.
std::string field(const Value& reply, std::string_view name, std::string_view fallback = {}) {
  if (!reply.is_array()) return std::string(fallback);
  const Value::Array& all = reply.items();
  for (std::size_t i = 0; i + 1 < all.size(); i += 2) {
    if (all[i].is_string() && all[i].string() == name)
      return all[i + 1].is_string() ? all[i + 1].string() : std::string(fallback);
  }
  return std::string(fallback);
}

bool is_down(const Value& replica) {
  const std::string flags = field(replica, "flags");
  return flags.find("down") != std::string::npos || flags.find("disconnected") != std::string::npos ||
         field(replica, "master-link-status", "ok") != "ok";
}

}  // namespace

Result<void> SentinelView::read_address(const Value& reply) {
  if (!reply.is_array() || reply.items().size() != 2 || !reply.items()[0].is_string() ||
      !reply.items()[1].is_string())
    return fail("protocol.invalid", "request", "the master's address is none");
  const auto port = std::strtoul(reply.items()[1].string().c_str(), nullptr, 10);
  master = HostPort{reply.items()[0].string(), static_cast<std::uint16_t>(port)}.text();
  return {};
}

void SentinelView::read_master(const Value& reply) {
  flags = field(reply, "flags");
  quorum = std::strtoll(field(reply, "quorum").c_str(), nullptr, 10);
}

void SentinelView::read_sentinels(const Value& reply) {
  sentinels = 1 + (reply.is_array() ? static_cast<std::int64_t>(reply.items().size()) : 0);
}

void SentinelView::read_replicas(const Value& reply) {
  if (!reply.is_array()) return;
  replicas = static_cast<std::int64_t>(reply.items().size());
  replicas_down = std::count_if(reply.items().begin(), reply.items().end(), is_down);
}

Result<void> conclude_sentinels(const std::vector<SentinelView>& views, const std::string& name,
                                Value& seen) {
  std::set<std::string> named;
  SentinelView most;
  std::set<std::string> flags;
  for (const SentinelView& view : views) {
    named.insert(view.master);
    if (view.master.empty()) continue;
    flags.insert(view.flags);
    most.quorum = std::max(most.quorum, view.quorum);
    most.sentinels = std::max(most.sentinels, view.sentinels);
    most.replicas = std::max(most.replicas, view.replicas);
    most.replicas_down = std::max(most.replicas_down, view.replicas_down);
    most.quorum_ok = most.quorum_ok || view.quorum_ok;
    if (!view.quorum_ok) most.quorum_text = view.quorum_text;
  }
  const bool agreed = named.size() == 1;
  seen["agreed"] = agreed && !named.count("");
  if (agreed && named.count("") != 0)
    return fail("sentinel.no-master", "request", "no Sentinel knows a master named " + name);
  if (agreed) seen["master"] = *named.begin();
  seen["flags"] = fmt::format("{}", fmt::join(flags, " | "));
  seen["quorum"] = most.quorum;
  seen["quorum_ok"] = most.quorum_ok;
  seen["sentinels_total"] = std::max(most.sentinels, seen.get_int("sentinels_total"));
  seen["replicas"] = most.replicas;
  seen["replicas_down"] = most.replicas_down;
  if (!agreed) {
    std::vector<std::string> texts;
    for (const std::string& one : named) texts.push_back(one.empty() ? "none" : one);
    return fail("sentinel.disagree", "request",
                fmt::format("the Sentinels name different masters: {}", fmt::join(texts, ", ")));
  }
  if (!most.quorum_ok || static_cast<std::int64_t>(views.size()) < most.quorum) {
    return fail("sentinel.no-quorum", "request",
                fmt::format("{} of {} Sentinels answer, the quorum is {}: {}", views.size(),
                            seen.get_int("sentinels_total"), most.quorum, most.quorum_text));
  }
  return {};
}

}  // namespace assay
