#include "core/codes.h"

#include <algorithm>
#include <array>

#include "core/result.h"

namespace assay {
namespace {

constexpr bool kHeals = true;
constexpr bool kStays = false;

// By system; all_codes() sorts them.
constexpr auto kCodes = std::to_array<CodeInfo>({
    {"auth.denied", Blame::target, kStays, "the server refused the credentials or the account's rights"},
    {"auth.mechanism", Blame::target, kStays, "client and server have no authentication mechanism in common"},
    {"auth.required", Blame::target, kStays, "the server wants credentials and none were given"},
    {"command.missing", Blame::assay, kStays, "the program does not exist or cannot be executed here"},
    {"command.signal", Blame::target, kHeals, "the program was ended by a signal"},
    {"connect.failed", Blame::target, kHeals, "no connection, for a reason that has no code of its own"},
    {"connect.refused", Blame::target, kHeals, "nothing listens at that address"},
    {"connect.reset", Blame::target, kHeals, "the other side closed or reset the connection"},
    {"connect.unreachable", Blame::target, kHeals, "no route to that address"},
    {"deadline", Blame::target, kHeals, "no answer within the timeout"},
    {"dns.failed", Blame::target, kHeals, "the name servers answered with an error"},
    {"dns.timeout", Blame::target, kHeals, "no name server answered within the timeout"},
    {"dns.unknown", Blame::target, kHeals, "the name does not exist"},
    {"drift.chart", Blame::assay, kStays, "a chart could not be rendered"},
    {"drift.duplicate", Blame::target, kStays, "the same object is declared twice"},
    {"drift.git", Blame::assay, kHeals, "a revision could not be read from its repository"},
    {"drift.manifest", Blame::target, kStays, "a manifest cannot be read"},
    {"drift.nothing", Blame::assay, kHeals, "nothing was there to compare"},
    {"drift.patch", Blame::assay, kStays, "a patch could not be written"},
    {"drift.random", Blame::assay, kStays, "a chart names an object anew at each rendering"},
    {"drift.found", Blame::target, kHeals, "what runs is not what is declared"},
    {"expect.mismatch", Blame::target, kHeals, "what was observed is not what was expected"},
    {"expect.slow", Blame::target, kHeals, "the observation took longer than its latency budget (within)"},
    {"expect.uncomparable", Blame::assay, kStays, "the matcher cannot compare such values"},
    {"file.missing", Blame::assay, kStays, "a file or folder that was named does not exist"},
    {"file.unreadable", Blame::assay, kStays, "the file exists and cannot be read by this account"},
    {"grpc.not-serving", Blame::target, kHeals, "the health service says that it is not serving"},
    {"grpc.status", Blame::target, kHeals, "the call ended with a gRPC status other than OK"},
    {"harness.cancelled", Blame::assay, kStays, "the run was interrupted or its deadline passed"},
    {"harness.late", Blame::assay, kHeals, "assay itself got the processor too late to tell"},
    {"harness.internal", Blame::assay, kStays, "a defect or a lack of resources on assay's side"},
    {"http.body", Blame::target, kHeals, "the body is not the JSON that was announced or expected"},
    {"http.redirects", Blame::target, kStays, "more redirects than allowed"},
    {"http.status", Blame::target, kHeals, "an HTTP status that means failure for this service"},
    {"helm.no-release", Blame::target, kHeals, "the cluster holds no such release"},
    {"helm.release", Blame::target, kStays, "what the cluster holds of a release cannot be read"},
    {"journal.write", Blame::assay, kStays, "the journal could not be written"},
    {"kafka.authorization", Blame::target, kStays, "the broker does not authorize the operation"},
    {"kafka.client-too-old", Blame::assay, kStays, "this librdkafka cannot do SCRAM with this broker"},
    {"kafka.error", Blame::target, kHeals, "the broker answered with an error that has no code of its own"},
    {"kafka.no-controller", Blame::target, kHeals, "the cluster has no active controller"},
    {"kafka.no-group", Blame::target, kHeals, "the consumer group does not exist"},
    {"kafka.no-leader", Blame::target, kHeals, "a partition has no leader"},
    {"kafka.no-topic", Blame::target, kHeals, "the topic does not exist"},
    {"kafka.not-enough-replicas", Blame::target, kHeals, "fewer replicas in sync than min.insync.replicas"},
    {"kube.busy", Blame::assay, kHeals, "the API server asks to come back later (429)"},
    {"kube.config", Blame::assay, kStays, "the kubeconfig cannot be used"},
    {"kube.conflict", Blame::target, kHeals, "the object was changed or made meanwhile (409)"},
    {"kube.credentials", Blame::assay, kHeals, "a token's file or a credential plugin gave nothing to use"},
    {"kube.disruption-budget", Blame::target, kHeals,
     "a PodDisruptionBudget does not allow the eviction now (429)"},
    {"kube.expired", Blame::assay, kHeals, "the API server no longer has that version (410)"},
    {"kube.no-pod", Blame::target, kHeals, "no ready pod of that workload or Service"},
    {"kube.forbidden", Blame::assay, kStays, "assay's own account lacks the right (403)"},
    {"kube.invalid", Blame::assay, kStays, "the API server refuses the request itself"},
    {"kube.no-kind", Blame::target, kHeals, "the API server does not know that kind"},
    {"kube.not-found", Blame::target, kHeals, "the object does not exist"},
    {"kube.not-ready", Blame::target, kHeals, "pods are not ready, or a workload has not rolled out"},
    {"kube.server", Blame::target, kHeals, "the API server answered with an error of its own (5xx)"},
    {"kube.unauthorized", Blame::assay, kStays, "the API server does not accept assay's credentials (401)"},
    {"observation.truncated", Blame::assay, kStays,
     "the matcher reads a value that was cut at the size limit or is withheld"},
    {"openfga.error", Blame::target, kHeals, "OpenFGA answered with an error"},
    {"params.invalid", Blame::assay, kStays, "a parameter is not what the probe takes"},
    {"pgpool.no-backend", Blame::target, kHeals, "Pgpool still counts on a backend that does not let it in"},
    {"pgpool.not-pgpool", Blame::target, kStays, "the server does not know SHOW pool_nodes"},
    {"postgres.error", Blame::target, kHeals,
     "the server answered with an SQLSTATE that has no code of its own"},
    {"postgres.no-database", Blame::target, kStays, "the database does not exist"},
    {"postgres.read-only", Blame::target, kHeals,
     "the server accepts no writes: it is in recovery or read-only"},
    {"postgres.relation", Blame::target, kStays, "a table, column, schema or function does not exist"},
    {"postgres.shutting-down", Blame::target, kHeals,
     "the server is shutting down or was told to end the session"},
    {"postgres.starting-up", Blame::target, kHeals, "the server is starting up (SQLSTATE 57P03)"},
    {"postgres.too-many-connections", Blame::target, kHeals, "no connection slot is free (SQLSTATE 53300)"},
    {"protocol.closed", Blame::target, kHeals, "the connection was closed in the middle of an answer"},
    {"protocol.invalid", Blame::target, kHeals, "the answer is not of the protocol that was spoken"},
    {"protocol.too-large", Blame::target, kStays, "the answer is larger than the limit"},
    {"redis.error", Blame::target, kHeals, "the server answered with an error that has no code of its own"},
    {"redis.loading", Blame::target, kHeals, "the server is loading its data set"},
    {"redis.read-only", Blame::target, kHeals, "the server is a replica and takes no writes"},
    {"repmgr.missing", Blame::target, kStays, "the repmgr tables do not exist in that database"},
    {"roundtrip.mismatch", Blame::target, kHeals, "what came back is not what was sent"},
    {"secret.unresolved", Blame::assay, kStays, "a referenced secret could not be read"},
    {"sentinel.disagree", Blame::target, kHeals, "the sentinels do not name the same master"},
    {"sentinel.no-master", Blame::target, kHeals, "the sentinels know no master of that name"},
    {"sentinel.no-quorum", Blame::target, kHeals, "too few sentinels for a failover"},
    {"setup.missing", Blame::target, kStays,
     "the object of assay's own does not exist and `create: true` is not set"},
    {"tls.expired", Blame::target, kStays, "the certificate has expired or is not valid yet"},
    {"tls.failed", Blame::target, kHeals, "the handshake failed for a reason that has no code of its own"},
    {"tls.local", Blame::assay, kStays, "a certificate or key on assay's side cannot be used"},
    {"tls.name", Blame::target, kStays, "the certificate is for another name"},
    {"tls.not-tls", Blame::target, kStays, "the other side does not speak TLS"},
    {"tls.required", Blame::target, kStays, "the other side wants TLS and plain text was spoken"},
    {"tls.self-signed", Blame::target, kStays, "the certificate is self-signed and not trusted"},
    {"tls.untrusted", Blame::target, kStays, "no trusted authority signed the certificate"},
    {"configmap.keys", Blame::target, kHeals, "a ConfigMap lacks a key, or the key is empty"},
    {"externalsecret.not-synced", Blame::target, kHeals,
     "an ExternalSecret is not Ready or was not refreshed, or its Secret does not exist"},
    {"helm.no-tests", Blame::target, kStays, "the release has no tests"},
    {"helm.test-failed", Blame::target, kHeals, "a test of the release failed or did not end in time"},
    {"kube.access", Blame::target, kHeals, "the account may not do what it must, or may do what it must not"},
    {"kube.capacity", Blame::target, kHeals, "the nodes have less left than is asked for"},
    {"kube.image-missing", Blame::target, kHeals, "an image that is needed is not on a node"},
    {"kube.image-retired", Blame::target, kStays, "an image comes from a retired registry path"},
    {"kube.images-cut", Blame::assay, kStays,
     "a node has cut its list of images, so that absence cannot be told"},
    {"kube.left", Blame::target, kHeals, "something that should be gone is still there"},
    {"kube.volume", Blame::target, kHeals, "a claim is not bound, too small or not of the class wanted"},
    {"toolchain.missing", Blame::target, kStays, "a program that is needed is not there"},
    {"toolchain.old", Blame::target, kStays, "a program is older than is needed"},
    {"toolchain.unknown", Blame::assay, kStays, "a program does not tell its version"},
    {"vault.not-initialized", Blame::target, kHeals, "Vault is not initialised (health 501)"},
    {"vault.sealed", Blame::target, kHeals, "Vault is sealed (health 503)"},
    {"vault.standby", Blame::target, kHeals, "this Vault node is a standby"},
    {"vault.permission", Blame::target, kStays,
     "Vault denied the request: token invalid, expired or without the policy"},
    {"vault.error", Blame::target, kHeals, "Vault answered with an error that has no code of its own"},
    {"vault.no-path", Blame::target, kHeals, "nothing lies at that path in Vault"},
    {"reach.no-control", Blame::assay, kHeals,
     "closed is not proven: the control did not reach the address, or its name did not resolve"},
    {"vantage.protocol", Blame::assay, kStays,
     "a vantage's agent is of another version, or said what it should not"},
    {"vantage.refused", Blame::assay, kStays,
     "a vantage's pod would change what it stands beside: a budget, an autoscaler or a Service selects it"},
    {"vantage.failed", Blame::assay, kHeals, "the vantage could not be started or was lost"},
});

// Filled once from the constant table; kept sorted whatever order the rows above are written in.
const auto& sorted() {
  static const auto table = [] {
    auto copy = kCodes;
    std::sort(copy.begin(), copy.end(), [](const CodeInfo& a, const CodeInfo& b) { return a.code < b.code; });
    return copy;
  }();
  return table;
}

}  // namespace

std::span<const CodeInfo> all_codes() { return sorted(); }

const CodeInfo* find_code(std::string_view code) {
  const auto& table = sorted();
  const auto row =
      std::lower_bound(table.begin(), table.end(), code,
                       [](const CodeInfo& info, std::string_view name) { return info.code < name; });
  return row != table.end() && row->code == code ? &*row : nullptr;
}

Failure fail(std::string_view code, std::string_view phase, std::string message) {
  const CodeInfo* info = find_code(code);
  for (char& c : message) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return Failure(
      Error{std::string(code), std::string(phase), std::move(message), info == nullptr || info->can_heal});
}

}  // namespace assay
