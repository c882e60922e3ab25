// The reporters that write once, at the end of a run, and the part they share.
#pragma once

#include <memory>

#include "reporters/reporter.h"

namespace assay {

// Long reports are written in pieces of about so many bytes.
inline constexpr std::size_t kPiece = 64U << 10;

// Waits for the `end` record and then writes everything, from the results alone.
class FinalReporter : public Reporter {
 public:
  FinalReporter(const Results& results, Output output) : results_(results), output_(std::move(output)) {}
  void on(const Record& record) final {
    if (record.kind == kind::end) write();
  }

 protected:
  virtual void write() = 0;
  void emit(std::string_view piece) const { output_(piece); }
  const Results& results() const { return results_; }

 private:
  const Results& results_;
  Output output_;
};

std::unique_ptr<Reporter> make_junit(const Results& results, Output output);
std::unique_ptr<Reporter> make_json(const Results& results, Output output);
std::unique_ptr<Reporter> make_github(const Results& results, Output output);
std::unique_ptr<Reporter> make_metrics(const Results& results, Output output);
std::unique_ptr<Reporter> make_html(const Results& results, Output output);

}  // namespace assay
