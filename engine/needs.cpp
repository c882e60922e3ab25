// Needs: names to ids, cycles, and what a selection pulls in.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "engine/loader_internal.h"

namespace assay {
namespace {

// Two matrix checks belong together where every key they share has the same value.
bool agree(const Value& a, const Value& b) {
  if (!a.is_object() || !b.is_object()) return true;
  return std::all_of(a.members().begin(), a.members().end(), [&](const Member& member) {
    const Value* other = b.find(member.key);
    return other == nullptr || *other == member.value;
  });
}

}  // namespace

void tie_needs(std::vector<Draft>& drafts, Problems& problems) {
  std::map<std::string, std::vector<std::size_t>> by_name;  // "suite/name" to its instances
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    by_name[drafts[i].check.suite + "/" + drafts[i].check.name].push_back(i);
  }
  std::vector<std::string> names;
  for (const auto& [name, instances] : by_name) names.push_back(name);

  std::vector<std::vector<std::size_t>> edges(drafts.size());
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    Check& check = drafts[i].check;
    for (const auto& [need, mark] : drafts[i].needs) {
      const bool full = need.find('/') != std::string::npos;
      const std::string name = full ? need : check.suite + "/" + need;
      const auto found = by_name.find(name);
      if (found == by_name.end()) {
        const std::string hint = nearest(name, names);
        problems.push_back(
            {mark,
             fmt::format("there is no check {}{}", need,
                         hint.empty()
                             ? ""
                             : "; did you mean " + (full ? hint : hint.substr(hint.find('/') + 1)) + "?"),
             false});
        continue;
      }
      for (const std::size_t other : found->second) {
        if (!agree(check.coordinates, drafts[other].check.coordinates)) continue;
        check.needs.push_back(drafts[other].check.id);
        edges[i].push_back(other);
      }
    }
  }

  // What an included check needs comes along.
  const std::function<void(std::size_t)> pull = [&](std::size_t i) {
    for (const std::size_t other : edges[i]) {
      if (std::exchange(drafts[other].included, true)) continue;
      pull(other);
    }
  };
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    if (drafts[i].included) pull(i);
  }

  enum class Color { white, grey, black };
  std::vector<Color> colors(drafts.size(), Color::white);
  std::vector<std::size_t> trail;
  bool found_cycle = false;
  const std::function<void(std::size_t)> visit = [&](std::size_t i) {
    if (found_cycle || colors[i] == Color::black) return;
    if (colors[i] == Color::grey) {
      std::string text;
      for (auto at = std::find(trail.begin(), trail.end(), i); at != trail.end(); ++at)
        text += drafts[*at].check.name + " -> ";
      const Mark mark = drafts[i].needs.empty() ? Mark{} : drafts[i].needs.front().second;
      problems.push_back(
          {mark, fmt::format("checks that need each other in a circle: {}{}", text, drafts[i].check.name),
           false});
      found_cycle = true;
      return;
    }
    colors[i] = Color::grey;
    trail.push_back(i);
    for (const std::size_t next : edges[i]) visit(next);
    trail.pop_back();
    colors[i] = Color::black;
  };
  for (std::size_t i = 0; i < drafts.size(); ++i) visit(i);
}

std::vector<std::string> select(Plan& plan, const Selection& selection) {
  std::vector<bool> keep(plan.checks.size(), true);
  std::map<std::string, bool> matched;
  const auto has_tag = [](const Check& check, const std::string& tag) {
    return std::find(check.tags.begin(), check.tags.end(), tag) != check.tags.end();
  };
  for (const std::string& tag : selection.tags) matched["--tag " + tag] = false;
  for (const std::string& tag : selection.skip_tags) matched["--skip-tag " + tag] = false;
  for (const std::string& id : selection.only) matched["--only " + id] = false;
  std::map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < plan.checks.size(); ++i) {
    const Check& check = plan.checks[i];
    index[check.id] = i;
    bool wanted = selection.tags.empty() && selection.only.empty();
    for (const std::string& tag : selection.tags) {
      if (has_tag(check, tag)) wanted = matched["--tag " + tag] = true;
    }
    for (const std::string& id : selection.only) {
      const std::string bare = check.id.substr(check.suite.size() + 1);
      if (id == check.id || id == bare || id == check.name || id == check.suite + "/" + check.name)
        wanted = matched["--only " + id] = true;
    }
    for (const std::string& tag : selection.skip_tags) {
      if (!has_tag(check, tag)) continue;
      matched["--skip-tag " + tag] = true;
      wanted = false;
    }
    keep[i] = wanted;
  }
  // What is needed comes along.
  const std::function<void(std::size_t)> pull = [&](std::size_t i) {
    for (const std::string& need : plan.checks[i].needs) {
      const auto found = index.find(need);
      if (found == index.end() || keep[found->second]) continue;
      keep[found->second] = true;
      pull(found->second);
    }
  };
  for (std::size_t i = 0; i < plan.checks.size(); ++i) {
    if (keep[i]) pull(i);
  }
  std::vector<Check> kept;
  kept.reserve(plan.checks.size());
  for (std::size_t i = 0; i < plan.checks.size(); ++i) {
    if (!keep[i]) continue;
    Check& check = plan.checks[i];
    if (selection.read_only && check.writes && check.skip.empty())
      check.skip = "--read-only: " + check.probe + " writes";
    kept.push_back(std::move(check));
  }
  plan.checks = std::move(kept);
  std::vector<std::string> unmatched;
  for (const auto& [word, hit] : matched) {
    if (!hit) unmatched.push_back(word);
  }
  return unmatched;
}

}  // namespace assay
