#include <gtest/gtest.h>

#include "tests/support/observe.h"
#include "tests/support/server.h"

namespace assay::test {

TEST(Tcp, ConnectsAndNamesThePeer) {
  Server server([](Peer& peer) { peer.hold(); });
  const Value seen = observe("tcp", "address: " + server.address());
  EXPECT_EQ(code_of(seen), "");
  EXPECT_EQ(at(seen, "connected"), Value(true));
  EXPECT_EQ(at(seen, "peer"), Value(server.address()));
  EXPECT_TRUE(at(seen, "phases.connect").is_number());
}

TEST(Tcp, RefusedIsRefused) {
  const Value seen = observe("tcp", "address: 127.0.0.1:" + std::to_string(closed_port()));
  EXPECT_EQ(code_of(seen), "connect.refused");
  EXPECT_EQ(at(seen, "error.phase"), Value("connect"));
}

TEST(Tcp, TlsOnAPlainPortIsNotTls) {
  Server server([](Peer& peer) {
    peer.read_some();
    peer.write("-ERR plain text here\r\n");
    peer.hold();
  });
  const Value seen = observe("tcp", "{address: '" + server.address() + "', tls: true}");
  EXPECT_EQ(code_of(seen), "tls.not-tls") << to_json(seen);
}

TEST(Tcp, SilentTlsEndsAtTheDeadline) {
  Server server([](Peer& peer) { peer.hold(); });
  const Value seen =
      observe("tcp", "{address: '" + server.address() + "', tls: true}", std::chrono::milliseconds(200));
  EXPECT_EQ(code_of(seen), "deadline");
  EXPECT_EQ(at(seen, "error.phase"), Value("tls"));
}

}  // namespace assay::test
