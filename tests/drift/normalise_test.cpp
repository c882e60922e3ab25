// What normalising makes equal, and what it must not. The numbers are those of the known cases that trip
// tools of this kind (docs/drift.md).
#include "drift/normalise.h"

#include "drift/dependent.h"
#include "tests/drift/normalised.h"

namespace assay::drift {
namespace {

// A Deployment whose only container has these further lines.
std::string deployment(const std::string& lines) {
  std::string text = R"(
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: example/web:1
)";
  for (std::size_t at = 0; at < lines.size();) {
    const auto end = std::min(lines.find('\n', at), lines.size());
    text += "        " + lines.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return text;
}

const std::string kContainer = "/spec/template/spec/containers/name=web";

TEST(Case10, QuantitiesInAnotherNotationAreEqual) {
  Normalised both;
  EXPECT_EQ(
      both.differences(
          deployment("resources: {limits: {cpu: 1000m, memory: 1Gi}, requests: {cpu: 0.5, memory: 1G}}"),
          deployment("resources: {limits: {cpu: 1, memory: 1024Mi}, requests: {cpu: 500m, memory: 1e9}}")),
      Pointers{});
  EXPECT_EQ(both.differences(deployment("resources: {limits: {memory: 1G}}"),
                             deployment("resources: {limits: {memory: 1Gi}}")),
            Pointers{kContainer + "/resources/limits/memory"});
  EXPECT_EQ(both.differences(deployment("resources: {limits: {cpu: 100u}}"),
                             deployment("resources: {limits: {cpu: 1m}}")),
            Pointers{})
      << "the server rounds up to thousandths";
}

TEST(Case10, AQuantityBeyond64BitsIsRoundedToo) {
  Normalised both;
  auto resources = both.read("{cpu: 20000000000000000.0000001, memory: '-3n'}");
  round_resources(resources, both.arena());
  EXPECT_EQ(to_json(resources), R"({"cpu":20000000000000000,"memory":"-1m"})");
  resources = both.read("{cpu: '20000000000000000.0000001', memory: '1.0001'}");
  round_resources(resources, both.arena());
  EXPECT_EQ(to_json(resources), R"({"cpu":"20000000000000000001m","memory":"1001m"})");
}

TEST(Case11, AFieldThatNoTypeKnowsIsComparedExactly) {
  Normalised both;
  EXPECT_EQ(both.differences(deployment("newer: {size: 1Gi}"), deployment("newer: {size: 1024Mi}")),
            Pointers{kContainer + "/newer/size"});
  EXPECT_EQ(both.differences(deployment("newer: 1"), deployment("")), Pointers{kContainer + "/newer"});
}

TEST(Case12, NullIsAsGoodAsNothing) {
  Normalised both;
  const std::string strategy =
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {strategy: {type: Recreate";
  EXPECT_EQ(both.differences(strategy + ", rollingUpdate: null}}", strategy + "}}"), Pointers{});
  const std::string map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
  EXPECT_EQ(both.differences(map + "data: {x: null}", map + "data: {x: ''}"), Pointers{})
      << "as the server decodes it";
  EXPECT_EQ(both.differences(map + "data: {x: null}", map + "data: {x: a}"), Pointers{"/data/x"});
  EXPECT_EQ(both.differences(map + "data: null", map), Pointers{});
}

TEST(Case13, ZeroValuesAreDropped) {
  Normalised both;
  EXPECT_EQ(both.differences(deployment("livenessProbe: {httpGet: {port: 80, httpHeaders: null}, "
                                        "initialDelaySeconds: 0}\nstdin: false\nargs: []\n"
                                        "workingDir: ''\nresources: {}\nlifecycle: null"),
                             deployment("livenessProbe: {httpGet: {port: 80, path: /, scheme: HTTP}, "
                                        "failureThreshold: 3, periodSeconds: 10}")),
            Pointers{});
  EXPECT_EQ(both.differences(deployment("securityContext: {}"), deployment("")),
            Pointers{kContainer + "/securityContext"})
      << "empty is something where Go has a pointer";
  const std::string replicas =
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: ";
  EXPECT_EQ(both.differences(replicas + "0}", replicas + "1}"), Pointers{"/spec/replicas"})
      << "zero replicas are zero";
}

TEST(Case14, APortIsKnownByItsNumberAndProtocol) {
  Normalised both;
  const std::string service = "apiVersion: v1\nkind: Service\nmetadata: {name: dns}\nspec:\n  ports:\n";
  const auto port = [](const std::string& name, const std::string& number, const std::string& protocol) {
    return "  - {name: " + name + ", port: " + number + ", protocol: " + protocol + "}\n";
  };
  EXPECT_EQ(both.differences(service + port("a", "53", "TCP") + port("b", "53", "UDP"),
                             service + port("b", "53", "UDP") + port("a", "53", "TCP")),
            Pointers{});
  EXPECT_EQ(both.differences(service + port("a", "80", "TCP"), service + port("a", "83", "TCP")),
            (Pointers{"/spec/ports/port=80,protocol=TCP", "/spec/ports/port=83,protocol=TCP"}));
}

TEST(Case15, APortWithoutProtocolIsTcpBeforeItIsFound) {
  Normalised both;
  const std::string service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports:\n";
  EXPECT_EQ(both.differences(service + "  - {port: 53}\n  - {port: 53, protocol: UDP}\n",
                             service + "  - {port: 53, protocol: UDP, targetPort: 53}\n  - {port: 53, "
                                       "protocol: TCP, targetPort: 53}\n"),
            Pointers{});
}

// Kubernetes 1.34 and its PodLevelResources; only a Pod is filled in so, and no template.
TEST(PodResources, ThePodAsAWholeAsksForWhatItsContainersDoOrForItsLimits) {
  Normalised both;
  const auto pod = [](const std::string& resources, const std::string& containers) {
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  resources: " + resources + "\n" +
           containers;
  };
  const std::string bare = "  containers: [{name: a, image: a}]\n";
  const std::string two =
      "  containers:\n  - {name: a, image: a, resources: {requests: {cpu: 500m}}}\n"
      "  - {name: b, image: a, resources: {limits: {cpu: 1}}}\n";
  const std::string sidecar =
      "  - {name: s, image: a, restartPolicy: Always, resources: {requests: {cpu: 250m}}}\n";
  const std::string init = "  - {name: i, image: a, resources: {requests: {cpu: 3}}}\n";
  const std::string huge =
      "  containers:\n  - {name: a, image: a, resources: {limits: {hugepages-2Mi: 4Mi, memory: 1Gi}}}\n"
      "  - {name: b, image: a, resources: {limits: {hugepages-2Mi: 2Mi, memory: 1Gi}}}\n";
  for (const auto& [declared, containers, live] :
       {std::array<std::string, 3>{"{limits: {cpu: 2, memory: 1Gi}}", bare,
                                   "{limits: {cpu: 2, memory: 1Gi}, requests: {cpu: 2, memory: 1Gi}}"},
        {"{limits: {cpu: 2, memory: 1Gi}, requests: {cpu: 1}}", bare,
         "{limits: {cpu: 2, memory: 1Gi}, requests: {cpu: 1, memory: 1Gi}}"},
        {"{limits: {cpu: 2, memory: 1Gi}}", two,
         "{limits: {cpu: 2, memory: 1Gi}, requests: {cpu: 1500m, memory: 1Gi}}"},
        {"{limits: {cpu: 4}}", two + "  initContainers:\n" + sidecar + init,
         "{limits: {cpu: 4}, requests: {cpu: 3250m}}"},
        {"{limits: {cpu: 4}}", two + "  initContainers:\n" + init + sidecar,
         "{limits: {cpu: 4}, requests: {cpu: 3}}"},
        {"{limits: {cpu: 4}}", two + "  initContainers:\n" + sidecar,
         "{limits: {cpu: 4}, requests: {cpu: 1750m}}"},
        {"{requests: {cpu: 1}}", huge,
         "{limits: {hugepages-2Mi: 6Mi}, requests: {cpu: 1, memory: 2Gi, hugepages-2Mi: 6Mi}}"},
        {"{requests: {cpu: 1, hugepages-2Mi: 8Mi}}", huge, "{requests: {cpu: 1, hugepages-2Mi: 8Mi}}"},
        {"{requests: {cpu: 1}}", two, "{requests: {cpu: 1}}"},
        {"{}", huge, "{}"}}) {
    EXPECT_EQ(both.differences(pod(declared, containers), pod(live, containers)), Pointers{}) << declared;
    // Neither more nor less comes in: what lives is taken as it is written.
    for (const auto& place :
         both.differences(both.of(pod(declared, containers)), both.read(pod(live, containers))))
      EXPECT_FALSE(place.starts_with("/spec/resources")) << declared << " " << place;
  }
  EXPECT_EQ(
      both.differences(pod("{limits: {cpu: 2}}", bare), pod("{limits: {cpu: 2}, requests: {cpu: 1}}", bare)),
      Pointers{"/spec/resources/requests/cpu"});
  const std::string deployment =
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      "
      "containers: [{name: a, image: a}]\n      resources: ";
  EXPECT_EQ(both.differences(deployment + "{limits: {cpu: 2}}", deployment + "{limits: {cpu: 2}}"),
            Pointers{});
  EXPECT_EQ(both.differences(deployment + "{limits: {cpu: 2}}",
                             deployment + "{limits: {cpu: 2}, requests: {cpu: 2}}"),
            Pointers{"/spec/template/spec/resources/requests/cpu"});
}

TEST(Case17, TemplatesOfClaimsNeedNotSayWhatTheyAre) {
  Normalised both;
  const std::string set =
      "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec:\n  volumeClaimTemplates:\n  - ";
  const std::string spec = "metadata: {name: data}\n    spec: {resources: {requests: {storage: 1Gi}}}\n";
  EXPECT_EQ(both.differences(
                set + spec,
                set + "apiVersion: v1\n    kind: PersistentVolumeClaim\n    status: {phase: Pending}\n    " +
                    spec + "    \n  podManagementPolicy: OrderedReady\n"),
            Pointers{});
}

TEST(Case20, StringDataGoesIntoData) {
  Normalised both;
  const std::string secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n";
  EXPECT_EQ(both.differences(secret + "stringData: {user: admin}\ndata: {user: b2xk, other: eA==}",
                             secret + "type: Opaque\ndata: {user: YWRtaW4=, other: eA==}"),
            Pointers{});
  EXPECT_EQ(both.differences(secret + "stringData: {user: admin}", secret + "data: {user: YWRtaW4h}"),
            Pointers{"/data/user"});
}

TEST(Case22, PreserveUnknownFieldsFalseIsNothing) {
  Normalised both;
  const std::string crd =
      "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: "
      "xs.example.com}\nspec:\n"
      "  group: example.com\n  names: {kind: X, plural: xs}\n";
  EXPECT_EQ(
      both.differences(
          crd + "  preserveUnknownFields: false\n",
          "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: "
          "xs.example.com}\nspec:\n"
          "  group: example.com\n  conversion: {strategy: None}\n"
          "  names: {kind: X, plural: xs, singular: x, listKind: XList}\nstatus: {storedVersions: [v1]}\n"),
      Pointers{});
  EXPECT_EQ(both.differences(crd, crd + "  preserveUnknownFields: true\n"),
            Pointers{"/spec/preserveUnknownFields"});
}

TEST(Case26, ANamespaceGetsItsNameAsALabel) {
  Normalised both;
  EXPECT_EQ(both.differences("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n",
                             "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: "
                             "{kubernetes.io/metadata.name: a}, uid: u}\n"
                             "spec: {finalizers: [kubernetes]}\nstatus: {phase: Active}\n"),
            Pointers{});
}

TEST(Case27, ATextIsNeverABoolean) {
  Normalised both;
  EXPECT_EQ(
      both.differences(deployment("args: [--appendonly, 'no']"), deployment("args: [--appendonly, \"no\"]")),
      Pointers{});
  EXPECT_EQ(
      both.differences(deployment("args: [--appendonly, no]"), deployment("args: [--appendonly, 'no']")),
      Pointers{kContainer + "/args"});
}

TEST(Normalise, DropsWhatOnlyAServerWrites) {
  Normalised both;
  const std::string map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";
  EXPECT_EQ(both.differences(map, map + R"(  namespace: n
  uid: u
  resourceVersion: "1"
  generation: 2
  creationTimestamp: "2026-01-01T00:00:00Z"
  selfLink: /x
  managedFields: [{manager: helm}]
  annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}"}
)"),
            Pointers{});
  const auto unknown = both.of(
      "apiVersion: example.com/v1\nkind: X\nmetadata: {name: a, uid: u, labels: {}}\nspec: {a: null, b: "
      "0}\nstatus: {c: 1}\n");
  EXPECT_EQ(to_json(unknown),
            R"({"apiVersion":"example.com/v1","kind":"X","metadata":{"name":"a"},"spec":{"a":null,"b":0}})");
}

TEST(Normalise, MarksDefaults) {
  Normalised both;
  const auto object = both.of(
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {revisionHistoryLimit: 10}\n");
  EXPECT_FALSE(object.find({"spec", "revisionHistoryLimit"})->defaulted());
  EXPECT_TRUE(object.find({"spec", "replicas"})->defaulted());
  EXPECT_TRUE(object.find({"spec", "strategy", "rollingUpdate", "maxSurge"})->defaulted());
  EXPECT_FALSE(object.find("spec")->defaulted());
}

TEST(Normalise, DefaultsFollowOtherFields) {
  Normalised both;
  const std::string service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n";
  EXPECT_EQ(
      both.differences(
          service +
              "spec: {type: LoadBalancer, sessionAffinity: ClientIP, ports: [{port: 80, nodePort: 30000}]}",
          service +
              "spec: {type: LoadBalancer, sessionAffinity: ClientIP, allocateLoadBalancerNodePorts: true, "
              "externalTrafficPolicy: Cluster, "
              "internalTrafficPolicy: Cluster, sessionAffinityConfig: {clientIP: {timeoutSeconds: 10800}}, "
              "ports: [{port: 80, nodePort: 30000, targetPort: 80, protocol: TCP}]}"),
      Pointers{});
  EXPECT_EQ(both.differences(deployment("tty: true"), deployment("tty: true\nimagePullPolicy: Always")),
            Pointers{kContainer + "/imagePullPolicy"});
  const std::string policy =
      "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec: {podSelector: {}";
  EXPECT_EQ(both.differences(policy + ", egress: [{}]}",
                             policy + ", egress: [{}], policyTypes: [Ingress, Egress]}"),
            Pointers{});
  const std::string job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a";
  EXPECT_EQ(
      both.differences(job + "}\nspec: {template: {metadata: {labels: {app: a}}}}",
                       job + ", labels: {app: a, app.kubernetes.io/managed-by: Helm, controller-uid: u}}\n"
                             "spec: {completions: 1, parallelism: 1, backoffLimit: 6, selector: "
                             "{matchLabels: {controller-uid: u}}, "
                             "template: {metadata: {labels: {app: a, controller-uid: u, job-name: a}}}}"),
      Pointers{});
}

TEST(ServerFields, AreTheServersOnlyWhereTheyAre) {
  Normalised both;
  const std::string service =
      "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports: [{port: 80}]\n";
  EXPECT_EQ(both.differences(service, service + "  clusterIP: 10.0.0.1\n  clusterIPs: [10.0.0.1]\n  "
                                                "ipFamilies: [IPv4]\n  ipFamilyPolicy: SingleStack\n"),
            Pointers{});
  EXPECT_EQ(both.differences(service, service + "  clusterIP: None\n"), Pointers{"/spec/clusterIP"});
  EXPECT_EQ(both.differences(service + "  clusterIP: 10.0.0.2\n", service + "  clusterIP: 10.0.0.1\n"),
            Pointers{"/spec/clusterIP"});
  const std::string map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a";
  EXPECT_EQ(
      both.differences(
          map + "}",
          map +
              ", labels: {app.kubernetes.io/managed-by: Helm}, annotations: {meta.helm.sh/release-name: r}}"),
      Pointers{});
  EXPECT_EQ(both.differences(map + "}", map + ", labels: {app.kubernetes.io/managed-by: me}}"),
            Pointers{"/metadata/labels/app.kubernetes.io~1managed-by"});
  EXPECT_EQ(both.differences(map + "}", map + ", annotations: {deployment.kubernetes.io/revision: '1'}}"),
            Pointers{"/metadata/annotations/deployment.kubernetes.io~1revision"})
      << "of a Deployment it would be";
  const std::string pod =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: a, image: a}]\n";
  EXPECT_EQ(
      both.differences(pod, pod + "  nodeName: n\n  volumes: [{name: kube-api-access-x, projected: {}}]\n"
                                  "  tolerations: [{key: node.kubernetes.io/not-ready, operator: Exists}]\n"),
      Pointers{});
  EXPECT_EQ(both.differences(pod, pod + "  volumes: [{name: mine, emptyDir: {}}]\n").size(), 1U);
  EXPECT_EQ(both.differences(pod, pod + "  serviceAccountName: default\n"), Pointers{});
  EXPECT_EQ(both.differences(pod, pod + "  serviceAccountName: default-admin\n").size(), 2U);
}

TEST(ServerFields, OfFinalizersAreThoseWithTheirVeryNames) {
  Normalised both;
  const std::string map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a";
  for (const auto* name : {"orphan", "foregroundDeletion", "kubernetes.io/pvc-protection"})
    EXPECT_EQ(both.differences(map + "}", map + ", finalizers: [" + name + "]}"), Pointers{}) << name;
  for (const auto* name : {"orphan-guard", "foregroundDeletion2", "kubernetes.iox"})
    EXPECT_EQ(both.differences(map + "}", map + ", finalizers: [" + name + "]}"),
              Pointers{"/metadata/finalizers"})
        << name;
}

TEST(ServerFields, AreAllThatLiesInThem) {
  Normalised both;
  const std::string volume =
      "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec:\n  capacity: {storage: 1Gi}\n";
  EXPECT_EQ(both.differences(volume, volume + "  claimRef: {apiVersion: v1, kind: PersistentVolumeClaim, "
                                              "name: data, namespace: shop, uid: u}\n"),
            Pointers{});
  const auto* kind = both.schema().find("v1", "PersistentVolume");
  Path deep;
  for (const auto* name : {"spec", "claimRef", "a", "b", "c", "d", "e", "f"})
    deep.push_back({.kind = Step::Kind::field, .field = name});
  EXPECT_TRUE(is_server_field(kind, deep, Node::of(true)));
  deep[1].field = "claimRef2";
  EXPECT_FALSE(is_server_field(kind, deep, Node::of(true)));
}

}  // namespace
}  // namespace assay::drift
