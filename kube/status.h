// What an API server says when a request was not done.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "core/time.h"
#include "net/http.h"

namespace assay {

// The code and sentence of an answer that is no success. A body that is no Status (a proxy's page) is quoted.
Failure kube_failure(const HttpResponse& response, const std::string& method, const std::string& path);

// The code of an HTTP status that is no success.
std::string_view kube_code(int status);

// How long the server asks to wait before the same again: the header Retry-After in seconds, or the Status'
// own retryAfterSeconds; nothing where it does not say.
std::optional<Duration> retry_after(const HttpResponse& response);

}  // namespace assay
