#include "net/resolver.h"

// c-ares 1.28 marks what 1.18, Debian 12's, has no other function for.
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "net/route.h"
#include "net/transport.h"

namespace assay {
namespace {

constexpr auto kKeep = std::chrono::seconds(5);

struct Answer {
  bool done = false;
  int status = ARES_SUCCESS;
  std::vector<SocketAddress> addresses;
};

void on_answer(void* argument, int status, int, ares_addrinfo* info) {
  auto* answer = static_cast<Answer*>(argument);
  answer->done = true;
  answer->status = status;
  if (info == nullptr) return;
  for (const ares_addrinfo_node* node = info->nodes; node != nullptr; node = node->ai_next) {
    answer->addresses.push_back(SocketAddress::from(node->ai_addr, node->ai_addrlen));
  }
  ares_freeaddrinfo(info);
}

// c-ares keeps to itself why it got no socket, and takes that for a fault of the name server. So it is given
// ours; what errno said is left in the int at `note`.
ares_socket_t open_socket(int family, int type, int protocol, void* note) {
  const int fd = ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (fd < 0) *static_cast<int*>(note) = errno;
  return fd;
}
int close_socket(ares_socket_t fd, void*) { return ::close(fd); }
int connect_socket(ares_socket_t fd, const sockaddr* to, ares_socklen_t size, void*) {
  return ::connect(fd, to, size);
}
ares_ssize_t receive(ares_socket_t fd, void* into, std::size_t size, int flags, sockaddr* from,
                     ares_socklen_t* from_size, void*) {
  return ::recvfrom(fd, into, size, flags, from, from_size);
}
ares_ssize_t send_parts(ares_socket_t fd, const iovec* parts, int count, void*) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = static_cast<std::size_t>(count);
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}
constexpr ares_socket_functions kSockets = {open_socket, close_socket, connect_socket, receive, send_parts};

class Channel {
 public:
  ~Channel() {
    if (channel_ != nullptr) ares_destroy(channel_);
  }
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  int open(const std::string& server) {
    ares_options options{};
    options.timeout = 1000;  // milliseconds for the first try; c-ares doubles it
    options.tries = 6;
    int status = ares_init_options(&channel_, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    if (status == ARES_SUCCESS && !server.empty())
      status = ares_set_servers_ports_csv(channel_, server.c_str());
    if (status == ARES_SUCCESS) ares_set_socket_functions(channel_, &kSockets, &socket_error_);
    return status;
  }
  ares_channel get() { return channel_; }
  int socket_error() const { return socket_error_; }  // errno of the last socket that could not be made, or 0

 private:
  int socket_error_ = 0;
  ares_channel channel_ = nullptr;
};

Result<std::vector<SocketAddress>> query(const std::string& host, std::uint16_t port,
                                         const std::string& server, const Context& context) {
  Channel channel;
  if (const int status = channel.open(server); status != ARES_SUCCESS) {
    return fail("harness.internal", "resolve", std::string("c-ares: ") + ares_strerror(status));
  }
  Answer answer;
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  ares_getaddrinfo(channel.get(), host.c_str(), nullptr, &hints, &on_answer, &answer);
  Result<void> waited;
  while (!answer.done) {
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    const int bits = ares_getsock(channel.get(), sockets, ARES_GETSOCK_MAXNUM);
    pollfd fds[ARES_GETSOCK_MAXNUM + 1] = {{context.stop_fd(), POLLIN, 0}};
    nfds_t count = 1;
    for (int i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
      const int events =
          (ARES_GETSOCK_READABLE(bits, i) ? POLLIN : 0) | (ARES_GETSOCK_WRITABLE(bits, i) ? POLLOUT : 0);
      if (events != 0) fds[count++] = {sockets[i], static_cast<short>(events), 0};
    }
    const long left = context.left_ms();
    timeval limit{left / 1000, left % 1000 * 1000};
    timeval room{};
    const timeval* next = ares_timeout(channel.get(), &limit, &room);
    const int wait_ms = static_cast<int>(next->tv_sec * 1000 + next->tv_usec / 1000 + 1);
    const int ready = ::poll(fds, count, std::min(wait_ms, context.left_ms()));
    waited = context.check("resolve");
    if (!waited) break;
    if (ready <= 0) {
      ares_process_fd(channel.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      continue;
    }
    for (nfds_t i = 1; i < count; ++i) {
      if (fds[i].revents == 0) continue;
      const bool readable = (fds[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0;
      const bool writable = (fds[i].revents & POLLOUT) != 0;
      ares_process_fd(channel.get(), readable ? fds[i].fd : ARES_SOCKET_BAD,
                      writable ? fds[i].fd : ARES_SOCKET_BAD);
    }
  }
  if (!waited) {
    ares_cancel(channel.get());
    if (waited.error().code != "deadline") return Failure(waited.error());
    return fail("dns.timeout", "resolve", "no name server answered for " + host + " within the timeout");
  }
  switch (answer.status) {
    case ARES_SUCCESS:
      break;
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME:
      return fail("dns.unknown", "resolve", "the name " + host + " does not exist");
    case ARES_ETIMEOUT:
      return fail("dns.timeout", "resolve", "no name server answered for " + host);
    default:
      if (const int error = channel.socket_error(); error != 0) {
        const Failure why = socket_failure(error, "resolve", "socket");
        if (why.value().code == "harness.internal") return why;
      }
      return fail("dns.failed", "resolve", "resolving " + host + ": " + ares_strerror(answer.status));
  }
  for (SocketAddress& address : answer.addresses) address = address.with_port(port);
  std::stable_sort(answer.addresses.begin(), answer.addresses.end(), [](const auto& a, const auto& b) {
    return a.family() == AF_INET && b.family() != AF_INET;
  });
  if (answer.addresses.empty()) return fail("dns.unknown", "resolve", "the name " + host + " has no address");
  return std::move(answer.addresses);
}

}  // namespace

struct Resolver::Flight {
  Stop landed;
  std::mutex mutex;
  TimePoint at;
  Result<std::vector<SocketAddress>> answer;
};

Resolver::Resolver(std::string server) : server_(std::move(server)) { ares_library_init(ARES_LIB_INIT_ALL); }
Resolver::~Resolver() { ares_library_cleanup(); }

Result<std::vector<SocketAddress>> Resolver::ask(const std::string& host, std::uint16_t port,
                                                 const std::string& server, const Context& context) {
  return query(host, port, server, context);
}

Result<std::vector<SocketAddress>> Resolver::resolve(const std::string& host, std::uint16_t port,
                                                     const Context& context) {
  if (Route* const route = context.route(); route != nullptr) return route->resolve(host, port, context);
  if (const auto numeric = SocketAddress::numeric(host, port)) return std::vector{*numeric};
  while (true) {
    std::shared_ptr<Flight> flight;
    bool mine = false;
    {
      const std::lock_guard lock(mutex_);
      auto& slot = flights_[host];
      if (slot == nullptr || (slot->landed.raised() && std::chrono::steady_clock::now() - slot->at > kKeep)) {
        slot = std::make_shared<Flight>();
        slot->at = std::chrono::steady_clock::now();
        mine = true;
      }
      flight = slot;
    }
    if (mine) {
      auto answer = query(host, port, server_, context);
      {
        const std::lock_guard lock(mutex_);
        const std::lock_guard inner(flight->mutex);
        flight->answer = answer;
        flight->at = std::chrono::steady_clock::now();
        if (!answer) flights_.erase(host);
      }
      flight->landed.raise();
      return answer;
    }
    const auto landed = context.wait(flight->landed.fd(), POLLIN, "resolve");
    if (!landed) {
      if (landed.error().code != "deadline") return Failure(landed.error());
      return fail("dns.timeout", "resolve", "no name server answered for " + host + " within the timeout");
    }
    const std::lock_guard inner(flight->mutex);
    auto answer = flight->answer;
    if (!answer) {
      const std::string& code = answer.error().code;
      // The one in flight ended for want of its own time, or was cancelled: ask again ourselves.
      if (code == "dns.timeout" || code == "harness.cancelled") continue;
      return answer;
    }
    for (SocketAddress& address : *answer) address = address.with_port(port);
    return answer;
  }
}

}  // namespace assay
