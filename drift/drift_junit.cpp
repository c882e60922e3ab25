// Drift as JUnit XML: a case an object. How CI systems read it is in docs/junit.md.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <pugixml.hpp>
#include <set>

#include "core/text.h"
#include "core/utf8.h"
#include "drift/output.h"
#include "drift/tally.h"

namespace assay::drift {
namespace {

constexpr std::size_t kAll = 10U << 20;  // bytes of all contents; GitLab takes files up to 30 MB
constexpr std::size_t kMost = 64U << 10;
constexpr std::size_t kLeast = 256;
constexpr std::size_t kMessage = 400;
constexpr std::size_t kValue = 2000;
constexpr const char* kNoTime = "0.000";

struct Counts {
  std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
};

void put(pugi::xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name).set_value(value.c_str());
}

void put(pugi::xml_node node, const Counts& counts) {
  put(node, "tests", std::to_string(counts.tests));
  put(node, "failures", std::to_string(counts.failures));
  put(node, "errors", std::to_string(counts.errors));
  put(node, "skipped", std::to_string(counts.skipped));
  put(node, "time", kNoTime);
}

std::string line(std::string_view text) { return xml_text(one_line(text, kMessage)); }

// The place, its values, who and when; a few lines.
std::string told(const ReleaseDrift& release, const ObjectDrift& object, const FieldDrift& field) {
  const bool place = !field.path.empty();  // else the object as such
  std::string text =
      fmt::format("{}: {}\n", name_of(field.kind), place ? one_line(field.path) : "the object");
  const auto side = [&](std::string_view name, const std::optional<std::string>& json, bool defaulted) {
    text += fmt::format("  {:<8}{}{}\n", name, json ? one_line(*json, kValue) : "(none)",
                        defaulted ? " (default)" : "");
  };
  if (place) {
    if (takes_git(release, object)) side("git", field.git, field.git_defaulted);
    if (takes_release(release, object)) side("release", field.release, field.release_defaulted);
    side("live", field.live, false);
  }
  if (!field.manager.empty() || !field.time.empty()) {
    const std::string author = author_of(field);
    text += fmt::format("  by {}{}{}\n", author.empty() ? "unknown" : one_line(author),
                        field.time.empty() ? "" : " at ", one_line(field.time));
  }
  if (!field.note.empty()) text += "  " + one_line(field.note) + "\n";
  return text;
}

class Junit {
 public:
  Junit(const DriftReport& report, const std::set<DriftClass>& fail_on) : report_(report), fail_on_(fail_on) {
    std::size_t cases = 0;
    for (const ReleaseDrift& release : report.releases) {
      for (const ObjectDrift& object : release.objects)
        cases += object.verdict != ObjectVerdict::same ? 1 : 0;
    }
    cap_ = std::clamp(kAll / std::max<std::size_t>(cases, 1), kLeast, kMost);
  }

  std::string write(bool allow_unmanaged) {
    pugi::xml_node declaration = document_.append_child(pugi::node_declaration);
    declaration.append_attribute("version") = "1.0";
    declaration.append_attribute("encoding") = "UTF-8";
    root_ = document_.append_child("testsuites");
    for (const ReleaseDrift& release : report_.releases) suite(release);
    if (!report_.problems.empty() || (!allow_unmanaged && !report_.unmanaged.empty()))
      unmanaged(allow_unmanaged);
    if (!report_.unmatched_rules.empty()) rules();
    put(root_, "name", "assay");
    put(root_, all_);
    std::string out;
    struct Writer final : pugi::xml_writer {
      explicit Writer(std::string& text) : out(text) {}
      void write(const void* data, std::size_t size) override {
        out.append(static_cast<const char*>(data), size);
      }
      std::string& out;
    } writer(out);
    document_.save(writer, "  ", pugi::format_indent, pugi::encoding_utf8);
    return out;
  }

 private:
  // `names`: those that there are, each with the last number that was added to it.
  static std::string unique(const std::string& name, std::map<std::string, int>& names) {
    int& last = names[name];
    if (last == 0) {
      last = 1;
      return name;
    }
    std::string candidate;
    do candidate = fmt::format("{} ({})", name, ++last);
    while (!names.try_emplace(candidate, 1).second);
    return candidate;
  }

  pugi::xml_node begin(const std::string& name) {
    pugi::xml_node node = root_.append_child("testsuite");
    put(node, "name", unique(name, suites_));
    std::string started = report_.started;  // without the zone, which older schemas do not allow; it is UTC
    if (started.ends_with('Z')) started.pop_back();
    if (!started.empty()) put(node, "timestamp", xml_text(started));
    names_.clear();
    counts_ = {};
    return node;
  }

  static void property(pugi::xml_node properties, const char* name, const std::string& value) {
    if (value.empty()) return;
    pugi::xml_node node = properties.append_child("property");
    put(node, "name", name);
    put(node, "value", line(value));
  }

  void end(pugi::xml_node node) {
    put(node, counts_);
    all_.tests += counts_.tests;
    all_.failures += counts_.failures;
    all_.errors += counts_.errors;
    all_.skipped += counts_.skipped;
  }

  // Jenkins takes what stands before the last dot for the package, so other dots become dashes.
  static std::string class_name(const std::string& path) {
    std::string name = "assay." + one_line(path, kMessage);
    std::replace(name.begin() + 6, name.end(), '.', '-');
    return xml_text(name);
  }

  pugi::xml_node test_case(pugi::xml_node suite, const std::string& name, const std::string& path) {
    pugi::xml_node node = suite.append_child("testcase");
    std::string shown = xml_text(one_line(name));
    put(node, "name", unique(shown.empty() ? "unnamed" : shown, names_));
    put(node, "classname", class_name(path));
    put(node, "time", kNoTime);
    ++counts_.tests;
    return node;
  }

  // GitLab shows the content only, so it begins with the message.
  void result(pugi::xml_node node, const char* kind, const std::string& message, std::string_view type,
              const std::string& content) const {
    pugi::xml_node item = node.append_child(kind);
    put(item, "message", line(message));
    put(item, "type", type.empty() ? "unknown" : line(type));
    item.append_child(pugi::node_pcdata).set_value(cut(one_line(message) + "\n" + content).c_str());
  }

  // At most `cap_` bytes, as they are written.
  std::string cut(const std::string& text) const {
    std::string clean = xml_text(text);
    std::size_t end = 0;
    for (std::size_t size = 0; end < clean.size(); ++end) {
      const char c = clean[end];
      size += c == '&' ? 5 : c == '<' || c == '>' ? 4 : 1;
      if (size > cap_) break;
    }
    if (end == clean.size()) return clean;
    return shorten(clean, end) + fmt::format("\n[cut: {} bytes in all]", text.size());
  }

  void suite(const ReleaseDrift& release) {
    pugi::xml_node node = begin("drift " + xml_text(one_line(title_of(release))));
    pugi::xml_node properties = node.append_child("properties");
    property(properties, "assay.git", release.git);
    property(properties, "assay.git.commit", release.git_commit);
    property(properties, "assay.release", release_text(release));
    property(properties, "assay.revision", release.revision == 0 ? "" : std::to_string(release.revision));
    property(properties, "assay.started", report_.started);
    for (const ObjectDrift& item : release.objects) object(node, release, item);
    for (const auto& problem : release.problems) {
      pugi::xml_node item = test_case(node, "problem " + problem.code, title_of(release));
      ++counts_.errors;
      result(item, "error", problem.message, problem.code, "");
    }
    if (release.objects.empty() && release.problems.empty()) {
      pugi::xml_node item = test_case(node, "objects", title_of(release));
      ++counts_.errors;
      result(item, "error", "nothing was there to compare", "empty", "");
    }
    end(node);
  }

  void object(pugi::xml_node suite, const ReleaseDrift& release, const ObjectDrift& object) {
    const std::string place =
        fmt::format("{}/{}/{}", release.name.empty() ? "files" : release.name, object.id.ns, object.id.kind);
    pugi::xml_node node = test_case(suite, object.id.text(), place);
    if (!object.source.empty()) put(node, "file", xml_text(one_line(object.source)));
    if (object.verdict == ObjectVerdict::error) {
      ++counts_.errors;
      result(node, "error", object.note, object.code, "");
      return;
    }
    if (is_whole(object) && object.kind == DriftClass::suppressed) {
      ++counts_.skipped;
      result(node, "skipped", object.note, name_of(object.kind), std::string(name_of(object.verdict)) + "\n");
      return;
    }
    std::string counted;
    std::string quiet;
    std::size_t fields = 0;
    for (const FieldDrift& field : object.fields) {
      const bool counts = fail_on_.contains(field.kind) && field.kind != DriftClass::suppressed;
      fields += counts ? 1 : 0;
      std::string& text = counts ? counted : quiet;
      if (text.size() < kMost) text += told(release, object, field);
    }
    if (const auto worst = worst_of(object, fail_on_); worst && *worst != DriftClass::suppressed) {
      ++counts_.failures;
      std::string message = is_whole(object)
                                ? fmt::format("{}: {}", name_of(object.kind), object.id.text())
                                : fmt::format("{} differ: {}", plural(fields, "field"), object.id.text());
      if (fields == 1) message = "1 field differs: " + object.id.text();
      if (is_whole(object)) {
        if (!object.manager.empty()) counted += "by " + one_line(object.manager) + "\n";
        if (!object.note.empty()) counted += one_line(object.note) + "\n";
      }
      result(node, "failure", message, name_of(*worst), counted);
    }
    // What explains itself, or was not asked for, changes no result and is told all the same.
    if (!quiet.empty())
      node.append_child("system-out").append_child(pugi::node_pcdata).set_value(cut(quiet).c_str());
  }

  void unmanaged(bool allowed) {
    pugi::xml_node node = begin("drift without a source");
    node.append_child("properties");
    for (const auto& problem : report_.problems) {
      ++counts_.errors;
      result(test_case(node, "problem " + problem.code, "unmanaged"), "error", problem.message, problem.code,
             "");
    }
    for (const auto& release : report_.unmanaged) {
      if (allowed) break;
      const std::string name =
          release.ns + "/" + release.name + (release.context.empty() ? "" : " in " + release.context);
      ++counts_.errors;
      result(test_case(node, name, "unmanaged"), "error", "no source covers the release " + name, "unmanaged",
             "");
    }
    end(node);
  }

  // They change no result.
  void rules() {
    pugi::xml_node node = begin("drift rules");
    node.append_child("properties");
    for (const auto& rule : report_.unmatched_rules) {
      ++counts_.skipped;
      result(test_case(node, rule, "rules"), "skipped", rule, "unmatched", "");
    }
    end(node);
  }

  const DriftReport& report_;
  const std::set<DriftClass>& fail_on_;
  pugi::xml_document document_;
  pugi::xml_node root_;
  std::map<std::string, int> suites_;
  std::map<std::string, int> names_;
  Counts counts_;
  Counts all_;
  std::size_t cap_ = kMost;
};

}  // namespace

std::string drift_junit(const DriftReport& report, const std::set<DriftClass>& fail_on,
                        bool allow_unmanaged) {
  return Junit(report, fail_on).write(allow_unmanaged);
}

}  // namespace assay::drift
