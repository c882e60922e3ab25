// What the benches measure against, fast enough not to be what is measured. Loopback only, one thread.
//   target serve               an HTTP server (200, "ok\n") and a server that accepts and never answers, on
//   free ports.
//                              Prints both ports. Then answers each line of standard input: `count` with
//                              counters, `zero` with counters after which they begin at 0; ends with standard
//                              input, or after an hour.
//   target drive PORT FILE N   asks an HTTP server for every path in FILE, over N connections that are kept,
//   each with one
//                              request at a time. Prints seconds, answers, and answers with a line
//                              `probe_success 1`.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

constexpr auto kLongest = std::chrono::hours(1);
constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n";

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

struct Listener {
  int fd = -1;
  int port = 0;
};

Listener listen_somewhere() {
  Listener made;
  made.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(made.fd, reinterpret_cast<sockaddr*>(&address), size) != 0) die("bind");
  if (::listen(made.fd, 65535) != 0) die("listen");
  if (::getsockname(made.fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) die("getsockname");
  made.port = ntohs(address.sin_port);
  return made;
}

struct Counters {
  long http_accepted = 0, http_requests = 0, silent_accepted = 0, silent_peak = 0;
};

class Server {
 public:
  int run() {
    watch(http_.fd);
    watch(silent_.fd);
    watch(0);
    std::printf("{\"http\": %d, \"silent\": %d}\n", http_.port, silent_.port);
    std::fflush(stdout);
    const auto end = std::chrono::steady_clock::now() + kLongest;
    while (std::chrono::steady_clock::now() < end) {
      epoll_event events[512];
      const int count = ::epoll_wait(epoll_, events, 512, 1000);
      for (int i = 0; i < count; ++i) {
        const int fd = events[i].data.fd;
        if (fd == 0) {
          if (!command()) return 0;
        } else if (fd == http_.fd || fd == silent_.fd) {
          accept_all(fd);
        } else {
          serve(fd);
        }
      }
    }
    return 0;
  }

 private:
  void watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
  }

  void accept_all(int listener) {
    while (true) {
      const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        if (errno == EAGAIN || errno == ECONNABORTED) return;
        die("accept4");
      }
      const bool is_silent = listener == silent_.fd;
      if (is_silent) {
        ++counters_.silent_accepted;
        counters_.silent_peak = std::max(counters_.silent_peak, ++silent_open_);
      } else {
        ++counters_.http_accepted;
      }
      open_[fd] = {is_silent, {}};
      watch(fd);
    }
  }

  void serve(int fd) {
    char buffer[16384];
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EAGAIN) return;
    Connection& connection = open_[fd];
    if (got <= 0) {
      if (connection.silent) --silent_open_;
      open_.erase(fd);
      ::close(fd);
      return;
    }
    if (connection.silent) return;
    connection.input.append(buffer, static_cast<size_t>(got));
    for (size_t at; (at = connection.input.find("\r\n\r\n")) != std::string::npos;) {
      connection.input.erase(0, at + 4);
      ++counters_.http_requests;
      if (::write(fd, kAnswer.data(), kAnswer.size()) != static_cast<ssize_t>(kAnswer.size())) return;
    }
  }

  bool command() {
    char buffer[256];
    const ssize_t got = ::read(0, buffer, sizeof buffer);
    if (got <= 0) return false;
    std::printf(
        "{\"http_accepted\": %ld, \"http_requests\": %ld, \"silent_accepted\": %ld, \"silent_open\": %ld, "
        "\"silent_peak\": %ld}\n",
        counters_.http_accepted, counters_.http_requests, counters_.silent_accepted, silent_open_,
        counters_.silent_peak);
    std::fflush(stdout);
    if (buffer[0] == 'z') counters_ = {};
    return true;
  }

  struct Connection {
    bool silent = false;
    std::string input;
  };
  const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  const Listener http_ = listen_somewhere();
  const Listener silent_ = listen_somewhere();
  std::unordered_map<int, Connection> open_;
  long silent_open_ = 0;
  Counters counters_;
};

// One answer, with a length or in chunks.
bool read_answer(int fd, std::string& text) {
  text.clear();
  size_t head = std::string::npos;
  char buffer[32768];
  while (true) {
    pollfd waiting{fd, POLLIN, 0};
    if (::poll(&waiting, 1, 30'000) != 1) return false;
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got <= 0) return false;
    text.append(buffer, static_cast<size_t>(got));
    if (head == std::string::npos) head = text.find("\r\n\r\n");
    if (head == std::string::npos) continue;
    const std::string_view top(text.data(), head + 2);
    if (const size_t length = top.find("Content-Length: "); length != std::string_view::npos) {
      if (text.size() >= head + 4 + std::strtoul(text.c_str() + length + 16, nullptr, 10)) return true;
    } else if (text.ends_with("\r\n0\r\n\r\n")) {
      return true;
    }
  }
}

int drive(int port, const char* file, int connections) {
  std::vector<std::string> paths;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) paths.push_back(line);
  std::atomic<size_t> next{0};
  std::atomic<long> answers{0}, good{0};
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < connections; ++i) {
    threads.emplace_back([&] {
      const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_in address = loopback(port);
      if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      std::string text;
      for (size_t at; (at = next.fetch_add(1)) < paths.size();) {
        const std::string request = "GET " + paths[at] + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
        if (::write(fd, request.data(), request.size()) != static_cast<ssize_t>(request.size())) break;
        if (!read_answer(fd, text)) break;
        ++answers;
        if (text.find("\nprobe_success 1\n") != std::string::npos) ++good;
      }
      ::close(fd);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("{\"wall\": %.6f, \"answers\": %ld, \"good\": %ld}\n", took.count(), answers.load(),
              good.load());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  if (argc == 2 && std::string_view(argv[1]) == "serve") return Server().run();
  if (argc == 5 && std::string_view(argv[1]) == "drive")
    return drive(std::atoi(argv[2]), argv[3], std::atoi(argv[4]));
  std::fputs("target serve | target drive PORT FILE N\n", stderr);
  return 2;
}
