// Files that were read, and messages that point into them.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/value.h"

namespace assay {

// The files of one load. Index 0 stands for "no file" (the command line, say). Not synchronised.
class Sources {
 public:
  Sources();
  // Keeps a file and returns its index for Mark::file.
  std::uint32_t add(std::string path, std::string text);
  const std::string& path(std::uint32_t file) const;
  // Line `number` (from 1) without its end, or empty.
  std::string_view line(std::uint32_t file, std::uint32_t number) const;

 private:
  struct File {
    std::string path;
    std::string text;
    std::vector<std::size_t> starts;
  };
  std::deque<File> files_;
};

// What is wrong with a file, where. A warning does not stop a run unless --strict.
struct Problem {
  Mark mark;
  std::string message;
  bool warning = false;
};

using Problems = std::vector<Problem>;

// "path:line:column: error: message", then the line and a caret below the column.
std::string render(const Problem& problem, const Sources& sources);

}  // namespace assay
