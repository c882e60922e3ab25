// The probes that look at a cluster as a whole.
#include <algorithm>

#include "tests/cluster/probes.h"

namespace assay {
namespace {

// Objects without a namespace that a test makes, taken away at its end whatever comes.
class WholeClusterTest : public test::KubeProbesTest {
 protected:
  void TearDown() override {
    if (held_) free_held();
    for (const auto& [kind, name] : made_) {
      const auto removed = client_->remove(resource(kind), "", name, "", context(), trace_);
      if (!removed) {
        EXPECT_EQ(removed.error().code, "kube.not-found") << removed.error().message;
      }
    }
    test::KubeProbesTest::TearDown();
  }
  // A namespace whose end waits for a ConfigMap with a finalizer of the test's own.
  std::string inner() const { return ns_ + "-inner"; }
  void make_held() {
    make("namespaces", "{apiVersion: v1, kind: Namespace, metadata: {name: " + inner() + "}}");
    held_ = true;
    const auto held = client_->create(
        resource("configmaps"), inner(),
        parse_yaml(
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: held, finalizers: [example.org/hold]}}", 0)
            .value(),
        context(), trace_);
    ASSERT_TRUE(held) << held.error().message;
  }
  void free_held() {
    held_ = false;
    const auto freed =
        client_->patch(resource("configmaps"), inner(), "held", KubeClient::Patch::merge,
                       parse_yaml("{metadata: {finalizers: null}}", 0).value(), context(), trace_);
    EXPECT_TRUE(freed) << freed.error().message;
  }
  // `yaml`, in which OWN stands for a name that is the test's own.
  void make_whole(const std::string& kind, std::string yaml) {
    for (auto at = yaml.find("OWN"); at != std::string::npos; at = yaml.find("OWN")) yaml.replace(at, 3, ns_);
    make(kind, yaml);
    made_.emplace_back(kind, ns_);
  }
  void allow(const std::string& user, const std::string& rules) {
    make("roles",
         "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r}, rules: " + rules + "}");
    make("rolebindings",
         "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: r},"
         " subjects: [{kind: User, name: " +
             user +
             ", apiGroup: rbac.authorization.k8s.io}],"
             " roleRef: {kind: Role, name: r, apiGroup: rbac.authorization.k8s.io}}");
  }

  std::vector<std::pair<std::string, std::string>> made_;
  bool held_ = false;
};

}  // namespace

TEST_F(WholeClusterTest, WhatHoldsATerminatingNamespaceIsNamed) {
  make_held();
  becomes("kube.absent", "{namespace: " + inner() + "}", "kube.left", "is Active and holds ConfigMap held");
  remove("namespaces", inner());
  becomes("kube.absent", "{namespace: " + inner() + "}", "kube.left",
          "is Terminating, held by ConfigMap held (finalizer example.org/hold): ");
  becomes("kube.absent", "{namespace: " + inner() + "}", "kube.left",
          "example.org/hold in 1 resource instances");
  EXPECT_EQ(what.get("namespace"), "Terminating");
  EXPECT_FALSE(what.find("conditions")->items().empty());
  free_held();
  becomes("kube.absent", "{namespace: " + inner() + "}", "", "");
  EXPECT_EQ(what.get("namespace"), "absent");
}

TEST_F(WholeClusterTest, WhatAReleaseLeftOutsideItsNamespaceIsNamed) {
  const std::string gone = "{namespace: assay-test-none, release: shop}";
  ASSERT_TRUE(observe("kube.absent", gone));
  make_whole(
      "clusterroles",
      "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: OWN, annotations: "
      "{meta.helm.sh/release-name: shop, meta.helm.sh/release-namespace: assay-test-none}}}");
  make_whole(
      "persistentvolumes",
      "{apiVersion: v1, kind: PersistentVolume, metadata: {name: OWN}, spec: {capacity: {storage: 1Mi}, "
      "accessModes: [ReadWriteOnce], persistentVolumeReclaimPolicy: Retain, storageClassName: none, "
      "hostPath: "
      "{path: /none}, claimRef: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: assay-test-none, "
      "name: "
      "data-0, uid: 8d4d0d5c-0000-4000-8000-000000000000}}}");
  becomes("kube.absent", gone, "kube.left", "cluster-scoped objects of the release: ClusterRole " + ns_);
  becomes("kube.absent", gone, "kube.left",
          "PersistentVolume " + ns_ + " of claim data-0 is Released (Retain)");
  // Of another release of that name, nothing is.
  EXPECT_TRUE(observe("kube.absent", "{namespace: assay-test-other, release: shop}"));
  const auto crds =
      observe("kube.absent", "{namespace: assay-test-other, kinds: [secrets], crds: ['*.none.example']}");
  EXPECT_TRUE(crds) << crds.error().message;
  const auto wrong = observe("kube.absent", "{namespace: assay-test-other, kinds: [nothings]}");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, "params.invalid");
}

TEST_F(WholeClusterTest, WhatMayNotBeReadIsNoAbsence) {
  act_as("assay-test-nobody");
  auto seen = observe("kube.absent", "{namespace: assay-test-none}");
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, "kube.forbidden");
  // One who may see that the namespace is gone, and not whether volumes are left.
  make_whole(
      "clusterroles",
      "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: OWN}, rules: [{verbs: "
      "[get], apiGroups: [''], resources: [namespaces]}]}");
  make_whole(
      "clusterrolebindings",
      "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: OWN}, subjects: "
      "[{kind: User, name: assay-test-nobody, apiGroup: rbac.authorization.k8s.io}], roleRef: {kind: "
      "ClusterRole, name: OWN, apiGroup: rbac.authorization.k8s.io}}");
  becomes("kube.absent", "{namespace: assay-test-none}", "kube.forbidden",
          "cannot list resource \"persistentvolumes\"");
  EXPECT_EQ(what.get("namespace"), "absent");
}

TEST_F(WholeClusterTest, VolumesAreBoundAndOfTheirClass) {
  make_whole("storageclasses",
             "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: OWN}, provisioner: "
             "assay.dev/loop, "
             "reclaimPolicy: Delete, volumeBindingMode: Immediate, allowVolumeExpansion: false}");
  const auto claim = [&](const std::string& name, const std::string& storage_class) {
    make("pvc", "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: " + name +
                    ", labels: {app: " + name + "}}, spec: {storageClassName: " + storage_class +
                    ", accessModes: [ReadWriteOnce], resources: {requests: {storage: 16Mi}}}}");
  };
  const auto none = observe("kube.pvc", "{namespace: NS}");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, "kube.volume");
  ASSERT_TRUE(observe("kube.pvc", "{namespace: NS, none: true}"));
  becomes("kube.pvc", "{namespace: assay-test-none, none: true}", "kube.not-found", "assay-test-none");
  claim("data", ns_);
  becomes("kube.pvc", "{name: data, namespace: NS, size: 16Mi, class: NS, expandable: false}", "", "");
  EXPECT_EQ(what.find("claims")->items().front().get("capacity"), "16Mi");
  becomes("kube.pvc", "{name: data, namespace: NS, size: 1Gi}", "kube.volume",
          "claim data has 16Mi, wanted are 1Gi");
  becomes("kube.pvc", "{name: data, namespace: NS, class: premium}", "kube.volume",
          "claim data is of class " + ns_ + ", not premium");
  becomes("kube.pvc", "{selector: app=data, namespace: NS, expandable: true}", "kube.volume",
          "which does not allow expansion");
  claim("waiting", "standard");
  becomes("kube.pvc", "{selector: app=waiting, namespace: NS}", "kube.volume",
          "claim waiting is Pending: WaitForFirstConsumer: ");
  becomes("kube.pvc", "{namespace: NS, none: true}", "kube.volume", "claim data is in namespace ");
  claim("lost", "no-such-class");
  becomes("kube.pvc", "{name: lost, namespace: NS}", "kube.volume", "no-such-class");
  becomes("kube.pvc", "{namespace: NS}", "kube.volume", "; and 1 more");
  act_as("assay-test-nobody");
  const auto forbidden = observe("kube.pvc", "{namespace: NS}");
  ASSERT_FALSE(forbidden);
  EXPECT_EQ(forbidden.error().code, "kube.forbidden");
  // The volume goes with its claim, before its class does.
  remove("pvc", "data");
  const Deadline end = Deadline::in(std::chrono::seconds(30));
  bool left = true;
  while (left && !end.passed()) {
    left = false;
    const auto listed = client_->list(resource("pv"), {}, context(), trace_, [&](const Value& volume) {
      left = left || volume.find("spec")->get("storageClassName") == ns_;
      return true;
    });
    ASSERT_TRUE(listed);
    ASSERT_TRUE(context().pause(Deadline::in(std::chrono::milliseconds(100)), "test"));
  }
  EXPECT_FALSE(left);
}

TEST_F(WholeClusterTest, CapacityIsWhatRequestsLeave) {
  // A pod whose init container asks for most, one that asks for more than there is, and one that has ended.
  make("pods",
       "{apiVersion: v1, kind: Pod, metadata: {name: asks}, spec: {terminationGracePeriodSeconds: 0, "
       "initContainers: [{name: start, image: '" +
           image() +
           "', args: [-version], resources: {requests: {cpu: 120m, memory: 8Mi}}}], "
           "containers: [{name: main, image: '" +
           image() + "', resources: {requests: {cpu: 50m, memory: 16Mi}}}]}}");
  make_pod("too-large", "image: '" + image() + "', resources: {requests: {cpu: '4000'}}");
  becomes("kube.ready", "{selector: app=too-large, namespace: NS}", "kube.not-ready", "Unschedulable");
  const auto fits =
      observe("kube.capacity", "{cpu: 10m, memory: 1Mi, pods: 1, pod_cpu: 10m, pod_memory: 1Mi}");
  ASSERT_TRUE(fits) << fits.error().message;
  EXPECT_GE(what.get_number("cpu_requested"), 0.12);
  EXPECT_GE(what.get_int("memory_requested"), 16 << 20);
  EXPECT_LT(what.get_number("cpu_requested"), 4000);
  EXPECT_GE(what.get_int("waiting"), 1);
  EXPECT_DOUBLE_EQ(what.get_number("cpu_free"),
                   what.get_number("cpu_allocatable") - what.get_number("cpu_requested"));
  becomes("kube.capacity", "{cpu: '4000'}", "kube.capacity", "4000 cpu are asked for");
  becomes("kube.capacity", "{memory: 400Ti}", "kube.capacity", "Gi memory is asked for");
  becomes("kube.capacity", "{pod_cpu: '4000'}", "kube.capacity", "no node has room for a pod of 4000 cpu");
  becomes("kube.capacity", "{pods: 5000}", "kube.capacity", "5000 pods are asked for");
  becomes("kube.capacity", "{nodes: no=such}", "kube.capacity", "no node matches no=such");
  becomes("kube.capacity", "{node: no-such}", "kube.capacity", "no node");
  becomes("kube.capacity", "{cpu: many}", "params.invalid", "many");
  act_as("assay-test-nobody");
  becomes("kube.capacity", "{cpu: '1'}", "kube.forbidden", "cannot list resource \"nodes\"");
}

TEST_F(WholeClusterTest, ImagesAreOnTheNodeUnderAnyOfTheirNames) {
  ASSERT_TRUE(observe("kube.images", "{images: ['" + image() + "']}"));
  becomes("kube.images", "{images: ['" + image() + "', 'example/none:1']}", "kube.image-missing",
          "docker.io/example/none:1 is not on ");
  becomes("kube.images", "{images: ['bitnami/kafka:3']}", "kube.image-retired", "docker.io/bitnami/kafka:3");
  // The same list, taken for one that was cut: what is on it is there, what is not nobody can tell.
  ASSERT_TRUE(observe("kube.images", "{images: ['" + image() + "'], cut_at: 1}"));
  becomes("kube.images", "{images: ['example/none:1'], cut_at: 1}", "kube.images-cut", "cuts its list");
  becomes("kube.images", "{images: ['example/none:1'], nodes: no=such}", "kube.image-missing",
          "no node that matches");
  becomes("kube.images", "{}", "params.invalid", "needed");
  becomes("kube.images", "{release: none, namespace: NS}", "helm.no-release", "holds no release none");
}

TEST_F(WholeClusterTest, EventsAreToldNewestFirst) {
  make_pod("no-image", "image: 'example.invalid/none:1'");
  const std::string about = "{namespace: NS, kind: po, name: no-image, since: 10m}";
  const Deadline end = Deadline::in(std::chrono::seconds(60));
  do {
    ASSERT_TRUE(observe("kube.events", about));
    ASSERT_TRUE(context().pause(Deadline::in(std::chrono::milliseconds(200)), "test"));
  } while (what.find("warning") == nullptr && !end.passed());
  EXPECT_NE(what.get("warning").find("Pod no-image: "), std::string::npos) << to_json(what);
  EXPECT_GE(what.get_int("warnings"), 1);
  const Value::Array& events = what.find("events")->items();
  ASSERT_GE(events.size(), 2U);
  for (std::size_t i = 1; i < events.size(); ++i)
    EXPECT_GE(events[i - 1].get("time"), events[i].get("time").substr(0, 19));
  ASSERT_TRUE(observe("kube.events", "{namespace: NS, reasons: [Scheduled], limit: 1}"));
  EXPECT_EQ(what.get_int("count"), 1);
  EXPECT_EQ(what.find("warning"), nullptr);
  ASSERT_TRUE(observe("kube.events", "{namespace: NS, type: Warning}"));
  EXPECT_EQ(what.get_int("count"), what.get_int("warnings"));
  // Nothing since then, but the pod is there.
  ASSERT_TRUE(
      observe("kube.events", "{namespace: NS, kind: Pod, name: no-image, since: 0s, reasons: [None]}"));
  EXPECT_EQ(what.get_int("count"), 0);
  becomes("kube.events", "{namespace: NS, kind: Pod, name: none}", "kube.not-found", "none");
  becomes("kube.events", "{namespace: assay-test-none}", "kube.not-found", "assay-test-none");
  act_as("assay-test-nobody");
  becomes("kube.events", "{namespace: NS}", "kube.forbidden", "cannot list resource \"events\"");
}

TEST_F(WholeClusterTest, RightsAreHeldAgainstBothLists) {
  const std::string user = ns_ + "-user";
  allow(
      user,
      "[{verbs: [get, list], apiGroups: [''], resources: [pods, pods/log]}, {verbs: [get], apiGroups: [''], "
      "resources: [secrets], resourceNames: [one]}, {verbs: ['*'], apiGroups: [batch], resources: ['*']}]");
  // From elsewhere, by its name.
  becomes("kube.access", "{namespace: NS, as: '" + user + "', must: [list pods], must_not: [create pods]}",
          "", "");
  EXPECT_EQ(what.get("user"), user);
  becomes("kube.access", "{namespace: NS, as: '" + user + "', must: [delete pods]}", "kube.access",
          user + " may not delete pods");
  becomes("kube.access", "{namespace: NS, as: '" + user + "-2', must: [list pods]}", "kube.access",
          user + "-2 may not list pods");
  act_as(user);
  becomes(
      "kube.access",
      "{namespace: NS, must: [list pods, get pods/log, get secrets one, create jobs, delete cronjobs.batch], "
      "must_not: [create pods, create pods/exec, list secrets, get secrets two, get nodes]}",
      "", "");
  EXPECT_EQ(what.get("user"), user);
  becomes("kube.access", "{namespace: NS, must: [delete pods]}", "kube.access",
          user + " may not delete pods");
  becomes("kube.access", "{namespace: NS, must_not: [list pods]}", "kube.access",
          "may list pods in namespace");
  becomes("kube.access", "{namespace: NS, must_not: [get secrets]}", "kube.access",
          "get secrets (some by name)");
  becomes("kube.access", "{namespace: NS, must: [get secrets]}", "kube.access",
          "may not get secrets (some by name)");
  becomes("kube.access", "{namespace: default, must: [list pods]}", "kube.access", "may not list pods");
  becomes("kube.access", "{namespace: NS, must_not: [get nothings]}", "kube.no-kind", "nothings");
  becomes("kube.access", "{namespace: NS}", "params.invalid", "must");
  becomes("kube.access", "{namespace: NS, must: [pods]}", "params.invalid", "VERB RESOURCE");
}

}  // namespace assay
