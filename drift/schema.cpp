#include "drift/schema.h"

#include <algorithm>
#include <functional>
#include <unordered_map>

#include "drift/structural.h"
#include "drift/table.h"
#include "drift/text_scan.h"

namespace assay::drift {
namespace {

struct KindName {
  std::string_view api_version, kind;
  bool operator==(const KindName&) const = default;
};

struct KindHash {
  std::size_t operator()(const KindName& name) const {
    const std::hash<std::string_view> hash;
    return hash(name.api_version) * 31 + hash(name.kind);
  }
};

}  // namespace

struct Schema::Data {
  Arena arena;  // what the types lie in
  std::unordered_map<KindName, KindType, KindHash> kinds;
  std::shared_ptr<const Data> below;  // what these kinds were added to
};

const Type::Field* Type::field(std::string_view key) const {
  const auto found = std::ranges::lower_bound(
      fields, key, [](auto a, auto b) { return key_order(a, b) < 0; }, &Field::name);
  return found != fields.end() && found->name == key ? &*found : nullptr;
}

Schema::Schema() : data_(std::make_shared<Data>()) {}
Schema::~Schema() = default;

Result<std::shared_ptr<const Schema>> Schema::built_in() {
  static const auto kSchema = []() -> Result<std::shared_ptr<const Schema>> {
    auto data = std::make_shared<Data>();
    const auto kinds = read_table(built_in_table(), data->arena);
    if (!kinds) return tl::make_unexpected(kinds.error());
    for (const auto& kind : *kinds) data->kinds.emplace(KindName{kind.api_version, kind.kind}, kind);
    const auto schema = std::make_shared<Schema>();
    schema->data_ = std::move(data);
    return schema;
  }();
  return kSchema;
}

std::string_view Schema::version() {
  static const auto kVersion = [] {
    // {"kubernetes":"v1.34.4", ...
    constexpr std::string_view kBegin = "{\"kubernetes\":\"v";
    const auto text = built_in_table();
    const auto from = text.starts_with(kBegin) ? kBegin.size() : 0;
    return text.substr(from, text.find('.', text.find('.', from) + 1) - from);
  }();
  return kVersion;
}

std::vector<KindType> Schema::kinds() const {
  std::vector<KindType> all;
  for (const auto* data = data_.get(); data != nullptr; data = data->below.get())
    for (const auto& [name, kind] : data->kinds)
      if (find(name.api_version, name.kind) == &kind) all.push_back(kind);
  return all;
}

const KindType* Schema::find(std::string_view api_version, std::string_view kind) const {
  for (const auto* data = data_.get(); data != nullptr; data = data->below.get())
    if (const auto found = data->kinds.find({api_version, kind}); found != data->kinds.end())
      return &found->second;
  return nullptr;
}

std::shared_ptr<const Schema> Schema::with_crds(const std::vector<Node>& crds) const {
  auto data = std::make_shared<Data>();
  data->below = data_;
  const auto* known = find("v1", "ConfigMap");
  const auto* metadata = known == nullptr ? nullptr : known->type->field("metadata");
  for (const auto crd : crds)
    for (const auto& kind : read_crd(crd, metadata == nullptr ? nullptr : metadata->type, data->arena))
      data->kinds.insert_or_assign(KindName{kind.api_version, kind.kind}, kind);
  const auto schema = std::make_shared<Schema>();
  schema->data_ = std::move(data);
  return schema;
}

std::shared_ptr<const Schema> Schema::with_openapi(const std::vector<OpenApiPart>& parts) const {
  auto data = std::make_shared<Data>();
  data->below = data_;
  for (const auto& part : parts)
    for (const auto& kind : read_openapi(part, *this, data->arena))
      data->kinds.insert_or_assign(KindName{kind.api_version, kind.kind}, kind);
  const auto schema = std::make_shared<Schema>();
  schema->data_ = std::move(data);
  return schema;
}

}  // namespace assay::drift
