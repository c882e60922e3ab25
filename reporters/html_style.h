// The style sheet and the script of the HTML report. Both only enhance it: viewers that block them (Jenkins'
// default content security policy) show the same content by its presentation attributes.
#pragma once

#include <string>
#include <string_view>

#include "reporters/explain.h"
#include "reporters/outcome.h"

namespace assay {

std::string_view html_style();
std::string_view html_script();

// A content security policy for a page that holds just these two: nothing else is run, applied or fetched.
std::string html_policy();

// The colour on white of an outcome and of a piece of an excerpt; empty: the page's own.
std::string_view html_color(Outcome outcome);
std::string_view html_color(Style style);

}  // namespace assay
