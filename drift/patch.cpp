#include "drift/patch.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/text.h"
#include "core/utf8.h"
#include "core/value.h"
#include "drift/json_patch.h"
#include "drift/patch_files.h"
#include "drift/schema.h"
#include "drift/shell.h"
#include "drift/tally.h"
#include "drift/yaml_text.h"

namespace assay::drift {
namespace {

bool is_secret(const ObjectId& id) { return id.kind == "Secret"; }

void comment(std::string& out, std::string_view text) { append_yaml_comment(out, text); }

// A value as a comment shows it.
std::string shown(const std::optional<std::string>& json) { return json ? one_line(*json, 200) : "(none)"; }

class ObjectPatches {
 public:
  ObjectPatches(const ReleaseDrift& release, const ObjectDrift& object, std::string folder, std::string name)
      : release_(release), object_(object), folder_(std::move(folder)), name_(std::move(name)) {}

  void make() {
    if (object_.verdict == ObjectVerdict::error) return skip("there is no verdict: " + object_.note);
    if (is_whole(object_)) {
      if (is_quiet(object_.kind)) return;
      if (object_.kind == DriftClass::unrecorded)
        return skip("Git does not declare it and it does not live; only the release holds it");
      return object_.verdict == ObjectVerdict::missing ? missing() : extra();
    }
    if (object_.dropped) return skip("Git declares it no longer: `helm upgrade` deletes it");
    for (const FieldDrift& field : object_.fields) {
      if (is_quiet(field.kind)) continue;
      if (declared(field) != field.live)
        fields_.push_back(&field);
      else
        unrecorded_ = true;
    }
    if (fields_.empty()) {
      if (unrecorded_)
        skip("the cluster is as declared and only the release is not: `helm upgrade` records it");
      return;
    }
    if (is_secret(object_.id)) return secret();
    if (object_.live.empty()) return skip("the objects were not kept for patches");
    if (object_.declared.empty())
      return skip(
          "the chart makes new values in it at each rendering: only `helm upgrade --force-conflicts` writes "
          "it");
    remove();
    apply();
    git();
  }

  std::vector<PatchFile> files;
  std::vector<std::string> skipped;

 private:
  const std::optional<std::string>& declared(const FieldDrift& field) const {
    return declared_of(release_, object_, field);
  }

  // Below the folder of all patches, where the commands are meant to be run.
  std::string path(std::string_view kind) const { return fmt::format("{}/{}/{}.yaml", folder_, kind, name_); }

  void put(std::string_view kind, std::string text) { files.push_back({path(kind), std::move(text)}); }

  void skip(const std::string& why) { skipped.push_back(object_.id.text() + ": " + why); }

  Value identity() const {
    Value metadata = Value::object({{"name", object_.id.name}});
    if (!object_.id.ns.empty()) metadata["namespace"] = object_.id.ns;
    return Value::object({{"apiVersion", object_.id.api_version},
                          {"kind", object_.id.kind},
                          {"metadata", std::move(metadata)}});
  }

  std::string head(std::string_view what) const {
    std::string out;
    comment(out, fmt::format("{}: {}", object_.id.text(), what));
    if (!object_.source.empty()) comment(out, "rendered from " + object_.source);
    return out;
  }

  std::string kubectl() const {
    return release_.context.empty() ? "kubectl" : "kubectl --context " + shell_word(release_.context);
  }

  // "TYPE/NAME -n NS" for kubectl, the type with its version and group.
  std::string target() const {
    const auto slash = object_.id.api_version.find('/');
    std::string type = object_.id.kind;
    if (slash != std::string::npos)
      type += "." + object_.id.api_version.substr(slash + 1) + "." + object_.id.api_version.substr(0, slash);
    std::string text = shell_word(type) + " " + shell_word(object_.id.name);
    return object_.id.ns.empty() ? text : text + " -n " + shell_word(object_.id.ns);
  }

  void list_fields(std::string& out, bool to_live) const {
    for (const FieldDrift* field : fields_) {
      const auto& from = to_live ? declared(*field) : field->live;
      const auto& to = to_live ? field->live : declared(*field);
      comment(out,
              fmt::format("  {} {}: {} -> {}", name_of(field->kind), field->path, shown(from), shown(to)));
    }
  }

  void apply_command(std::string& out) const {
    comment(out, fmt::format("{} apply --server-side --force-conflicts --field-manager={} -f {}", kubectl(),
                             shell_word(release_.manager), path("apply")));
  }

  // What Helm writes beside a chart's own; a server-side apply without it would take it away.
  void add_ownership(Value& body) const {
    if (!release_.with_release || release_.name.empty() || release_.ns.empty() ||
        object_.id.kind == "CustomResourceDefinition")
      return;
    const Value* annotations = body["metadata"].find("annotations");
    if (annotations != nullptr && annotations->find("helm.sh/hook") != nullptr) return;
    body["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "Helm";
    body["metadata"]["annotations"]["meta.helm.sh/release-name"] = release_.name;
    body["metadata"]["annotations"]["meta.helm.sh/release-namespace"] = release_.ns;
  }

  std::optional<Value> object_of(const std::string& json) {
    auto value = parse_json(json, kRecordDepth);
    if (value && value->is_object()) return std::move(*value);
    skip("what was kept of it cannot be read");
    return std::nullopt;
  }

  std::string body_text(Value body) const {
    // Its identity first, as people write it.
    Value whole = identity();
    Value metadata = whole["metadata"];
    if (const Value* own = body.find("metadata"); own != nullptr && own->is_object()) {
      for (const Member& member : own->members()) {
        if (metadata.find(member.key) == nullptr) metadata[member.key] = member.value;
      }
    }
    whole["metadata"] = std::move(metadata);
    for (const Member& member : body.members()) {
      if (whole.find(member.key) == nullptr) whole[member.key] = member.value;
    }
    std::string out;
    append_yaml(out, whole);
    return out;
  }

  void missing() {
    if (is_secret(object_.id)) {
      std::string out = head("declared, and not in the cluster");
      comment(out, "Values of Secrets are in no file of assay: `helm upgrade` makes it again.");
      put("apply", out);
    } else if (auto body = object_of(object_.declared)) {
      std::string out = head("declared, and not in the cluster");
      comment(out, "This makes it, as the release's own manager:");
      apply_command(out);
      add_ownership(*body);
      put("apply", out + body_text(std::move(*body)));
    }
    std::string out = head("declared, and not in the cluster");
    comment(out, "A kustomize patch with which Git would declare it no longer:");
    out += "$patch: delete\n";
    append_yaml(out, identity());
    put("git", out);
  }

  void extra() {
    std::string out = head("in the cluster, and not declared");
    if (!object_.manager.empty()) comment(out, "made by " + object_.manager);
    comment(out, "This deletes it, with what it holds:");
    comment(out, kubectl() + " delete -f " + path("delete"));
    append_yaml(out, identity());
    put("delete", out);
    if (is_secret(object_.id)) return;
    if (object_.live.empty()) return skip("what lives was not kept for a manifest that Git could declare");
    auto body = object_of(object_.live);
    if (!body) return;
    body->erase("status");
    out = head("in the cluster, and not declared");
    comment(out, "As it lives, for Git to declare; what the API server wrote is left out.");
    put("git", out + body_text(std::move(*body)));
  }

  void secret() {
    std::string out = head("differs");
    comment(out, "Values of Secrets are in no file of assay. These places differ:");
    for (const FieldDrift* field : fields_) {
      comment(out, fmt::format("  {} {}{}", name_of(field->kind), field->path,
                               !declared(*field) ? ": only lives"
                               : !field->live    ? ": is gone"
                                                 : ""));
    }
    comment(out,
            "`helm upgrade --force-conflicts` writes what is declared (before Helm 4 without the flag).");
    for (const FieldDrift* field : fields_) {
      const auto is_name = [](const FieldStep& step) { return step.kind == FieldStep::Kind::field; };
      if (declared(*field) || !std::all_of(field->steps.begin(), field->steps.end(), is_name)) continue;
      comment(out, "What only lives is taken away by its name:");
      comment(out, fmt::format("{} patch {} --type=json -p {}", kubectl(), target(),
                               shell_word(fmt::format(R"([{{"op":"remove","path":{}}}])",
                                                      to_json(Value(field->path))))));
    }
    put("apply", out);
  }

  void remove() {
    auto live = object_of(object_.live);
    if (!live) return;
    JsonPatch patch(std::move(*live));
    for (const FieldDrift* field : fields_) {
      const bool positions = std::any_of(field->steps.begin(), field->steps.end(), [](const FieldStep& step) {
        return step.kind == FieldStep::Kind::index;
      });
      // A list without keys is replaced as a whole by the apply.
      if (declared(*field) || positions) continue;
      if (const auto moved = patch.move(*field, std::nullopt, Value()); !moved) skip(moved.error().message);
    }
    if (patch.operations().empty()) return;
    std::string out = head("holds what nobody declares");
    comment(out, "A server-side apply leaves what others own, so this goes first. The tests refuse it where");
    comment(out, "the object is no longer as it was seen.");
    comment(out, fmt::format("{} patch {} --type=json --field-manager={} --patch-file {}", kubectl(),
                             target(), shell_word(release_.manager), path("remove")));
    append_yaml(out, Value(patch.operations()));
    put("remove", out);
  }

  void apply() {
    auto body = object_of(object_.declared);
    if (!body) return;
    bool any = false;
    bool undeployed = false;
    JsonPatch defaults(std::move(*body));
    for (const FieldDrift* field : fields_) {
      if (!declared(*field)) continue;
      any = true;
      undeployed = undeployed || field->kind == DriftClass::undeployed || field->kind == DriftClass::conflict;
      // A default is written nowhere, so it is said here once.
      if (declared_by_default(release_, object_, *field)) {
        if (const auto moved = defaults.move(*field, declared(*field), Value()); !moved)
          skip(moved.error().message);
      }
    }
    if (!any) return;
    Value whole = defaults.object();
    // What is left to its owners.
    for (const FieldDrift& field : object_.fields) {
      if (is_quiet(field.kind) && field.live != declared(field)) erase_place(whole, field.steps);
    }
    add_ownership(whole);
    std::string out = head("as it is declared");
    list_fields(out, false);
    comment(out, "The whole object, since a server-side apply takes away what its manager no longer says:");
    apply_command(out);
    if (undeployed)
      comment(out, "Some of it was never deployed: `helm upgrade` writes it and the release records it.");
    if (std::any_of(fields_.begin(), fields_.end(),
                    [&](const FieldDrift* field) { return !declared(*field); }))
      comment(out, "What only lives is taken away by the file of the same name in remove/, first.");
    put("apply", out + body_text(std::move(whole)));
  }

  void git() {
    auto from = object_of(object_.declared);
    auto to = object_of(object_.live);
    if (!from || !to) return;
    JsonPatch patch(std::move(*from));
    for (const FieldDrift* field : fields_) {
      if (const auto moved = patch.move(*field, field->live, *to); !moved) skip(moved.error().message);
    }
    if (patch.operations().empty()) return;
    std::string out = head("what Git would have to declare to be what lives");
    list_fields(out, true);
    comment(out,
            "A JSON patch of the rendered manifest: for kustomize (`patches:` with `path:` and a target),");
    comment(out, "or to be carried by hand into the chart's values.");
    append_yaml(out, Value(patch.operations()));
    put("git", out);
  }

  const ReleaseDrift& release_;
  const ObjectDrift& object_;
  std::string folder_;
  std::string name_;
  std::vector<const FieldDrift*> fields_;
  bool unrecorded_ = false;
};

void append_written(std::string& out, Node node) {
  if (node.is_map()) {
    out += '{';
    bool first = true;
    for (const Entry& entry : node.entries()) {
      if (entry.value.defaulted()) continue;
      if (!std::exchange(first, false)) out += ',';
      append_json_string(out, entry.key);
      out += ':';
      append_written(out, entry.value);
    }
    out += '}';
  } else if (node.is_list()) {
    out += '[';
    bool first = true;
    for (const Node item : node.items()) {
      if (!std::exchange(first, false)) out += ',';
      append_written(out, item);
    }
    out += ']';
  } else {
    append_json(out, node);
  }
}

}  // namespace

std::vector<FieldStep> to_steps(const Path& path) {
  std::vector<FieldStep> steps;
  steps.reserve(path.size());
  for (const Step& step : path) {
    FieldStep& own = steps.emplace_back();
    switch (step.kind) {
      case Step::Kind::field:
        own.kind = FieldStep::Kind::field;
        own.text = step.field;
        break;
      case Step::Kind::index:
        own.kind = FieldStep::Kind::index;
        own.text = std::to_string(step.index);
        break;
      case Step::Kind::member:
        own.kind = FieldStep::Kind::member;
        own.text = to_json(step.element);
        break;
      case Step::Kind::element: {
        own.kind = FieldStep::Kind::element;
        own.text = "{";
        for (const auto& key : step.list->keys) {
          const Node* value = step.element.find(key);
          if (value == nullptr) continue;
          if (own.text.size() > 1) own.text += ',';
          append_json_string(own.text, key);
          own.text += ':';
          append_json(own.text, *value);
        }
        own.text += '}';
        break;
      }
    }
  }
  return steps;
}

std::string as_written(Node object) {
  std::string out;
  append_written(out, object);
  return out;
}

Patches make_patches(const DriftReport& report) {
  Patches patches;
  FileNames folders;
  for (const ReleaseDrift& release : report.releases) {
    const std::string folder = folders.take(release.name.empty() ? "files" : release.ns + "." + release.name);
    if (release.release_unread) {
      patches.skipped.push_back(title_of(release) +
                                ": its release could not be read, so no way back is known");
      continue;
    }
    FileNames names;
    for (const ObjectDrift& object : release.objects) {
      if (object.verdict == ObjectVerdict::same) continue;
      const std::string ns = object.id.ns.empty() ? "" : object.id.ns + ".";
      ObjectPatches made(release, object, folder, names.take(ns + object.id.kind + "." + object.id.name));
      made.make();
      std::move(made.files.begin(), made.files.end(), std::back_inserter(patches.files));
      std::move(made.skipped.begin(), made.skipped.end(), std::back_inserter(patches.skipped));
    }
  }
  return patches;
}

}  // namespace assay::drift
