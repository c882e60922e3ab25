// What trips other tools, by the numbers of tests/drift_cluster/cases.yaml: read, normalised, compared and
// classified as a whole. Live objects have the managedFields that a 1.34 API server gives them. Cases 7
// (lookup) and 30 (a run that writes) need a cluster and are there; 28 and 29 are in output_test.cpp and
// rules_test.cpp.
#include <algorithm>

#include "core/yaml.h"
#include "drift/output.h"
#include "tests/drift/chain.h"

namespace assay::drift {
namespace {

using test::Lines;
class Cases : public test::Chain {};

// managedFields of what Helm has applied and, unless it is empty, a person has edited after it.
std::string owners(const std::string& applied, const std::string& edited = "") {
  std::string out =
      "  managedFields:\n  - {manager: helm, operation: Apply, time: '2026-11-01T10:00:00Z', "
      "apiVersion: v1, fieldsType: FieldsV1, fieldsV1: " +
      applied + "}\n";
  if (!edited.empty())
    out +=
        "  - {manager: kubectl-edit, operation: Update, time: '2026-11-03T09:00:00Z', apiVersion: v1, "
        "fieldsType: FieldsV1, fieldsV1: " +
        edited + "}\n";
  return out;
}

std::string deployment(const std::string& spec, const std::string& metadata = "") {
  return "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n" + metadata +
         "spec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    "
         "spec:\n" +
         spec;
}

TEST_F(Cases, Case01LiveGainsAnEnvVarAPortAHostAliasASidecar) {
  const auto declared = deployment("      containers:\n      - {name: web, image: a}\n");
  const auto live = deployment(
      "      hostAliases: [{ip: 10.0.0.1, hostnames: [x]}]\n"
      "      containers:\n      - {name: web, image: a, env: [{name: A, value: b}], ports: [{containerPort: "
      "80, protocol: TCP}]}\n"
      "      - {name: sidecar, image: b}\n",
      owners("{'f:spec': {'f:template': {'f:spec': {'f:containers': {'k:{\"name\":\"web\"}': {'.': {}, "
             "'f:image': {}, 'f:name': {}}}}}}}",
             "{'f:spec': {'f:template': {'f:spec': {'f:hostAliases': {'.': {}, 'k:{\"ip\":\"10.0.0.1\"}': "
             "{'.': {}, 'f:ip': {}, 'f:hostnames': {}}}, "
             "'f:containers': {'k:{\"name\":\"sidecar\"}': {'.': {}, 'f:image': {}, 'f:name': {}}, "
             "'k:{\"name\":\"web\"}': {'f:env': {'.': {}, 'k:{\"name\":\"A\"}': {'.': {}, 'f:name': {}, "
             "'f:value': {}}}, "
             "'f:ports': {'.': {}, 'k:{\"containerPort\":80,\"protocol\":\"TCP\"}': {'.': {}, "
             "'f:containerPort': {}}}}}}}}}"));
  const auto drift = verdict(declared, declared, live);
  Lines lines;
  for (const auto& field : drift.fields) {
    lines.push_back(std::string(name_of(field.kind)) + " " + field.path);
    EXPECT_EQ(field.manager, "kubectl-edit") << field.path;
  }
  EXPECT_EQ(lines, (Lines{"extra /spec/template/spec/containers/name=web/env",
                          "extra /spec/template/spec/containers/name=web/ports",
                          "extra /spec/template/spec/containers/name=sidecar",
                          "extra /spec/template/spec/hostAliases"}));
}

TEST_F(Cases, Case01AListOfACustomResourceGainsAnElement) {
  // No schema is at hand, so that nobody has told that the list has keys; its owners know.
  const std::string head = "apiVersion: x.example.org/v1\nkind: Team\nmetadata:\n  name: a\n";
  const auto declared = head + "spec: {users: [{name: a}]}\n";
  const auto mine = "{'f:spec': {'f:users': {'k:{\"name\":\"a\"}': {'.': {}, 'f:name': {}}}}}";
  EXPECT_EQ(told(declared, head +
                               owners(mine,
                                      "{'f:spec': {'f:users': {'k:{\"name\":\"evil\"}': {'.': {}, "
                                      "'f:name': {}, 'f:role': {}}}}}") +
                               "spec: {users: [{name: a}, {name: evil, role: admin}]}\n"),
            Lines{"extra /spec/users/1"});
  EXPECT_EQ(
      told(declared, head + owners(mine, "{'f:spec': {'f:users': {'k:{\"name\":\"a\"}': {'f:role': {}}}}}") +
                         "spec: {users: [{name: a, role: admin}]}\n"),
      Lines{"extra /spec/users/0/role"});
}

TEST_F(Cases, Case01WhatServersFillInIsAPersonsWhereOneHasAdded) {
  const std::string head = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: a\n";
  const auto live = [&](const std::string& evil) {
    return head +
           "  managedFields:\n  - {manager: kube-controller-manager, operation: Update, time: "
           "'2026-11-01T10:00:00Z', fieldsV1: {'f:secrets': {'k:{\"name\":\"t\"}': {}}}}\n" +
           (evil.empty()
                ? ""
                : "  - {manager: kubectl-edit, operation: Update, time: '2026-11-02T10:00:00Z', fieldsV1: "
                  "{'f:secrets': {'k:{\"name\":\"evil\"}': {}}}}\n") +
           "secrets: [{name: t}" + evil + "]\n";
  };
  EXPECT_EQ(told(head, live("")), Lines{"controller /secrets"});
  EXPECT_EQ(told(head, live(", {name: evil}")), Lines{"extra /secrets"});
}

TEST_F(Cases, HelmsOwnMarksAreNobodysAddition) {
  const std::string head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";
  const auto live = [&](const std::string& label) {
    return head + "  labels: {app.kubernetes.io/managed-by: " + label +
           "}\n  annotations: {meta.helm.sh/release-name: a, meta.helm.sh/release-namespace: shop}\n"
           "  managedFields:\n  - {manager: helm-controller, operation: Update, time: "
           "'2026-11-01T10:00:00Z', fieldsV1: "
           "{'f:metadata': {'f:labels': {'f:app.kubernetes.io/managed-by': {}}, 'f:annotations': "
           "{'f:meta.helm.sh/release-name': {}, 'f:meta.helm.sh/release-namespace': {}}}}}\n";
  };
  for (const auto& line : told(head, live("Helm"))) EXPECT_TRUE(line.starts_with("controller ")) << line;
  EXPECT_EQ(told(head, live("somebody")).back(), "extra /metadata/labels/app.kubernetes.io~1managed-by");
}

TEST_F(Cases, Case01ThroughTheStatusToo) {
  const std::string head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";
  const auto by = [&](const std::string& manager) {
    return head + "  annotations: {x: y}\n  managedFields:\n  - {manager: " + manager +
           ", operation: Update, subresource: status, time: '2026-11-02T10:00:00Z', fieldsV1: {'f:metadata': "
           "{'f:annotations': {'f:x': {}}}}}\n";
  };
  EXPECT_EQ(told(head, by("kube-controller-manager")), Lines{"controller /metadata/annotations/x"});
  EXPECT_EQ(told(head, by("kubectl-edit")), Lines{"extra /metadata/annotations/x"});
}

TEST_F(Cases, Case02AStatusThatIsNoPartOfItsOwn) {
  const std::string head = "apiVersion: x.example.org/v1\nkind: Team\nmetadata: {name: a}\nspec: {a: 1}\n";
  EXPECT_EQ(told(head, head + "status: {ready: true}\n"), Lines{"same"});
}

TEST_F(Cases, Case02AFieldOfACustomResourceChangedLive) {
  const std::string declared =
      "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 3, deep: {a: [1]}}\n";
  const std::string live =
      "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 4, deep: {a: [1]}}\n";
  EXPECT_EQ(told(declared, live), (Lines{"manual /spec/size"}));
}

TEST_F(Cases, Case03ACustomResourceWithUnknownFields) {
  const std::string declared =
      "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {any: {a: {b: 1}}}\n";
  const std::string live =
      "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {any: {a: {b: 1, c: false}}}\n";
  EXPECT_EQ(told(declared, live), (Lines{"extra /spec/any/a/c"}));
}

TEST_F(Cases, Case04APersonScalesWhatAnAutoscalerScales) {
  const std::string pod = "      containers:\n      - {name: web, image: a}\n";
  const auto with = [&](int replicas, const std::string& manager) {
    return "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: shop\n  "
           "managedFields:\n  - {manager: " +
           manager +
           ", operation: Update, subresource: scale, time: '2026-11-03T09:00:00Z', fieldsV1: {'f:spec': "
           "{'f:replicas': {}}}}\n"
           "spec:\n  replicas: " +
           std::to_string(replicas) +
           "\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    "
           "spec:\n" +
           pod;
  };
  const auto declared = with(2, "helm");
  facts_.autoscaled = {"Deployment/shop/web"};
  EXPECT_EQ(told(declared, with(5, "kube-controller-manager")), (Lines{"controller /spec/replicas"}));
  EXPECT_EQ(told(declared, with(5, "kubectl")), (Lines{"manual /spec/replicas"}));
  facts_.autoscaled.clear();
  EXPECT_EQ(told(declared, with(5, "kube-controller-manager")), (Lines{"manual /spec/replicas"}));
}

TEST_F(Cases, Case05AnInvalidCombinationIsStillCompared) {
  const auto with = [](const std::string& request) {
    return deployment("      containers:\n      - {name: web, image: a, resources: {requests: {memory: " +
                      request + "}, limits: {memory: 200Mi}}}\n");
  };
  EXPECT_EQ(told(with("100Mi"), with("500Mi")),
            (Lines{"manual /spec/template/spec/containers/name=web/resources/requests/memory"}));
}

TEST_F(Cases, Case06AHooksResourceWasEdited) {
  const auto with = [](const std::string& value) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: h, annotations: {helm.sh/hook: "
           "pre-upgrade}}\ndata: {a: " +
           value + "}\n";
  };
  EXPECT_EQ(told(with("x"), with("z")), (Lines{"manual /data/a"}));
}

TEST_F(Cases, Case08AKindThatEndsInListIsNoList) {
  const auto with = [](const std::string& cidr) {
    return "apiVersion: traefik.io/v1alpha1\nkind: IPAllowList\nmetadata: {name: a}\nspec: {sourceRange: [" +
           cidr + "]}\n";
  };
  EXPECT_EQ(told(with("10.0.0.0/8"), with("10.0.0.0/8")), (Lines{"same"}));
  EXPECT_EQ(told(with("10.0.0.0/8"), with("0.0.0.0/0")).size(), 1U);
}

TEST_F(Cases, Case09AnElementTwice) {
  const auto with = [](const std::string& args) {
    return deployment("      containers:\n      - {name: web, image: a, args: [" + args + "]}\n");
  };
  EXPECT_EQ(told(with("a"), with("a, a")), (Lines{"manual /spec/template/spec/containers/name=web/args"}));
}

TEST_F(Cases, Case10QuantitiesInAnyNotation) {
  const auto with = [](const std::string& value) {
    return deployment(
        "      containers:\n      - {name: web, image: a, resources: {limits: {memory: " + value + "}}}\n");
  };
  for (const auto& [a, b] : {std::pair{"1000M", "1G"},
                             {"'1000m'", "1"},
                             {"0.5", "500m"},
                             {"1Gi", "1024Mi"},
                             {"1e3", "1k"},
                             {"'1073741824'", "1Gi"},
                             {"1.5Gi", "1536Mi"}}) {
    EXPECT_EQ(told(with(a), with(b)), (Lines{"same"})) << a << " " << b;
  }
  EXPECT_EQ(told(with("1G"), with("1Gi")).size(), 1U);
}

TEST_F(Cases, Case11AFieldThatTheTypesDoNotKnow) {
  const auto with = [](const std::string& cpu, const std::string& value) {
    return deployment("      futureField: {a: " + value +
                      "}\n      containers:\n      - {name: web, image: a, new: [1], "
                      "resources: {limits: {cpu: " +
                      cpu + "}}}\n");
  };
  EXPECT_EQ(told(with("'1000m'", "1"), with("1", "1")), (Lines{"same"}));
  EXPECT_EQ(told(with("1", "1"), with("1", "2")), (Lines{"manual /spec/template/spec/futureField/a"}));
}

TEST_F(Cases, Case12NullsAndDefaults) {
  const std::string pod = "      containers:\n      - {name: web, image: 'a:1'}\n";
  const auto declared = deployment(pod) + "  strategy: {rollingUpdate: null}\n";
  const auto live =
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n  "
      "revisionHistoryLimit: 10\n"
      "  progressDeadlineSeconds: 600\n  selector: {matchLabels: {app: web}}\n"
      "  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 25%}}\n"
      "  template:\n    metadata: {creationTimestamp: null, labels: {app: web}}\n    spec:\n      "
      "restartPolicy: Always\n"
      "      dnsPolicy: ClusterFirst\n      schedulerName: default-scheduler\n      securityContext: {}\n"
      "      terminationGracePeriodSeconds: 30\n"
      "      containers:\n      - {name: web, image: 'a:1', imagePullPolicy: IfNotPresent, resources: {}, "
      "terminationMessagePath: /dev/termination-log, terminationMessagePolicy: File}\n";
  EXPECT_EQ(told(declared, live), (Lines{"same"}));
}

// Seen on a 1.34 API server: a create makes an empty text of it, a client-side update takes it away.
TEST_F(Cases, Case12ANullInAMapIsEmptyOrGone) {
  const auto map = [](const std::string& data) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\ndata: " + data + "\n";
  };
  EXPECT_EQ(told(map("{a: b, x: null}"), map("{a: b, x: ''}")), (Lines{"same"}));
  EXPECT_EQ(told(map("{a: b, x: null}"), map("{a: b}")), (Lines{"same"}));
  EXPECT_EQ(told(map("{a: b, x: null}"), map("{a: b, x: c}")), (Lines{"manual /data/x"}));
  EXPECT_EQ(told(map("{a: b, x: ''}"), map("{a: b}")), (Lines{"missing /data/x"}));
  const std::string without = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\n";
  EXPECT_EQ(told(map("{x: null}"), without), (Lines{"same"}));
  EXPECT_EQ(told(map("{x: ''}"), without), (Lines{"missing /data/x"}));
}

TEST_F(Cases, Case12ADefaultThatIsGoneIsTold) {
  const auto with = [](const std::string& more) {
    return deployment("      containers:\n      - {name: web, image: a" + more + "}\n");
  };
  const std::string probe = "/spec/template/spec/containers/name=web/readinessProbe";
  const auto gone = told(
      with(", readinessProbe: {httpGet: {port: 80, path: /, scheme: HTTP}, periodSeconds: 5}"), with(""));
  EXPECT_EQ(gone, (Lines{"missing " + probe + "/failureThreshold", "missing " + probe + "/httpGet/path",
                         "missing " + probe + "/httpGet/port", "missing " + probe + "/httpGet/scheme",
                         "missing " + probe + "/periodSeconds", "missing " + probe + "/successThreshold",
                         "missing " + probe + "/timeoutSeconds"}));
}

// The API server fills it, but that it is there at all was written.
TEST_F(Cases, Case12AMapThatHoldsOnlyDefaultsIsTold) {
  const auto with = [](const std::string& volume) {
    return deployment("      containers:\n      - {name: web, image: a}\n      volumes: [{name: v, " +
                      volume + "}]\n");
  };
  const auto drift = verdict(with("downwardAPI: {}"), with("downwardAPI: {}"), with("emptyDir: {}"));
  ASSERT_EQ(drift.fields.size(), 2U);
  EXPECT_EQ(drift.fields[0].path, "/spec/template/spec/volumes/name=v/downwardAPI");
  EXPECT_EQ(drift.fields[0].kind, DriftClass::missing);
  EXPECT_EQ(drift.fields[0].git, R"({"defaultMode":420})");
  EXPECT_EQ(drift.fields[1].path, "/spec/template/spec/volumes/name=v/emptyDir");
  EXPECT_EQ(told(with("downwardAPI: {}"), with("downwardAPI: {defaultMode: 420}")), Lines{"same"});
  EXPECT_EQ(told(with("downwardAPI: {}"), with("downwardAPI: {defaultMode: 256}")),
            Lines{"manual /spec/template/spec/volumes/name=v/downwardAPI/defaultMode"});
}

// A Job without labels gets those of its template, but not where Helm's own label comes first.
TEST_F(Cases, LabelsThatWereTakenAwayAreTold) {
  const auto job = [](const std::string& labels) {
    return "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j" + labels +
           "}\nspec: {template: {metadata: {labels: {app: a}}, spec: {restartPolicy: Never, containers: "
           "[{name: "
           "a, image: a}]}}}\n";
  };
  const std::string helm = ", labels: {app.kubernetes.io/managed-by: Helm}";
  EXPECT_EQ(
      told(job(", labels: {app: a}"), job(helm)),
      (Lines{"missing /metadata/labels/app", "controller /metadata/labels/app.kubernetes.io~1managed-by"}));
  EXPECT_EQ(told(job(", labels: {app: a}"), job("")), Lines{"missing /metadata/labels/app"});
  EXPECT_EQ(told(job(""), job(helm)), Lines{"controller /metadata/labels/app.kubernetes.io~1managed-by"});
  EXPECT_EQ(told(job(""), job(", labels: {app: a}")), Lines{"same"});
  EXPECT_EQ(told(job(""), job("")), Lines{"same"});
}

TEST_F(Cases, Case13ZeroValues) {
  const auto with = [](const std::string& more) {
    return deployment(
        "      containers:\n      - {name: web, image: a, livenessProbe: {httpGet: {path: /, port: 80" +
        more + "}}}\n");
  };
  EXPECT_EQ(told(with(", httpHeaders: null"), with("")), (Lines{"same"}));
  EXPECT_EQ(told(deployment("      hostNetwork: false\n      nodeSelector: {}\n      containers:\n      - "
                            "{name: web, image: a, tty: false, args: []}\n"),
                 deployment("      containers:\n      - {name: web, image: a}\n")),
            (Lines{"same"}));
}

std::string service(const std::string& ports) {
  return "apiVersion: v1\nkind: Service\nmetadata: {name: dns}\nspec:\n  selector: {app: dns}\n  ports: [" +
         ports + "]\n";
}

TEST_F(Cases, Case14OnePortOnTwoProtocols) {
  EXPECT_EQ(
      told(
          service("{name: t, port: 53, protocol: TCP}, {name: u, port: 53, protocol: UDP, targetPort: 1053}"),
          service(
              "{name: u, port: 53, protocol: UDP, targetPort: 2053}, {name: t, port: 53, protocol: TCP}")),
      (Lines{"manual /spec/ports/port=53,protocol=UDP/targetPort"}));
  EXPECT_EQ(told(service("{port: 80}"), service("{port: 83}")),
            (Lines{"missing /spec/ports/port=80,protocol=TCP", "extra /spec/ports/port=83,protocol=TCP"}));
}

TEST_F(Cases, Case15APortWithoutProtocol) {
  EXPECT_EQ(told(service("{port: 80}"), service("{port: 80, protocol: TCP, targetPort: 80}")),
            (Lines{"same"}));
}

TEST_F(Cases, Case16TheSameNameTwice) {
  const auto with = [](const std::string& env) {
    return deployment("      containers:\n      - {name: web, image: a, env: [" + env + "]}\n");
  };
  const auto* twice = "{name: A, value: '1'}, {name: A, value: '2'}";
  EXPECT_EQ(told(with(twice), with(twice)), (Lines{"same"}));
  EXPECT_NE(told(with(twice), with("{name: A, value: '1'}, {name: A, value: '3'}")), (Lines{"same"}));
}

TEST_F(Cases, Case17ClaimTemplatesWithoutApiVersionAndKind) {
  const auto with = [](const std::string& head, const std::string& tail) {
    return "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  serviceName: db\n  "
           "selector: {matchLabels: {a: b}}\n"
           "  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: db, image: a}]}}\n"
           "  volumeClaimTemplates:\n  - {" +
           head +
           "metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], "
           "resources: {requests: {storage: 1Gi}}" +
           tail + "}\n";
  };
  EXPECT_EQ(told(with("", "}"), with("apiVersion: v1, kind: PersistentVolumeClaim, ",
                                     ", volumeMode: Filesystem}, status: {phase: Pending}")),
            (Lines{"same"}));
}

TEST_F(Cases, Case18TheOrderOfMetrics) {
  const auto with = [](const std::string& metrics) {
    return "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec: "
           "{maxReplicas: 3, minReplicas: 1, "
           "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, metrics: [" +
           metrics + "]}\n";
  };
  const std::string cpu =
      "{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}";
  const std::string memory =
      "{type: Resource, resource: {name: memory, target: {type: Utilization, averageUtilization: 70}}}";
  const std::string other =
      "{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}";
  EXPECT_EQ(told(with(cpu + ", " + memory), with(memory + ", " + cpu)), (Lines{"same"}));
  EXPECT_EQ(told(with(cpu + ", " + memory), with(memory + ", " + other)),
            (Lines{"manual /spec/metrics/0/resource/target/averageUtilization"}));
}

TEST_F(Cases, Case19AnInjectedCaBundle) {
  const auto with = [](const std::string& more, const std::string& managed) {
    return "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata:\n  "
           "name: a\n" +
           managed +
           "webhooks:\n- {name: a.b.c, admissionReviewVersions: [v1], sideEffects: None, clientConfig: "
           "{service: {name: s, namespace: n}" +
           more + "}}\n";
  };
  EXPECT_EQ(
      told(with("", ""),
           with(", caBundle: QUJD",
                "  managedFields:\n  - {manager: cainjector, operation: Update, time: "
                "'2026-11-01T11:00:00Z', fieldsV1: "
                "{'f:webhooks': {'k:{\"name\":\"a.b.c\"}': {'f:clientConfig': {'f:caBundle': {}}}}}}\n")),
      (Lines{"controller /webhooks/name=a.b.c/clientConfig/caBundle"}));
}

TEST_F(Cases, APlaceThatAServerFillsInMayBeAPersons) {
  const std::string declared =
      "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n";
  const auto live = [](const std::string& manager) {
    return "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  managedFields:\n  - {manager: " + manager +
           ", operation: Update, time: '2026-11-03T09:00:00Z', fieldsV1: {'f:spec': {'f:ports': "
           "{'k:{\"port\":80,\"protocol\":\"TCP\"}': {'f:nodePort': {}}}}}}\n"
           "spec: {clusterIP: 10.0.0.1, ports: [{port: 80, protocol: TCP, nodePort: 30000}]}\n";
  };
  const std::string port = "/spec/ports/port=80,protocol=TCP/nodePort";
  EXPECT_EQ(told(declared, live("kubectl-edit")), (Lines{"controller /spec/clusterIP", "extra " + port}));
  EXPECT_EQ(told(declared, live("kube-controller-manager")),
            (Lines{"controller /spec/clusterIP", "controller " + port}));
}

TEST_F(Cases, Case20StringDataAgainstData) {
  EXPECT_EQ(
      told("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {p: hello}\ndata: {q: eA==}\n",
           "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ntype: Opaque\ndata: {p: aGVsbG8=, q: eA==}\n"),
      (Lines{"same"}));
}

TEST_F(Cases, Case21WhatAChartMakesAnew) {
  const auto with = [](const std::string& value) {
    return "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {p: " + value + "}\n";
  };
  const auto drift = verdict(with("bmV3"), with("b2xk"), with("b2xk"));
  ASSERT_EQ(drift.fields.size(), 1U);
  EXPECT_EQ(drift.fields[0].kind, DriftClass::undeployed);
  EXPECT_TRUE(drift.fields[0].git->starts_with("\"hmac:")) << *drift.fields[0].git;
  EXPECT_EQ(drift.fields[0].release, drift.fields[0].live);
  // CRLF: YAML reads either line end as a line break.
  EXPECT_EQ(
      told(
          "apiVersion: v1\r\nkind: ConfigMap\r\nmetadata: {name: a}\r\ndata:\r\n  x: |\r\n    a\r\n    b\r\n",
          "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: |\n    a\n    b\n"),
      (Lines{"same"}));
}

TEST_F(Cases, Case22PreserveUnknownFieldsFalse) {
  const auto with = [](const std::string& more) {
    return "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: "
           "ws.example.com}\nspec:\n" +
           more +
           "  group: example.com\n  scope: Namespaced\n  names: {kind: W, plural: ws, singular: w, listKind: "
           "WList}\n"
           "  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: "
           "object}}}]\n";
  };
  EXPECT_EQ(told(with("  preserveUnknownFields: false\n"), with("  conversion: {strategy: None}\n")),
            (Lines{"same"}));
}

TEST_F(Cases, Case23AHookJobThatIsGone) {
  const std::string job =
      "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j, annotations: {helm.sh/hook: post-install}}\n"
      "spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}\n";
  const auto drift = verdict(job, job, "");
  EXPECT_EQ(drift.verdict, ObjectVerdict::same);
  EXPECT_FALSE(drift.note.empty());
  // Not while Git alone has it.
  EXPECT_EQ(verdict(job, "", "").verdict, ObjectVerdict::missing);
  EXPECT_EQ(verdict(job, "", "").kind, DriftClass::undeployed);
}

TEST_F(Cases, Case23AHookThatStaysAndIsGone) {
  const auto map = [](const std::string& hook) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, annotations: {" + hook + "}}\n";
  };
  const auto gone = [&](const std::string& hook) { return verdict(map(hook), map(hook), "").verdict; };
  EXPECT_EQ(gone("helm.sh/hook: 'pre-install,pre-upgrade'"), ObjectVerdict::missing);
  facts_.revision = 1;
  EXPECT_EQ(gone("helm.sh/hook: pre-install, helm.sh/hook-delete-policy: before-hook-creation"),
            ObjectVerdict::missing);
  // It may have come into the chart with an upgrade, which does not make it.
  facts_.revision = 2;
  EXPECT_EQ(gone("helm.sh/hook: pre-install"), ObjectVerdict::same);
  EXPECT_EQ(gone("helm.sh/hook: 'post-install,post-upgrade'"), ObjectVerdict::missing);
  // Helm has taken it away, or has never made it.
  EXPECT_EQ(
      gone("helm.sh/hook: pre-install, helm.sh/hook-delete-policy: 'before-hook-creation,hook-succeeded'"),
      ObjectVerdict::same);
  EXPECT_EQ(gone("helm.sh/hook: post-install, helm.sh/hook-delete-policy: hook-failed"), ObjectVerdict::same);
  for (const auto* event : {"test", "pre-delete", "post-rollback", "pre-upgrade"})
    EXPECT_EQ(gone("helm.sh/hook: " + std::string(event)), ObjectVerdict::same) << event;
}

// A rule about whole objects knows one that Git or the release alone declares; its fields are told all the
// same.
TEST_F(Cases, Case28AnObjectThatOneSideDeclares) {
  const auto with = [](const std::string& value) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cache-1}\ndata: {x: " + value + "}\n";
  };
  rules_ =
      *DriftRules::parse(*parse_yaml("- {name: cache-*, object: true, reason: made by the application}", 1),
                         "rules.yaml", "2026-11-03");
  for (const bool in_git : {true, false}) {
    const auto declared = with("a");
    const auto same = in_git ? verdict(declared, "", declared) : verdict("", declared, declared);
    EXPECT_EQ(same.verdict, ObjectVerdict::same);
    ASSERT_EQ(same.fields.size(), 1U);
    EXPECT_EQ(same.fields[0].kind, DriftClass::suppressed);
    EXPECT_EQ(same.fields[0].note, "made by the application");
    const auto changed = in_git ? verdict(declared, "", with("b")) : verdict("", declared, with("b"));
    EXPECT_EQ(changed.verdict, ObjectVerdict::changed);
    EXPECT_EQ(changed.dropped, !in_git);
    ASSERT_EQ(changed.fields.size(), 2U);
    EXPECT_EQ(changed.fields[1].path, "/data/x");
    EXPECT_EQ(in_git ? changed.fields[1].git : changed.fields[1].release, "\"a\"");
  }
}

TEST_F(Cases, Case24DuplicateKeys) {
  const auto read = read_yaml("a: 1\nb:\n  c: 1\n  c: 2\n", arena_);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, "drift.manifest");
  EXPECT_NE(read.error().message.find("4:3"), std::string::npos) << read.error().message;
  EXPECT_NE(read.error().message.find("c"), std::string::npos);
}

TEST_F(Cases, Case25NoValueOfASecretIsTold) {
  facts_.keep_objects = true;
  DriftReport report;
  report.releases.resize(1);
  report.releases[0].objects.push_back(
      verdict("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {p: c3dvcmRmaXNo}\n",
              "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {p: c3dvcmRmaXNo}\n",
              "apiVersion: v1\nkind: Secret\nmetadata: {name: a, annotations: "
              "{kubectl.kubernetes.io/last-applied-configuration: "
              "'{\"data\":{\"p\":\"c3dvcmRmaXNo\"}}', kapp.k14s.io/original: "
              "'{\"data\":{\"p\":\"c3dvcmRmaXNo\"}}'}}\ndata: {p: bWVldGluZ3M=, extra: c3dvcmRmaXNo}\n"));
  const auto& object = report.releases[0].objects[0];
  EXPECT_EQ(object.verdict, ObjectVerdict::changed);
  EXPECT_TRUE(object.declared.empty());
  EXPECT_TRUE(object.live.empty());
  for (const auto& text : {drift_json(report), drift_text(report, {true, false}), drift_diff(report),
                           drift_junit(report, default_fail_on())}) {
    for (const auto* value : {"c3dvcmRmaXNo", "swordfish", "bWVldGluZ3M=", "meetings"})
      EXPECT_EQ(text.find(value), std::string::npos) << value << " in " << text;
    EXPECT_NE(text.find("hmac:"), std::string::npos);
  }
}

TEST_F(Cases, Case25NorOfAnAnnotationThatIsDeclared) {
  const auto with = [](const std::string& value) {
    return "apiVersion: v1\nkind: Secret\nmetadata: {name: a, annotations: {copy: " + value + "}}\n";
  };
  const auto drift = verdict(with("declared"), with("declared"), with("swordfish"));
  ASSERT_EQ(drift.fields.size(), 1U);
  EXPECT_EQ(drift.fields[0].path, "/metadata/annotations/copy");
  EXPECT_TRUE(drift.fields[0].live->starts_with("\"hmac:")) << *drift.fields[0].live;
  EXPECT_TRUE(drift.fields[0].git->starts_with("\"hmac:")) << *drift.fields[0].git;
}

TEST_F(Cases, Case25NorOfAPlaceThatASecretDoesNotHave) {
  const std::string secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n";
  DriftReport report;
  report.releases.resize(1);
  report.releases[0].objects.push_back(
      verdict(secret + "stringdata: {p: swordfish, deep: {q: [swordfish]}}\ntype: Opaque\n",
              secret + "stringdata: {p: swordfish, deep: {q: [swordfish]}}\ntype: Opaque\n",
              "apiVersion: v1\nkind: Secret\nmetadata: {name: a, labels: {shown: label}}\ntype: other\n"
              "immutable: true\nmore: [meetings, {a: meetings}]\nstray: meetings\n"));
  for (const auto& text : {drift_json(report), drift_text(report, {true, false}), drift_diff(report),
                           drift_junit(report, default_fail_on())}) {
    for (const auto* value : {"swordfish", "meetings"})
      EXPECT_EQ(text.find(value), std::string::npos) << value << " in " << text;
    for (const auto* open : {"stringdata", "stray", "immutable", "Opaque", "other", "label"})
      EXPECT_NE(text.find(open), std::string::npos) << open << " in " << text;
  }
}

TEST_F(Cases, Case26TheNamespaceInTheSameStream) {
  const auto drift = verdict("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
                             "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
                             "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: "
                             "{kubernetes.io/metadata.name: shop}, uid: x}\n"
                             "spec: {finalizers: [kubernetes]}\nstatus: {phase: Active}\n");
  EXPECT_EQ(drift.id.text(), "v1/Namespace//shop");
  for (const auto& field : drift.fields) EXPECT_EQ(field.kind, DriftClass::controller) << field.path;
}

TEST_F(Cases, Case27ATextThatYamlTakesForABoolean) {
  const auto with = [](const std::string& value) {
    return deployment("      containers:\n      - {name: web, image: a, args: ['--appendonly', " + value +
                      "]}\n");
  };
  EXPECT_EQ(told(with("'no'"), with("\"no\"")), (Lines{"same"}));
  EXPECT_EQ(told(with("no"), with("'no'")), (Lines{"manual /spec/template/spec/containers/name=web/args"}));
}

// `assay drift --release X` without Git.
TEST_F(Cases, WithoutGitTheReleaseStandsForIt) {
  facts_.with_git = false;
  const auto map = [](const std::string& value) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\ndata: {x: " + value +
           "}\n";
  };
  EXPECT_EQ(told("", map("a"), map("a")), Lines{"same"});
  EXPECT_EQ(told("", map("a"), map("b")), Lines{"manual /data/x"});
  EXPECT_EQ(verdict("", map("a"), map("b")).fields[0].release, "\"a\"");
  EXPECT_EQ(verdict("", map("a"), "").kind, DriftClass::missing);
  // What nobody wrote is the release's default, then.
  const auto service = [](const std::string& more) {
    return "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]" + more + "}\n";
  };
  const auto changed = verdict("", service(""), service(", publishNotReadyAddresses: true, type: NodePort"));
  const auto type = std::find_if(changed.fields.begin(), changed.fields.end(),
                                 [](const FieldDrift& field) { return field.path == "/spec/type"; });
  ASSERT_NE(type, changed.fields.end());
  EXPECT_EQ(type->release, "\"ClusterIP\"");
  EXPECT_TRUE(type->release_defaulted);
  EXPECT_FALSE(type->git_defaulted);
}

}  // namespace
}  // namespace assay::drift
