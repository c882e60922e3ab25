#include "net/http_loop.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace assay {
namespace {

// curl_global_init is not to be called by two threads at once.
void initialise_once() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (done != CURLE_OK) throw std::runtime_error(std::string("libcurl: ") + curl_easy_strerror(done));
}

}  // namespace

struct LoopCallbacks {
  static int socket(CURL*, curl_socket_t fd, int what, void* user, void* known) {
    auto* loop = static_cast<HttpLoop*>(user);
    if (what == CURL_POLL_REMOVE) {
      ::epoll_ctl(loop->epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
      return 0;
    }
    epoll_event event{};
    if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
    if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
    event.data.fd = fd;
    const int order = known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (::epoll_ctl(loop->epoll_.get(), order, fd, &event) != 0) {
      // The number of a socket that was closed meanwhile is used again.
      ::epoll_ctl(loop->epoll_.get(), order == EPOLL_CTL_ADD ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    }
    if (known == nullptr) curl_multi_assign(loop->multi_.get(), fd, loop);
    return 0;
  }

  static int timer(CURLM*, long milliseconds, void* user) {
    auto* loop = static_cast<HttpLoop*>(user);
    loop->timer_ = milliseconds < 0
                       ? TimePoint::max()
                       : std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    return 0;
  }
};

void HttpLoop::FreeMulti::operator()(void* multi) const { curl_multi_cleanup(multi); }

HttpLoop::HttpLoop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  initialise_once();
  multi_.reset(curl_multi_init());
  if (!epoll_ || !event_ || multi_ == nullptr) {
    throw std::runtime_error(std::string("HTTP engine: ") + std::strerror(errno));
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = event_.get();
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, event_.get(), &event);
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &LoopCallbacks::socket);
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &LoopCallbacks::timer);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
  thread_ = std::thread([this] { serve(); });
}

HttpLoop::~HttpLoop() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake();
  thread_.join();
}

void HttpLoop::wake() {
  const std::uint64_t one = 1;
  // Only a full counter makes this fail, and then the thread is woken already.
  [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
}

void HttpLoop::order(std::vector<std::shared_ptr<HttpJob>>& list, std::shared_ptr<HttpJob> job) {
  bool wanted = false;
  {
    const std::lock_guard lock(mutex_);
    list.push_back(std::move(job));
    wanted = !std::exchange(woken_, true);
  }
  if (wanted) wake();
}

void HttpLoop::submit(std::shared_ptr<HttpJob> job) { order(submitted_, std::move(job)); }
void HttpLoop::cancel(std::shared_ptr<HttpJob> job) { order(given_up_, std::move(job)); }
void HttpLoop::resume(std::shared_ptr<HttpJob> job) { order(resumed_, std::move(job)); }

void HttpLoop::take_orders() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(event_.get(), &count, sizeof count);
  std::vector<std::shared_ptr<HttpJob>> submitted;
  std::vector<std::shared_ptr<HttpJob>> given_up;
  std::vector<std::shared_ptr<HttpJob>> resumed;
  {
    const std::lock_guard lock(mutex_);
    submitted.swap(submitted_);
    given_up.swap(given_up_);
    resumed.swap(resumed_);
    woken_ = false;
  }
  for (auto& job : submitted) {
    HttpJob* const key = job.get();
    under_way_.emplace(key, std::move(job));
    key->started();
    const CURLMcode added = curl_multi_add_handle(multi_.get(), key->easy());
    if (added != CURLM_OK) finish(key, CURLE_FAILED_INIT, false);
  }
  for (const auto& job : resumed) {
    if (under_way_.contains(job.get())) curl_easy_pause(job->easy(), CURLPAUSE_CONT);
  }
  for (const auto& job : given_up) finish(job.get(), CURLE_OPERATION_TIMEDOUT, true);
}

void HttpLoop::finish(HttpJob* job, int code, bool cancelled) {
  const auto place = under_way_.find(job);
  if (place == under_way_.end()) return;
  const std::shared_ptr<HttpJob> held = std::move(place->second);
  under_way_.erase(place);
  curl_multi_remove_handle(multi_.get(), held->easy());
  held->finish(code, cancelled);
}

void HttpLoop::collect_finished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* job = nullptr;
    const CURLcode code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &job);
    finish(reinterpret_cast<HttpJob*>(job), code, false);
  }
}

void HttpLoop::serve() {
  std::array<epoll_event, 256> events;
  while (true) {
    const auto wait = Deadline(timer_).left_ms();
    const int ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                   timer_ == TimePoint::max() ? -1 : wait);
    int running = 0;
    bool orders = false;
    for (int i = 0; i < ready; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd == event_.get()) {
        orders = true;
        continue;
      }
      int mask = 0;
      if ((event.events & EPOLLIN) != 0) mask |= CURL_CSELECT_IN;
      if ((event.events & EPOLLOUT) != 0) mask |= CURL_CSELECT_OUT;
      if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) mask |= CURL_CSELECT_ERR;
      curl_multi_socket_action(multi_.get(), event.data.fd, mask, &running);
    }
    if (orders) {
      take_orders();
      const std::lock_guard lock(mutex_);
      if (ending_) break;
    }
    if (timer_ != TimePoint::max() && timer_ <= std::chrono::steady_clock::now()) {
      timer_ = TimePoint::max();
      curl_multi_socket_action(multi_.get(), CURL_SOCKET_TIMEOUT, 0, &running);
    }
    collect_finished();
  }
  while (!under_way_.empty()) finish(under_way_.begin()->first, CURLE_ABORTED_BY_CALLBACK, true);
}

}  // namespace assay
