// Standard output and error as the commands use them.
#pragma once

#include <string>
#include <string_view>

#include "core/source.h"
#include "reporters/reporter.h"

namespace assay {

// Writes to standard output or error. What cannot be written to standard output is lost, and with it all that
// follows.
void print(std::string_view text);
void print_error(std::string_view text);

// "assay: message" on standard error.
void complain(std::string_view message);

// Whether something could not be written to standard output (a full disk), and says so. A reader that has
// gone away (EPIPE) is not an error.
bool output_lost();

// What the terminal can do, asked of the file descriptors and of NO_COLOR.
ReportOptions terminal_options(bool quiet, bool verbose);

// All problems of a load on standard error, or as GitHub's annotations on standard output.
void print_problems(const Problems& problems, const Sources& sources, const std::string& format);

}  // namespace assay
