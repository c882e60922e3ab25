#include "probes/kube_image_name.h"

#include <algorithm>

namespace assay {

std::string ImageName::text() const {
  if (!digest.empty()) return repository + "@" + digest;
  return repository + ":" + tag;
}

bool ImageName::is(const ImageName& other) const {
  if (repository != other.repository) return false;
  return digest.empty() ? tag == other.tag && !tag.empty() : digest == other.digest;
}

ImageName read_image_name(std::string_view text) {
  ImageName name;
  if (const auto at = text.find('@'); at != std::string_view::npos) {
    name.digest = std::string(text.substr(at + 1));
    text = text.substr(0, at);
  }
  const auto slash = text.rfind('/');
  const auto colon = text.rfind(':');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    name.tag = std::string(text.substr(colon + 1));
    text = text.substr(0, colon);
  }
  if (name.tag.empty() && name.digest.empty()) name.tag = "latest";
  const auto first = text.find('/');
  const std::string_view head = first == std::string_view::npos ? std::string_view() : text.substr(0, first);
  const bool registry = head.find_first_of(".:") != std::string_view::npos || head == "localhost" ||
                        std::any_of(head.begin(), head.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (registry) {
    name.repository =
        head == "index.docker.io" ? "docker.io" + std::string(text.substr(first)) : std::string(text);
    // docker.io/redis is docker.io/library/redis.
    if (name.repository.starts_with("docker.io/") && name.repository.find('/', 10) == std::string::npos)
      name.repository.insert(10, "library/");
  } else {
    name.repository =
        (first == std::string_view::npos ? "docker.io/library/" : "docker.io/") + std::string(text);
  }
  return name;
}

}  // namespace assay
