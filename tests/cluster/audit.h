// What the API server has written into its audit log (fixtures/node; ASSAY_NODE_DIR names its folder).
#pragma once

#include <cstdlib>
#include <fstream>
#include <string>

namespace assay::test {

class Audit {
 public:
  // Counts from here on. A folder that is not named gives a log without lines.
  Audit() {
    const char* folder = std::getenv("ASSAY_NODE_DIR");
    if (folder != nullptr) file_ = std::string(folder) + "/var/log/audit.log";
    from_ = std::ifstream(file_, std::ios::ate).tellg();
  }
  bool is_there() const { return std::ifstream(file_).good(); }
  // How many requests of assay's with this verb, whose address holds `path`, it has since.
  int requests(const std::string& verb, const std::string& path) const {
    std::ifstream file(file_);
    file.seekg(from_);
    int count = 0;
    for (std::string line; std::getline(file, line);) {
      count += static_cast<int>(line.find("\"verb\":\"" + verb + "\"") != std::string::npos &&
                                line.find(path) != std::string::npos &&
                                line.find("\"userAgent\":\"assay\"") != std::string::npos);
    }
    return count;
  }

 private:
  std::string file_;
  std::streampos from_ = 0;
};

}  // namespace assay::test
