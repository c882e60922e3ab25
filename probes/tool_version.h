// Versions of programs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

// What to run so that `tool` (a name or a path) prints its own version and asks no server for anything.
std::vector<std::string> version_command(const std::string& tool);

// The version in what that command printed: "1.32.4", with what stands behind it ("-rc.1", "+dfsg1"). The
// first number with a dot in it; of kubectl, the client's. Nothing where there is none. Pure.
std::optional<std::string> version_in(const std::string& tool, std::string_view output);

// "1.28", "24", "1.7.1-rc1".
bool is_version(std::string_view text);

// -1, 0, 1 by the numbers; a part that is not written is 0. With equal numbers a version that is called
// alpha, beta, rc, pre or dev comes before one that is not; other words behind it are a vendor's and say
// nothing. Both must be versions.
int compare_versions(std::string_view a, std::string_view b);

}  // namespace assay
