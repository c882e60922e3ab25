#include "engine/path.h"

#include <fmt/format.h>

#include <charconv>

#include "probes/fields.h"

namespace assay {
namespace {

bool plain_key(std::string_view key) {
  return !key.empty() && key.find_first_of(".[]\"'* ") == std::string_view::npos;
}

std::string append_step(const std::string& text, const Step& step) {
  switch (step.kind) {
    case Step::Kind::index:
      return text + "[" + std::to_string(step.index) + "]";
    case Step::Kind::every:
      return text + "[*]";
    case Step::Kind::key:
      break;
  }
  if (!plain_key(step.key)) return text + "[\"" + step.key + "\"]";
  return text.empty() ? step.key : text + "." + step.key;
}

void walk(const Value& at, const Path& path, std::size_t depth, const std::string& so_far, Found& found) {
  if (depth == path.steps.size()) {
    found.values.push_back(&at);
    return;
  }
  if (depth > 0 && is_cut(at)) {
    if (found.cut == nullptr) found.cut = &at;
    return;
  }
  const Step& step = path.steps[depth];
  const auto missing = [&] {
    if (found.missing) return;
    found.missing = so_far;
    if (at.is_object()) {
      for (const Member& member : at.members()) found.siblings.push_back(member.key);
    } else if (at.is_array()) {
      found.siblings.push_back(
          fmt::format("{} item{}", at.items().size(), at.items().size() == 1 ? "" : "s"));
    }
  };
  switch (step.kind) {
    case Step::Kind::key: {
      const Value* next = at.find(step.key);
      if (next == nullptr) return missing();
      return walk(*next, path, depth + 1, append_step(so_far, step), found);
    }
    case Step::Kind::index:
      if (!at.is_array() || step.index >= at.items().size()) return missing();
      return walk(at.items()[step.index], path, depth + 1, append_step(so_far, step), found);
    case Step::Kind::every:
      if (!at.is_array() || at.items().empty()) return missing();
      for (std::size_t i = 0; i < at.items().size(); ++i) {
        walk(at.items()[i], path, depth + 1, append_step(so_far, Step{Step::Kind::index, "", i}), found);
      }
  }
}

}  // namespace

bool is_cut(const Value& value) {
  const Value* truncated = value.find("truncated");
  const Value* bytes = value.find("bytes");
  return truncated != nullptr && *truncated == Value(true) && bytes != nullptr && bytes->is_integer();
}

std::string Path::text() const {
  std::string text;
  for (const Step& step : steps) text = append_step(text, step);
  return text;
}

tl::expected<Path, std::string> parse_path(std::string_view text) {
  Path path;
  const auto bad = [&](const std::string& why) {
    return tl::unexpected<std::string>(fmt::format("{} is no path: {}", text, why));
  };
  std::string_view rest = text;
  bool want_key = true;
  while (!rest.empty() || want_key) {
    if (rest.starts_with('[')) {
      const bool quoted = rest.size() > 1 && (rest[1] == '"' || rest[1] == '\'');
      std::size_t close = std::string_view::npos;
      if (quoted) {
        const auto end = rest.find(rest[1], 2);
        if (end == std::string_view::npos || end + 1 >= rest.size() || rest[end + 1] != ']')
          return bad("a quote or ] is missing");
        path.steps.push_back({Step::Kind::key, std::string(rest.substr(2, end - 2)), 0});
        close = end + 1;
      } else {
        close = rest.find(']');
        if (close == std::string_view::npos) return bad("] is missing");
        const std::string_view inside = rest.substr(1, close - 1);
        if (inside == "*") {
          path.steps.push_back({Step::Kind::every, "", 0});
        } else {
          Step step{Step::Kind::index, "", 0};
          const auto read = std::from_chars(inside.data(), inside.data() + inside.size(), step.index);
          if (inside.empty() || read.ec != std::errc() || read.ptr != inside.data() + inside.size()) {
            return bad("[" + std::string(inside) + "] is neither a number, * nor a quoted key");
          }
          path.steps.push_back(step);
        }
      }
      rest.remove_prefix(close + 1);
      want_key = false;
      continue;
    }
    if (!want_key) {
      if (!rest.starts_with('.')) return bad("a . or [ is missing before " + std::string(rest));
      rest.remove_prefix(1);
    }
    const auto end = std::min(rest.find_first_of(".["), rest.size());
    if (end == 0) return bad("a key is empty");
    path.steps.push_back({Step::Kind::key, std::string(rest.substr(0, end)), 0});
    rest.remove_prefix(end);
    want_key = false;
  }
  return path;
}

Found find(const Value& tree, const Path& path) {
  Found found;
  walk(tree, path, 0, "", found);
  return found;
}

std::string describe_missing(const Path& path, const Found& found) {
  std::string wanted;
  for (std::size_t i = 0; i < path.steps.size(); ++i) {
    const std::string so_far = Path{{path.steps.begin(), path.steps.begin() + static_cast<long>(i)}}.text();
    if (so_far == found.missing && path.steps[i].kind == Step::Kind::key) wanted = path.steps[i].key;
  }
  const std::string hint = wanted.empty() ? "" : nearest(wanted, found.siblings);
  const std::string where = found.missing && !found.missing->empty() ? *found.missing : "the observation";
  if (!hint.empty()) {
    return fmt::format("{} does not exist; the nearest that does is {}", path.text(),
                       append_step(found.missing.value_or(""), Step{Step::Kind::key, hint, 0}));
  }
  if (found.siblings.empty())
    return fmt::format("{} does not exist; {} has nothing below it", path.text(), where);
  return fmt::format("{} does not exist; {} has {}", path.text(), where, fmt::join(found.siblings, ", "));
}

}  // namespace assay
