// An API server, as far as a port-forward to a pod asks it, written from the published protocol
// (k8s.io/kubelet, pkg/cri/streaming/portforward).
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>

#include "kube/kube.h"
#include "tests/support/websocket_server.h"

namespace assay::test {

// Messages of a forwarded port; each of its channels begins with the port's number.
inline std::string port_message(char channel, const std::string& bytes) {
  return frame(2, std::string(1, channel) + bytes);
}
inline std::string port_opened() { return port_message(0, "PP") + port_message(1, "PP"); }
inline std::string port_data(const std::string& bytes) { return port_message(0, bytes); }
inline std::string port_refused() {
  return port_message(1, "dial tcp4 127.0.0.1:8080: connect: connection refused");
}
inline std::string port_ended() { return frame(8, "\x03\xe8"); }

// In the namespace `shop` the Service `web` leads from port 80 to port 8080 of one pod. `port` serves every
// connection to a pod's port, once port_opened() was said.
class KubeServer {
 public:
  using Port = std::function<void(Peer& peer, const std::string& pod)>;
  explicit KubeServer(Port port) : port_(std::move(port)) {}

  // The pod behind the Service from now on; "web-1" at first.
  void replace_pod(const std::string& name) {
    const std::lock_guard lock(mutex_);
    pod_ = name;
  }
  // How often it was asked for the pods of the Service.
  int looked() const { return looked_; }

  KubeOptions options() const {
    KubeOptions options;
    options.kubeconfig = testing::TempDir() + "/kube-" + std::to_string(server_.port());
    std::ofstream(options.kubeconfig)
        << "apiVersion: v1\nkind: Config\ncurrent-context: a\n"
           "contexts: [{name: a, context: {cluster: a, user: a, namespace: shop}}]\n"
           "clusters: [{name: a, cluster: {server: 'http://"
        << server_.address() << "'}}]\nusers: [{name: a, user: {token: t}}]\n";
    return options;
  }

 private:
  void serve(Peer& peer) {
    const std::string head = peer.read_until("\r\n\r\n");
    const auto begin = head.find(' ') + 1;
    const std::string path = head.substr(begin, head.find(' ', begin) - begin);
    if (const auto at = path.find("/portforward"); at != std::string::npos) {
      switch_protocol_of(head, peer, port_opened(), "v4.channel.k8s.io");
      const auto slash = path.rfind('/', at - 1);
      return port_(peer, path.substr(slash + 1, at - slash - 1));
    }
    const std::string body = answer(path);
    peer.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body);
  }

  std::string answer(const std::string& path) {
    if (path == "/api") {
      return R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[
        {"metadata":{"name":null},"versions":[{"version":"v1","resources":[
        {"resource":"pods","responseKind":{"kind":"Pod"},"scope":"Namespaced","singularResource":"pod",
         "shortNames":["po"],"verbs":["get","list"]},
        {"resource":"services","responseKind":{"kind":"Service"},"scope":"Namespaced",
         "singularResource":"service","shortNames":["svc"],"verbs":["get","list"]}]}]}]})";
    }
    if (path == "/apis")
      return R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[]})";
    if (path.find("/services/web") != std::string::npos)
      return R"({"spec":{"selector":{"app":"web"},"ports":[{"port":80,"targetPort":8080}]}})";
    ++looked_;
    const std::lock_guard lock(mutex_);
    return R"({"kind":"PodList","metadata":{},"items":[{"metadata":{"name":")" + pod_ +
           R"("},"status":{"conditions":[{"type":"Ready","status":"True"}]}}]})";
  }

  Port port_;
  std::mutex mutex_;
  std::string pod_ = "web-1";
  std::atomic<int> looked_ = 0;
  Server server_{[this](Peer& peer) { serve(peer); }};
};

}  // namespace assay::test
