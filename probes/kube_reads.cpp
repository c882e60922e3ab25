#include "probes/kube_reads.h"

#include <cmath>

#include "core/rfc3339.h"
#include "core/utf8.h"

namespace assay {

Result<void> each_object(KubeClient& client, const std::string& word, const KubeSelection& selection,
                         const Attempt& attempt, Trace& trace,
                         const std::function<void(const Value& object)>& take) {
  const auto resource = client.resource(word, "", attempt.context, trace);
  if (!resource) return Failure(resource.error());
  const auto listed = client.list(*resource, selection, attempt.context, trace, [&](const Value& object) {
    take(object);
    return true;
  });
  if (!listed) return Failure(listed.error());
  return {};
}

const Value* condition_of(const Value& object, std::string_view type) {
  const Value& conditions = value_at(object, {"status", "conditions"});
  if (!conditions.is_array()) return nullptr;
  for (const Value& one : conditions.items()) {
    if (one.get("type") == type) return &one;
  }
  return nullptr;
}

std::vector<std::string> texts_of(const Value& value, std::string_view key) {
  std::vector<std::string> texts;
  const Value* list = value.find(key);
  if (list == nullptr || !list->is_array()) return texts;
  for (const Value& item : list->items()) {
    if (item.is_string()) texts.push_back(item.string());
  }
  return texts;
}

Value list_of(const std::vector<std::string>& texts) {
  Value list = Value::array();
  for (const std::string& text : texts) list.push_back(text);
  return list;
}

bool matches_glob(std::string_view text, std::string_view pattern) {
  std::size_t at = 0;
  std::size_t in = 0;
  std::size_t star = std::string_view::npos;
  std::size_t mark = 0;
  while (at < text.size()) {
    if (in < pattern.size() && pattern[in] == '*') {
      star = in++;
      mark = at;
    } else if (in < pattern.size() && pattern[in] == text[at]) {
      ++in;
      ++at;
    } else if (star != std::string_view::npos) {
      in = star + 1;
      at = ++mark;
    } else {
      return false;
    }
  }
  while (in < pattern.size() && pattern[in] == '*') ++in;
  return in == pattern.size();
}

namespace {

struct Suffix {
  std::string_view name;
  long double factor;
};

// What stands behind a quantity's number: its factor, or nothing.
std::optional<long double> factor_of(std::string_view suffix) {
  static constexpr Suffix kSuffixes[] = {{"", 1.0L},      {"n", 1e-9L},    {"u", 1e-6L},    {"m", 1e-3L},
                                         {"k", 1e3L},     {"M", 1e6L},     {"G", 1e9L},     {"T", 1e12L},
                                         {"P", 1e15L},    {"E", 1e18L},    {"Ki", 0x1p10L}, {"Mi", 0x1p20L},
                                         {"Gi", 0x1p30L}, {"Ti", 0x1p40L}, {"Pi", 0x1p50L}, {"Ei", 0x1p60L}};
  for (const Suffix& one : kSuffixes) {
    if (one.name == suffix) return one.factor;
  }
  if (suffix.size() < 2 || suffix.size() > 4 || (suffix[0] != 'e' && suffix[0] != 'E')) return std::nullopt;
  const bool sign = suffix[1] == '-' || suffix[1] == '+';
  int exponent = 0;
  if (sign && suffix.size() == 2) return std::nullopt;
  for (const char c : suffix.substr(sign ? 2 : 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    exponent = exponent * 10 + (c - '0');
  }
  return std::pow(10.0L, suffix[1] == '-' ? -exponent : exponent);
}

}  // namespace

std::optional<std::int64_t> milli_of(std::string_view quantity) {
  const bool negative = quantity.starts_with('-');
  if (negative || quantity.starts_with('+')) quantity.remove_prefix(1);
  // Digits are gathered as an integer, so that 0.1 is exactly a hundred thousandths.
  long double mantissa = 0;
  long double scale = 1;
  bool point = false;
  std::size_t at = 0;
  std::size_t digits = 0;
  for (; at < quantity.size(); ++at) {
    const char c = quantity[at];
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    if (++digits > 18) return std::nullopt;
    mantissa = mantissa * 10 + (c - '0');
    if (point) scale *= 10;
  }
  const auto factor = factor_of(quantity.substr(at));
  if (digits == 0 || !factor) return std::nullopt;
  // A factor below one is divided by, which is exact where multiplying is not.
  long double value = mantissa * 1000;
  value = *factor < 1 ? value / std::round(1 / *factor) : value * *factor;
  value = std::ceil(value / scale);
  if (value >= 9.2e18L) return std::nullopt;
  const auto milli = static_cast<std::int64_t>(value);
  return negative ? -milli : milli;
}

std::string event_time(const Value& event) {
  const Value* series = event.find("series");
  for (const std::string& text :
       {series == nullptr ? std::string() : series->get("lastObservedTime"),
        event.get("deprecatedLastTimestamp"), event.get("lastTimestamp"), event.get("eventTime"),
        value_at(event, {"metadata"}).get("creationTimestamp")}) {
    if (!text.empty()) return text;
  }
  return {};
}

std::string last_event(KubeClient& client, const std::string& ns, const std::string& kind,
                       const std::string& name, const Attempt& attempt, Trace& trace) {
  KubeSelection selection;
  selection.ns = ns;
  selection.fields = "regarding.kind=" + kind + ",regarding.name=" + name;
  std::string text;
  std::chrono::system_clock::time_point newest;
  const auto listed =
      each_object(client, "events.events.k8s.io", selection, attempt, trace, [&](const Value& event) {
        const auto at = parse_rfc3339(event_time(event));
        if (!at || (!text.empty() && *at < newest)) return;
        newest = *at;
        text = event.get("reason") + ": " + event.get("note");
      });
  return listed ? shorten(printable(text), 400) : std::string();
}

}  // namespace assay
