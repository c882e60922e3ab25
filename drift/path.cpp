#include "drift/path.h"

#include "drift/schema.h"

namespace assay::drift {
namespace {

// The text of a scalar, without quotes.
std::string plain(Node value) { return value.is_string() ? std::string(value.text()) : to_json(value); }

void append_escaped(std::string& out, std::string_view text, bool in_key) {
  for (const char c : text) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else if (in_key && (c == ',' || c == '=' || c == '\\')) {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
}

void append_element(std::string& out, const Step& step) {
  auto first = true;
  for (const auto& key : step.list->keys) {
    const auto* value = step.element.find(key);
    if (value == nullptr) continue;
    if (!first) out += ',';
    first = false;
    append_escaped(out, key, true);
    out += '=';
    append_escaped(out, plain(*value), true);
  }
}

}  // namespace

std::string to_pointer(const Path& path) {
  std::string out;
  for (const auto& step : path) {
    out += '/';
    switch (step.kind) {
      case Step::Kind::field:
        append_escaped(out, step.field, false);
        break;
      case Step::Kind::element:
        append_element(out, step);
        break;
      case Step::Kind::member:
        out += "value=";
        append_escaped(out, plain(step.element), true);
        break;
      case Step::Kind::index:
        out += std::to_string(step.index);
        break;
    }
  }
  return out;
}

}  // namespace assay::drift
