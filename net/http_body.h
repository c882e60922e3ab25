// A body on its way from the engine's thread to the one that reads it. Internal to net/.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "core/fd.h"
#include "net/http.h"

namespace assay {

// Safe from any thread. The engine's thread puts, one other thread takes.
class HttpBody {
 public:
  HttpBody();

  void begin(const HttpResponse& head);
  // False when there is no room: nothing was taken, and the same bytes are to come again after resume.
  bool put(std::string_view bytes);
  void end();

  // Readable when something has changed since clear().
  int fd() const { return event_.get(); }
  void clear();
  bool begun();
  bool ended();
  HttpResponse head();  // status and headers
  // Everything that has come; `resume` says that the transfer waits for room.
  std::string take(bool& resume);

 private:
  void wake();

  Fd event_;
  std::mutex mutex_;
  HttpResponse head_;
  std::string bytes_;
  bool begun_ = false;
  bool ended_ = false;
  bool full_ = false;
};

}  // namespace assay
