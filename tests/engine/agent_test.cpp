// The agent and the run's side of it.
#include <filesystem>
#include <fstream>

#include "tests/engine/agent_fixture.h"

namespace assay::test {

TEST_F(AgentTest, EveryOrderIsAnsweredOnce) {
  const auto outcomes = make(std::vector<Task>(200, check("good")));
  ASSERT_EQ(outcomes.size(), 200U);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_EQ(outcomes[i].check, i);
    EXPECT_TRUE(outcomes[i].observation.get_bool("ok"));
  }
  executor_->stop(Deadline::in(10s));
  executor_->close();
  EXPECT_EQ(place_->starts, 1);
  EXPECT_EQ(place_->removed, 1);
  EXPECT_EQ(place_->ended, AgentEnd::told);
}

TEST_F(AgentTest, ATimeoutIsTheAttemptsOwn) {
  Task slow = check("hangs");
  slow.timeout = 50ms;
  const auto outcomes = make({slow, check("good")});
  EXPECT_EQ(code_of(outcomes[0]), "deadline");
  EXPECT_GE(outcomes[0].took, 0.05);
  EXPECT_FALSE(outcomes[0].cut);
  EXPECT_TRUE(outcomes[1].observation.get_bool("ok"));
}

// The connection goes away with answers in it; the agent stays and nothing is made twice or lost.
TEST_F(AgentTest, ACutConnectionLosesNothing) {
  place_->cut_after = 20;
  const auto outcomes = make(std::vector<Task>(100, check("good")));
  ASSERT_EQ(outcomes.size(), 100U);
  for (const Outcome& one : outcomes) EXPECT_TRUE(one.observation.get_bool("ok"));
  EXPECT_EQ(place_->starts, 1);
  EXPECT_EQ(place_->reconnects, 1);
}

TEST_F(AgentTest, AnAgentThatIsGoneEndsItsAttemptsAsErrors) {
  place_->cut_after = 0;
  place_->gone = true;
  const auto outcomes = make({check("good"), check("hangs")});
  for (const Outcome& one : outcomes) {
    EXPECT_EQ(code_of(one), "vantage.failed");
    EXPECT_NE(message_of(one).find("the pod was killed"), std::string::npos) << message_of(one);
  }
  // The next attempt has a new agent, once the old one was taken away.
  place_->cut_after = -1;
  EXPECT_TRUE(make({check("good")})[0].observation.get_bool("ok"));
  EXPECT_EQ(place_->starts, 2);
  EXPECT_EQ(place_->removed, 1);
}

TEST_F(AgentTest, ARefusedStartIsSaid) {
  place_->refusal = "the image cannot be pulled";
  const auto outcomes = make({check("good")});
  EXPECT_EQ(code_of(outcomes[0]), "vantage.failed");
  EXPECT_EQ(message_of(outcomes[0]), "the image cannot be pulled");
}

TEST_F(AgentTest, AProbeThatTheAgentDoesNotKnowIsAnotherVersions) {
  const auto outcomes = make({check("from.the.future")});
  EXPECT_EQ(code_of(outcomes[0]), "vantage.protocol");
}

// From the run, from a mounted file and from the agent's own environment; never shown.
TEST_F(AgentTest, SecretsArriveAndAreNotShown) {
  std::string pattern = (std::filesystem::temp_directory_path() / "assay-agent-XXXXXX").string();
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  mounts_ = pattern;
  std::filesystem::create_directory(mounts_ + "/db");
  std::ofstream(mounts_ + "/db/password") << "mounted-secret-1\n";
  ASSERT_EQ(::setenv("ASSAY_AGENT_TEST", "environment-secret", 1), 0);
  const Value told =
      Value::object({{"secret", Value::object({{"namespace", "other"}, {"name", "a"}, {"key", "b"}})}});
  const Value mounted = Value::object(
      {{"secret", Value::object({{"namespace", "shop"}, {"name", "db"}, {"key", "password"}})}});
  const Value missing =
      Value::object({{"secret", Value::object({{"namespace", "shop"}, {"name", "db"}, {"key", "none"}})}});
  const Value environment = Value::object({{"env", "ASSAY_AGENT_TEST"}});
  shared_->secrets.put(told, Secret("told-by-the-run"));
  std::vector<Task> checks;
  for (const Value& one : {told, mounted, environment, missing})
    checks.push_back(check("tells", Value::object({{"password", one}})));
  const auto outcomes = make(checks);
  EXPECT_EQ(outcomes[0].observation.get_int("length"), 15);
  EXPECT_EQ(outcomes[1].observation.get_int("length"), 16);
  EXPECT_EQ(outcomes[2].observation.get_int("length"), 18);
  for (int i = 0; i < 3; ++i) {
    const std::string said = outcomes[static_cast<std::size_t>(i)].observation.get("said");
    EXPECT_EQ(said.find("the password is [redacted:"), 0U) << said;
  }
  // The token is the run's own, so that equal secrets stay equal.
  Redactor same("k");
  same.learn(Secret("told-by-the-run"), "x");
  EXPECT_EQ(outcomes[0].observation.get("said"), same.redact("the password is told-by-the-run"));
  EXPECT_EQ(code_of(outcomes[3]), "secret.unresolved");
  std::filesystem::remove_all(mounts_);
}

// A secret of another check: the agent was never told of it, the run was.
TEST_F(AgentTest, WhatTheAgentCannotKnowTheRunTakesOut) {
  shared_->redactor.learn(Secret("known-to-the-run-only"), "other");
  const auto outcomes = make({check("shows", Value::object({{"text", "it is known-to-the-run-only"}}))});
  EXPECT_EQ(outcomes[0].observation.get("shown"), shared_->redactor.redact("it is known-to-the-run-only"));
  EXPECT_EQ(outcomes[0].observation.get("shown").find("known-to-the-run-only"), std::string::npos);
}

TEST(AgentAlone, EndsWithItsInput) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  const Fd ours(pair[0]);
  const Fd theirs(pair[1]);
  const std::string text = "{\"agent\":1,\"run\":\"r\",\"key\":\"k\"}\nnonsense\n{\"half\":";
  ASSERT_EQ(::write(ours.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ASSERT_EQ(::shutdown(ours.get(), SHUT_WR), 0);
  EXPECT_EQ(serve_agent(probes(), {theirs.get(), theirs.get(), 60s, -1, {}}), AgentEnd::end_of_input);
  EXPECT_EQ(serve_agent(probes(), {theirs.get(), theirs.get(), 0s, -1, {}}), AgentEnd::deadline);
}

TEST(AgentSession, WhatDoesNotFollowIsRefused) {
  AgentSession session({kAgentProtocol, "r", "k", 1, 0});
  session.open();
  AgentOrder order;
  order.probe = "good";
  order.with = Value::object();
  EXPECT_NE(session.order(order, Deadline())->find("\"order\":1"), std::string::npos);
  // Half a line of before, then the greeting.
  ASSERT_TRUE(session.take("lf a line\"}\n" + agent_greeting()));
  EXPECT_TRUE(session.greeted());
  AgentAnswer answer{2, 1, Value::object(), 0.5, 0, 0, false};
  EXPECT_EQ(session.take(to_line(answer)).error().code, "vantage.protocol");
  answer.line = 1;
  const auto taken = session.take(to_line(answer));
  ASSERT_TRUE(taken);
  ASSERT_EQ(taken->answers.size(), 1U);
  EXPECT_EQ(taken->answers[0].took, 0.5);
  EXPECT_EQ(taken->reply, ack_line(1));
  EXPECT_TRUE(session.take(to_line(answer))->answers.empty());
  EXPECT_EQ(session.take("rubbish\n").error().code, "vantage.protocol");
  EXPECT_EQ(session.take(std::string(kMostAgentLine + 1, 'x')).error().code, "vantage.protocol");

  AgentSession other({kAgentProtocol, "r", "k", 1, 0});
  other.open();
  EXPECT_EQ(other.take("{\"agent\":2}\n").error().code, "vantage.protocol");
}

// What answers in no way ends its attempts, and not only when it has been silent for long.
TEST_F(AgentTest, WhatDoesNotGreetIsNoAgent) {
  place_->mute = true;
  greeting_ = 50ms;
  const auto outcomes = make({check("good"), check("good")});
  for (const Outcome& one : outcomes) EXPECT_EQ(code_of(one), "vantage.protocol") << message_of(one);
  EXPECT_EQ(place_->reconnects, 0);
  // The outcomes are handed in before the place is taken away.
  executor_->stop(Deadline::in(60s));
  executor_->close();
  EXPECT_EQ(place_->removed, 1);
}

TEST_F(AgentTest, AnswersThatCameWhileSomethingWasSentAreTaken) {
  place_->takes_while_sending = true;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(make({check("good")})[0].observation.get_bool("ok"));
  EXPECT_EQ(place_->reconnects, 0);
}

// An agent would take such a line for one without an end.
TEST_F(AgentTest, AnOrderThatIsTooLongIsRefusedAlone) {
  const Value large = Value::object({{"text", std::string(kMostAgentLine, 'x')}});
  const auto outcomes = make({check("shows", large), check("good")});
  EXPECT_EQ(code_of(outcomes[0]), "params.invalid");
  EXPECT_NE(message_of(outcomes[0]).find("8388608 at most"), std::string::npos) << message_of(outcomes[0]);
  EXPECT_TRUE(outcomes[1].observation.get_bool("ok"));
  EXPECT_EQ(place_->reconnects, 0);
  EXPECT_EQ(place_->starts, 1);
  // As long as can be.
  const Value fits = Value::object({{"text", std::string(kMostAgentLine - 300, 'x')}});
  EXPECT_EQ(code_of(make({check("shows", fits)})[0]), "");
}

}  // namespace assay::test
