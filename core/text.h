// Text from servers and files made fit for what reports are written in.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/time.h"
#include "core/value.h"

namespace assay {

// One line for a terminal or a CI log. Bytes that are not UTF-8 become U+FFFD (as the journal has them), line
// breaks become \n, tabs a space, other control characters and those that change the direction of writing are
// spelled out.
// "##[" and "##name[", which log readers of GitHub and Azure take for commands anywhere in a line, become
// "#\x23[".
std::string one_line(std::string_view text);

// The same with line breaks and tabs kept, for places that show several lines.
std::string visible(std::string_view text);

// one_line(), cut at about `bytes` bytes.
std::string one_line(std::string_view text, std::size_t bytes);

// Columns that `text` (of one_line()) takes: its code points.
std::size_t columns(std::string_view text);

// `text` of one_line() cut to `width` columns, the last of them "…" where something was cut.
std::string fit(std::string_view text, std::size_t width);

// For XML 1.0 (section 2.2): control characters and others that a document may not hold become
// U+FFFD, a carriage return a line break. Not escaped: the writer
// does that.
// "[[ATTACHMENT|", which Jenkins and GitLab take for the name of a file to fetch, is broken up.
std::string xml_text(std::string_view text);

// visible() with & < > " ' escaped, for HTML text and attributes in quotes.
std::string html_text(std::string_view text);

// Seconds as people read them.
std::string format_seconds(double value);

// A scalar as plain text: a string as it is, everything else as JSON; nothing for null.
std::string scalar_text(const Value* value);

// "1 check", "3 checks".
std::string plural(std::size_t count, std::string_view noun);

}  // namespace assay
