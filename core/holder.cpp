#include "core/holder.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace assay {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// When a process was started, in ticks since the machine was; "" when there is none. The name of its program,
// in parentheses, may hold anything.
std::string start_of(std::string_view pid) {
  const std::string stat = first_line("/proc/" + std::string(pid) + "/stat");
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  for (int number = 3; number <= 22; ++number) {
    if (!(fields >> field)) return {};
  }
  return field;
}

// The machine, since when it runs, and which numbering of processes: containers have their own.
std::string where() {
  char space[64] = {};
  if (::readlink("/proc/self/ns/pid", space, sizeof space - 1) < 0) return {};
  return first_line("/proc/sys/kernel/random/boot_id") + "," + space;
}

}  // namespace

std::string this_holder() {
  const std::string pid = std::to_string(::getpid());
  return where() + "/" + pid + "/" + start_of(pid);
}

bool is_gone(std::string_view holder) {
  const auto first = holder.find('/');
  const auto second = holder.find('/', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos || holder.substr(0, first) != where()) return false;
  const std::string_view pid = holder.substr(first + 1, second - first - 1);
  const bool number =
      !pid.empty() && std::all_of(pid.begin(), pid.end(), [](char c) { return c >= '0' && c <= '9'; });
  return number && start_of(pid) != holder.substr(second + 1);
}

}  // namespace assay
