// toolchain: programs are there, and new enough.
#include <fmt/format.h>

#include <algorithm>

#include "core/process.h"
#include "core/utf8.h"
#include "probes/cluster.h"
#include "probes/tool_version.h"

namespace assay {
namespace {

struct Tool {
  std::string name;  // as it is written: a name in PATH, or a path
  std::string minimum;
};

// What went wrong with one tool: a code, and a sentence.
struct Fault {
  std::string code;
  std::string text;
};

// A tool's version, as it says itself. Errors: toolchain.missing, toolchain.unknown, deadline and those of
// assay's own side.
Result<std::string> ask(const Tool& tool, const Context& context) {
  ProcessSpec spec;
  spec.argv = version_command(tool.name);
  spec.max_output = 16U << 10;
  const auto done = run_process(spec, context);
  if (!done && done.error().code == "command.missing")
    return fail("toolchain.missing", "request", fmt::format("{} is not there", tool.name));
  if (!done) {
    Error error = done.error();
    error.message = tool.name + ": " + error.message;
    return Failure(std::move(error));
  }
  if (auto version = version_in(tool.name, done->output)) return *version;
  const std::string said = shorten(printable(done->output.empty() ? done->error_output : done->output), 200);
  return fail("toolchain.unknown", "request",
              fmt::format("{} does not tell its version (exit {}): {}", fmt::join(spec.argv, " "),
                          done->exit_code, said));
}

// The worst first: a tool that is missing, one that is too old, one that nobody can tell of.
int rank(const Fault& fault) {
  if (fault.code == "toolchain.missing") return 0;
  return fault.code == "toolchain.old" ? 1 : 2;
}

Result<void> observe_toolchain(Attempt& attempt) {
  Reader reader = attempt.reader();
  std::vector<Tool> tools;
  for (const auto& [name, minimum] : reader.map("tools")) tools.push_back({name, minimum.reveal()});
  if (const auto ok = reader.ok(); !ok) return ok;
  if (tools.empty()) return fail("params.invalid", "setup", "`tools` names none");
  for (const Tool& tool : tools) {
    if (!is_version(tool.minimum))
      return fail("params.invalid", "setup", fmt::format("{} is no version: {}", tool.name, tool.minimum));
  }
  std::vector<Fault> faults;
  Value shown = Value::array();
  for (std::size_t i = 0; i < tools.size(); ++i) {
    // One that hangs takes its own share of the time only.
    const auto share = attempt.context.deadline().left() / static_cast<std::int64_t>(tools.size() - i);
    const auto version = ask(tools[i], attempt.context.within(share));
    Value one = Value::object({{"name", tools[i].name}, {"minimum", tools[i].minimum}});
    if (version) one["version"] = *version;
    const bool ok = version && compare_versions(*version, tools[i].minimum) >= 0;
    one["ok"] = ok;
    shown.push_back(std::move(one));
    if (ok) continue;
    if (!version && version.error().code == "harness.cancelled") return Failure(version.error());
    faults.push_back(version ? Fault{"toolchain.old", fmt::format("{} is {}, at least {} is needed",
                                                                  tools[i].name, *version, tools[i].minimum)}
                             : Fault{version.error().code, version.error().message});
  }
  attempt.seen["tools"] = std::move(shown);
  if (faults.empty()) return {};
  std::stable_sort(faults.begin(), faults.end(),
                   [](const Fault& a, const Fault& b) { return rank(a) < rank(b); });
  std::string text;
  for (const Fault& fault : faults) text += (text.empty() ? "" : "; ") + fault.text;
  return fail(faults.front().code, "request", text);
}

}  // namespace

Probe toolchain_probe() {
  Probe probe;
  probe.name = "toolchain";
  probe.summary = "programs are there, and each at least of a version";
  probe.network = false;
  probe.params = {
      {"tools",
       Type::map,
       "the least version of each; a name in PATH or a path. kubectl, helm, kind, docker and jq are "
       "asked in their own ways, others with --version",
       true,
       {},
       "{kubectl: '1.28', helm: '3.13'}",
       {},
       {}}};
  probe.observes = {
      seen_field("tools", Type::list, "each of them",
                 {seen_field("name", Type::text, "name"),
                  seen_field("version", Type::text, "what it says it is; absent where it does not"),
                  seen_field("minimum", Type::text, "what is needed"),
                  seen_field("ok", Type::boolean, "it is there and new enough")})};
  probe.defaults = {{"tools[*].ok", true}};
  probe.example = "tools: {kubectl: '1.28', helm: '3.13'}";
  probe.observe = observe_toolchain;
  return probe;
}

}  // namespace assay
