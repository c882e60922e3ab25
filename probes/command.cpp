// command: a program's exit code and output, for what has no probe of its own.
#include <csignal>
#include <cstring>

#include "core/process.h"
#include "core/utf8.h"
#include "probes/cut.h"
#include "probes/host.h"

namespace assay {
namespace {

constexpr std::int64_t kOutput = 64 << 10;

Result<ProcessSpec> read_spec(Attempt& attempt) {
  ProcessSpec spec;
  // What stands on a command line is seen by everybody on the machine.
  if (const Value* argv = attempt.params.find("argv"); argv != nullptr && argv->is_array()) {
    for (const Value& argument : argv->items()) {
      if (!is_reference(argument)) continue;
      return fail("params.invalid", "setup",
                  "argv holds the reference " + reference_name(argument) +
                      ": a secret goes into env or stdin, not on a command line");
    }
  }
  Reader reader = attempt.reader();
  spec.argv = reader.texts("argv");
  for (const auto& [name, value] : reader.map("env")) spec.env[name] = value.reveal();
  spec.input = reader.text("stdin");
  spec.directory = reader.text("directory");
  const std::int64_t limit = reader.integer("max_output");
  if (const auto ok = reader.ok(); !ok) return Failure(ok.error());
  if (limit < 0) return fail("params.invalid", "setup", "max_output is negative");
  spec.max_output = static_cast<std::size_t>(limit);
  return spec;
}

Result<void> observe_command(Attempt& attempt) {
  const auto spec = read_spec(attempt);
  if (!spec) return Failure(spec.error());
  const TimePoint begin = std::chrono::steady_clock::now();
  const auto result = run_process(*spec, attempt.context);
  if (!result) return Failure(result.error());
  Value& seen = attempt.seen;
  seen["took"] = seconds(std::chrono::steady_clock::now() - begin);
  seen["stdout"] = result->output_truncated ? cut_marker(result->output, result->output_bytes)
                                            : Value(to_utf8(result->output));
  seen["stderr"] = result->error_truncated ? cut_marker(result->error_output, result->error_bytes)
                                           : Value(to_utf8(result->error_output));
  seen["stdout_truncated"] = result->output_truncated;
  seen["stderr_truncated"] = result->error_truncated;
  if (result->signal != 0) {
    seen["signal"] = result->signal;
    const char* name = ::sigdescr_np(result->signal);
    return fail("command.signal", "request",
                spec->argv.front() + " was ended by signal " + std::to_string(result->signal) + " (" +
                    (name == nullptr ? "unknown" : name) + ")");
  }
  seen["exit_code"] = result->exit_code;
  if (!result->output_truncated) {
    if (auto json = parse_json(result->output)) seen["json"] = std::move(*json);
  }
  return {};
}

}  // namespace

Probe command_probe() {
  Probe command;
  command.name = "command";
  command.summary = "a program's exit code and output, for what has no probe of its own";
  command.network = false;
  command.params = {
      {"argv",
       Type::texts,
       "the program and its arguments; no shell is involved unless it is the program",
       true,
       {},
       "[pg_isready, -h, db.example.org]",
       {},
       {}},
      {"env",
       Type::map,
       "environment variables beside assay's own; the only place for secrets but stdin",
       false,
       {},
       "{PGPASSWORD: {env: DB_PASSWORD}}",
       {},
       {}},
      {"stdin", Type::text, "what the program reads", false, {}, "", {}, {}},
      {"directory", Type::text, "where it runs", false, {}, "", {}, {}},
      {"max_output", Type::size, "bytes to keep of each output", false, kOutput, "", {}, {}},
  };
  command.observes = {
      {"exit_code", Type::integer, "absent when a signal ended the program", false, {}, "", {}, {}},
      {"signal", Type::integer, "the signal that ended the program", false, {}, "", {}, {}},
      {"stdout",
       Type::text,
       "standard output; one longer than max_output is cut and marked so",
       false,
       {},
       "",
       {},
       {}},
      {"stderr", Type::text, "standard error; likewise", false, {}, "", {}, {}},
      {"stdout_truncated",
       Type::boolean,
       "standard output was longer than max_output",
       false,
       {},
       "",
       {},
       {}},
      {"stderr_truncated", Type::boolean, "standard error was longer than max_output", false, {}, "", {}, {}},
      {"json", Type::any, "standard output, when it is one JSON text", false, {}, "", {}, {}},
      {"pod", Type::text, "at the vantage exec: which one", false, {}, "", {}, {}},
      {"took", Type::duration, "from its start to its end", false, {}, "", {}, {}},
  };
  command.defaults = {{"exit_code", 0}};
  command.example = "argv: [pg_isready, -h, db.example.org]";
  command.observe = observe_command;
  return command;
}

}  // namespace assay
