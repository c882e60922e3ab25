#include "drift/detect.h"

#include <gtest/gtest.h>

namespace assay::drift {
namespace {

class Detect : public testing::Test {
 protected:
  Documents of(const std::string& text, const std::string& name) {
    auto documents = Documents::of_text(text, name, *schema_, "home");
    EXPECT_TRUE(documents);
    return std::move(*documents);
  }

  static std::string map(const std::string& name, const std::string& value) {
    return "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\ndata:\n  k: " + value +
           "\n";
  }

  static void take_all(const Documents& live, LiveComparison& comparison) {
    for (const auto& one : live.all()) {
      std::string text;
      Arena arena;
      comparison.take(one.id, *live.read(one, text, arena), arena);
    }
  }

  static std::vector<std::string> told(const ReleaseDrift& drift) {
    std::vector<std::string> out;
    for (const auto& one : drift.objects)
      out.push_back(one.id.name + " " + std::string(name_of(one.verdict)) +
                    (one.fields.empty() ? "" : " " + one.fields.front().path) +
                    (one.code.empty() ? "" : " " + one.code));
    return out;
  }

  std::shared_ptr<const Schema> schema_ = *Schema::built_in();
  DriftRules rules_;
  Detector detector_{schema_, rules_, DeployFacts{}, MaskKey::random()};
  Stop stop_;
  Context context_{Deadline::in(std::chrono::minutes(1)), stop_};
};

using Told = std::vector<std::string>;

TEST_F(Detect, TellsObjectsInTheOrderOfGitThenWhatOnlyLives) {
  const auto git = of(map("a", "x") + map("b", "x") + map("c", "x") + map("d", "y") + map("e", "'x'"), "git");
  const auto live = of(map("f", "x") + map("e", "x") + map("d", "x") + map("b", "z") + map("a", "x"), "live");
  for (const int workers : {1, 2}) {
    ReleaseDrift out;
    ASSERT_TRUE(detect({&git, nullptr}, live, detector_, workers, context_, out));
    EXPECT_EQ(told(out),
              (Told{"a same", "b changed /data/k", "c missing", "d changed /data/k", "e same", "f extra"}));
  }
}

TEST_F(Detect, DoesNotReadWhatIsTheSameText) {
  // No reader takes it; since both sides are the same nobody has to.
  const auto git = of(map("a", "["), "git");
  const auto live = of(map("a", "["), "live");
  ReleaseDrift out;
  ASSERT_TRUE(detect({&git, nullptr}, live, detector_, 2, context_, out));
  EXPECT_EQ(told(out), Told{"a same"});
}

TEST_F(Detect, NamesObjectsByWhatTheyAreReadAs) {
  // Lines of a text that look like keys of the metadata.
  const auto hidden = [](const std::string& line) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations:\n    x: \"one\n  " + line +
           "\n  b: c\n    two\"\n";
  };
  const auto live = of(map("a", "x"), "live");
  for (const auto* line : {"namespace: evil", "namespace: home"}) {
    const auto git = of(hidden(line), "git");
    ASSERT_EQ(git.all().size(), 1U);
    ReleaseDrift out;
    ASSERT_TRUE(detect({&git, nullptr}, live, detector_, 1, context_, out));
    ASSERT_FALSE(out.objects.empty());
    EXPECT_EQ(out.objects[0].verdict, ObjectVerdict::error) << line;
    EXPECT_EQ(out.objects[0].code, "drift.manifest");
  }
  // A namespace that is said or left out, and what has none.
  const auto git =
      of(map("a", "z") + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: nn, namespace: x}\n" +
             "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  namespace: home\n",
         "git");
  ReleaseDrift out;
  ASSERT_TRUE(detect({&git, nullptr}, live, detector_, 1, context_, out));
  EXPECT_EQ(told(out), (Told{"a changed /data/k", "nn missing", "c missing"}));
}

TEST_F(Detect, TakesLiveObjectsOneByOne) {
  const auto git = of(map("a", "x") + map("b", "x") + map("c", "x"), "git");
  const auto live = of(map("x", "x") + map("a", "z"), "live");
  const Desired desired{&git, nullptr};
  LiveComparison comparison(Desired{desired}, detector_);  // which keeps what it is given
  take_all(live, comparison);
  ReleaseDrift out;
  comparison.finish(out);
  EXPECT_EQ(told(out), (Told{"a changed /data/k", "b missing", "c missing", "x extra"}));

  LiveComparison refused(desired, detector_);
  EXPECT_TRUE(refused.wants(git.all()[0].id));
  refused.unreadable("v1", "ConfigMap", "", {"kube.forbidden", "request", "not allowed", false});
  ReleaseDrift none;
  refused.finish(none);
  EXPECT_EQ(told(none), (Told{"a error kube.forbidden", "b error kube.forbidden", "c error kube.forbidden"}));
}

// What cannot be read may be any object, so on that side none is absent.
TEST_F(Detect, IsAbsentFromNoSideThatCouldNotBeReadWhole) {
  const std::string whole = map("a", "x") + map("b", "x");
  for (const std::string broken :
       {"---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: b, name: b}}\n", "---\n\tkind: ConfigMap\n",
        "---\n*anchor\n", "---\n[{}]\n", "---\n{\"kind\": \"ConfigMap\", \"metadata\": {\"na\n",
        "---\napiVersion: v1\nkind: List\nitems:\n- [\n", "---\nmetadata:\n  name: b\n", "---\n\xff\xfe\n"}) {
    const auto part = of(map("a", "x") + broken, "part");
    ASSERT_FALSE(part.problems().empty()) << broken;
    const auto full = of(whole, "full");
    ReleaseDrift missing, extra, release;
    ASSERT_TRUE(detect({&full, nullptr}, part, detector_, 2, context_, missing));
    EXPECT_EQ(told(missing), (Told{"a same", "b error drift.manifest"})) << broken;
    EXPECT_NE(missing.objects[1].note.find("part:"), std::string::npos) << missing.objects[1].note;
    ASSERT_TRUE(detect({&part, nullptr}, full, detector_, 2, context_, extra));
    EXPECT_EQ(told(extra), (Told{"a same", "b error drift.manifest"})) << broken;
    DeployFacts facts;
    facts.with_release = true;
    const Detector three(schema_, rules_, facts, MaskKey::random());
    for (const auto& desired : {Desired{&full, &part}, Desired{&part, &full}}) {
      ReleaseDrift out;
      ASSERT_TRUE(detect(desired, full, three, 2, context_, out));
      EXPECT_EQ(told(out), (Told{"a same", "b error drift.manifest"})) << broken;
    }
    LiveComparison comparison({&part, nullptr}, detector_);
    take_all(full, comparison);
    comparison.finish(release);
    EXPECT_EQ(told(release), (Told{"a same", "b error drift.manifest"})) << broken;
  }
}

// What a document is called is found line by line. Where reading it tells otherwise, it may be any object.
TEST_F(Detect, IsAbsentFromNoSideWithADocumentOfAnotherName) {
  const auto quoted =
      "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n  annotations:\n    x: \"\n  namespace: "
      "foo\n"
      "  zzz:\n      \"\ndata:\n  k: x\n";
  const auto line_break =
      "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n  # c\r  namespace: foo\ndata:\n  k: x\n";
  const auto bare_key =
      "---\n{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"b\", namespace: "
      "foo},\"data\":{\"k\":\"x\"}}\n";
  for (const std::string odd : {quoted, line_break, bare_key}) {
    const auto part = of(map("a", "x") + odd, "part");
    const auto full = of(map("a", "x") + map("b", "y") + map("c", "x"), "full");
    const auto wrong = [](const ReleaseDrift& drift) {
      std::size_t count = 0;
      for (const auto& one : drift.objects) count += one.verdict == ObjectVerdict::error ? 0 : 1;
      return count;
    };
    DeployFacts facts;
    facts.with_release = true;
    const Detector three(schema_, rules_, facts, MaskKey::random());
    ReleaseDrift missing, extra, release, undeployed, live;
    ASSERT_TRUE(detect({&full, nullptr}, part, detector_, 2, context_, missing));
    EXPECT_EQ(wrong(missing), 1U) << odd;  // "a" is the same everywhere
    ASSERT_TRUE(detect({&part, nullptr}, full, detector_, 2, context_, extra));
    EXPECT_EQ(wrong(extra), 1U) << odd;
    ASSERT_TRUE(detect({&full, &part}, full, three, 2, context_, release));
    EXPECT_EQ(wrong(release), 1U) << odd;
    ASSERT_TRUE(detect({&part, &full}, full, three, 2, context_, undeployed));
    EXPECT_EQ(wrong(undeployed), 1U) << odd;
    LiveComparison comparison({&part, nullptr}, detector_);
    take_all(full, comparison);
    comparison.finish(live);
    EXPECT_EQ(wrong(live), 1U) << odd;
  }
}

// A name that was found without reading is not confirmed where reading fails.
TEST_F(Detect, IsAbsentFromNoSideWithADocumentThatIsBroken) {
  const auto git = of(map("a", "x") + map("d", "["), "git");
  const auto full = of(map("a", "x") + map("d", "x") + map("f", "x"), "full");
  ReleaseDrift extra, missing, shadowed;
  ASSERT_TRUE(detect({&git, nullptr}, full, detector_, 2, context_, extra));
  EXPECT_EQ(told(extra), (Told{"a same", "d error drift.manifest", "f error drift.manifest"}));
  ASSERT_TRUE(detect({&full, nullptr}, git, detector_, 2, context_, missing));
  EXPECT_EQ(told(missing), (Told{"a same", "d error drift.manifest", "f error drift.manifest"}));
  // Also where another of that name is taken for it.
  const auto twice = of(map("d", "[") + map("a", "x") + map("d", "x"), "twice");
  ASSERT_TRUE(detect({&twice, nullptr}, full, detector_, 2, context_, shadowed));
  EXPECT_EQ(told(shadowed), (Told{"a same", "d same", "f error drift.manifest"}));
  LiveComparison comparison({&twice, nullptr}, detector_);
  take_all(full, comparison);
  ReleaseDrift live;
  comparison.finish(live);
  EXPECT_EQ(told(live), (Told{"a same", "d same", "f error drift.manifest"}));
}

// Objects of kinds that look like lists or answers.
TEST_F(Detect, ComparesObjectsOfKindsThatEndInList) {
  const auto object = [](const std::string& head, const std::string& more) {
    return "---\n" + head + "\nmetadata:\n  name: l\n" + more;
  };
  for (const auto& text : {object("apiVersion: ex.org/v1\nkind: IPAddressList", "items: [\"10.0.0.1\"]\n"),
                           object("apiVersion: ex.org/v1\nkind: List", "items: [a]\n"),
                           object("apiVersion: ex.org/v1\nkind: AllowList", "spec: {a: b}\n"),
                           object("apiVersion: ex.org/v1\nkind: Status", "status: x\n"),
                           object("apiVersion: ex.org/v1\nkind: Table", "rows: []\n")}) {
    const auto git = of(text, "git");
    const auto live = of(text + "# more\n", "live");
    EXPECT_TRUE(git.problems().empty()) << text << git.problems().front().message;
    ReleaseDrift out;
    ASSERT_TRUE(detect({&git, nullptr}, live, detector_, 1, context_, out));
    EXPECT_EQ(told(out), Told{"l same"}) << text;
  }
  for (const auto* text : {"apiVersion: v1\nkind: Status\nmetadata:\n  name: x\n",
                           "apiVersion: v1\nkind: ConfigMapList\nitems:\n-\n"})
    EXPECT_EQ(of(text, "live").problems().size(), 1U) << text;
}

// What an API server says in place of objects is none, and says nothing of any.
TEST_F(Detect, IsAbsentFromNoSideWithAnAnswerInPlaceOfObjects) {
  const auto git = of(map("a", "x"), "git");
  for (
      const auto* answer :
      {R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"forbidden","code":403})",
       R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{},"rows":[]})",
       R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{},"items":{"a":1}})",
       R"({"kind":"List","apiVersion":"v1","metadata":{"name":"x"},"items":{}})",
       R"({"kind":"List","apiVersion":"v1"})", "kind: ConfigMapList\napiVersion: v1\nitems: 7\n",
       "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: 123}\n"}) {
    const auto live = of(answer, "live");
    EXPECT_EQ(live.problems().size(), 1U) << answer;
    ReleaseDrift missing, extra;
    ASSERT_TRUE(detect({&git, nullptr}, live, detector_, 1, context_, missing));
    EXPECT_EQ(told(missing), Told{"a error drift.manifest"}) << answer;
    ASSERT_TRUE(detect({&live, nullptr}, git, detector_, 1, context_, extra));
    EXPECT_EQ(told(extra), Told{"a error drift.manifest"}) << answer;
  }
  const auto empty = of(R"({"kind":"ConfigMapList","apiVersion":"v1","items":null})", "live");
  EXPECT_TRUE(empty.problems().empty());
  ReleaseDrift out;
  ASSERT_TRUE(detect({&git, nullptr}, empty, detector_, 1, context_, out));
  EXPECT_EQ(told(out), Told{"a missing"});
}

// An object that says its kind and no name is none of another kind.
TEST_F(Detect, IsAbsentWhereOnlyObjectsOfAnotherKindHaveNoName) {
  const auto git =
      of(map("a", "x") + "---\napiVersion: v1\nkind: Secret\nmetadata: {generateName: s-}\n", "git");
  const auto live = of(
      map("a", "x") + map("b", "x") + "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: s-1\n", "live");
  ReleaseDrift out;
  ASSERT_TRUE(detect({&git, nullptr}, live, detector_, 1, context_, out));
  EXPECT_EQ(told(out), (Told{"a same", "b extra", "s-1 error drift.manifest"}));
  ASSERT_EQ(out.problems.size(), 1U);
}

TEST_F(Detect, EndsWhenItIsStopped) {
  const auto git = of(map("a", "x"), "git");
  stop_.raise();
  ReleaseDrift out;
  const auto done = detect({&git, nullptr}, git, detector_, 2, context_, out);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, "harness.cancelled");
}

}  // namespace
}  // namespace assay::drift
