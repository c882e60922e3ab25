#include "net/http_stream.h"

#include "net/http_body.h"
#include "net/http_loop.h"
#include "net/network.h"

namespace assay {

struct HttpStream::State {
  State(HttpLoop& engine, std::shared_ptr<HttpJob> exchange, std::shared_ptr<HttpBody> coming)
      : loop(engine), job(std::move(exchange)), body(std::move(coming)) {}
  ~State() {
    if (!body->ended()) loop.cancel(job);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // How the transfer ended, which it has.
  Result<void> conclude() {
    if (!concluded) {
      Value unseen = Value::object();
      Trace trace(unseen);
      HttpResponse response;
      concluded = job->conclude(trace, response, std::nullopt);
    }
    return *concluded;
  }

  HttpLoop& loop;
  std::shared_ptr<HttpJob> job;
  std::shared_ptr<HttpBody> body;
  HttpResponse head;
  std::optional<Result<void>> concluded;
};

HttpStream::HttpStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpStream::HttpStream(HttpStream&&) noexcept = default;
HttpStream& HttpStream::operator=(HttpStream&&) noexcept = default;
HttpStream::~HttpStream() = default;

const HttpResponse& HttpStream::head() const { return state_->head; }

Result<std::optional<std::string>> HttpStream::next(const Context& context) {
  HttpBody& body = *state_->body;
  while (true) {
    body.clear();
    const bool ended = body.ended();  // asked first: what came before the end is taken below
    bool resume = false;
    std::string bytes = body.take(resume);
    if (resume) state_->loop.resume(state_->job);
    if (!bytes.empty()) return bytes;
    if (ended) {
      if (const auto done = state_->conclude(); !done) return Failure(done.error());
      return std::nullopt;
    }
    const auto ready = context.wait(body.fd(), POLLIN, "transfer");
    if (!ready) return Failure(ready.error());
  }
}

Result<HttpStream> HttpEngine::open(const HttpRequest& request, const Context& context, Trace& trace) {
  const auto url = parse_http_url(request.url);
  if (!url) return Failure(url.error());
  auto exchange = aim(request, *url, request.method, request.body.has_value(), context, trace);
  if (!exchange) return Failure(exchange.error());
  const PhaseTimer timer(trace, "request");
  const auto body = std::make_shared<HttpBody>();
  exchange->body = body;
  const auto job = std::make_shared<HttpJob>(*exchange);
  auto state = std::make_unique<HttpStream::State>(*loop_, job, body);
  loop_->submit(job);
  while (!body->begun() && !body->ended()) {
    if (const auto ready = context.wait(body->fd(), POLLIN, "request"); !ready) return Failure(ready.error());
    body->clear();
  }
  if (!body->begun()) {
    const auto done = state->conclude();
    return done ? fail("protocol.closed", "request", "there is no answer") : Failure(done.error());
  }
  state->head = body->head();
  return HttpStream(std::move(state));
}

}  // namespace assay
