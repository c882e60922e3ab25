#include "cli/console_io.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "core/utf8.h"

namespace assay {
namespace {

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void print(std::string_view text) { write_all(STDOUT_FILENO, text); }
void print_error(std::string_view text) { write_all(STDERR_FILENO, text); }
void complain(std::string_view message) { print_error("assay: " + printable(message) + "\n"); }

ReportOptions terminal_options(bool quiet, bool verbose) {
  ReportOptions options;
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  options.terminal = ::isatty(STDERR_FILENO) == 1 && !dumb && !quiet;
  options.color = ::isatty(STDOUT_FILENO) == 1 && !dumb && (no_color == nullptr || *no_color == '\0');
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) options.width = size.ws_col;
  options.quiet = quiet;
  options.verbose = verbose;
  if (options.terminal) options.progress = print_error;
  return options;
}

void print_problems(const Problems& problems, const Sources& sources, const std::string& format) {
  for (const Problem& problem : problems) {
    if (format == "github" && problem.mark.known()) {
      print(fmt::format("::{} file={},line={},col={}::{}\n", problem.warning ? "warning" : "error",
                        sources.path(problem.mark.file), problem.mark.line, problem.mark.column,
                        printable(problem.message)));
    } else {
      print_error(render(problem, sources));
    }
  }
}

}  // namespace assay
