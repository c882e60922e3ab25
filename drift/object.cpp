#include "drift/object.h"

namespace assay::drift {

std::string ObjectId::text() const { return api_version + "/" + kind + "/" + ns + "/" + name; }

std::string ObjectId::key() const {
  const auto slash = api_version.find('/');
  const auto group = slash == std::string::npos ? std::string() : api_version.substr(0, slash);
  return group + "/" + kind + "/" + ns + "/" + name;
}

}  // namespace assay::drift
