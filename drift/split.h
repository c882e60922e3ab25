// Takes a text of many manifests apart.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/result.h"
#include "drift/bytes.h"
#include "drift/found_id.h"

namespace assay::drift {

// One document, without comments before it.
struct Piece {
  FoundId id;
  std::uint64_t offset = 0, size = 0;
  std::uint32_t line = 0;  // from 1
  std::uint32_t dash = 0;  // as in Document
  bool json = false;
  std::string source;        // as in Document
  std::vector<Piece> items;  // of a list whose items lie apart in the text
};

// Hands the pieces of `bytes` to `take` in their order; documents without content are none. Lines that begin
// with "---" (and nothing or a blank after it) divide YAML; a JSON text ends where its braces do, and where
// it does not, at the next line that begins with a brace. Errors: of reading.
Result<void> split(const Bytes& bytes, const std::function<void(Piece)>& take);

}  // namespace assay::drift
