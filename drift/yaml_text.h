// YAML as people read it and Kubernetes takes it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/value.h"

namespace assay::drift {

// Appends `value` in block style, each line after `indent` spaces; ends with a line break. A text of several
// lines is a literal block where that loses nothing. What could be taken for something else than a text,
// moves a cursor or is a command for a log reader stands in quotes, escaped.
void append_yaml(std::string& out, const Value& value, std::size_t indent = 0);

// A text on one line: plain where YAML 1.1 and 1.2 read it as this text, else in quotes.
std::string yaml_text(std::string_view text);

// A comment of one line, whatever `text` is.
void append_yaml_comment(std::string& out, std::string_view text);

}  // namespace assay::drift
