// What must never change a verdict, and what always must. Seeded: ASSAY_TEST_SEED repeats a run.
#include <algorithm>
#include <cstdlib>
#include <random>

#include "core/value.h"
#include "drift/normalise.h"
#include "tests/drift/chain.h"

namespace assay::drift {
namespace {

constexpr int kRounds = 40;

constexpr std::string_view kObjects[] = {
    R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web, tier: front}, annotations: {a/b: c}}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      initContainers: [{name: init, image: "init:1", command: [sh, -c, "true"]}]
      containers:
      - name: web
        image: web:1
        args: [--a, b]
        env: [{name: A, value: "1"}, {name: B, valueFrom: {secretKeyRef: {name: s, key: k}}}]
        ports: [{name: http, containerPort: 80}, {name: dns, containerPort: 53, protocol: UDP}]
        resources: {requests: {cpu: "1", memory: 1Gi}, limits: {cpu: 2, memory: 2Gi}}
        readinessProbe: {httpGet: {path: /ready, port: 80}, periodSeconds: 5}
        volumeMounts: [{name: data, mountPath: /data}, {name: conf, mountPath: /conf, readOnly: true}]
      - {name: side, image: side:2, securityContext: {runAsUser: 1000, runAsNonRoot: true}}
      tolerations: [{key: a, operator: Exists}, {key: b, value: c}]
      volumes: [{name: data, emptyDir: {sizeLimit: 1Gi}}, {name: conf, configMap: {name: web}}]
)",
    R"(apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: http}, {name: dns, port: 53, protocol: UDP, nodePort: 30053}]
)",
    R"(apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {a: "1", b: "two\nlines\n", "on": "yes"}
)",
    R"(apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules:
  - {host: a.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}
  tls: [{hosts: [a.example.com, b.example.com], secretName: t}]
)",
    R"(apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web}
rules: [{apiGroups: [""], resources: [pods], verbs: [get, list]}, {apiGroups: [apps], resources: [deployments], verbs: [get]}]
)",
    R"(apiVersion: example.com/v1
kind: Widget
metadata: {name: web}
spec: {size: 3, ratio: 1.5, on: true, nested: {list: [{a: 1}, {b: [x, y]}], text: abc}}
)"};

class Properties : public test::Chain {
 protected:
  Properties() {
    const char* given = std::getenv("ASSAY_TEST_SEED");
    seed_ = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
    random_.seed(seed_);
  }

  std::string seed() const { return "ASSAY_TEST_SEED=" + std::to_string(seed_); }
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }

  const Type* type_of(Node object) const {
    const auto* kind = schema_->find(object.text_at("apiVersion"), object.text_at("kind"));
    return kind == nullptr ? nullptr : kind->type;
  }

  static const Type* below(const Type* type, std::string_view key) {
    if (type == nullptr) return nullptr;
    if (type->form == Type::Form::dictionary) return type->element;
    const auto* field = type->field(key);
    return field == nullptr ? nullptr : field->type;
  }

  // The same quantity in another notation.
  std::string other_notation(Node value) {
    const std::string text = value.is_string() ? std::string(value.text()) : to_json(value);
    const auto end = text.find_first_not_of("0123456789");
    const auto number = std::strtoll(text.c_str(), nullptr, 10);
    const auto suffix = end == std::string::npos ? "" : text.substr(end);
    if (suffix.empty()) return below(2) == 0 ? text + "000m" : text;
    if (suffix == "Gi") return std::to_string(number * 1024) + "Mi";
    return text;
  }

  // JSON of the object, its maps and the lists whose order says nothing in any order, quantities rewritten.
  void rewrite(std::string& out, Node node, const Type* type) {
    if (node.is_map()) {
      std::vector<Entry> entries(node.entries().begin(), node.entries().end());
      std::shuffle(entries.begin(), entries.end(), random_);
      out += '{';
      for (const auto& entry : entries) {
        if (out.back() != '{') out += ',';
        append_json_string(out, entry.key);
        out += ':';
        rewrite(out, entry.value, below(type, entry.key));
      }
      out += '}';
    } else if (node.is_list()) {
      std::vector<Node> items(node.items().begin(), node.items().end());
      if (type != nullptr && type->list != Type::List::atomic)
        std::shuffle(items.begin(), items.end(), random_);
      out += '[';
      for (const auto& item : items) {
        if (out.back() != '[') out += ',';
        rewrite(out, item, type == nullptr ? nullptr : type->element);
      }
      out += ']';
    } else if (type != nullptr && type->form == Type::Form::quantity) {
      append_json_string(out, other_notation(node));
    } else {
      append_json(out, node);
    }
  }

  // All leaves of it that a declaration may change.
  static void leaves(Node& node, std::vector<Node*>& out) {
    for (auto& item : node.items()) leaves(item, out);
    for (auto& entry : node.entries()) leaves(entry.value, out);
    if (node.is_scalar()) out.push_back(&node);
  }

  void change(Node& leaf) {
    switch (leaf.kind()) {
      case Node::Kind::boolean:
        leaf = Node::of(!leaf.boolean());
        break;
      case Node::Kind::integer:
        leaf = Node::of(leaf.integer() + 1);
        break;
      case Node::Kind::real:
        leaf = Node::of(leaf.number() + 1);
        break;
      default:
        leaf = Node::of(arena_.keep(std::string(leaf.text()) + "x"));
    }
  }

  ObjectDrift compared(Node declared, Node live) {
    const auto id = test::id_of(declared, *schema_);
    const auto release = copy_tree(declared, arena_);
    return Detector(schema_, rules_, facts_, MaskKey("key")).one(id, declared, release, live, arena_);
  }

  std::uint64_t seed_ = 0;
  std::mt19937_64 random_;
};

TEST_F(Properties, OrderNotationAndDefaultsChangeNothing) {
  for (const auto yaml : kObjects) {
    for (int round = 0; round < kRounds; ++round) {
      const auto declared = read(yaml);
      auto live = copy_tree(declared, arena_);
      if (below(2) == 0) normalise(live, type_of(declared), arena_);
      std::string json;
      rewrite(json, live, type_of(declared));
      const auto rewritten = read_json(arena_.keep(json), arena_);
      ASSERT_TRUE(rewritten) << json;
      const auto drift = compared(declared, *rewritten);
      ASSERT_EQ(drift.verdict, ObjectVerdict::same)
          << seed() << "\n"
          << (drift.fields.empty() ? "" : drift.fields[0].path) << "\n"
          << json;
      ASSERT_TRUE(drift.fields.empty()) << seed() << "\n" << drift.fields[0].path << "\n" << json;
      arena_.reset();
    }
  }
}

TEST_F(Properties, EveryLeafCounts) {
  for (const auto yaml : kObjects) {
    std::size_t count = 1;
    for (std::size_t at = 0; at < count; ++at) {
      const auto declared = read(yaml);
      auto live = copy_tree(declared, arena_);
      std::vector<Node*> all;
      for (auto& entry : live.entries()) {
        if (entry.key == "apiVersion" || entry.key == "kind") continue;
        if (entry.key != "metadata") {
          leaves(entry.value, all);
          continue;
        }
        for (auto& member : entry.value.entries())
          if (member.key != "name") leaves(member.value, all);
      }
      count = all.size();
      const auto before = to_json(*all[at]);
      change(*all[at]);
      const auto drift = compared(declared, live);
      EXPECT_EQ(drift.verdict, ObjectVerdict::changed) << before << " of\n" << yaml;
      // A key that changes is an element gone and one come; with a type go the defaults that depend on it.
      EXPECT_LE(drift.fields.size(), 3U) << before << " of\n" << yaml;
      arena_.reset();
    }
    EXPECT_GE(count, 3U);
  }
}

// Any number of leaves at once: each is told, none hides another.
TEST_F(Properties, ManyChangesAreAllTold) {
  for (int round = 0; round < kRounds; ++round) {
    const auto declared = read(kObjects[2]);
    auto live = copy_tree(declared, arena_);
    std::vector<Node*> all;
    leaves(*live.find("data"), all);
    std::shuffle(all.begin(), all.end(), random_);
    const auto some = 1 + below(all.size());
    for (std::size_t i = 0; i < some; ++i) change(*all[i]);
    EXPECT_EQ(compared(declared, live).fields.size(), some) << seed();
    arena_.reset();
  }
}

}  // namespace
}  // namespace assay::drift
