// Drift as programs read it; docs/drift.md has the schema.
#include <utility>

#include "core/value.h"
#include "drift/output.h"
#include "drift/tally.h"

namespace assay::drift {
namespace {

// Writes members of one object after the other; values that are there go out at once, nothing is built up.
class Members {
 public:
  explicit Members(std::string& out) : out_(out) { out_ += '{'; }
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;
  ~Members() { out_ += '}'; }

  void raw(std::string_view key, std::string_view json) {
    name(key);
    out_ += json;
  }
  void text(std::string_view key, std::string_view value) {
    name(key);
    append_json_string(out_, value);
  }
  // Left out where there is nothing.
  void some(std::string_view key, std::string_view value) {
    if (!value.empty()) text(key, value);
  }
  void number(std::string_view key, std::size_t value) { raw(key, std::to_string(value)); }
  void texts(std::string_view key, const std::vector<std::string>& values) {
    name(key);
    out_ += '[';
    for (const auto& value : values) {
      if (&value != &values.front()) out_ += ',';
      append_json_string(out_, value);
    }
    out_ += ']';
  }
  void name(std::string_view key) {
    if (!std::exchange(first_, false)) out_ += ',';
    out_ += '"';
    out_ += key;
    out_ += "\":";
  }

 private:
  std::string& out_;
  bool first_ = true;
};

template <class Items, class Append>
void append_list(std::string& out, std::string_view line, const Items& items, const Append& append) {
  out += '[';
  bool first = true;
  for (const auto& item : items) {
    if (!std::exchange(first, false)) out += ',';
    out += line;
    append(item);
  }
  out += ']';
}

void append_tally(Members& members, std::string& out, const DriftTally& tally) {
  members.number("objects", tally.objects);
  members.name("verdicts");
  {
    Members verdicts(out);
    for (std::size_t i = 0; i < kObjectVerdicts; ++i)
      verdicts.number(name_of(static_cast<ObjectVerdict>(i)), tally.verdicts[i]);
  }
  members.name("classes");
  Members classes(out);
  for (std::size_t i = 0; i < kDriftClasses; ++i)
    classes.number(name_of(static_cast<DriftClass>(i)), tally.classes[i]);
}

void append_field(std::string& out, const FieldDrift& field) {
  Members members(out);
  members.text("path", field.path);
  members.text("class", name_of(field.kind));
  if (field.git) members.raw("git", *field.git);
  if (field.release) members.raw("release", *field.release);
  if (field.live) members.raw("live", *field.live);
  if (field.git_defaulted) members.raw("git_default", "true");
  if (field.release_defaulted) members.raw("release_default", "true");
  members.some("manager", field.manager);
  members.some("operation", field.operation);
  members.some("subresource", field.subresource);
  members.some("time", field.time);
  members.some("note", field.note);
}

void append_object(std::string& out, const ObjectDrift& object, std::size_t release) {
  Members members(out);
  members.text("id", object.id.text());
  members.number("of", release);
  members.text("verdict", name_of(object.verdict));
  if (is_whole(object)) members.text("class", name_of(object.kind));
  members.some("code", object.code);
  members.some("source", object.source);
  members.some("manager", object.manager);
  members.some("time", object.time);
  members.some("note", object.note);
  if (object.fields.empty()) return;
  members.name("fields");
  append_list(out, "", object.fields, [&](const FieldDrift& field) { append_field(out, field); });
}

void append_problems(Members& members, std::string& out, const std::vector<ReleaseDrift::Problem>& problems) {
  members.name("problems");
  append_list(out, "", problems, [&](const ReleaseDrift::Problem& problem) {
    Members entry(out);
    entry.text("code", problem.code);
    entry.text("message", problem.message);
  });
}

void append_release(std::string& out, const ReleaseDrift& release) {
  Members members(out);
  members.text("name", release.name);
  members.text("namespace", release.ns);
  members.text("context", release.context);
  members.some("git", release.git);
  members.some("git_commit", release.git_commit);
  members.raw("with_git", release.with_git ? "true" : "false");
  members.raw("with_release", release.with_release ? "true" : "false");
  if (release.release_unread) members.raw("release_unread", "true");
  if (release.revision != 0) members.number("revision", static_cast<std::size_t>(release.revision));
  members.some("status", release.status);
  members.some("deployed", release.deployed);
  DriftTally tally;
  tally.add(release);
  append_tally(members, out, tally);
  members.texts("warnings", release.warnings);
  append_problems(members, out, release.problems);
}

}  // namespace

std::string drift_json(const DriftReport& report) {
  std::string out;
  DriftTally tally;
  for (const ReleaseDrift& release : report.releases) tally.add(release);
  out.reserve(4096 + tally.objects * 128);
  {
    Members members(out);
    members.raw("assay", "1");
    members.some("started", report.started);
    append_tally(members, out, tally);
    members.name("releases");
    append_list(out, "\n", report.releases,
                [&](const ReleaseDrift& release) { append_release(out, release); });
    members.name("unmanaged");
    append_list(out, "\n", report.unmanaged, [&](const DriftReport::Unmanaged& release) {
      Members entry(out);
      entry.text("name", release.name);
      entry.text("namespace", release.ns);
      entry.text("context", release.context);
    });
    members.texts("unmatched_rules", report.unmatched_rules);
    members.texts("warnings", report.warnings);
    append_problems(members, out, report.problems);
    members.name("documents");
    out += '[';
    bool first = true;
    for (std::size_t i = 0; i < report.releases.size(); ++i) {
      for (const ObjectDrift& object : report.releases[i].objects) {
        out += std::exchange(first, false) ? "\n" : ",\n";
        append_object(out, object, i);
      }
    }
    out += ']';
  }
  out += '\n';
  return out;
}

}  // namespace assay::drift
