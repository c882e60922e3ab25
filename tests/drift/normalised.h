// Objects as they stand in manifests and in a cluster, normalised and compared.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "drift/compare.h"
#include "drift/normalise.h"
#include "drift/reader.h"
#include "drift/schema.h"

namespace assay::drift {

// Reads, normalises and compares; what it made lives as long as it does.
class Normalised {
 public:
  Normalised() : schema_(Schema::built_in().value()) {}
  explicit Normalised(std::shared_ptr<const Schema> schema) : schema_(std::move(schema)) {}

  Node read(std::string text) {
    texts_.push_back(std::move(text));
    const auto node = read_yaml(texts_.back(), arena_);
    EXPECT_TRUE(node) << (node ? "" : node.error().message);
    return node ? *node : Node{};
  }

  const KindType* kind_of(Node object) const {
    return schema_->find(object.text_at("apiVersion"), object.text_at("kind"));
  }

  Node of(Node object) {
    const auto* kind = kind_of(object);
    normalise(object, kind == nullptr ? nullptr : kind->type, arena_);
    return object;
  }
  Node of(std::string text) { return of(read(std::move(text))); }

  // The pointers of what differs, but for what is only live and a server's.
  std::vector<std::string> differences(Node git, Node live) {
    const auto* kind = kind_of(git);
    std::vector<std::string> out;
    for (const auto& one :
         compare({{true, git}, {}, {true, live}}, false, kind == nullptr ? nullptr : kind->type)) {
      if (!one.git.present && is_server_field(kind, one.path, one.live.value)) continue;
      out.push_back(to_pointer(one.path));
    }
    return out;
  }
  std::vector<std::string> differences(std::string git, std::string live) {
    const auto a = of(std::move(git));
    return differences(a, of(std::move(live)));
  }

  const Schema& schema() const { return *schema_; }
  Arena& arena() { return arena_; }

 private:
  std::shared_ptr<const Schema> schema_;
  Arena arena_;
  std::deque<std::string> texts_;
};

using Pointers = std::vector<std::string>;

}  // namespace assay::drift
