// The text of a file of expectations as messages may show it.
#pragma once

#include <string>

namespace assay::drift {

// `text` with stars for everything that is written where a reference to a secret belongs (`token`, `key`),
// and for passwords in URLs. Lines and columns stay where they are.
std::string without_secrets(std::string text);

}  // namespace assay::drift
