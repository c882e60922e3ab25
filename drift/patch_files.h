// Names of files made of names from elsewhere.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace assay::drift {

// Gives each text a name of its own: letters, digits, "-", "_" and ".", at most 200 bytes, never hidden, no
// path. Of what would be the same the later ones get a number. On a file system that ignores case too.
class FileNames {
 public:
  std::string take(std::string_view text);

 private:
  std::set<std::string> taken_;
};

}  // namespace assay::drift
