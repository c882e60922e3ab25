// kube.access: what an account may do in a namespace, against what it must and must not.
#include <fmt/format.h>

#include "probes/cluster.h"
#include "probes/kube_reads.h"
#include "probes/kube_rules.h"

namespace assay {
namespace {

// Posts a review, which changes nothing, and gives its status.
Result<Value> review(KubeClient& client, const std::string& as, const char* group, const char* plural,
                     const char* kind, Value spec, const Attempt& attempt, Trace& trace) {
  KubeRequest request;
  request.as = as;
  request.method = "POST";
  request.path = fmt::format("/apis/{}/v1/{}", group, plural);
  Value body = Value::object({{"apiVersion", std::string(group) + "/v1"}, {"kind", kind}});
  if (!spec.is_null()) body["spec"] = std::move(spec);
  request.body = to_json(body);
  const auto answer = client.call(request, attempt.context, trace);
  if (!answer) return Failure(answer.error());
  return value_at(*answer, {"status"});
}

class Access {
 public:
  // Of `as`, or of the account itself where it is empty.
  Access(KubeClient& client, std::string as, std::string ns, Attempt& attempt, Trace& trace)
      : client_(client), as_(std::move(as)), ns_(std::move(ns)), attempt_(attempt), trace_(trace) {}

  Result<void> read() {
    const auto status =
        review(client_, as_, "authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview",
               Value::object({{"namespace", ns_}}), attempt_, trace_);
    if (!status) return Failure(status.error());
    rules_ = value_at(*status, {"resourceRules"});
    incomplete_ = status->get_bool("incomplete");
    attempt_.seen["incomplete"] = incomplete_;
    Value shown = Value::array();
    if (rules_.is_array()) {
      for (const Value& rule : rules_.items()) {
        if (shown.items().size() < 200) shown.push_back(rule);
      }
    }
    attempt_.seen["rules"] = std::move(shown);
    // Servers before 1.28 cannot say who asks; the rules stand without it.
    const auto who = review(client_, as_, "authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview",
                            {}, attempt_, trace_);
    if (who) user_ = value_at(*who, {"userInfo"}).get("username");
    if (!user_.empty()) attempt_.seen["user"] = user_;
    return {};
  }

  // May the account do this? Errors: kube.no-kind, and those of the client.
  Result<Granted> may(const Right& right) {
    const auto resource = client_.resource(right.resource, "", attempt_.context, trace_);
    if (!resource) return Failure(resource.error());
    // The rules are those of the namespace: what has none may be granted there in vain. A list that is not
    // complete says nothing of what it lacks.
    const Granted listed = granted(rules_, right, *resource);
    if (resource->namespaced && (listed != Granted::no || !incomplete_)) return listed;
    Value asked =
        Value::object({{"verb", right.verb}, {"group", resource->group}, {"resource", resource->plural}});
    if (resource->namespaced) asked["namespace"] = ns_;
    if (!right.subresource.empty()) asked["subresource"] = right.subresource;
    if (!right.name.empty()) asked["name"] = right.name;
    const auto status =
        review(client_, as_, "authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview",
               Value::object({{"resourceAttributes", std::move(asked)}}), attempt_, trace_);
    if (!status) return Failure(status.error());
    if (status->get_bool("allowed")) return Granted::yes;
    return listed == Granted::named ? Granted::named : Granted::no;
  }

  std::string who() const { return user_.empty() ? "the account" : user_; }

 private:
  KubeClient& client_;
  const std::string as_;
  const std::string ns_;
  Attempt& attempt_;
  Trace& trace_;
  Value rules_;
  bool incomplete_ = false;
  std::string user_;
};

// Those of the rights that are not as wanted: granted where they must not be, or the other way round.
Result<std::vector<std::string>> faults_of(Access& access, const std::vector<std::string>& rights,
                                           bool must) {
  std::vector<std::string> faults;
  for (const std::string& text : rights) {
    const auto right = read_right(text);
    if (!right)
      return fail("params.invalid", "setup",
                  "a right is VERB RESOURCE [NAME], such as `get pods/log`; not " + text);
    const auto may = access.may(*right);
    if (!may) return Failure(may.error());
    const bool fits = must ? *may == Granted::yes : *may == Granted::no;
    if (!fits) faults.push_back(*may == Granted::named ? text + " (some by name)" : text);
  }
  return faults;
}

Result<void> observe_access(Attempt& attempt) {
  Reader reader = attempt.reader();
  const std::vector<std::string> must = reader.texts("must");
  const std::vector<std::string> must_not = reader.texts("must_not");
  const std::string as = reader.text("as");
  const auto client = kube_client(attempt);
  if (!client) return Failure(client.error());
  const std::string ns = namespace_of(reader, **client);
  if (const auto ok = reader.ok(); !ok) return ok;
  if (must.empty() && must_not.empty())
    return fail("params.invalid", "setup", "`must` or `must_not` is needed");
  Trace trace = attempt.trace();
  Access access(**client, as, ns, attempt, trace);
  if (const auto read = access.read(); !read) return read;
  const auto missing = faults_of(access, must, true);
  if (!missing) return Failure(missing.error());
  const auto excess = faults_of(access, must_not, false);
  if (!excess) return Failure(excess.error());
  attempt.seen["missing"] = list_of(*missing);
  attempt.seen["excess"] = list_of(*excess);
  std::string text;
  if (!missing->empty())
    text = fmt::format("{} may not {} in namespace {}", access.who(), fmt::join(*missing, ", "), ns);
  if (!excess->empty()) {
    text += fmt::format("{}{} may {} in namespace {} and must not", text.empty() ? "" : "; ", access.who(),
                        fmt::join(*excess, ", "), ns);
  }
  if (text.empty()) return {};
  return fail("kube.access", "request", text);
}

}  // namespace

Probe kube_access_probe() {
  Probe probe;
  probe.name = "kube.access";
  probe.summary = "what the account may do in a namespace, against what it must and what it must not";
  probe.params = {namespace_field(),
                  {"must",
                   Type::texts,
                   "rights that it must have: VERB RESOURCE [NAME]",
                   false,
                   Value::array(),
                   "[get pods, get pods/log]",
                   {},
                   {}},
                  {"must_not",
                   Type::texts,
                   "rights that it must not have, not even for single objects",
                   false,
                   Value::array(),
                   "[get secrets, create pods/exec]",
                   {},
                   {}},
                  {"as",
                   Type::text,
                   "of this user instead of the account, which must be allowed to impersonate it; "
                   "of a service account with its groups, of others without",
                   false,
                   "",
                   "system:serviceaccount:shop:web",
                   {},
                   {}}};
  probe.observes = {
      seen_field("user", Type::text, "who the account is"),
      seen_field("missing", Type::texts, "rights that it must have and has not"),
      seen_field("excess", Type::texts, "rights that it has and must not have"),
      seen_field("incomplete", Type::boolean,
                 "the server cannot list all rules; each right was then asked for by itself"),
      seen_field("rules", Type::any, "what it may do, the first 200 rules as the server lists them")};
  probe.defaults = {{"missing", Value::object({{"count", 0}})}, {"excess", Value::object({{"count", 0}})}};
  probe.example = "{namespace: shop, must: [get pods], must_not: [get secrets]}";
  probe.observe = observe_access;
  return probe;
}

}  // namespace assay
