// The journal's reader, the model that reports are made from, and every reporter, on any bytes.
#include "engine/results.h"
#include "journal/journal.h"
#include "reporters/reporter.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto journal = assay::parse_journal({reinterpret_cast<const char*>(data), size});
  if (!journal) return 0;
  assay::Results results;
  for (const assay::Record& record : journal->records) results.on(record);
  results.totals();
  results.exit_code(true);
  for (const assay::ReporterInfo& reporter : assay::all_reporters())
    assay::render(reporter, journal->records);
  return 0;
}
