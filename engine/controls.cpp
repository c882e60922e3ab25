// Checks that something is closed, and the checks that prove that it was there at all.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/loader_internal.h"
#include "engine/matcher.h"
#include "engine/path.h"

namespace assay {
namespace {

// Would what proves nothing by itself be enough for the check?
bool wants_control(const Draft& draft) {
  if (draft.probe == nullptr || !draft.probe->wants_control) return false;
  const DefaultExpectation& doubtful = *draft.probe->wants_control;
  const auto place = parse_path(doubtful.path);
  const Value observed = Value::object({{doubtful.path, doubtful.matcher}});
  return std::all_of(draft.check.expect.begin(), draft.check.expect.end(), [&](const Expectation& one) {
    return one.path != doubtful.path || match(observed, *place, one.matcher).outcome == Match::Outcome::pass;
  });
}

bool is_written_out(const Value* value) { return value != nullptr && !is_open(*value); }

}  // namespace

void check_controls(const std::vector<Draft>& drafts, Problems& problems) {
  std::map<std::string_view, const Draft*> by_id;
  for (const Draft& draft : drafts) by_id.emplace(draft.check.id, &draft);
  for (const Draft& draft : drafts) {
    const Check& check = draft.check;
    const Mark mark = draft.needs.empty() ? check.with.mark : draft.needs.back().second;
    const auto say = [&](std::string message) { problems.push_back({mark, std::move(message), false}); };
    if (wants_control(draft) && draft.control.empty())
      say(fmt::format(
          "{} takes {}: {}, which proves nothing by itself: name a check that reaches the same "
          "address from an allowed place under `control`",
          check.id, draft.probe->wants_control->path, to_json(draft.probe->wants_control->matcher)));
    const auto control = by_id.find(check.control);
    if (check.control.empty() || control == by_id.end()) continue;
    const Draft& other = *control->second;
    if (other.check.probe != check.probe || wants_control(other)) {
      say(fmt::format("the control {} is no {} that expects to get through", check.control, check.probe));
      continue;
    }
    const Value* here = check.with.find("address");
    const Value* there = other.check.with.find("address");
    if (check.skip.empty() && other.check.skip.empty() && is_written_out(here) && is_written_out(there) &&
        !(*here == *there))
      say(fmt::format("the control {} is about {}, not about {}", check.control, to_json(*there),
                      to_json(*here)));
  }
}

}  // namespace assay
