#include "engine/agent_session.h"

#include <algorithm>

namespace assay {

std::string AgentSession::line_of(const Open& open) {
  AgentOrder order = open.order;
  // One whose time is up is sent all the same: it is answered, with what there is to say.
  if (!open.bound.never()) order.left = std::max<Duration>(open.bound.left(), std::chrono::nanoseconds(1));
  return to_line(order);
}

std::string AgentSession::open() {
  greeted_ = false;
  cutter_.forget();
  // The line break ends what a lost connection may have left half said.
  std::string text = "\n" + to_line(hello_);
  for (const auto& [number, open] : open_) text += line_of(open);
  return text;
}

Result<std::string> AgentSession::order(AgentOrder order, Deadline bound) {
  order.number = ++last_;
  const auto kept = open_.emplace(last_, Open{std::move(order), bound}).first;
  std::string line = line_of(kept->second);
  if (line.size() <= kMostAgentLine) return line;
  open_.erase(kept);
  return fail("params.invalid", "setup",
              "the check's parameters with their secrets are " + std::to_string(line.size()) +
                  " bytes, and a vantage's agent takes " + std::to_string(kMostAgentLine) + " at most");
}

Result<AgentSession::Taken> AgentSession::take(std::string_view bytes) {
  Taken taken;
  const auto lines = cutter_.take(bytes);
  if (!lines) return Failure(lines.error());
  const std::int64_t seen = hello_.seen;
  for (const std::string& text : *lines) {
    if (text.empty()) continue;
    auto line = parse_agent_line(text);
    if (!greeted_) {
      greeted_ = line && line->word == AgentWord::hello;
      // A greeting of another version says so.
      if (!line && text.starts_with("{\"agent\"")) return Failure(line.error());
      continue;
    }
    if (!line) return Failure(line.error());
    if (line->word != AgentWord::answer || line->answer.line <= hello_.seen) continue;
    if (line->answer.line != hello_.seen + 1)
      return fail("vantage.protocol", "request",
                  "answer " + std::to_string(hello_.seen + 1) + " is missing, " +
                      std::to_string(line->answer.line) + " came");
    hello_.seen = line->answer.line;
    if (open_.erase(line->answer.number) > 0) taken.answers.push_back(std::move(line->answer));
  }
  if (hello_.seen > seen) taken.reply = ack_line(hello_.seen);
  return taken;
}

void AgentSession::start_anew() {
  open_.clear();
  hello_.seen = 0;
  greeted_ = false;
  cutter_.forget();
}

}  // namespace assay
