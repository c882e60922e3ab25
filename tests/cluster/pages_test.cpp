// Ten thousand objects, listed in no more memory than one page of them takes.
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "tests/cluster/audit.h"
#include "tests/cluster/cluster.h"

namespace assay {
namespace {

using test::ClusterTest;

constexpr int kCount = 10000;
constexpr int kPage = 500;
constexpr std::size_t kText = 4096;

// The most resident memory that this process has had since it was last reset, in KiB.
long peak() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
  }
  return -1;
}
void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }  // proc(5)

TEST_F(ClusterTest, TenThousandObjectsTakeTheMemoryOfAPage) {
  const KubeResource maps = resource("cm");
  const std::string text(kText, 'x');
  std::atomic<int> next = 0;
  std::atomic<int> made = 0;
  std::vector<std::thread> crew;
  for (int i = 0; i < 16; ++i) {
    crew.emplace_back([&] {
      for (int turn = next++; turn < kCount; turn = next++) {
        Value unseen = Value::object();
        Trace trace(unseen);
        const Value map = config_map("m" + std::to_string(turn), text);
        made += client_->create(maps, ns_, map, context(std::chrono::seconds(60)), trace) ? 1 : 0;
      }
    });
  }
  for (std::thread& one : crew) one.join();
  ASSERT_EQ(made, kCount);

  KubeSelection selection;
  selection.ns = ns_;
  selection.labels = "made=here";
  const auto list = [&](int most) {
    int seen = 0;
    const auto listed =
        client_->list(maps, selection, context(std::chrono::seconds(60)), trace_, [&](const Value& object) {
          EXPECT_EQ(object.find("data")->get("text").size(), kText);
          return ++seen < most;
        });
    EXPECT_TRUE(listed) << listed.error().message;
    return seen;
  };
  EXPECT_EQ(list(4 * kPage), 4 * kPage);  // what a few pages take, the allocator's own included
  const test::Audit audit;
  ASSERT_TRUE(audit.is_there()) << "ASSAY_NODE_DIR must name the folder of a running fixtures/node";
  reset_peak();
  const long before = peak();
  EXPECT_EQ(list(kCount + 1), kCount);
  const long grown = peak() - before;
  std::printf("%d objects of %zu bytes: %ld KiB more than a fifth of them\n", kCount, kText, grown);
  EXPECT_GT(before, 0);
  EXPECT_LT(grown, 4 * 1024) << "all of them are " << kCount * kText / 1024 << " KiB";
  EXPECT_EQ(audit.requests("list", "/namespaces/" + ns_ + "/configmaps"), kCount / kPage);
}

}  // namespace
}  // namespace assay
