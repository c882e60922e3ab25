#include "drift/patch.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/utf8.h"
#include "core/value.h"
#include "core/yaml.h"
#include "drift/json_patch.h"
#include "drift/patch_files.h"
#include "drift/schema.h"
#include "drift/shell.h"
#include "tests/support/golden.h"
#include "tests/support/sample_drift.h"
#include "tests/support/sample_run.h"

namespace assay::drift {
namespace {

using Kind = FieldStep::Kind;

Value json(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value) << text;
  return value ? std::move(*value) : Value();
}

// What RFC 6902 makes of it, written apart from drift/: the operations that patches use.
Value applied(Value object, const Value::Array& operations) {
  for (const Value& operation : operations) {
    const std::string op = operation.get("op");
    std::string path = operation.get("path");
    Value* at = &object;
    std::string last;
    for (;;) {
      path.erase(0, 1);
      const auto end = std::min(path.find('/'), path.size());
      last = path.substr(0, end);
      for (std::size_t i = last.find("~1"); i != std::string::npos; i = last.find("~1", i))
        last.replace(i, 2, "/");
      for (std::size_t i = last.find("~0"); i != std::string::npos; i = last.find("~0", i + 1))
        last.replace(i, 2, "~");
      path.erase(0, end);
      if (path.empty()) break;
      at = at->is_array() ? &at->items().at(std::stoul(last)) : at->find(last);
      if (at == nullptr) {
        ADD_FAILURE() << "no " << operation.get("path");
        return object;
      }
    }
    const Value* value = operation.find("value");
    if (at->is_array()) {
      auto& items = at->items();
      const std::size_t index = last == "-" ? items.size() : std::stoul(last);
      if (op == "add") items.insert(items.begin() + static_cast<std::ptrdiff_t>(index), *value);
      if (op == "replace") items.at(index) = *value;
      if (op == "test") {
        EXPECT_EQ(items.at(index), *value);
      }
      if (op == "remove") items.erase(items.begin() + static_cast<std::ptrdiff_t>(index));
    } else {
      if (op != "add") {
        EXPECT_NE(at->find(last), nullptr) << operation.get("path");
      }
      if (op == "add" || op == "replace") (*at)[last] = *value;
      if (op == "test") {
        EXPECT_EQ(*at->find(last), *value);
      }
      if (op == "remove") at->erase(last);
    }
  }
  return object;
}

const PatchFile* find(const Patches& patches, std::string_view path) {
  for (const PatchFile& file : patches.files) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

Value read(const Patches& patches, std::string_view path) {
  const PatchFile* file = find(patches, path);
  EXPECT_NE(file, nullptr) << path;
  if (file == nullptr) return {};
  auto value = parse_yaml(file->text, 1);
  EXPECT_TRUE(value) << path << ": " << (value ? "" : value.error().message) << "\n" << file->text;
  return value ? std::move(*value) : Value();
}

std::string all_of(const Patches& patches) {
  std::string text;
  for (const PatchFile& file : patches.files) text += "==> " + file.path + "\n" + file.text;
  for (const std::string& sentence : patches.skipped) text += "skipped " + sentence + "\n";
  return text;
}

const std::string kApi = "payments.Deployment.api.yaml";

TEST(Patches, Golden) {
  test::expect_golden("drift-patches.txt", all_of(make_patches(test::sample_drift())));
}

TEST(Patches, AJsonPatchMakesGitWhatLives) {
  const DriftReport report = test::sample_drift();
  const ObjectDrift& object = report.releases[0].objects[1];
  const Value patch = read(make_patches(report), "payments.api/git/" + kApi);
  Value got = applied(json(object.declared), patch.items());
  Value want = json(object.live);
  // What explains itself stays as Git has it.
  want["spec"]["replicas"] = 2;
  want["spec"].erase("paused");
  want["metadata"].erase("namespace");
  want["spec"]["template"]["spec"]["containers"].items()[0]["ports"].items()[0].erase("protocol");
  EXPECT_EQ(got, want) << to_json(got) << "\n" << to_json(want);
}

TEST(Patches, TheApplyIsTheDeclaredObjectWithoutWhatOthersOwn) {
  const Value body = read(make_patches(test::sample_drift()), "payments.api/apply/" + kApi);
  EXPECT_EQ(body.get("apiVersion"), "apps/v1");
  EXPECT_EQ(body.find("metadata")->get("namespace"), "payments");
  EXPECT_EQ(body.find("spec")->find("replicas"), nullptr);  // the autoscaler's
  const Value& container = body.find("spec")->find("template")->find("spec")->find("containers")->items()[0];
  EXPECT_EQ(container.get("image"), "api:1.4");
  EXPECT_EQ(container.get("imagePullPolicy"), "IfNotPresent");  // a default that somebody overruled
  // Without these a server-side apply would take them away, and Helm would no longer know its object.
  EXPECT_EQ(body.find("metadata")->find("labels")->get("app.kubernetes.io/managed-by"), "Helm");
  EXPECT_EQ(body.find("metadata")->find("annotations")->get("meta.helm.sh/release-name"), "api");
  EXPECT_EQ(body.find("metadata")->find("annotations")->get("meta.helm.sh/release-namespace"), "payments");
}

TEST(Patches, WhatOnlyLivesIsTakenAwayWithTests) {
  const DriftReport report = test::sample_drift();
  const Value patch = read(make_patches(report), "payments.api/remove/" + kApi);
  const Value left = applied(json(report.releases[0].objects[1].live), patch.items());
  EXPECT_EQ(left.find("metadata")->find("annotations")->find("team/owner"), nullptr);
  const Value& containers = *left.find("spec")->find("template")->find("spec")->find("containers");
  EXPECT_EQ(containers.items().size(), 1U);
  EXPECT_EQ(containers.items()[0].find("env")->items().size(), 1U);
  EXPECT_EQ(left.find("spec")->get_bool("paused"), true);  // suppressed
  EXPECT_EQ(patch.items()[0].get("op"), "test");
}

// Case 25: a mask that is written back to the cluster, values in places that nobody looks at.
TEST(Patches, Case25NoValueOfASecretIsInAnyFile) {
  const Patches patches = make_patches(test::sample_drift());
  const PatchFile* file = find(patches, "payments.api/apply/payments.Secret.api.yaml");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(all_of(patches).find("hmac"), std::string::npos);
  EXPECT_NE(file->text.find("/data/password"), std::string::npos);
  // Comments only: kubectl has nothing to apply.
  EXPECT_TRUE(read(patches, file->path).is_null());
}

TEST(Patches, HostileTextStaysText) {
  const Patches patches = make_patches(test::hostile_drift());
  EXPECT_GE(patches.files.size(), 8U);
  for (const PatchFile& file : patches.files) {
    EXPECT_EQ(file.path.find("/.."), std::string::npos) << file.path;
    EXPECT_EQ(std::count(file.path.begin(), file.path.end(), '/'), 2) << file.path;
    EXPECT_EQ(printable(file.text), file.text) << file.path;
    EXPECT_TRUE(parse_yaml(file.text, 1)) << file.text;
  }
}

TEST(Patches, AreWrittenIntoAFolderOfTheirOwn) {
  const auto root = std::filesystem::temp_directory_path() / ("assay-patch-" + std::to_string(::getpid()));
  const std::string folder = root / "out";
  const Patches patches = make_patches(test::sample_drift());
  const auto written = write_patches(patches, folder);
  ASSERT_TRUE(written) << written.error().message;
  for (const PatchFile& file : patches.files) {
    std::ostringstream text;
    text << std::ifstream(folder + "/" + file.path).rdbuf();
    EXPECT_EQ(text.str(), file.text);
  }
  struct stat info {};
  ASSERT_EQ(::stat(folder.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0027U, 0U);
  // Nothing is overwritten, not even files of its own.
  EXPECT_EQ(write_patches(patches, folder).error().code, "drift.patch");
  // A folder that is not empty is not touched: what lies in it may be a link with the name of one of ours.
  const std::string taken = root / "taken";
  const std::string elsewhere = root / "elsewhere";
  std::filesystem::create_directory(taken);
  std::filesystem::create_directory(elsewhere);
  std::filesystem::create_directory_symlink(elsewhere, taken + "/a");
  const auto refused = write_patches({{{"a/b/c", "x"}}, {}}, taken);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("is not empty"), std::string::npos) << refused.error().message;
  EXPECT_TRUE(std::filesystem::is_empty(elsewhere));
  std::filesystem::remove(taken + "/a");
  EXPECT_TRUE(write_patches({{{"a/b/c", "x"}}, {}}, taken));
  std::filesystem::remove_all(root);
}

// Each release is written by a manager of its own.
TEST(Patches, TheManagerIsTheReleases) {
  DriftReport report = test::sample_drift();
  report.releases[0].manager = "terraform-provider-helm";
  const Patches patches = make_patches(report);
  const PatchFile* file = find(patches, "payments.api/apply/" + kApi);
  ASSERT_NE(file, nullptr);
  EXPECT_NE(file->text.find("--field-manager=terraform-provider-helm"), std::string::npos) << file->text;
}

TEST(ShellWord, IsOneWord) {
  EXPECT_EQ(shell_word("shop-1.a/b:c@d_e"), "shop-1.a/b:c@d_e");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("it's $HOME"), R"('it'\''s $HOME')");
}

TEST(FileNames, AreSafeAndTheirOwn) {
  FileNames names;
  EXPECT_EQ(names.take("a.B"), "a.B");
  EXPECT_EQ(names.take("A.b"), "A.b_2");
  EXPECT_EQ(names.take("../../etc/passwd"), "_.._.._etc_passwd");
  EXPECT_EQ(names.take(".."), "_..");
  EXPECT_EQ(names.take(""), "_");
  EXPECT_EQ(names.take("-rf"), "_-rf");
  EXPECT_EQ(names.take("a\nb\xff"), "a_b_");
  EXPECT_LE(names.take(std::string(1000, 'x')).size(), 200U);
  EXPECT_LE(names.take(std::string(1000, 'x')).size(), 205U);
}

TEST(JsonPatch, MakesParentsThatLack) {
  JsonPatch patch(json(R"({"a":{}})"));
  FieldDrift field;
  field.path = "/a/b~1c/list/name=x";
  field.steps = {
      {Kind::field, "a"}, {Kind::field, "b/c"}, {Kind::field, "list"}, {Kind::element, R"({"name":"x"})"}};
  ASSERT_TRUE(patch.move(field, R"({"name":"x","v":1})", Value()));
  const Value want = json(R"({"a":{"b/c":{"list":[{"name":"x","v":1}]}}})");
  EXPECT_EQ(applied(json(R"({"a":{}})"), patch.operations()), want);
  EXPECT_EQ(patch.object(), want);
}

TEST(JsonPatch, AnElementIsFoundWithoutAKeyThatWasLeftOut) {
  const Value list = json(R"([{"port":53,"protocol":"UDP"},{"port":53}])");
  EXPECT_EQ(position_of(list, {Kind::element, R"({"port":53,"protocol":"TCP"})"}), 1U);
  EXPECT_EQ(position_of(list, {Kind::element, R"({"port":53,"protocol":"UDP"})"}), 0U);
  EXPECT_EQ(position_of(list, {Kind::element, R"({"port":54,"protocol":"TCP"})"}), 2U);
}

TEST(Path, AStepStandsForItself) {
  Type list;
  constexpr std::string_view kKeys[] = {"port", "protocol"};
  list.keys = kKeys;
  Entry port[] = {{"port", Node::of(std::int64_t{53})}, {"protocol", Node::of(std::string_view("TCP"))}};
  Path path(4);
  path[0].field = "ports";
  path[1].kind = Step::Kind::element;
  path[1].element = Node::map(port);
  path[1].list = &list;
  path[2].kind = Step::Kind::member;
  path[2].element = Node::of(std::string_view("a"));
  path[3].kind = Step::Kind::index;
  path[3].index = 3;
  const auto steps = to_steps(path);
  EXPECT_EQ(steps[0].text, "ports");
  EXPECT_EQ(steps[1].text, R"({"port":53,"protocol":"TCP"})");
  EXPECT_EQ(steps[2].text, "\"a\"");
  EXPECT_EQ(steps[3].text, "3");
}

TEST(Path, WhatIsWrittenHasNoDefaults) {
  Entry spec[] = {{"a", Node::of(std::int64_t{1})}, {"b", Node::of(std::int64_t{2})}};
  spec[0].value.set_defaulted(true);
  Node items[] = {Node::map(spec)};
  Entry root[] = {{"list", Node::list(items)}};
  EXPECT_EQ(as_written(Node::map(root)), R"({"list":[{"b":2}]})");
}

}  // namespace
}  // namespace assay::drift
