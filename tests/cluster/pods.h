// Pods with a shell, for tests of what goes on inside them.
#pragma once

#include "core/process.h"
#include "tests/cluster/cluster.h"

namespace assay::test {

class PodTest : public ClusterTest {
 protected:
  // The image (busybox, socat) is made from Debian packages once, and given to the node.
  static void SetUpTestSuite() {
    static const bool loaded = load_image();
    ASSERT_TRUE(loaded) << "the image `probe` of fixtures/node cannot be made or loaded";
  }

  // A pod of one container `main` that runs a script, without a grace period; waits until it runs. Its label
  // `pod` is its name, `group` where it is given; its container's port 8080 is named `web`.
  void start(const std::string& name, const std::string& script, bool with_stdin = false,
             const std::string& group = "none") {
    Value command = Value::array();
    for (const std::string& word : {std::string("sh"), std::string("-c"), script}) command.push_back(word);
    Value ports = Value::array();
    ports.push_back(Value::object({{"name", "web"}, {"containerPort", 8080}}));
    Value containers = Value::array();
    containers.push_back(Value::object({{"name", "main"},
                                        {"image", "localhost/assay-probe:1"},
                                        {"imagePullPolicy", "Never"},
                                        {"command", command},
                                        {"ports", ports},
                                        {"stdin", with_stdin},
                                        {"stdinOnce", with_stdin}}));
    const Value pod = Value::object(
        {{"apiVersion", "v1"},
         {"kind", "Pod"},
         {"metadata",
          Value::object({{"name", name}, {"labels", Value::object({{"pod", name}, {"group", group}})}})},
         {"spec", Value::object({{"containers", containers},
                                 {"restartPolicy", "Never"},
                                 {"terminationGracePeriodSeconds", 0}})}});
    const auto made = client_->create(resource("pods"), ns_, pod, context(), trace_);
    ASSERT_TRUE(made) << made.error().message;
    const Context limit = context(std::chrono::seconds(60));
    while (phase(name) == "Pending")
      ASSERT_TRUE(limit.pause(Deadline::in(std::chrono::milliseconds(50)), "request"));
  }

  std::string phase(const std::string& name) {
    const auto pod = client_->get(resource("pods"), ns_, name, context(), trace_);
    EXPECT_TRUE(pod) << pod.error().message;
    return pod ? pod->find("status")->get("phase") : "";
  }

 private:
  static bool load_image() {
    const char* folder = std::getenv("ASSAY_NODE_DIR");
    if (folder == nullptr) return false;
    Stop never;
    const Context limit(Deadline::in(std::chrono::minutes(20)), never);
    ProcessSpec build;
    build.argv = {ASSAY_SOURCE_DIR "/fixtures/node/images/build", "probe"};
    const auto built = run_process(build, limit);
    if (!built || built->exit_code != 0) return false;
    ProcessSpec load;
    load.argv = {ASSAY_SOURCE_DIR "/fixtures/node/node", "load", "--dir", folder,
                 built->output.substr(0, built->output.find('\n'))};
    const auto done = run_process(load, limit);
    return done && done->exit_code == 0;
  }
};

}  // namespace assay::test
