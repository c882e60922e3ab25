// What a refusal of Postgres, or a sentence of libpq, means.
#include <fmt/format.h>

#include "core/utf8.h"
#include "net/postgres.h"

namespace assay {
namespace {

bool mentions(std::string_view text, std::string_view what) {
  return text.find(what) != std::string_view::npos;
}

std::string_view code_of(std::string_view state, std::string_view message) {
  if (state == "57P03")
    return mentions(message, "shutting down") ? "postgres.shutting-down" : "postgres.starting-up";
  if (state == "57P01" || state == "57P02") return "postgres.shutting-down";
  if (state == "57014" && mentions(message, "statement timeout")) return "deadline";
  if (state.starts_with("28") || state == "42501") return "auth.denied";
  if (state == "3D000") return "postgres.no-database";
  if (state == "53300") return "postgres.too-many-connections";
  if (state == "25006") return "postgres.read-only";
  if (state == "42P01" || state == "42703" || state == "3F000" || state == "42883")
    return "postgres.relation";
  // Pgpool-II, which has no SQLSTATE of its own for it.
  if (state == "XX000" && mentions(message, "failed to create a backend")) return "pgpool.no-backend";
  return "postgres.error";
}

struct Sentence {
  std::string_view part;
  std::string_view code;
};

// Parts of libpq 15's sentences (fe-connect.c, fe-auth.c, fe-misc.c, fe-protocol3.c); they are never
// translated, since assay sets no locale.
constexpr Sentence kSentences[] = {
    {"server does not support SSL", "tls.not-tls"},
    {"private key file", "tls.local"},
    {"certificate file", "tls.local"},
    {"received \x15", "tls.required"},
    {"session is read-only", "postgres.read-only"},
    {"server is in hot standby mode", "postgres.read-only"},
    {"authentication method", "auth.mechanism"},
    {"authentication mechanisms", "auth.mechanism"},
    {"authentication not supported", "auth.mechanism"},
    {"channel binding", "auth.mechanism"},
    {"Connection reset", "connect.reset"},
    {"Broken pipe", "connect.reset"},
    {"server closed the connection unexpectedly", "protocol.closed"},
    {"EOF detected", "protocol.closed"},
    {"connection has been closed unexpectedly", "protocol.closed"},
    {"no connection to the server", "protocol.closed"},
    {"authentication request", "protocol.invalid"},
    {"SSL negotiation", "protocol.invalid"},
    {"lost synchronization", "protocol.invalid"},
    {"unexpected response from server", "protocol.invalid"},
    {"from server", "protocol.invalid"},
    {"SCRAM", "protocol.invalid"},
    {"protocol", "protocol.invalid"},
    {"message type", "protocol.invalid"},
    {"message contents", "protocol.invalid"},
    {"SSL", "tls.failed"},
};

}  // namespace

Failure postgres_failure(std::string_view state, std::string_view message, std::string_view phase) {
  return fail(code_of(state, message), phase,
              fmt::format("the server says: {} (SQLSTATE {})", to_utf8(message), to_utf8(state)));
}

Failure libpq_failure(std::string_view message, std::string_view phase) {
  if (mentions(message, "no password supplied"))
    return fail("auth.required", phase, "the server asks for a password and none was given");
  const std::string text = message.empty() ? std::string("no reason given") : to_utf8(message);
  for (const Sentence& sentence : kSentences) {
    if (mentions(message, sentence.part)) return fail(sentence.code, phase, text);
  }
  return fail("postgres.error", phase, text);
}

}  // namespace assay
