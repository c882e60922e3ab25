// assay list, assay explain, assay schema
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "cli/commands.h"
#include "cli/console_io.h"
#include "cli/probes.h"
#include "core/codes.h"
#include "engine/format.h"
#include "engine/matcher.h"
#include "engine/runbooks.h"
#include "engine/schema.h"
#include "reporters/reporter.h"

namespace assay {
namespace {

std::string_view effect_name(Effect effect) { return effect == Effect::reads ? "reads" : "writes"; }

void print_rows(const std::vector<std::array<std::string, 3>>& rows) {
  std::size_t first = 0;
  std::size_t second = 0;
  for (const auto& row : rows) {
    first = std::max(first, row[0].size());
    second = std::max(second, row[1].size());
  }
  std::string out;
  for (const auto& row : rows)
    out += fmt::format("{:<{}}  {:<{}}  {}\n", row[0], first, row[1], second, row[2]);
  print(out);
}

void add_fields(std::string& out, const Fields& fields, int indent) {
  std::size_t width = 0;
  for (const Field& field : fields) width = std::max(width, field.name.size());
  for (const Field& field : fields) {
    std::string notes;
    if (field.required) notes += " (required)";
    if (!field.fallback.is_null() && field.fallback != Value(""))
      notes += fmt::format(" (default {})", to_json(field.fallback));
    if (!field.one_of.empty()) notes += fmt::format(" (one of {})", fmt::join(field.one_of, ", "));
    if (field.type == Type::secret) notes += " (secret)";
    out += fmt::format("{:{}}{:<{}}  {}: {}{}\n", "", indent, field.name, width, type_name(field.type),
                       field.doc, notes);
    if (field.type != Type::tls) add_fields(out, field.fields, indent + 4);
  }
}

std::string explain_probe(const Probe& probe) {
  std::string out = fmt::format("{} ({}): {}\n\nParameters (with):\n", probe.name, effect_name(probe.effect),
                                probe.summary);
  add_fields(out, probe.params, 2);
  if (probe.params.empty()) out += "  none\n";
  out += "\nObserves (paths for expect):\n";
  add_fields(out, probe.observes, 2);
  if (probe.network) out += "  and of its connection: phases, addresses, peer, tls\n";
  out += "\nExpects by default:\n";
  for (const DefaultExpectation& expectation : probe.defaults)
    out += fmt::format("  {}: {}\n", expectation.path, to_json(expectation.matcher));
  if (probe.defaults.empty()) out += "  nothing: say what to expect\n";
  out += fmt::format("\nExample:\n  - id: {}\n    probe: {}\n    with:\n",
                     probe.name.substr(probe.name.find('.') + 1), probe.name);
  std::string_view example = probe.example;
  while (!example.empty()) {
    const auto end = std::min(example.find('\n'), example.size());
    out += fmt::format("      {}\n", example.substr(0, end));
    example.remove_prefix(std::min(end + 1, example.size()));
  }
  // A check without any expectation does not load.
  if (probe.defaults.empty() && !probe.observes.empty())
    out += fmt::format("    expect: {{{}: {{present: true}}}}\n", probe.observes.front().name);
  return out;
}

}  // namespace

int list_command(const Args& args) {
  std::vector<std::array<std::string, 3>> rows;
  if (args.name == "probes") {
    for (const Probe& probe : offered_probes())
      rows.push_back({probe.name, std::string(effect_name(probe.effect)), probe.summary});
  } else if (args.name == "matchers") {
    for (const MatcherInfo& info : all_matchers()) rows.push_back({info.name, info.takes, info.doc});
  } else if (args.name == "reporters") {
    for (const ReporterInfo& info : all_reporters())
      rows.push_back({info.name, info.file.empty() ? "standard output" : info.file, info.summary});
  } else {
    for (const CodeInfo& info : all_codes()) {
      rows.push_back(
          {std::string(info.code), info.blame == Blame::target ? "fail" : "error", std::string(info.doc)});
    }
  }
  print_rows(rows);
  return 0;
}

int explain_command(const Args& args) {
  std::vector<std::string> names;
  for (const Probe& probe : offered_probes()) {
    if (probe.name == args.name) {
      print(explain_probe(probe));
      return 0;
    }
    names.push_back(probe.name);
  }
  for (const MatcherInfo& info : all_matchers()) {
    if (info.name == args.name) {
      print(fmt::format("{} takes {}: {}\n\nExample:\n  expect: {{some.path: {}}}\n", info.name, info.takes,
                        info.doc, info.example));
      return 0;
    }
    names.push_back(info.name);
  }
  for (const ReporterInfo& info : all_reporters()) {
    if (info.name == args.name) {
      print(fmt::format("{}: {}\n\n{}\n", info.name, info.summary,
                        info.file.empty() ? "Goes to standard output: --format " +
                                                (info.name == "text" ? "text" : info.name)
                                          : "Lies in every run's folder as " + info.file));
      return 0;
    }
    names.push_back(info.name);
  }
  for (const CodeInfo& info : all_codes()) {
    if (info.code == args.name) {
      print(fmt::format("{}: {}\n\nVerdict: {}. {}\n", info.code, info.doc,
                        info.blame == Blame::target ? "fail" : "error",
                        info.can_heal ? "Polling and retrying go on."
                                      : "It does not heal by itself: polling and retrying end at once."));
      return 0;
    }
    names.emplace_back(info.code);
  }
  for (const char* path : {"suites/runbooks.yaml", "runbooks.yaml"}) {
    Sources sources;
    Problems problems;
    if (::access(path, R_OK) != 0) continue;
    const Runbooks runbooks = read_runbooks(path, sources, problems);
    const auto found = runbooks.find(args.name);
    if (found != runbooks.end()) {
      const Runbook& book = found->second;
      print(
          fmt::format("{}\n  symptom:  {}\n  evidence: {}\n  cause:    {}\n  fix:      {}\n  link:     {}\n",
                      args.name, book.symptom, book.evidence, book.cause, book.fix, book.link));
      return 0;
    }
    for (const auto& [id, book] : runbooks) names.push_back(id);
  }
  const std::string hint = nearest(args.name, names);
  complain(fmt::format("there is nothing called {}{}", args.name,
                       hint.empty() ? "; see `assay list probes`" : "; did you mean " + hint + "?"));
  return 2;
}

int schema_command() {
  print(to_json(suite_schema(offered_probes()), 2) + "\n");
  return 0;
}

}  // namespace assay
