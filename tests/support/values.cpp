#include "tests/support/values.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "core/yaml.h"

namespace assay::test {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::string secret_path(std::string_view name) { return values().get("secrets") + "/" + std::string(name); }

}  // namespace

Value values() {
  const char* path = std::getenv("ASSAY_VALUES");
  if (path == nullptr || *path == '\0') {
    throw std::runtime_error(
        "ASSAY_VALUES is not set: start a stack (fixtures/local/stack up) and set it to the values.yaml that "
        "it names");
  }
  const auto parsed = parse_yaml(read_file(path), 0);
  if (!parsed) throw std::runtime_error(std::string(path) + ": " + parsed.error().message);
  return *parsed;
}

std::string stack_secret(std::string_view name) {
  std::string text = read_file(secret_path(name));
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string stack_reference(std::string_view name) { return "{file: '" + secret_path(name) + "'}"; }

bool stack_is_ha() { return values().get("profile") == "ha"; }

std::string stack_tls() {
  const Value all = values();
  const Value* tls = all.find("tls");
  return tls != nullptr && tls->is_object() ? "{ca: '" + tls->get("ca") + "'}" : "false";
}

}  // namespace assay::test
