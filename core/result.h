// Errors are values: every fallible function of assay returns Result<T>.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace assay {

// Why something did not work. `code` is stable and one of the table in core/codes.h; `phase` is where it
// happened (resolve, connect, tls, auth, request, transfer, setup); `message` is one sentence for a person,
// already free of line breaks. Repeating can help only where `retriable` says so.
struct Error {
  std::string code;
  std::string phase;
  std::string message;
  bool retriable = true;
};

// An alias, and only what std::expected has too is used, so that it can become the standard type.
template <class T>
using Result = tl::expected<T, Error>;

using Failure = tl::unexpected<Error>;

// Makes the failing side of a Result. Whether repeating can help comes from the table of codes.
Failure fail(std::string_view code, std::string_view phase, std::string message);

}  // namespace assay
