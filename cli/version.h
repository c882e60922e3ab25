// The program's version, as the journal and `assay --version` give it.
#pragma once

namespace assay {
inline constexpr const char* kVersion = "0.1.0";
}
