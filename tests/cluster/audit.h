// What assay has asked of the API server, from the server's own audit log.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace assay::test {

// Counts from its making on: what was written before is no affair of the test.
class Audit {
 public:
  Audit() {
    const char* folder = std::getenv("ASSAY_NODE_DIR");
    EXPECT_NE(folder, nullptr) << "ASSAY_NODE_DIR must name the folder of a running fixtures/node";
    if (folder == nullptr) return;
    file_ = std::string(folder) + "/var/log/audit.log";
    from_ = std::ifstream(file_, std::ios::ate).tellg();
  }
  // How many requests with this verb for objects of a kind in a namespace.
  int requests(const std::string& verb, const std::string& ns, const std::string& plural) const {
    std::ifstream file(file_);
    file.seekg(from_);
    int count = 0;
    for (std::string line; std::getline(file, line);) {
      count += static_cast<int>(line.find("\"verb\":\"" + verb + "\"") != std::string::npos &&
                                line.find("/namespaces/" + ns + "/" + plural) != std::string::npos &&
                                line.find("\"userAgent\":\"assay\"") != std::string::npos);
    }
    return count;
  }

 private:
  std::string file_;
  std::streampos from_ = 0;
};

}  // namespace assay::test
