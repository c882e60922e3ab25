#include "cli/console_io.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/utf8.h"
#include "reporters/github.h"

namespace assay {
namespace {

// errno, or 0.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : ENOSPC;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

std::atomic<int> output_error = 0;

}  // namespace

void print(std::string_view text) {
  if (output_error != 0) return;
  // Whoever stops reading (`assay list probes | head`) has all that he wants.
  output_error = write_all(STDOUT_FILENO, text);
}

bool output_lost() {
  if (output_error == 0 || output_error == EPIPE) return false;
  complain(std::string("cannot write to standard output: ") + std::strerror(output_error));
  return true;
}

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
    if (format == "github") {
      const std::string place =
          problem.mark.known()
              ? fmt::format(" file={},line={},col={}", escape_property(sources.path(problem.mark.file)),
                            problem.mark.line, problem.mark.column + 0)
              : "";
      print(fmt::format("::{}{}::{}\n", problem.warning ? "warning" : "error", place,
                        escape_data(printable(problem.message))));
    } else {
      print_error(render(problem, sources));
    }
  }
}

}  // namespace assay
