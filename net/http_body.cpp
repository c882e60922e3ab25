#include "net/http_body.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace assay {
namespace {

constexpr std::size_t kRoom = 1U << 20;

}  // namespace

HttpBody::HttpBody() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_) throw std::runtime_error(std::string("eventfd: ") + std::strerror(errno));
}

void HttpBody::wake() {
  const std::uint64_t one = 1;
  // Only a full counter makes this fail, and then it is readable already.
  [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
}

void HttpBody::clear() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(event_.get(), &count, sizeof count);
}

void HttpBody::begin(const HttpResponse& head) {
  const std::lock_guard lock(mutex_);
  head_.status = head.status;
  head_.headers = head.headers;
  begun_ = true;
  wake();
}

bool HttpBody::put(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  full_ = bytes_.size() >= kRoom;
  if (full_) return false;
  bytes_ += bytes;
  wake();
  return true;
}

void HttpBody::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  wake();
}

bool HttpBody::begun() {
  const std::lock_guard lock(mutex_);
  return begun_;
}

bool HttpBody::ended() {
  const std::lock_guard lock(mutex_);
  return ended_;
}

HttpResponse HttpBody::head() {
  const std::lock_guard lock(mutex_);
  return head_;
}

std::string HttpBody::take(bool& resume) {
  const std::lock_guard lock(mutex_);
  resume = std::exchange(full_, false);
  return std::exchange(bytes_, {});
}

}  // namespace assay
