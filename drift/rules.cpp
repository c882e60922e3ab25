#include "drift/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/time.h"

namespace assay::drift {
namespace {

constexpr std::array<std::string_view, 9> kKeys{"kind", "name",   "namespace", "labels", "manager",
                                                "path", "reason", "until",     "object"};

// Maps whose keys may be numbers, in every kind.
constexpr std::array<std::string_view, 7> kMaps{"data",        "binaryData",  "stringData",  "labels",
                                                "annotations", "matchLabels", "nodeSelector"};

bool is_number(std::string_view step) {
  return !step.empty() && step.find_first_not_of("0123456789") == std::string_view::npos;
}

// Reads one rule; what is wrong with it goes to `problems`.
class RuleReader {
 public:
  RuleReader(const Value& map, Problems& problems) : map_(map), problems_(problems) {}

  DriftRule read() {
    DriftRule rule;
    for (const Member& member : map_.members()) {
      if (std::find(kKeys.begin(), kKeys.end(), member.key) == kKeys.end())
        say(member.mark, fmt::format("a rule has no `{}`; it has {}", member.key, fmt::join(kKeys, ", ")));
    }
    rule.kind = text("kind");
    rule.name = text("name");
    rule.ns = text("namespace");
    rule.manager = text("manager");
    rule.path = text("path");
    rule.reason = text("reason");
    rule.until = text("until");
    read_labels(rule);
    if (const Value* object = map_.find("object"); object != nullptr) {
      if (object->is_bool()) {
        rule.object = object->boolean();
      } else {
        say(object->mark, "`object` is true or false");
      }
    }
    check(rule);
    return rule;
  }

 private:
  void say(Mark mark, std::string message) { problems_.push_back({mark, std::move(message), false}); }

  std::string text(std::string_view key) {
    const Value* value = map_.find(key);
    if (value == nullptr) return {};
    if (value->is_string() && value->string().find_first_not_of(" \t\n") != std::string::npos)
      return value->string();
    say(value->mark, fmt::format("`{}` is a text, this is {}", key,
                                 value->is_string() ? std::string_view("an empty one") : value->kind_name()));
    return {};
  }

  void read_labels(DriftRule& rule) {
    const Value* labels = map_.find("labels");
    if (labels == nullptr) return;
    if (!labels->is_object() || labels->members().empty())
      return say(labels->mark, "`labels` is a map of texts");
    for (const Member& label : labels->members()) {
      if (label.value.is_string()) {
        rule.labels.emplace_back(label.key, label.value.string());
      } else {
        say(label.value.mark,
            fmt::format("the label {} is a text, this is {}: quote it", label.key, label.value.kind_name()));
      }
    }
  }

  void check(const DriftRule& rule) {
    if (map_.find("reason") == nullptr) say(map_.mark, "a rule needs a `reason`");
    if (const Value* until = map_.find("until");
        until != nullptr && until->is_string() && !is_date(rule.until))
      say(until->mark, fmt::format("`until` is a date (YYYY-MM-DD), {} is none", to_json(*until)));
    const bool selects = !rule.kind.empty() || !rule.name.empty() || !rule.ns.empty() ||
                         !rule.labels.empty() || !rule.manager.empty() || !rule.path.empty();
    if (!selects && problems_.empty())
      say(map_.mark,
          "a rule that selects nothing would hide everything; give it a kind, name, namespace, "
          "labels, manager or path");
    if (rule.object && !(rule.path.empty() && rule.manager.empty()))
      say(map_.mark, "`object: true` is about objects as a whole, which have no path and no manager");
    if (!rule.path.empty()) check_path(rule.path, map_.find("path")->mark);
  }

  void check_path(std::string_view path, Mark mark) {
    if (path.front() != '/')
      return say(mark, fmt::format("`path` is a JSON pointer and begins with a slash: \"/{}\"", path));
    std::string_view before;
    for (std::string_view rest = path.substr(1);;) {
      const auto end = std::min(rest.find('/'), rest.size());
      const auto step = rest.substr(0, end);
      if (step.empty()) return say(mark, "`path` has an empty step");
      for (auto tilde = step.find('~'); tilde != step.npos; tilde = step.find('~', tilde + 1)) {
        if (const auto escaped = step.substr(tilde + 1, 1); escaped != "0" && escaped != "1")
          return say(mark, fmt::format("`~` is written ~0 in a JSON pointer, and / is ~1: {}", step));
      }
      if (is_number(step) && std::find(kMaps.begin(), kMaps.end(), before) == kMaps.end()) {
        return say(mark,
                   fmt::format("the step {} of `path` is a position in a list, which moves when another "
                               "element goes: name the element by its key (name=web), or all with *",
                               step));
      }
      if (end == rest.size()) return;
      before = step;
      rest.remove_prefix(end + 1);
    }
  }

  const Value& map_;
  Problems& problems_;
};

bool selects_kind(const std::string& pattern, const ObjectId& id) {
  if (pattern.find('/') == std::string::npos) return matches_glob(pattern, id.kind);
  const auto slash = id.api_version.find('/');
  const auto group = slash == std::string::npos ? std::string() : id.api_version.substr(0, slash);
  return matches_glob(pattern, group + "/" + id.kind);
}

bool selects(const DriftRule& rule, const ObjectId& id, Node object) {
  if (!rule.kind.empty() && !selects_kind(rule.kind, id)) return false;
  if (!rule.name.empty() && !matches_glob(rule.name, id.name)) return false;
  if (!rule.ns.empty() && !matches_glob(rule.ns, id.ns)) return false;
  return std::all_of(rule.labels.begin(), rule.labels.end(), [&](const auto& label) {
    const Node* value = object.find({"metadata", "labels", label.first});
    return value != nullptr && value->is_string() && matches_glob(label.second, value->text());
  });
}

}  // namespace

std::string utc_today() { return format_utc(system_clock().utc()).substr(0, 10); }

tl::expected<DriftRules, Problems> DriftRules::parse(const Value& list, std::string_view file,
                                                     std::string_view today) {
  DriftRules rules;
  if (list.is_null()) return rules;
  Problems problems;
  if (!list.is_array()) {
    problems.push_back({list.mark, fmt::format("rules are a list, this is {}", list.kind_name()), false});
    return tl::unexpected(std::move(problems));
  }
  for (const Value& entry : list.items()) {
    if (!entry.is_object()) {
      problems.push_back({entry.mark, fmt::format("a rule is a map, this is {}", entry.kind_name()), false});
      continue;
    }
    Problems own;
    auto item = std::make_unique<Item>();
    item->rule = RuleReader(entry, own).read();
    problems.insert(problems.end(), own.begin(), own.end());
    item->rule.expired = !item->rule.until.empty() && item->rule.until < today;
    item->rule.place = fmt::format("{}:{}", file, entry.mark.line);
    item->path = PathPattern(item->rule.path);
    rules.rules_.push_back(std::move(item));
  }
  if (!problems.empty()) return tl::unexpected(std::move(problems));
  for (const auto& item : rules.rules_) {
    if (item->rule.expired) continue;
    const std::string& kind = item->rule.kind;
    if (kind.empty() || kind.find_first_of("*/") != std::string::npos) {
      rules.of_any_kind_.push_back(item.get());
    } else {
      rules.by_kind_[kind].push_back(item.get());
    }
  }
  // Those of any kind come in where the file has them.
  std::unordered_map<const Item*, std::size_t> order;
  for (const auto& item : rules.rules_) order.emplace(item.get(), order.size());
  for (auto& [kind, items] : rules.by_kind_) {
    items.insert(items.end(), rules.of_any_kind_.begin(), rules.of_any_kind_.end());
    std::sort(items.begin(), items.end(),
              [&](const Item* a, const Item* b) { return order.at(a) < order.at(b); });
  }
  return rules;
}

template <class Matches>
const DriftRule* DriftRules::first(const ObjectId& id, const Matches& matches) const {
  if (rules_.empty()) return nullptr;
  const auto found = by_kind_.find(id.kind);
  for (const Item* item : found == by_kind_.end() ? of_any_kind_ : found->second) {
    if (!matches(*item)) continue;
    item->used.store(true, std::memory_order_relaxed);
    return &item->rule;
  }
  return nullptr;
}

const DriftRule* DriftRules::match(const ObjectId& id, Node live_or_git, std::string_view pointer,
                                   const std::vector<const Owner*>& owners) const {
  return first(id, [&](const Item& item) {
    const DriftRule& rule = item.rule;
    if (rule.object || !selects(rule, id, live_or_git) || !item.path.covers(pointer)) return false;
    return rule.manager.empty() || std::any_of(owners.begin(), owners.end(), [&](const Owner* owner) {
             return matches_glob(rule.manager, owner->manager);
           });
  });
}

const DriftRule* DriftRules::match_object(const ObjectId& id, Node live_or_git) const {
  return first(id, [&](const Item& item) { return item.rule.object && selects(item.rule, id, live_or_git); });
}

std::vector<std::string> DriftRules::unmatched() const {
  std::vector<std::string> sentences;
  for (const auto& item : rules_) {
    const DriftRule& rule = item->rule;
    if (rule.expired) {
      sentences.push_back(fmt::format("{}: expired after {}: {}", rule.place, rule.until, rule.reason));
    } else if (!item->used.load(std::memory_order_relaxed)) {
      sentences.push_back(fmt::format("{}: matched nothing: {}", rule.place, rule.reason));
    }
  }
  return sentences;
}

}  // namespace assay::drift
