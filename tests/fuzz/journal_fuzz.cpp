// The journal's reader and the model that reports are made from, on any bytes.
#include "engine/results.h"
#include "journal/journal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto journal = assay::parse_journal({reinterpret_cast<const char*>(data), size});
  if (!journal) return 0;
  assay::Results results;
  for (const assay::Record& record : journal->records) results.on(record);
  results.totals();
  results.exit_code(true);
  return 0;
}
