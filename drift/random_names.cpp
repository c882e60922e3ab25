#include "drift/random_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "drift/text_scan.h"

namespace assay::drift {
namespace {

constexpr const char* kUnpaired =
    "the chart names it anew at each rendering, and the release has none of its template";

bool is_separator(char c) { return !is_digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z'); }

// What both begin with, in whole words: two random texts may begin with the same letter. A number at its end
// may be a date, and another day has another.
std::string_view shared_begin(std::string_view one, std::string_view two) {
  const auto differ = std::mismatch(one.begin(), one.end(), two.begin(), two.end()).first;
  auto begin = one.substr(0, static_cast<std::size_t>(differ - one.begin()));
  const auto cut = [&] {
    while (!begin.empty() && !is_separator(begin.back())) begin.remove_suffix(1);
  };
  for (cut(); !begin.empty();) {
    const auto word = begin.substr(0, begin.size() - 1);
    const auto number = std::find_if_not(word.rbegin(), word.rend(), is_digit);
    if (number == word.rbegin() || (number != word.rend() && !is_separator(*number))) break;
    begin.remove_suffix(1);
    cut();
  }
  return begin;
}

// What both end with, in whole words.
std::string_view shared_end(std::string_view one, std::string_view two) {
  const auto differ = std::mismatch(one.rbegin(), one.rend(), two.rbegin(), two.rend()).first;
  auto end = one.substr(one.size() - static_cast<std::size_t>(differ - one.rbegin()));
  while (!end.empty() && !is_separator(end.front())) end.remove_prefix(1);
  return end;
}

// Where it comes from: its kind, namespace and template.
std::string place_of(const Document& document) {
  const auto& id = document.id;
  return ObjectId{id.api_version, id.kind, id.ns, {}}.key() + '\n' + document.source;
}

// By place_of(): what `documents` have and `others` do not.
std::multimap<std::string, const Document*> only_in(const Documents& documents, const Documents& others) {
  std::multimap<std::string, const Document*> only;
  for (const auto& one : documents.all()) {
    const auto key = one.id.key();
    if (documents.find(key) == &one && others.find(key) == nullptr) only.emplace(place_of(one), &one);
  }
  return only;
}

}  // namespace

RandomNames RandomNames::between(const Documents& first, const Documents& second) {
  RandomNames names;
  const auto again = only_in(second, first);
  for (const auto& [place, document] : only_in(first, second)) {
    Named named{document->id, document->source, {}, {}, {}};
    const std::string_view name = document->id.name;
    const auto [from, to] = again.equal_range(place);
    for (auto other = from; other != to; ++other) {
      const std::string_view called = other->second->id.name;
      const auto begin = shared_begin(name, called);
      const auto end = shared_end(name.substr(begin.size()), called.substr(begin.size()));
      if (begin.size() + end.size() <= named.begin.size() + named.end.size()) continue;
      named.begin = begin;
      named.end = end;
    }
    names.all_.push_back(std::move(named));
  }
  // Of two that the same object of a release could stand for, the one that fewer could.
  std::stable_sort(names.all_.begin(), names.all_.end(), [](const Named& a, const Named& b) {
    return a.begin.size() + a.end.size() > b.begin.size() + b.end.size();
  });
  return names;
}

std::set<std::string> RandomNames::find_in(const Desired& desired) {
  std::set<std::string> found;
  const auto left = only_in(*desired.release, *desired.git);
  std::erase_if(all_, [&](const Named& named) { return desired.release->find(named.id.key()) != nullptr; });
  for (auto& named : all_) {
    const auto* git = desired.git->find(named.id.key());
    const auto [from, to] = left.equal_range(place_of(*git));
    const auto stands = std::find_if(from, to, [&](const auto& one) {
      return may_be(one.second->id, named) && !found.contains(one.second->id.key());
    });
    if (stands == to) continue;
    named.stored = stands->second->id;
    found.insert(named.stored->key());
  }
  return found;
}

bool RandomNames::may_be(const ObjectId& id, const Named& named) {
  return id.kind == named.id.kind && id.ns == named.id.ns &&
         id.name.size() >= named.begin.size() + named.end.size() && id.name.starts_with(named.begin) &&
         id.name.ends_with(named.end);
}

void RandomNames::apply(ReleaseDrift& drift) const {
  std::map<std::string, const Named*> by_key;
  for (const auto& named : all_) {
    by_key.emplace(named.id.key(), &named);
    if (named.stored) {
      drift.warnings.push_back(
          fmt::format("{} {}: {} names it anew at each rendering, so it is compared with the cluster and not "
                      "with Git",
                      named.id.kind, named.stored->name, named.source));
    }
  }
  // Those that nobody can look for, since no release says what they are called.
  std::vector<const Named*> unknown;
  for (const auto& object : drift.objects) {
    const auto known = by_key.find(object.id.key());
    if (known != by_key.end() && !known->second->stored && (!drift.with_release || object.without_release))
      unknown.push_back(known->second);
  }
  for (auto& object : drift.objects) {
    if (object.verdict != ObjectVerdict::extra || object.kind == DriftClass::suppressed) continue;
    const auto named = std::find_if(unknown.begin(), unknown.end(),
                                    [&](const Named* one) { return may_be(object.id, *one); });
    if (named == unknown.end()) continue;
    object.verdict = ObjectVerdict::error;
    object.code = "drift.random";
    object.note = fmt::format("it may be what {} names anew at each rendering", (*named)->source);
  }
  std::erase_if(drift.objects, [&](ObjectDrift& object) {
    const auto known = by_key.find(object.id.key());
    const auto gone = object.verdict == ObjectVerdict::missing || object.verdict == ObjectVerdict::error;
    if (known == by_key.end() || !gone) return false;
    const auto& named = *known->second;
    if (named.stored) return true;
    if (object.verdict == ObjectVerdict::error || object.kind == DriftClass::suppressed) return false;
    if (drift.with_release && !object.without_release) {
      object.note = kUnpaired;
      return false;
    }
    drift.problems.push_back(
        {"drift.random", fmt::format("{} {}*{} of {} cannot be looked for: the chart names it anew at each "
                                     "rendering, and no release says what it is called",
                                     named.id.kind, named.begin, named.end, named.source)});
    return true;
  });
}

}  // namespace assay::drift
