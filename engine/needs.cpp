// Needs: names to ids, cycles, and what a selection pulls in.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "engine/loader_internal.h"

namespace assay {
namespace {

// Two matrix checks belong together where every key they share has the same value. A list without a value
// may hold any.
bool agree(const Value& a, const Value& b) {
  if (!a.is_object() || !b.is_object()) return true;
  return std::all_of(a.members().begin(), a.members().end(), [&](const Member& member) {
    const Value* other = b.find(member.key);
    return other == nullptr || *other == member.value || is_open(*other) || is_open(member.value);
  });
}

// Marks what `from` leads to; `reach` calls its second argument for each next one. A list and not the
// program's stack: a chain may be as long as a file.
template <class Reach>
void pull(std::size_t from, std::vector<bool>& marked, const Reach& reach) {
  std::vector<std::size_t> open = {from};
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    reach(at, [&](std::size_t next) {
      if (marked[next]) return;
      marked[next] = true;
      open.push_back(next);
    });
  }
}

// A circle of `edges`, or nothing. Each is visited once.
std::vector<std::size_t> find_circle(const std::vector<std::vector<std::size_t>>& edges) {
  enum class Color { white, grey, black };
  std::vector<Color> colors(edges.size(), Color::white);
  std::vector<std::pair<std::size_t, std::size_t>> trail;  // with the next edge to follow
  for (std::size_t start = 0; start < edges.size(); ++start) {
    if (colors[start] != Color::white) continue;
    colors[start] = Color::grey;
    trail.emplace_back(start, 0);
    while (!trail.empty()) {
      const std::size_t at = trail.back().first;
      if (trail.back().second == edges[at].size()) {
        colors[at] = Color::black;
        trail.pop_back();
        continue;
      }
      const std::size_t next = edges[at][trail.back().second++];
      if (colors[next] == Color::grey) {
        std::vector<std::size_t> circle;
        auto member =
            std::find_if(trail.begin(), trail.end(), [&](const auto& t) { return t.first == next; });
        for (; member != trail.end(); ++member) circle.push_back(member->first);
        return circle;
      }
      if (colors[next] == Color::white) {
        colors[next] = Color::grey;
        trail.emplace_back(next, 0);
      }
    }
  }
  return {};
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
      bool any = false;
      for (const std::size_t other : found->second) {
        if (!agree(check.coordinates, drafts[other].check.coordinates)) continue;
        any = true;
        check.needs.push_back(drafts[other].check.id);
        if (need == drafts[i].control) check.control = drafts[other].check.id;
        edges[i].push_back(other);
      }
      if (!any) {
        problems.push_back({mark,
                            fmt::format("{} needs {}, and none of its checks has the same coordinates: the "
                                        "first is {}",
                                        check.id, need, drafts[found->second.front()].check.id),
                            false});
      }
    }
  }

  // What an included check needs comes along.
  std::vector<bool> included;
  for (const Draft& draft : drafts) included.push_back(draft.included);
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    if (!drafts[i].included) continue;
    pull(i, included, [&](std::size_t at, const auto& take) {
      for (const std::size_t other : edges[at]) take(other);
    });
  }
  for (std::size_t i = 0; i < drafts.size(); ++i) drafts[i].included = included[i];

  const std::vector<std::size_t> circle = find_circle(edges);
  if (circle.empty()) return;
  std::string text;
  for (std::size_t place = 0; place < circle.size(); ++place) {
    // A long one is told by its beginning.
    if (place < 20) text += drafts[circle[place]].check.name + " -> ";
    if (place == 20) text += "... -> ";
  }
  const Draft& first = drafts[circle.front()];
  problems.push_back({first.needs.front().second,
                      fmt::format("checks that need each other in a circle: {}{}", text, first.check.name),
                      false});
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
  std::vector<bool> wanted = keep;
  for (std::size_t i = 0; i < plan.checks.size(); ++i) {
    if (!wanted[i]) continue;
    pull(i, keep, [&](std::size_t at, const auto& take) {
      for (const std::string& need : plan.checks[at].needs) {
        if (const auto found = index.find(need); found != index.end()) take(found->second);
      }
    });
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
