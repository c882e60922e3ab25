// One connection of a forward: between a socket here and a port of a pod.
#pragma once

#include <poll.h>

#include <array>
#include <optional>
#include <string>

#include "core/fd.h"
#include "kube/stream.h"

namespace assay {

// Hands what the near end (a socket that does not block) says to the far one, and what comes back to the near
// one. The last that either says before it ends is handed over, too. The end of what the near one says is its
// end, since the protocol cannot close one direction alone. One thread at a time, which polls in between.
class ForwardPair {
 public:
  // What waits for one side before the other is asked for more, in bytes.
  static constexpr std::size_t kMostWaiting = 1U << 20;
  // What one move() takes from the far end, in bytes, and a little more.
  static constexpr std::size_t kMostATurn = 256U << 10;

  ForwardPair(Fd near, KubeStream far) : near_(std::move(near)), far_(std::move(far)) {}

  // Moves what can be moved now; false when the connection is over. A failure is why the far end was cut, and
  // is told once: what came before may still have to be moved.
  Result<bool> move();
  // What wakes move(): of the near end, of the far one.
  std::array<pollfd, 2> polls() const;
  // The last move() left something that nothing tells of: move again without waiting.
  bool unfinished() const { return full_turn_; }

  // See KubeStream.
  const std::optional<Error>& refusal() const { return far_.refusal(); }

 private:
  void hear();
  bool take(std::optional<Error>& cut, std::size_t& taken);
  void give();

  Fd near_;
  KubeStream far_;
  std::string to_near_;     // came from the far end
  bool near_over_ = false;  // has said everything, and hears nothing more
  bool far_over_ = false;
  bool full_turn_ = false;
};

}  // namespace assay
