// What a run spends its processor time on beside the probes: reading a suite, writing a record, redacting.
#include <benchmark/benchmark.h>

#include <string>

#include "core/redactor.h"
#include "core/yaml.h"
#include "journal/record.h"

namespace assay {
namespace {

std::string suite(int checks) {
  std::string text = "assay: 1\nsuite: bench\nchecks:\n";
  for (int i = 0; i < checks; ++i) {
    text += "  - {id: c" + std::to_string(i) + ", probe: redis.ping, with: {address: 127.0.0.1:6379}}\n";
  }
  return text;
}

Record attempt() {
  Value phases = Value::object({{"resolve", 3.3e-05}, {"connect", 8.5e-05}, {"request", 0.0012}});
  Value seen = Value::object({{"status", 200}, {"peer", "127.0.0.1:8080"}, {"body", std::string(300, 'x')}});
  seen["phases"] = std::move(phases);
  Value body = Value::object({{"check", "bench/c1"}, {"attempt", 1}, {"took", 0.0013}, {"queued", 2e-05}});
  body["observation"] = std::move(seen);
  return {17, 123456789, std::string(kind::attempt), std::move(body)};
}

Redactor redactor() {
  Redactor made("key");
  for (int i = 0; i < 10; ++i) made.learn(Secret("s3cret-of-number-" + std::to_string(i)), "TOKEN");
  return made;
}

void read_suite(benchmark::State& state) {
  const std::string text = suite(static_cast<int>(state.range(0)));
  for ([[maybe_unused]] const auto _ : state) {
    const Parsed tree = parse_yaml(text, 0);
    if (!tree || tree->find("checks")->items().size() != static_cast<std::size_t>(state.range(0))) {
      state.SkipWithError("the suite was not read as it was written");
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}
BENCHMARK(read_suite)->Arg(100)->Arg(1000);

void write_record(benchmark::State& state) {
  const Record record = attempt();
  std::size_t bytes = 0;
  for ([[maybe_unused]] const auto _ : state) bytes += to_line(record).size();
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
  const auto back = parse_record(to_line(record));
  if (!back || !(back->body == record.body))
    state.SkipWithError("a record does not read back as it was written");
}
BENCHMARK(write_record);

void read_record(benchmark::State& state) {
  const std::string line = to_line(attempt());
  for ([[maybe_unused]] const auto _ : state) {
    auto record = parse_record(line);
    benchmark::DoNotOptimize(record);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * line.size()));
}
BENCHMARK(read_record);

void redact(benchmark::State& state) {
  const Redactor made = redactor();
  std::string text(static_cast<std::size_t>(state.range(0)), 'a');
  text += " s3cret-of-number-7";
  for ([[maybe_unused]] const auto _ : state) {
    const std::string clean = made.redact(text);
    if (clean.find("s3cret") != std::string::npos) state.SkipWithError("a secret was left");
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}
BENCHMARK(redact)->Arg(100)->Arg(16384);

}  // namespace
}  // namespace assay

BENCHMARK_MAIN();
