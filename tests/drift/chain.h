// One object through the whole chain: read, normalised, compared, classified.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "drift/detector.h"
#include "drift/reader.h"
#include "drift/report.h"
#include "drift/schema.h"

namespace assay::test {

using namespace drift;

inline std::shared_ptr<const Schema> kubernetes() {
  static const auto schema = Schema::built_in();
  if (!schema) throw std::runtime_error(schema.error().message);
  return *schema;
}

// What Documents would call it in a release of the namespace "shop".
inline ObjectId id_of(Node object, const Schema& schema) {
  const auto* metadata = object.find("metadata");
  ObjectId id{std::string(object.text_at("apiVersion")), std::string(object.text_at("kind")), "shop",
              std::string(metadata->text_at("name"))};
  const auto* kind = schema.find(id.api_version, id.kind);
  if (kind != nullptr && !kind->namespaced) {
    id.ns.clear();
  } else if (const auto ns = metadata->text_at("namespace"); !ns.empty()) {
    id.ns = ns;
  }
  return id;
}

class Chain : public testing::Test {
 protected:
  Chain() {
    facts_.with_release = true;
    facts_.deployed = "2026-11-01T10:00:00Z";
  }

  Node read(std::string_view yaml) {
    auto node = read_yaml(arena_.keep(yaml), arena_);
    if (!node) throw std::runtime_error(node.error().message + "\n" + std::string(yaml));
    return *node;
  }

  // Each side as YAML; an empty text is an object that is not there.
  ObjectDrift verdict(std::string_view git, std::string_view release, std::string_view live) {
    const auto side = [&](std::string_view yaml) {
      return yaml.empty() ? std::nullopt : std::optional(read(yaml));
    };
    const auto g = side(git);
    const auto r = side(release);
    const auto l = side(live);
    const auto id = id_of(g ? *g : r ? *r : *l, *schema_);
    return Detector(schema_, rules_, facts_, MaskKey("key")).one(id, g, r, l, arena_);
  }

  // "class path" of each field, in their order; the verdict alone where there are none.
  std::vector<std::string> told(std::string_view git, std::string_view release, std::string_view live) {
    const auto drift = verdict(git, release, live);
    std::vector<std::string> lines;
    for (const auto& field : drift.fields)
      lines.push_back(std::string(name_of(field.kind)) + " " + field.path);
    if (lines.empty()) lines.emplace_back(name_of(drift.verdict));
    return lines;
  }
  // Git and release agree.
  std::vector<std::string> told(std::string_view declared, std::string_view live) {
    return told(declared, declared, live);
  }

  std::shared_ptr<const Schema> schema_ = kubernetes();
  DriftRules rules_;
  DeployFacts facts_;
  Arena arena_;
};

using Lines = std::vector<std::string>;

}  // namespace assay::test
