#include "reporters/html_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "core/utf8.h"
#include "reporters/budget.h"
#include "reporters/explain.h"
#include "reporters/html_style.h"
#include "reporters/outcome.h"

namespace assay {
namespace {

constexpr std::size_t kAttempts = 12;  // rows of the table of attempts

std::string_view style_name(Style style) {
  switch (style) {
    case Style::plain:
      return "";
    case Style::faint:
      return "s-faint";
    case Style::strong:
      return "s-strong";
    case Style::fail:
      return "s-fail";
    case Style::error:
      return "s-error";
    case Style::warn:
      return "s-warn";
    case Style::good:
      return "s-good";
    case Style::link:
      return "s-link";
  }
  return "";
}

// An anchor that a person can read in a link: letters and digits stay, a hash keeps ids apart (FNV-1a).
std::string anchor(const std::string& id) {
  std::string name;
  std::uint32_t hash = 2166136261U;
  for (const char c : to_utf8(id)) {
    const bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (safe) {
      name += c;
    } else if (!name.ends_with('-')) {
      name += '-';
    }
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  }
  return fmt::format("check-{}-{:08x}", name.substr(0, 80), hash);
}

bool is_web_link(std::string_view text) {
  return text.starts_with("https://") || text.starts_with("http://");
}

void excerpt(std::string& out, const CheckResult& result) {
  const auto lines = explain(result, false);
  if (lines.empty()) return;
  out += "<pre>";
  for (const StyledLine& line : lines) {
    for (const Span& span : line) {
      if (span.text.empty()) continue;
      if (span.style == Style::plain) {
        out += html_text(span.text);
      } else if (const auto color = html_color(span.style); color.empty()) {
        out += fmt::format("<b class=\"{}\">{}</b>", style_name(span.style), html_text(span.text));
      } else {
        out += fmt::format("<font color=\"{}\" class=\"{}\">{}</font>", color, style_name(span.style),
                           html_text(span.text));
      }
    }
    out += '\n';
  }
  out += "</pre>\n";
}

void fact(std::string& out, std::string_view name, const std::string& html) {
  if (!html.empty())
    out += fmt::format("<tr><th align=\"left\" valign=\"top\">{}</th><td>{}</td></tr>\n", name, html);
}

std::string joined(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& item : list) text += (text.empty() ? "" : ", ") + item;
  return text;
}

void facts(std::string& out, const CheckResult& result) {
  const Check& check = result.check;
  const CheckJudgement& judged = result.judgement;
  out += "<table class=\"facts\" cellpadding=\"2\">\n";
  fact(out, "about", html_text(check.doc));
  fact(out, "probe", "<code>" + html_text(check.probe) + "</code>");
  if (!check.file.empty())
    fact(out, "defined at", fmt::format("<code>{}:{}</code>", html_text(check.file), check.line));
  if (!check.runbook.empty()) {
    const std::string text = html_text(check.runbook);
    fact(out, "runbook",
         is_web_link(check.runbook) ? fmt::format("<a href=\"{0}\" rel=\"noreferrer noopener\">{0}</a>", text)
                                    : text);
  }
  if (check.known)
    fact(out, "known",
         fmt::format("{}, until {}", html_text(check.known->reason), html_text(check.known->until)));
  if (check.warn) fact(out, "severity", "warn");
  if (!check.needs.empty()) fact(out, "needs", html_text(joined(check.needs)));
  if (!check.tags.empty()) fact(out, "tags", html_text(joined(check.tags)));
  if (!check.targets.empty()) fact(out, "targets", html_text(joined(check.targets)));
  if (judged.converged > 0)
    fact(out, "converged",
         fmt::format("after {}, {} attempts", html_text(format_seconds(judged.converged)), judged.attempts));
  out += "</table>\n";
}

std::string_view shade(std::size_t i) {
  static constexpr std::string_view kShades[] = {"#54aeff", "#218bff", "#0969da",
                                                 "#0550ae", "#8250df", "#bf3989"};
  return kShades[i % std::size(kShades)];
}

using Parts = std::vector<std::pair<std::string, double>>;

void bar(std::string& out, const Parts& parts, double total) {
  out +=
      "<svg class=\"bar\" width=\"100%\" height=\"10\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" "
      "role=\"img\" aria-label=\"phases\">";
  double before = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    out += fmt::format("<rect fill=\"{}\" x=\"{:.2f}\" y=\"0\" width=\"{:.2f}\" height=\"10\"/>", shade(i),
                       before / total * 1000, parts[i].second / total * 1000);
    before += parts[i].second;
  }
  out += "</svg>\n";
}

// Where the time of the deciding attempt went: a bar, and the same as a table.
void phases(std::string& out, const CheckResult& result) {
  const Value* seen = result.observation().find("phases");
  if (seen == nullptr || !seen->is_object()) return;
  Parts parts;
  double total = 0;
  for (const Member& member : seen->members()) {
    if (!member.value.is_number() || !(member.value.number() >= 0)) continue;
    parts.emplace_back(member.key, member.value.number());
    total += member.value.number();
  }
  if (parts.empty() || total <= 0) return;
  out += "<h3>Phases</h3>\n";
  // One phase alone needs no picture.
  if (parts.size() > 1) bar(out, parts, total);
  out += "<table class=\"facts\" cellpadding=\"2\"><tr>";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    out += fmt::format("<td><font color=\"{}\">&#9632;</font> {} {}</td>", shade(i),
                       html_text(parts[i].first), html_text(format_seconds(parts[i].second)));
  }
  out += "</tr></table>\n";
}

void attempts(std::string& out, const CheckResult& result) {
  if (result.attempts.size() < 2) return;
  const std::size_t from = result.attempts.size() > kAttempts ? result.attempts.size() - kAttempts : 0;
  out +=
      "<h3>Attempts</h3>\n<table class=\"facts\" cellpadding=\"2\">\n<tr><th align=\"left\">no.</th><th "
      "align=\"left\">ended at</th><th align=\"left\">took</th><th align=\"left\">outcome</th></tr>\n";
  if (from > 0) out += fmt::format("<tr><td colspan=\"4\">{} before these</td></tr>\n", from);
  for (std::size_t i = from; i < result.attempts.size(); ++i) {
    const AttemptFacts& attempt = result.attempts[i];
    const Judgement judgement = judge_attempt(result.check, attempt);
    std::string says(attempt.cut ? "cut short" : verdict_name(judgement.verdict));
    if (!attempt.cut && judgement.verdict != Verdict::pass)
      says += fmt::format(" {}: {}", code_and_phase(judgement), judgement.message);
    out += fmt::format(
        "<tr><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>\n",
        attempt.number, format_seconds(attempt.at), format_seconds(attempt.took),
        html_text(shorten(to_utf8(says), 600)));
  }
  out += "</table>\n";
}

// Bytes of a text of JSON once it is escaped.
std::size_t written_size(std::string_view text) {
  std::size_t size = text.size();
  for (const char c : text) size += c == '"' ? 5 : c == '&' || c == '\'' ? 4 : c == '<' || c == '>' ? 3 : 0;
  return size;
}

// At least as many bytes as written_size() of the value's JSON: every byte of a text may become six, and an
// escaped one twelve.
std::size_t most_written(const Value& value, std::size_t level) {
  const std::size_t line = 2 * level + 4;
  switch (value.kind()) {
    case Value::Kind::string:
      return 12 * value.string().size() + 12 + line;
    case Value::Kind::array: {
      std::size_t size = line + 2;
      for (const Value& item : value.items()) size += line + most_written(item, level + 1);
      return size;
    }
    case Value::Kind::object: {
      std::size_t size = line + 2;
      for (const Member& member : value.members())
        size += line + 12 * member.key.size() + 16 + most_written(member.value, level + 1);
      return size;
    }
    default:
      return 32 + line;
  }
}

void evidence(std::string& out, std::string_view title, const Value& value, std::size_t& room) {
  if (value.is_null() || (value.is_object() && value.members().empty())) return;
  const std::string whole = to_json(value, 2);
  out += fmt::format("<details class=\"more\"><summary>{}</summary>\n<pre>", title);
  std::size_t shown = std::min(whole.size(), kMostEvidence);
  std::size_t size = written_size(std::string_view(whole).substr(0, shown));
  // Halving finds a place where the escaped text fits without escaping it again and again.
  while (size > room && shown > 0) {
    shown /= 2;
    size = written_size(std::string_view(whole).substr(0, shown));
  }
  if (shown == whole.size()) {
    out += html_text(whole);
  } else {
    out += html_text(shorten(whole, shown)) +
           fmt::format("\n[cut: {} bytes in all; the run's journal has them]", whole.size());
  }
  room -= std::min(size, room);
  out += "</pre></details>\n";
}

}  // namespace

std::size_t html_evidence_size(const CheckResult& result) {
  std::size_t size = 0;
  for (const Value* value : {&result.observation(), &result.check.with}) {
    if (!value->is_null())
      size += written_size(std::string_view(to_json(*value, 2)).substr(0, kMostEvidence));
  }
  return size;
}

std::size_t html_evidence_bound(const CheckResult& result) {
  std::size_t size = 0;
  for (const Value* value : {&result.observation(), &result.check.with}) {
    if (!value->is_null()) size += most_written(*value, 0);
  }
  return size;
}

void append_html_check(std::string& out, const CheckResult& result, bool open, std::size_t cap) {
  const Outcome outcome = outcome_of(result);
  const std::string_view word = outcome_word(outcome);
  out += fmt::format("<details class=\"check\" id=\"{}\" data-outcome=\"{}\"{}>\n<summary>",
                     anchor(result.check.id), word, open ? " open" : "");
  out += fmt::format("<b class=\"word\"><font color=\"{}\" class=\"{}\">{}</font></b> <b class=\"id\">{}",
                     html_color(outcome), word, word, html_text(one_line(result.check.id)));
  if (const std::string code = code_and_phase(result.judgement); !code.empty() && outcome != Outcome::flaky) {
    out += fmt::format(" <code><font color=\"{}\" class=\"{}\">{}</font></code>", html_color(outcome), word,
                       html_text(one_line(code, 200)));
  }
  out += fmt::format("</b> <span class=\"took\">{}</span>",
                     result.judgement.took > 0 ? format_seconds(result.judgement.took) : "");
  if (const std::string text = one_line(sentence(result), 600); !text.empty())
    out += fmt::format("<br>\n<span class=\"says\">{}</span>", html_text(text));
  out += "</summary>\n<div class=\"body\">\n";
  if (outcome != Outcome::flaky) excerpt(out, result);
  facts(out, result);
  phases(out, result);
  attempts(out, result);
  std::size_t room = cap;
  evidence(out, "Observation", result.observation(), room);
  evidence(out, "Parameters", result.check.with, room);
  out += "</div>\n</details>\n";
}

}  // namespace assay
