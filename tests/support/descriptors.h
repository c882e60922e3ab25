// A process that has run out of file descriptors.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>

#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

#include "core/fd.h"

namespace assay::test {

// Takes every descriptor below a low limit but `left` of them, from its making to its end.
class FewDescriptors {
 public:
  explicit FewDescriptors(std::size_t left) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit low{128, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &low);
    // Until none has come free for some turns: another thread, or a sanitizer in it, may hold one for a
    // moment.
    for (int calm = 0; calm < 1000; ++calm) {
      for (Fd fd(open_one()); fd; fd = Fd(open_one())) {
        taken_.push_back(std::move(fd));
        calm = 0;
      }
      std::this_thread::yield();
    }
    taken_.resize(taken_.size() - left);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  static int open_one() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

  rlimit before_{};
  std::vector<Fd> taken_;
};

}  // namespace assay::test
