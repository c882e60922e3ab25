#include "kube/resource.h"

namespace assay {

std::string KubeResource::path(const std::string& ns, const std::string& name,
                               const std::string& part) const {
  std::string path = group.empty() ? "/api/" + version : "/apis/" + group + "/" + version;
  if (namespaced && !ns.empty()) path += "/namespaces/" + url_escaped(ns);
  path += "/" + plural;
  if (!name.empty()) path += "/" + url_escaped(name);
  if (!part.empty()) path += "/" + url_escaped(part);
  return path;
}

std::string url_escaped(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

}  // namespace assay
