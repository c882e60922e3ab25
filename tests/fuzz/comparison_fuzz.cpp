// The whole comparison on any three objects: nothing crashes, and an object is never unlike itself.
#include <array>

#include "drift/detector.h"
#include "drift/reader.h"

using namespace assay::drift;

namespace {

constexpr ReadLimits kLimits{.depth = 32, .nodes = 20'000};

std::optional<Node> read(std::string_view text, Arena& arena) {
  const auto tree = read_yaml(text, arena, kLimits);
  return tree && tree->is_map() ? std::optional(*tree) : std::nullopt;
}

ObjectId id_of(Node object) {
  const auto* metadata = object.find("metadata");
  return {std::string(object.text_at("apiVersion")), std::string(object.text_at("kind")), "shop",
          metadata == nullptr ? std::string() : std::string(metadata->text_at("name"))};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto schema = Schema::built_in().value();
  static const DriftRules rules;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // Git, release and live, divided by a byte that YAML does not have.
  std::array<std::string_view, 3> sides{};
  std::size_t from = 0;
  for (auto& side : sides) {
    const auto end = std::min(text.find('\x01', from), size);
    side = text.substr(from, end - from);
    from = std::min(end + 1, size);
  }
  DeployFacts facts;
  facts.with_release = true;
  facts.keep_objects = true;
  facts.deployed = "2026-11-01T10:00:00Z";
  const Detector detector(schema, rules, facts, MaskKey("key"));

  Arena arena;
  std::array<std::optional<Node>, 3> trees;
  for (std::size_t i = 0; i < 3; ++i) trees[i] = read(sides[i], arena);
  if (!trees[0] && !trees[1] && !trees[2]) return 0;
  const auto first = trees[0] ? *trees[0] : trees[1] ? *trees[1] : *trees[2];
  (void)detector.one(id_of(first), trees[0], trees[1], trees[2], arena);

  for (const auto side : sides) {
    const auto git = read(side, arena);
    if (!git) continue;
    const auto one = detector.one(id_of(*git), git, read(side, arena), read(side, arena), arena);
    if (one.verdict != ObjectVerdict::same) __builtin_trap();
  }
  return 0;
}
