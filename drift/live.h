// What lives in a cluster.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/context.h"
#include "drift/detect.h"
#include "drift/documents.h"
#include "drift/report.h"
#include "kube/client.h"

namespace assay::drift {

// What may be read of Secrets.
enum class SecretsRead {
  none,     // nothing at all: Secrets are left out of the comparison
  release,  // Helm's own are read; of others metadata alone
  full
};
std::optional<SecretsRead> secrets_read(std::string_view name);

// One LIST.
struct LiveKind {
  std::string api_version;
  std::string kind;
  std::string ns;  // empty: cluster-scoped
  auto operator<=>(const LiveKind&) const = default;
};

// What must be listed so that everything that `desired` names is seen: one entry a kind and namespace, of two
// versions of a kind Git's. In these same lists objects are found that nobody declares but that carry the
// release's annotations; other kinds are not looked at, so that no right is needed beyond what is declared.
std::vector<LiveKind> kinds_of(const Desired& desired, SecretsRead secrets);

// Reads them, page by page, and gives each object to `comparison`. A kind that cannot be read (403, a kind
// that the server does not know) is told to `comparison` and the rest goes on; where the server itself is
// gone, the kinds that are left are not asked for, and that is a problem of `out`.
class LiveReader {
 public:
  // `release` and `release_ns`: whose objects are `extra` where nobody declares them; empty: nobody's. What
  // is given must outlive this.
  LiveReader(KubeClient& client, const std::vector<KubeResource>& resources, SecretsRead secrets,
             std::string release, std::string release_ns)
      : client_(client),
        resources_(resources),
        secrets_(secrets),
        release_(std::move(release)),
        release_ns_(std::move(release_ns)) {}

  // What the autoscalers of these namespaces scale (scale_target); those that cannot be read are a warning.
  Result<std::set<std::string>> autoscaled(const std::set<std::string>& namespaces, const Context& context,
                                           std::vector<std::string>& warnings);

  Result<void> read(const std::vector<LiveKind>& kinds, LiveComparison& comparison, const Context& context,
                    ReleaseDrift& out);

  // The resource that serves a kind: in that very version, or null.
  const KubeResource* find(std::string_view api_version, std::string_view kind) const;

 private:
  struct Page;
  struct List {
    LiveKind kind;
    const KubeResource& resource;
  };

  bool withheld(const LiveKind& kind) const;
  // All pages of these lists in their order; each is fetched and read while `use` works on the one before. A
  // list ends with its failure; nothing more is asked for once `use` says false.
  void each_page(const std::vector<List>& lists, const Context& context,
                 const std::function<bool(const List& list, Result<std::unique_ptr<Page>> page)>& use);
  // The page that begins there. Any thread.
  Result<std::unique_ptr<Page>> fetch(const List& list, const std::string& from,
                                      const Context& context) const;
  void take(const LiveKind& kind, Node object, LiveComparison& comparison, Arena& arena, bool withheld) const;

  KubeClient& client_;
  const std::vector<KubeResource>& resources_;
  SecretsRead secrets_;
  const std::string release_;
  const std::string release_ns_;
};

}  // namespace assay::drift
