// JUnit XML as CI systems really read it: flat suites, one case a check, `error` for what assay could not
// tell and `failure` for what is not as expected. What each reader does with it is in docs/junit.md.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <pugixml.hpp>
#include <set>

#include "core/text.h"
#include "core/utf8.h"
#include "reporters/budget.h"
#include "reporters/explain.h"
#include "reporters/formats.h"
#include "reporters/outcome.h"

namespace assay {
namespace {

// GitLab takes files up to 30 MB; attributes and tags need room beside the evidence.
constexpr std::size_t kEvidence = 20U << 20;
constexpr std::size_t kMessage = 400;
constexpr std::size_t kFlaky = 3;  // earlier attempts shown of one check

// Bytes of `text` once & < > are escaped.
std::size_t written_size(std::string_view text) {
  std::size_t size = text.size();
  for (const char c : text) size += c == '&' ? 4 : c == '<' || c == '>' ? 3 : c == '\r' ? 4 : 0;
  return size;
}

// The longest beginning of `text` that is at most `bytes` long once it is escaped. Where something is
// missing, a note says how long the `whole` is.
std::string cut(const std::string& text, std::size_t bytes, std::size_t whole) {
  if (bytes == 0) return {};
  if (whole == text.size() && written_size(text) <= bytes) return text;
  std::size_t end = 0;
  for (std::size_t taken = 0; end < text.size(); ++end) {
    taken += written_size(std::string_view(text).substr(end, 1));
    if (taken > bytes) break;
  }
  if (end == text.size() && whole == text.size()) return text;
  return shorten(text, end) + fmt::format("\n[cut: {} bytes in all]", whole);
}

std::string cut(const std::string& text, std::size_t bytes) { return cut(text, bytes, text.size()); }

std::string three_decimals(double seconds) { return fmt::format("{:.3f}", std::max(seconds, 0.0)); }

// What a case says: the same text as the content of its failure, since GitLab shows only the content.
struct Texts {
  std::string message;    // one line
  std::string content;    // source line, expected, observed
  std::string evidence;   // for system-out, at most about kMostEvidence of it
  std::size_t whole = 0;  // bytes of all of it
};

Texts texts_of(const CheckResult& result) {
  Texts texts;
  const Outcome outcome = outcome_of(result);
  texts.message = xml_text(shorten(to_utf8(sentence(result)), kMessage));
  std::replace(texts.message.begin(), texts.message.end(), '\n', ' ');
  if (outcome == Outcome::skipped) {
    texts.content = texts.message;
  } else if (outcome != Outcome::passed) {
    texts.content =
        texts.message + "\n" + xml_text(plain_text({headline(result)}) + plain_text(explain(result)));
  }
  const bool told = outcome == Outcome::warning || outcome == Outcome::known;
  if (told) {
    texts.evidence = fmt::format("{}: {}\n", outcome == Outcome::known ? "KNOWN" : "WARNING", texts.content);
  }
  std::string seen;
  if (!result.observation().is_null()) seen = to_json(result.observation(), 2) + "\n";
  texts.evidence += xml_text(std::string_view(seen).substr(0, kMostEvidence));
  texts.whole = texts.evidence.size() + seen.size() - std::min(seen.size(), kMostEvidence);
  return texts;
}

class Writer final : public pugi::xml_writer {
 public:
  explicit Writer(std::function<void(std::string_view)> output) : output_(std::move(output)) {}
  void write(const void* data, std::size_t size) override {
    output_(std::string_view(static_cast<const char*>(data), size));
  }

 private:
  std::function<void(std::string_view)> output_;
};

struct Counts {
  int tests = 0;
  int failures = 0;
  int errors = 0;
  int skipped = 0;
  double time = 0;
};

void put(pugi::xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name).set_value(value.c_str());
}

void put(pugi::xml_node node, const Counts& counts, double time) {
  put(node, "tests", std::to_string(counts.tests));
  put(node, "failures", std::to_string(counts.failures));
  put(node, "errors", std::to_string(counts.errors));
  put(node, "skipped", std::to_string(counts.skipped));
  put(node, "time", three_decimals(time));
}

void put_text(pugi::xml_node parent, const char* name, const std::string& text) {
  parent.append_child(name).append_child(pugi::node_pcdata).set_value(text.c_str());
}

// failure, error or skipped: message, type and the content.
void put_result(pugi::xml_node parent, const char* name, const std::string& message, const std::string& type,
                const std::string& content) {
  pugi::xml_node node = parent.append_child(name);
  put(node, "message", message);
  put(node, "type", xml_text(type));
  if (!content.empty()) node.append_child(pugi::node_pcdata).set_value(content.c_str());
}

class Junit final : public FinalReporter {
 public:
  using FinalReporter::FinalReporter;

 private:
  void write() override {
    pugi::xml_document document;
    pugi::xml_node declaration = document.append_child(pugi::node_declaration);
    declaration.append_attribute("version") = "1.0";
    declaration.append_attribute("encoding") = "UTF-8";
    pugi::xml_node root = document.append_child("testsuites");

    std::vector<Texts> texts;
    std::vector<Evidence> sizes;
    for (const CheckResult& result : results().checks()) {
      texts.push_back(texts_of(result));
      const Outcome outcome = outcome_of(result);
      const std::size_t size = written_size(texts.back().content) + written_size(texts.back().evidence);
      sizes.push_back({size, outcome == Outcome::passed || outcome == Outcome::skipped});
    }
    const Caps caps = caps_for(sizes, kEvidence);

    std::vector<std::string> suites = results().suites;
    for (const CheckResult& result : results().checks()) {
      if (std::find(suites.begin(), suites.end(), result.check.suite) == suites.end())
        suites.push_back(result.check.suite);
    }
    std::map<std::string, std::vector<std::size_t>, std::less<>> by_suite;
    for (std::size_t i = 0; i < results().checks().size(); ++i)
      by_suite[results().checks()[i].check.suite].push_back(i);

    Counts all;
    for (const std::string& suite : suites) {
      const auto found = by_suite.find(suite);
      if (found == by_suite.end()) continue;
      pugi::xml_node node = begin_suite(root, suite);
      Counts counts;
      std::set<std::string> names;
      for (const std::size_t i : found->second) {
        put_case(node, results().checks()[i], texts[i], sizes[i].green ? caps.green : caps.other, names,
                 counts);
      }
      end_suite(node, counts, all);
    }
    put_troubles(root, all);
    put(root, "name", "assay");
    put(root, all, results().duration);
    Writer writer([this](std::string_view piece) { emit(piece); });
    document.save(writer, "  ", pugi::format_indent, pugi::encoding_utf8);
  }

  pugi::xml_node begin_suite(pugi::xml_node root, const std::string& suite) {
    pugi::xml_node node = root.append_child("testsuite");
    put(node, "name", suite.empty() ? "suite" : xml_text(suite));
    // Without the zone, which the older schemas do not allow; it is UTC.
    std::string started = results().header.get("started");
    if (started.ends_with('Z')) started.pop_back();
    if (!started.empty()) put(node, "timestamp", xml_text(started));
    pugi::xml_node properties = node.append_child("properties");
    const auto property = [&](const char* name, const std::string& value) {
      if (value.empty()) return;
      pugi::xml_node item = properties.append_child("property");
      put(item, "name", name);
      put(item, "value", xml_text(value));
    };
    property("assay.run", results().header.get("run"));
    property("assay.seed", scalar_text(results().header.find("seed")));
    property("assay.version", results().header.get("assay"));
    property("assay.started", results().header.get("started"));
    return node;
  }

  static void end_suite(pugi::xml_node node, const Counts& counts, Counts& all) {
    put(node, counts, counts.time);
    all.tests += counts.tests;
    all.failures += counts.failures;
    all.errors += counts.errors;
    all.skipped += counts.skipped;
  }

  // Jenkins takes what stands before the last dot for the package, so a suite's own dots must not count.
  static std::string class_name(const std::string& suite) {
    std::string name = "assay." + suite;
    std::replace(name.begin() + 6, name.end(), '.', '-');
    return xml_text(name);
  }

  // GitLab ignores every case after the first of a name.
  static std::string unique(std::string name, std::set<std::string>& names) {
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
    std::string candidate = name;
    for (int number = 2; !names.insert(candidate).second; ++number)
      candidate = fmt::format("{} ({})", name, number);
    return candidate;
  }

  static void put_case(pugi::xml_node suite, const CheckResult& result, const Texts& texts, std::size_t cap,
                       std::set<std::string>& names, Counts& counts) {
    const Check& check = result.check;
    const CheckJudgement& judged = result.judgement;
    const Outcome outcome = outcome_of(result);
    const std::string prefix = check.suite + "/";
    std::string name = xml_text(check.id.starts_with(prefix) ? check.id.substr(prefix.size()) : check.id);

    pugi::xml_node node = suite.append_child("testcase");
    put(node, "name", unique(std::move(name), names));
    put(node, "classname", class_name(check.suite));
    // Rounded first, so that the sum is the sum of what is written.
    const double time = static_cast<double>(std::llround(std::max(judged.took, 0.0) * 1000)) / 1000;
    put(node, "time", three_decimals(time));
    if (!check.file.empty()) put(node, "file", xml_text(check.file));
    if (check.line != 0) put(node, "line", std::to_string(check.line));
    ++counts.tests;
    counts.time += time;

    // The content may take half of what there is where both are long.
    const std::size_t evidence = written_size(texts.evidence);
    const std::string content = cut(texts.content, cap - std::min(evidence, cap / 2));
    switch (outcome) {
      case Outcome::failed:
        ++counts.failures;
        put_result(node, "failure", texts.message, judged.code, content);
        break;
      case Outcome::error:
        ++counts.errors;
        put_result(node, "error", texts.message, judged.code, content);
        break;
      case Outcome::skipped:
        ++counts.skipped;
        put_result(node, "skipped", texts.message, judged.code, content);
        break;
      case Outcome::flaky:
        put_flaky(node, result, cap / 4);
        break;
      case Outcome::warning:
      case Outcome::known:
      case Outcome::passed:
        break;
    }
    const std::size_t shown =
        outcome == Outcome::failed || outcome == Outcome::error || outcome == Outcome::skipped
            ? written_size(content)
            : 0;
    if (const std::string text = cut(texts.evidence, cap - std::min(shown, cap), texts.whole); !text.empty())
      put_text(node, "system-out", text);
  }

  // Surefire's form, which Jenkins reads: the case passed, and these are the attempts before.
  static void put_flaky(pugi::xml_node node, const CheckResult& result, std::size_t cap) {
    const auto earlier = earlier_failures(result);
    const std::size_t from = earlier.size() > kFlaky ? earlier.size() - kFlaky : 0;
    // The schema wants all flakyFailure before all flakyError.
    for (const Verdict verdict : {Verdict::fail, Verdict::error}) {
      for (std::size_t i = from; i < earlier.size(); ++i) {
        const Judgement& judgement = earlier[i].judgement;
        if (judgement.verdict != verdict) continue;
        pugi::xml_node item = node.append_child(verdict == Verdict::fail ? "flakyFailure" : "flakyError");
        put(item, "message", xml_text(one_line(judgement.message, kMessage)));
        put(item, "type", xml_text(judgement.code));
        const std::string text = fmt::format("attempt {}: {}: {}", earlier[i].facts->number,
                                             code_and_phase(judgement), judgement.message);
        put_text(item, "stackTrace", cut(xml_text(text), cap / kFlaky));
      }
    }
  }

  // A run that was cut off is never green: a case of its own says so.
  void put_troubles(pugi::xml_node root, Counts& all) {
    const auto sentences = troubles(results());
    if (sentences.empty()) return;
    pugi::xml_node node = begin_suite(root, "assay-run");
    Counts counts;
    std::string text;
    for (const std::string& sentence : sentences) text += xml_text(sentence) + "\n";
    pugi::xml_node item = node.append_child("testcase");
    put(item, "name", "complete");
    put(item, "classname", class_name("assay-run"));
    put(item, "time", "0.000");
    put_result(item, "error", xml_text(one_line(sentences.front(), kMessage)), "run.incomplete", text);
    counts.tests = counts.errors = 1;
    end_suite(node, counts, all);
  }
};

}  // namespace

std::unique_ptr<Reporter> make_junit(const Results& results, Output output) {
  return std::make_unique<Junit>(results, std::move(output));
}

}  // namespace assay
