// Drift as people read it: a compact tree and a summary.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/text.h"
#include "core/value.h"
#include "drift/line_diff.h"
#include "drift/output.h"
#include "drift/tally.h"

namespace assay::drift {
namespace {

constexpr std::size_t kValue = 300;      // bytes of a value
constexpr std::size_t kSideBySide = 88;  // columns of three values in one line
constexpr std::size_t kDiffLines = 12;
constexpr std::size_t kDiffColumns = 160;

struct SideText {
  std::string_view name;
  const std::optional<std::string>* value;
  bool defaulted = false;

  std::string shown() const {
    if (!*value) return "(none)";
    return one_line(**value, kValue) + (defaulted ? " (default)" : "");
  }
};

// The text of a JSON string.
std::optional<std::string> text_of(const std::optional<std::string>& json) {
  if (!json || !json->starts_with('"')) return std::nullopt;
  auto value = parse_json(*json);
  if (!value || !value->is_string()) return std::nullopt;
  return std::move(value->string());
}

class Text {
 public:
  Text(std::string& out, const DriftTextOptions& options) : out_(out), options_(options) {}

  void release(const ReleaseDrift& release) {
    if (!out_.empty()) out_ += '\n';
    out_ += paint("1", one_line(title_of(release))) + '\n';
    if (!release.git.empty()) {
      out_ += "  git      " + one_line(release.git);
      if (!release.git_commit.empty() &&
          release.git.find(release.git_commit.substr(0, 7)) == std::string::npos)
        out_ += " (" + one_line(release.git_commit.substr(0, 12)) + ")";
      out_ += '\n';
    }
    out_ += "  release  " + one_line(release_text(release)) + '\n';
    for (const ObjectDrift& item : release.objects) object(release, item);
    if (release.objects.empty()) out_ += paint("1;35", "  nothing was there to compare") + '\n';
    for (const auto& problem : release.problems)
      out_ += paint("1;35", "  " + one_line(problem.code) + ": ") + one_line(problem.message) + '\n';
    for (const std::string& warning : release.warnings)
      out_ += paint("33", "  warning: ") + one_line(warning) + '\n';
  }

  void summary(const DriftReport& report) {
    DriftTally tally;
    for (const ReleaseDrift& release : report.releases) tally.add(release);
    out_ += '\n' + plural(tally.objects, "object");
    std::string_view before = ": ";
    constexpr std::array<std::string_view, kObjectVerdicts> kVerdicts{"same", "changed", "missing", "extra",
                                                                      "without a verdict"};
    for (std::size_t i = 0; i < kObjectVerdicts; ++i) {
      if (tally.verdicts[i] == 0) continue;
      out_ += fmt::format("{}{} {}", before, tally.verdicts[i], kVerdicts[i]);
      before = ", ";
    }
    out_ += '\n';
    before = "drift: ";
    bool any = false;
    for (std::size_t i = 0; i < kDriftClasses; ++i) {
      if (tally.classes[i] == 0) continue;
      out_ +=
          fmt::format("{}{} {}", any ? ", " : before, tally.classes[i], name_of(static_cast<DriftClass>(i)));
      any = true;
    }
    if (any) out_ += '\n';
    suppressed(report);
    for (const std::string& rule : report.unmatched_rules)
      out_ += paint("33", "rule ") + one_line(rule) + '\n';
    for (const auto& release : report.unmanaged) {
      out_ += paint("1;35", "no source: ") + one_line(release.ns + "/" + release.name) +
              (release.context.empty() ? "" : " in " + one_line(release.context)) + '\n';
    }
    for (const auto& problem : report.problems)
      out_ += paint("1;35", one_line(problem.code) + ": ") + one_line(problem.message) + '\n';
    for (const std::string& warning : report.warnings)
      out_ += paint("33", "warning: ") + one_line(warning) + '\n';
  }

 private:
  std::string paint(std::string_view code, const std::string& text) const {
    return options_.colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  }

  std::string paint(DriftClass kind) const {
    const std::string_view code = kind == DriftClass::deliberate ? "33" : is_quiet(kind) ? "2" : "1;31";
    return paint(code, std::string(name_of(kind)));
  }

  bool is_shown(DriftClass kind) const {
    return options_.verbose || (kind != DriftClass::controller && kind != DriftClass::suppressed);
  }

  void object(const ReleaseDrift& release, const ObjectDrift& object) {
    const bool whole = is_whole(object);
    const bool shown = object.verdict == ObjectVerdict::error || (whole && is_shown(object.kind)) ||
                       std::any_of(object.fields.begin(), object.fields.end(),
                                   [&](const auto& field) { return is_shown(field.kind); });
    if (!shown) return;
    out_ += '\n';
    const std::string head(name_of(object.verdict));
    out_ += "  " + paint(object.verdict == ObjectVerdict::error ? "1;35" : "1", head) + " " +
            one_line(object.id.text());
    if (!object.source.empty()) out_ += paint("2", "  " + one_line(object.source));
    out_ += '\n';
    if (object.verdict == ObjectVerdict::error) {
      out_ += fmt::format("    {}: {}\n", one_line(object.code), one_line(object.note));
      return;
    }
    if (whole && name_of(object.kind) != name_of(object.verdict)) out_ += "    " + paint(object.kind) + '\n';
    if (!object.manager.empty() || !object.time.empty())
      out_ += "    by " + who(object.manager, object.time) + '\n';
    if (!object.note.empty()) out_ += "    " + one_line(object.note) + '\n';
    for (const FieldDrift& item : object.fields) {
      if (is_shown(item.kind)) field(release, object, item);
    }
  }

  static std::string who(const std::string& author, const std::string& time) {
    std::string text = author.empty() ? "unknown" : one_line(author);
    return time.empty() ? text : text + " at " + one_line(time);
  }

  void field(const ReleaseDrift& release, const ObjectDrift& object, const FieldDrift& field) {
    const bool place = !field.path.empty();  // else the object as such
    out_ += "    " + (place ? one_line(field.path) : "the object") + "  " + paint(field.kind) + '\n';
    if (place) values(release, object, field);
    if (!field.manager.empty() || !field.time.empty())
      out_ += "      by " + who(author_of(field), field.time) + '\n';
    if (!field.note.empty()) out_ += "      " + one_line(field.note) + '\n';
  }

  void values(const ReleaseDrift& release, const ObjectDrift& object, const FieldDrift& field) {
    std::vector<SideText> sides;
    if (takes_git(release, object)) sides.push_back({"git", &field.git, field.git_defaulted});
    if (takes_release(release, object)) sides.push_back({"release", &field.release, field.release_defaulted});
    sides.push_back({"live", &field.live, false});
    if (lines(sides)) return;
    std::size_t width = 0;
    std::vector<std::string> shown;
    for (const SideText& side : sides) {
      shown.push_back(side.shown());
      width += columns(shown.back()) + side.name.size() + 3;
    }
    if (width <= kSideBySide) {
      out_ += "      ";
      for (std::size_t i = 0; i < sides.size(); ++i)
        out_ += fmt::format("{}{} {}", i == 0 ? "" : " | ", sides[i].name, shown[i]);
      out_ += '\n';
      return;
    }
    for (std::size_t i = 0; i < sides.size(); ++i)
      out_ += fmt::format("      {:<8} {}\n", sides[i].name, shown[i]);
  }

  // Texts of several lines: where they part. Each side against the one before it that is different.
  bool lines(const std::vector<SideText>& sides) {
    std::vector<std::string> texts;
    bool many = false;
    for (const SideText& side : sides) {
      auto text = text_of(*side.value);
      if (*side.value && !text) return false;
      many = many || (text && text->find('\n') != std::string::npos);
      texts.push_back(std::move(text).value_or(""));
    }
    if (!many) return false;
    std::string from(sides.front().name);
    for (std::size_t i = 1; i < sides.size(); ++i) {
      if (*sides[i].value == *sides[i - 1].value) {
        from += ", " + std::string(sides[i].name);
        continue;
      }
      out_ += fmt::format("      {} -> {}\n", from, sides[i].name);
      edits(texts[i - 1], texts[i]);
      from = sides[i].name;
    }
    return true;
  }

  void edits(const std::string& from, const std::string& to) {
    const auto all = diff_lines(split_lines(from), split_lines(to));
    std::size_t shown = 0;
    std::size_t left = 0;
    std::size_t line = 0;
    for (const LineEdit& edit : all) {
      if (edit.sign != '+') ++line;
      if (edit.sign == ' ') continue;
      if (shown == kDiffLines) {
        ++left;
        continue;
      }
      ++shown;
      const std::string text =
          fmt::format("{}{}", edit.sign, fit(one_line(edit.line, kDiffColumns * 4), kDiffColumns));
      out_ += fmt::format("      {:>5} ", edit.sign == '-' ? std::to_string(line) : "");
      out_ += paint(edit.sign == '-' ? "31" : "32", text) + '\n';
    }
    if (shown == 0) out_ += "            (line ends differ)\n";
    if (left != 0) out_ += fmt::format("            ... {} more\n", plural(left, "line"));
  }

  void suppressed(const DriftReport& report) {
    std::map<std::string, std::size_t> reasons;
    for (const ReleaseDrift& release : report.releases) {
      for (const ObjectDrift& object : release.objects) {
        if (is_whole(object) && object.kind == DriftClass::suppressed) ++reasons[object.note];
        for (const FieldDrift& field : object.fields) {
          if (field.kind == DriftClass::suppressed) ++reasons[field.note];
        }
      }
    }
    for (const auto& [reason, count] : reasons)
      out_ += paint("2", fmt::format("suppressed {}: {}", count, one_line(reason, kValue))) + '\n';
  }

  std::string& out_;
  const DriftTextOptions& options_;
};

}  // namespace

std::string drift_text(const DriftReport& report, const DriftTextOptions& options) {
  std::string out;
  Text text(out, options);
  for (const ReleaseDrift& release : report.releases) text.release(release);
  text.summary(report);
  return out;
}

}  // namespace assay::drift
