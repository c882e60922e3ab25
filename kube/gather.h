// Many single objects of one kind and namespace by few requests.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/context.h"
#include "kube/resource.h"
#include "net/trace.h"

namespace assay {

class KubeClient;

// Reads objects one by one for callers on many threads. While a request for a kind and namespace is under
// way, those who ask for the same wait; then one of them asks for all by one LIST, which so begins after each
// of them has asked, and hands out what it finds. Who waits alone sends a GET. A LIST that is refused, fails,
// or would bring far more objects than are wanted is left, and each sends its own GET. Of a LIST only what
// was asked for is kept; Secrets are never listed. Safe from any thread.
class KubeGather {
 public:
  explicit KubeGather(KubeClient& client) : client_(client) {}

  // Errors: those of KubeClient::get; deadline and harness.cancelled of this caller only.
  Result<Value> get(const KubeResource& resource, const std::string& ns, const std::string& name,
                    const Context& context, Trace& trace);

 private:
  // Who waits, and what comes of it.
  struct Waiter;
  struct Group {
    bool under_way = false;
    std::deque<std::shared_ptr<Waiter>> waiting;
  };
  using Batch = std::vector<std::shared_ptr<Waiter>>;

  Result<void> await_turn(const std::string& path, const std::shared_ptr<Waiter>& own,
                          const Context& context);
  void pass_on(const std::string& path);
  bool list(const KubeResource& resource, const std::string& ns, Batch& batch, const Context& context,
            Trace& trace);

  KubeClient& client_;
  std::mutex mutex_;
  std::map<std::string, Group> groups_;  // by the path of the collection
  std::set<std::string> not_listed_;     // where this user may not list
};

}  // namespace assay
