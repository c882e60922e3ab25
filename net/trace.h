// What an attempt's connections leave in its observation: phases, addresses, the certificate chain.
#pragma once

#include <string_view>

#include "core/time.h"
#include "core/value.h"
#include "net/address.h"

namespace assay {

// Writes into an observation. `phases.NAME` is in seconds and adds up when a phase happens twice; a phase
// that was not seen is absent. One thread at a time; the observation must outlive it.
class Trace {
 public:
  explicit Trace(Value& observation) : seen_(&observation) {}

  void phase(std::string_view name, Duration took);
  void resolved(const std::vector<SocketAddress>& addresses);
  void peer(const SocketAddress& address);
  void tls(Value details);
  Value& seen() { return *seen_; }

 private:
  Value* seen_;
};

// Times one phase from its making to its end.
class PhaseTimer {
 public:
  PhaseTimer(Trace& trace, std::string_view name)
      : trace_(trace), name_(name), start_(std::chrono::steady_clock::now()) {}
  PhaseTimer(const PhaseTimer&) = delete;
  PhaseTimer& operator=(const PhaseTimer&) = delete;
  ~PhaseTimer() { trace_.phase(name_, std::chrono::steady_clock::now() - start_); }

 private:
  Trace& trace_;
  std::string_view name_;
  TimePoint start_;
};

}  // namespace assay
