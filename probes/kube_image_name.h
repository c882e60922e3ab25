// Names of container images.
#pragma once

#include <string>
#include <string_view>

namespace assay {

// An image's name in full: "redis:7" is docker.io/library/redis, tag 7.
struct ImageName {
  std::string repository;  // with its registry
  std::string tag;         // empty where only a digest is given
  std::string digest;      // "sha256:...", or empty

  // "docker.io/library/redis:7", or with "@sha256:..." where the digest is what counts.
  std::string text() const;
  // Is `other`, a name that a node lists, this image? A digest outweighs a tag.
  bool is(const ImageName& other) const;
};

// Reads a name as Docker and the kubelet do (github.com/distribution/reference, normalize.go): the part
// before the first slash is a registry when it holds a dot or a colon, is `localhost`, or has capital
// letters; else the registry is docker.io, and a name without a slash lies in `library`. Without tag and
// digest the tag is `latest`. Pure; takes any text.
ImageName read_image_name(std::string_view text);

}  // namespace assay
