// What the probes that speak HTTP share: parameters, targets, and how an answer becomes an observation.
#pragma once

#include <string>
#include <vector>

#include "net/http.h"
#include "probes/probe.h"

namespace assay {

// Fields as most rows write them.
inline Field param(std::string name, Type type, std::string doc, bool required = false, Value fallback = {},
                   std::string example = {}) {
  return {std::move(name), type, std::move(doc), required, std::move(fallback), std::move(example), {}, {}};
}

// The parameters headers and tls.
Fields http_connection_params();

// The address of the text parameter `url`; nothing where it is a reference.
std::vector<std::string> url_targets(const Value& params);

// Headers as a map with names in lower case; several of one name are joined by ", ". A cookie's value is a
// secret of the server's and is left out.
Value headers_value(const HttpHeaders& headers);

// Does a media type ("application/json; charset=utf-8", "application/problem+json") say JSON?
bool is_json_type(const std::string& type);

// The first thing in a reply that explains it to a person: the usual members of a JSON error (errors, error,
// message), or the text. Printable, without line ends.
std::string reply_message(const HttpResponse& response);

// A server's words as the end of a sentence of ours: ": words", at most 200 bytes of them, or nothing.
std::string said(std::string_view message);

}  // namespace assay
