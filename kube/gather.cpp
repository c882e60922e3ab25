#include "kube/gather.h"

#include <fmt/format.h>

#include <algorithm>

#include "kube/client.h"

namespace assay {
namespace {

// A LIST is worth it while it brings at most so many objects for each that is wanted: an object of a LIST
// costs about a 25th of a GET.
constexpr std::size_t kWorth = 25;
constexpr std::size_t kPage = 500;

// As the API server says it.
Failure not_found(const KubeResource& resource, const std::string& ns, const std::string& name) {
  const std::string group = resource.group.empty() ? "" : "." + resource.group;
  return fail("kube.not-found", "request",
              fmt::format("{}{} \"{}\" not found (no such item in the answer to GET {})", resource.plural,
                          group, name, resource.path(ns)));
}

// What a GET gives: the items of a list carry neither kind nor version of their own.
void name_kind(const KubeResource& resource, Value& object) {
  if (object.find("kind") != nullptr || !object.is_object()) return;
  auto& members = object.members();
  members.insert(members.begin(), {{"kind", resource.kind, {}}, {"apiVersion", resource.api_version(), {}}});
}

}  // namespace

struct KubeGather::Waiter {
  explicit Waiter(std::string wanted) : name(std::move(wanted)) {}
  const std::string name;
  enum class Turn { wait, lead, alone, served } turn = Turn::wait;
  Result<Value> outcome;
  Stop called;  // turn and outcome are set before

  void call(Turn next) {
    turn = next;
    called.raise();
  }
};

Result<Value> KubeGather::get(const KubeResource& resource, const std::string& ns, const std::string& name,
                              const Context& context, Trace& trace) {
  using Turn = Waiter::Turn;
  const std::string path = resource.path(ns);
  // Secrets come one by one: a LIST would bring the values of those that nobody asked for.
  const bool secret = resource.group.empty() && resource.plural == "secrets";
  const bool can_list =
      !secret && std::find(resource.verbs.begin(), resource.verbs.end(), "list") != resource.verbs.end();
  const auto own = std::make_shared<Waiter>(name);
  bool queued = false;
  {
    const std::lock_guard lock(mutex_);
    if (!can_list || not_listed_.contains(path)) {
      own->turn = Turn::alone;
    } else if (Group& group = groups_[path]; std::exchange(group.under_way, true)) {
      group.waiting.push_back(own);
      queued = true;
    } else {
      own->turn = Turn::lead;
    }
  }
  if (queued) {
    const PhaseTimer timer(trace, "request");
    if (const auto called = await_turn(path, own, context); !called) return Failure(called.error());
  }
  if (own->turn == Turn::served) return std::move(own->outcome);
  if (own->turn == Turn::alone) return client_.get(resource, ns, name, context, trace);

  Batch batch;
  {
    const std::lock_guard lock(mutex_);
    auto& waiting = groups_[path].waiting;
    batch.assign(waiting.begin(), waiting.end());
    waiting.clear();
  }
  if (!batch.empty()) {
    batch.push_back(own);
    const bool listed = list(resource, ns, batch, context, trace);
    for (const auto& one : batch) {
      if (one == nullptr || one == own) continue;
      if (listed) one->outcome = not_found(resource, ns, one->name);
      one->call(listed ? Turn::served : Turn::alone);
    }
    if (own->turn != Turn::served && listed) {
      own->outcome = not_found(resource, ns, name);
      own->turn = Turn::served;
    }
  }
  if (own->turn == Turn::served) {
    pass_on(path);
    return std::move(own->outcome);
  }
  auto object = client_.get(resource, ns, name, context, trace);
  pass_on(path);
  return object;
}

// Until somebody calls. Who gives up leaves the queue, or passes the lead on.
Result<void> KubeGather::await_turn(const std::string& path, const std::shared_ptr<Waiter>& own,
                                    const Context& context) {
  const auto waited = context.wait(own->called.fd(), POLLIN, "request");
  if (own->called.raised()) return {};
  if (waited) return fail("harness.internal", "request", "called without a turn");
  bool lead = false;
  {
    const std::lock_guard lock(mutex_);
    auto& waiting = groups_[path].waiting;
    const auto place = std::find(waiting.begin(), waiting.end(), own);
    if (place != waiting.end()) {
      waiting.erase(place);
    } else {
      lead = own->called.raised() && own->turn == Waiter::Turn::lead;
    }
  }
  if (lead) pass_on(path);
  return Failure(waited.error());
}

// The next one leads, or nothing is under way any more.
void KubeGather::pass_on(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto place = groups_.find(path);
  auto& waiting = place->second.waiting;
  if (waiting.empty()) {
    groups_.erase(place);
    return;
  }
  const auto next = waiting.front();
  waiting.pop_front();
  next->call(Waiter::Turn::lead);
}

// Serves who is in the batch, page after page; those are taken out of it. True when it came to its end, and
// so what is left does not exist. The last of the batch is the caller itself and stays in it.
bool KubeGather::list(const KubeResource& resource, const std::string& ns, Batch& batch,
                      const Context& context, Trace& trace) {
  std::multimap<std::string, std::size_t> wanted;
  for (std::size_t i = 0; i < batch.size(); ++i) wanted.emplace(batch[i]->name, i);
  const std::size_t worth = kWorth * batch.size();
  const std::string query = fmt::format("{}?limit={}", resource.path(ns), std::min(kPage, worth));
  std::string next;
  std::size_t seen = 0;
  while (true) {
    KubeRequest request;
    request.path = next.empty() ? query : query + "&continue=" + url_escaped(next);
    auto page = client_.call(request, context, trace);
    if (!page && page.error().code == "kube.forbidden") {
      const std::lock_guard lock(mutex_);
      not_listed_.insert(resource.path(ns));
    }
    if (!page) return false;
    Value* items = page->find("items");
    if (items == nullptr || !items->is_array()) return false;
    seen += items->items().size();
    for (Value& item : items->items()) {
      const Value* metadata = item.find("metadata");
      const auto [from, to] = wanted.equal_range(metadata == nullptr ? "" : metadata->get("name"));
      if (from == to) continue;
      name_kind(resource, item);
      for (auto one = from; one != to; ++one) {
        auto& waiter = batch[one->second];
        waiter->outcome = item;
        if (one->second + 1 == batch.size()) {
          waiter->turn = Waiter::Turn::served;
        } else {
          waiter->call(Waiter::Turn::served);
          waiter.reset();
        }
      }
      wanted.erase(from, to);
    }
    const Value* meta = page->find("metadata");
    next = meta == nullptr ? "" : meta->get("continue");
    if (next.empty() || wanted.empty()) return true;
    const auto rest =
        static_cast<std::size_t>(std::max<std::int64_t>(0, meta->get_int("remainingItemCount")));
    if (seen + rest > worth) return false;
  }
}

}  // namespace assay
