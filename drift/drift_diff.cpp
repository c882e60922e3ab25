// Drift as a unified diff: of each object the YAML lines of the places that differ, under their parents.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "core/text.h"
#include "core/value.h"
#include "drift/line_diff.h"
#include "drift/output.h"
#include "drift/tally.h"
#include "drift/yaml_text.h"

namespace assay::drift {
namespace {

using Json = std::optional<std::string>;

Value read(const std::string& json) {
  auto value = parse_json(json, kRecordDepth);
  return value ? std::move(*value) : Value(json);
}

// The places of one object that differ, as a tree.
struct Place {
  const FieldStep* step = nullptr;  // null: the object itself
  const Json* declared = nullptr;   // of a place that differs
  const Json* live = nullptr;
  std::vector<std::unique_ptr<Place>> below;

  Place& at(const FieldStep& next) {
    for (const auto& place : below) {
      if (place->step->kind == next.kind && place->step->text == next.text) return *place;
    }
    below.push_back(std::make_unique<Place>());
    below.back()->step = &next;
    return *below.back();
  }
};

using Side = const Json* Place::*;

void append_place(std::string& out, const Place& place, Side side, std::size_t indent);

void append_below(std::string& out, const Place& place, Side side, std::size_t indent) {
  for (const auto& next : place.below) append_place(out, *next, side, indent);
}

// An element of a list: its lines with a dash before the first; nothing where it has none.
void append_dashed(std::string& out, const std::string& lines, std::size_t indent) {
  if (lines.empty()) return;
  const auto dash = out.size() + indent;
  out += lines;
  out[dash] = '-';
}

void append_place(std::string& out, const Place& place, Side side, std::size_t indent) {
  const Json* json = place.*side;
  const bool differs = place.declared != nullptr;
  if (differs && !*json) return;
  if (place.step->kind == FieldStep::Kind::field) {
    if (differs) {
      append_yaml(out, Value::object({{place.step->text, read(**json)}}), indent);
      return;
    }
    out.append(indent, ' ').append(yaml_text(place.step->text)).append(":\n");
    const bool list = !place.below.empty() && place.below.front()->step->kind != FieldStep::Kind::field;
    append_below(out, place, side, list ? indent : indent + 2);
    return;
  }
  if (differs) {
    append_yaml(out, Value(Value::Array{read(**json)}), indent);
    return;
  }
  std::string lines;
  if (place.step->kind == FieldStep::Kind::element) {
    if (const Value keys = read(place.step->text); keys.is_object() && !keys.members().empty())
      append_yaml(lines, keys, indent + 2);
  }
  append_below(lines, place, side, indent + 2);
  append_dashed(out, lines, indent);
}

std::string hunk_side(char sign, std::size_t lines) {
  return lines == 0 ? fmt::format("{}0,0", sign) : fmt::format("{}1,{}", sign, lines);
}

void append_hunk(std::string& out, const std::string& from, const std::string& to) {
  const auto old_lines = split_lines(from);
  const auto new_lines = split_lines(to);
  out += fmt::format("@@ {} {} @@\n", hunk_side('-', old_lines.size()), hunk_side('+', new_lines.size()));
  for (const LineEdit& edit : diff_lines(old_lines, new_lines)) {
    out += edit.sign;
    out += edit.line;
    out += '\n';
  }
}

void append_comment(std::string& out, DriftClass kind, const std::string& what, const std::string& author,
                    const std::string& time, const std::string& note) {
  out += fmt::format("# {} {}", name_of(kind), one_line(what));
  if (!author.empty()) out += ": " + one_line(author);
  if (!time.empty()) out += " at " + one_line(time);
  if (!note.empty()) out += ": " + one_line(note);
  out += '\n';
}

// What is known of an object that is there on one side only.
std::string whole_object(const ObjectDrift& object) {
  const std::string& json = object.verdict == ObjectVerdict::missing ? object.declared : object.live;
  std::string text;
  if (!json.empty()) {
    append_yaml(text, read(json));
    return text;
  }
  Value metadata = Value::object({{"name", object.id.name}});
  if (!object.id.ns.empty()) metadata["namespace"] = object.id.ns;
  append_yaml(text, Value::object({{"apiVersion", object.id.api_version},
                                   {"kind", object.id.kind},
                                   {"metadata", std::move(metadata)}}));
  return text;
}

bool is_told(DriftClass kind) { return kind != DriftClass::controller && kind != DriftClass::suppressed; }

// Behind "git/" and "live/": the release, where there is one, and the object, so that what is called the same
// in two releases or clusters is two files.
std::string file_of(const ReleaseDrift& release, const ObjectDrift& object) {
  std::string name;
  for (const auto* part : {&release.context, &release.ns, &release.name}) {
    if (!release.name.empty() && !part->empty()) name += *part + "/";
  }
  name = one_line(name + object.id.text());
  std::replace(name.begin(), name.end(), ' ', '_');  // behind which patch would look for a date
  return name;
}

void append_object(std::string& out, const ReleaseDrift& release, const ObjectDrift& object) {
  const std::string name = file_of(release, object);
  if (object.verdict == ObjectVerdict::error) {
    out += fmt::format("# error {}: {}: {}\n", name, one_line(object.code), one_line(object.note));
    return;
  }
  if (is_whole(object)) {
    if (!is_told(object.kind)) return;
    append_comment(out, object.kind, name, object.manager, object.time, object.note);
    const bool missing = object.verdict == ObjectVerdict::missing;
    out += fmt::format("--- {}\n+++ {}\n", missing ? "git/" + name : "/dev/null",
                       missing ? "/dev/null" : "live/" + name);
    const std::string text = whole_object(object);
    append_hunk(out, missing ? text : "", missing ? "" : text);
    return;
  }
  Place root;
  bool any = false;
  for (const FieldDrift& field : object.fields) {
    if (!is_told(field.kind)) continue;
    append_comment(out, field.kind, name + " " + field.path, author_of(field), field.time, field.note);
    const Json& declared = declared_of(release, object, field);
    if (field.steps.empty() || declared == field.live) continue;
    Place* place = &root;
    for (const FieldStep& step : field.steps) place = &place->at(step);
    place->declared = &declared;
    place->live = &field.live;
    any = true;
  }
  if (!any) return;
  out += fmt::format("--- git/{}\n+++ live/{}\n", name, name);
  std::string from;
  std::string to;
  append_below(from, root, &Place::declared, 0);
  append_below(to, root, &Place::live, 0);
  append_hunk(out, from, to);
}

void append_problem(std::string& out, const ReleaseDrift::Problem& problem) {
  out += fmt::format("# problem {}: {}\n", one_line(problem.code), one_line(problem.message));
}

}  // namespace

std::string drift_diff(const DriftReport& report) {
  std::string out;
  for (const ReleaseDrift& release : report.releases) {
    if (!release.with_release)
      out += fmt::format("# {}: release {}\n", one_line(title_of(release)), release_text(release));
    for (const ObjectDrift& object : release.objects) append_object(out, release, object);
    if (release.objects.empty())
      out += fmt::format("# {}: nothing was there to compare\n", one_line(title_of(release)));
    for (const auto& problem : release.problems) append_problem(out, problem);
  }
  for (const auto& rule : report.unmatched_rules) out += fmt::format("# rule {}\n", one_line(rule));
  for (const auto& release : report.unmanaged)
    out += fmt::format("# no source: {}/{}{}\n", one_line(release.ns), one_line(release.name),
                       release.context.empty() ? "" : " in " + one_line(release.context));
  for (const auto& problem : report.problems) append_problem(out, problem);
  return out;
}

}  // namespace assay::drift
