#include "core/source.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/utf8.h"

namespace assay {

Sources::Sources() { files_.push_back({"(command line)", "", {}}); }

std::uint32_t Sources::add(std::string path, std::string text) {
  File file{std::move(path), std::move(text), {0}};
  for (std::size_t i = 0; i < file.text.size(); ++i) {
    if (file.text[i] == '\n') file.starts.push_back(i + 1);
  }
  files_.push_back(std::move(file));
  return static_cast<std::uint32_t>(files_.size() - 1);
}

const std::string& Sources::path(std::uint32_t file) const {
  return files_[std::min<std::size_t>(file, files_.size() - 1)].path;
}

std::string_view Sources::line(std::uint32_t file, std::uint32_t number) const {
  if (file >= files_.size() || number == 0 || number > files_[file].starts.size()) return {};
  std::string_view rest = std::string_view(files_[file].text).substr(files_[file].starts[number - 1]);
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

std::string render(const Problem& problem, const Sources& sources) {
  const char* level = problem.warning ? "warning" : "error";
  const std::string message = printable(problem.message);
  const std::string path = printable(sources.path(problem.mark.file));
  if (!problem.mark.known()) return fmt::format("{}: {}: {}\n", path, level, message);
  std::string out =
      fmt::format("{}:{}:{}: {}: {}\n", path, problem.mark.line, problem.mark.column, level, message);
  const std::string_view line = sources.line(problem.mark.file, problem.mark.line);
  if (line.empty()) return out;
  // A very long line is shown around the column.
  constexpr std::size_t kWidth = 160;
  const std::size_t column = problem.mark.column == 0 ? 0 : problem.mark.column - 1;
  const std::size_t from = line.size() > kWidth && column > kWidth / 2 ? column - kWidth / 2 : 0;
  std::string shown = printable(line.substr(std::min(from, line.size()), kWidth));
  std::replace(shown.begin(), shown.end(), '\t', ' ');
  out += fmt::format("{:>5} | {}\n      | {}^\n", problem.mark.line, shown,
                     std::string(column - std::min(from, column), ' '));
  return out;
}

}  // namespace assay
