#include <algorithm>

#include "reporters/console.h"
#include "reporters/formats.h"
#include "reporters/reporter.h"

namespace assay {
namespace {

// A factory that looks at no options, as a row of the table wants it.
template <class Make>
auto plain(Make make) {
  return [make](const Results& results, Output output, const ReportOptions&) {
    return make(results, std::move(output));
  };
}

}  // namespace

const std::vector<ReporterInfo>& all_reporters() {
  static const std::vector<ReporterInfo> table = {
      {"text", "for people: failing checks as they come, then a summary", "", make_console},
      {"github", "annotations for GitHub Actions", "", plain(make_github)},
      {"json", "a summary for programs (docs/json-summary.md)", "summary.json", plain(make_json)},
      {"junit", "JUnit XML as CI systems read it (reporters/junit.xsd)", "junit.xml", plain(make_junit)},
      {"html", "one file to open anywhere", "report.html", plain(make_html)},
      {"metrics", "Prometheus' text format, for a textfile collector", "metrics.prom", plain(make_metrics)},
  };
  return table;
}

const ReporterInfo* find_reporter(std::string_view name) {
  const auto& table = all_reporters();
  const auto row =
      std::find_if(table.begin(), table.end(), [&](const ReporterInfo& info) { return info.name == name; });
  return row == table.end() ? nullptr : &*row;
}

Record missing_end(const std::vector<Record>& records) {
  Record end;
  if (!records.empty()) {
    end.n = records.back().n + 1;
    end.t = records.back().t;
  }
  end.kind = kind::end;
  end.body = Value::object({{"incomplete", true}, {"reason", "the journal has no end: the run was killed"}});
  return end;
}

void render(const ReporterInfo& info, const Results& results, const Output& output) {
  Record end;
  end.kind = kind::end;
  end.body = results.end;
  info.make(results, output, {})->on(end);
}

std::string render(const ReporterInfo& info, const std::vector<Record>& records,
                   const ReportOptions& options) {
  std::string text;
  Results results;
  const auto reporter = info.make(
      results, [&](std::string_view piece) { text += piece; }, options);
  const auto feed = [&](const Record& record) {
    results.on(record);
    reporter->on(record);
  };
  for (const Record& record : records) feed(record);
  const bool ended =
      std::any_of(records.begin(), records.end(), [](const Record& r) { return r.kind == kind::end; });
  if (!ended) feed(missing_end(records));
  return text;
}

}  // namespace assay
