#include "drift/table.h"

// The assembler puts the file where constants are (CMakeLists.txt names it).
asm(".pushsection .rodata\n"
    ".global assay_drift_table\n"
    ".global assay_drift_table_end\n"
    "assay_drift_table:\n"
    ".incbin \"" ASSAY_DRIFT_TABLE
    "\"\n"
    "assay_drift_table_end:\n"
    ".popsection\n");

extern "C" const char assay_drift_table[];
extern "C" const char assay_drift_table_end[];

namespace assay::drift {

std::string_view built_in_table() {
  return {assay_drift_table, static_cast<std::size_t>(assay_drift_table_end - assay_drift_table)};
}

}  // namespace assay::drift
