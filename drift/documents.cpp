#include "drift/documents.h"

#include <fmt/format.h>

#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/text.h"
#include "drift/bytes.h"
#include "drift/split.h"

namespace assay::drift {
namespace {

constexpr std::string_view kList = "List";

// What a document with a problem may be: an object that is known all the same, some object of its kind, or
// any.
enum class MayBe : std::uint8_t { itself, of_its_kind, anything };

std::string kind_key(const ObjectId& id) { return ObjectId{id.api_version, id.kind, {}, {}}.key(); }

}  // namespace

struct Documents::Data {
  Data(Bytes from, std::string called, const Schema& kinds, std::string_view ns)
      : bytes(std::move(from)), name(std::move(called)), schema(kinds), default_ns(ns) {}

  Bytes bytes;
  std::string name;
  std::string made;  // texts of documents that are not the file's own
  std::vector<Document> all;
  std::unordered_map<std::string, std::size_t> by_key;
  std::vector<Problem> problems;
  std::optional<std::size_t> unread;                          // the first problem that may be any object
  std::unordered_map<std::string, std::size_t> without_name;  // by kind_key(): the first of each kind
  const Schema& schema;                                       // while it is made
  std::string default_ns;

  void take(Piece piece);
  void add(const FoundId& id, Document document);
  void whole(const Document& document);
  void from_tree(Node object, const Document& document, bool own_text);
  void items_of(Node list, const Document& document);
  void wrong(Problem problem, MayBe may_be = MayBe::anything);
  // The text and, where it says so, which file of it.
  std::string label(const Document& document) const {
    return document.source.empty() ? name : fmt::format("{} ({})", name, document.source);
  }
  std::string place(const Document& document) const {
    return fmt::format("{}:{}: ", label(document), document.line);
  }
  Result<void> load(const Document& document, std::string& text) const;
  Result<Node> parse(const Document& document, const std::string& text, Arena& arena) const;
};

namespace {

Document document_of(const Piece& piece) {
  Document document;
  document.offset = piece.offset;
  document.size = piece.size;
  document.line = piece.line;
  document.dash = piece.dash;
  document.json = piece.json;
  document.source = piece.source;
  return document;
}

// A list has no name; an object of a kind that ends so has one.
bool is_list(Node object) {
  const auto* items = object.find("items");
  const auto kind = object.text_at("kind");
  const auto any = kind == kList && object.text_at("apiVersion") == "v1";
  return items != nullptr && items->is_list() && kind.ends_with(kList) &&
         (any || object.find({"metadata", "name"}) == nullptr);
}

// What the items of "DeploymentList" are, which need not say so themselves.
std::string_view item_kind(std::string_view list_kind) {
  return list_kind.substr(0, list_kind.size() - kList.size());
}

// What an API server says in place of an object: that it refuses, or a table for people.
bool is_answer(const FoundId& id) {
  return (id.kind == "Status" && id.api_version == "v1") ||
         (id.kind == "Table" && id.api_version.starts_with("meta.k8s.io/"));
}

void imply(Node& object, const ObjectId& id, Arena& arena) {
  if (object.find("apiVersion") == nullptr)
    set_member(object, "apiVersion", Node::of(arena.keep(id.api_version)), arena);
  if (object.find("kind") == nullptr) set_member(object, "kind", Node::of(arena.keep(id.kind)), arena);
}

}  // namespace

void Documents::Data::take(Piece piece) {
  if (piece.id.odd || !piece.id.is_list()) return add(piece.id, document_of(piece));
  for (auto& item : piece.items) {
    auto document = document_of(item);
    document.source = piece.source;
    auto& id = item.id;
    if (id.kind.empty() && piece.id.kind.size() > kList.size()) {
      document.implied = true;
      id.kind = item_kind(piece.id.kind);
      if (id.api_version.empty()) id.api_version = piece.id.api_version;
    }
    add(id, std::move(document));
  }
}

void Documents::Data::add(const FoundId& id, Document document) {
  document.id = {id.api_version, id.kind, id.ns, id.name};
  if (id.odd || id.is_list() || id.is_any_list() || is_answer(id) || id.api_version.empty() ||
      id.kind.empty() || id.name.empty())
    return whole(document);
  if (const auto* kind = schema.find(id.api_version, id.kind); kind != nullptr && !kind->namespaced) {
    document.id.ns.clear();
    document.ns = Document::Namespace::none;
  } else if (document.id.ns.empty()) {
    document.id.ns = default_ns;
    document.ns = Document::Namespace::given;
  }
  const auto [place, first] = by_key.try_emplace(document.id.key(), all.size());
  if (!first) {
    wrong({"drift.duplicate",
           this->place(document) + fmt::format("{} is declared a second time, first on line {}",
                                               document.id.text(), all[place->second].line),
           document.id},
          MayBe::itself);
    place->second = all.size();
  }
  all.push_back(std::move(document));
}

// What has to be read to know what it is.
void Documents::Data::whole(const Document& document) {
  std::string text;
  Arena arena;
  if (const auto loaded = load(document, text); !loaded)
    return wrong({loaded.error().code, place(document) + loaded.error().message, {}});
  const auto object = parse(document, text, arena);
  if (!object) return wrong({object.error().code, object.error().message, document.id});
  from_tree(*object, document, true);
}

// `own_text`: the document's text is that object's; else it gets one.
void Documents::Data::from_tree(Node object, const Document& document, bool own_text) {
  if (object.is_null()) {
    if (document.dash > 0) wrong({"drift.manifest", place(document) + "an item that is not an object", {}});
    return;
  }
  if (!object.is_map())
    return wrong({"drift.manifest", place(document) + "a document that is not an object", {}});
  if (is_list(object)) return items_of(object, document);
  FoundId id;
  id.api_version = object.text_at("apiVersion");
  id.kind = object.text_at("kind");
  if (is_answer(id)) {
    return wrong({"drift.manifest",
                  place(document) + fmt::format("an API server's answer of kind {} and no object: {}",
                                                id.kind, one_line(object.text_at("message"))),
                  {}});
  }
  const auto* metadata = object.find("metadata");
  const auto* ns = metadata == nullptr ? nullptr : metadata->find("namespace");
  if (metadata != nullptr) {
    id.name = metadata->text_at("name");
    id.ns = metadata->text_at("namespace");
  }
  if (const auto* items = object.find("items");
      id.is_any_list() || (id.kind.ends_with(kList) && id.name.empty() && items != nullptr)) {
    // Go writes an empty list as null, too.
    if (items != nullptr && items->is_null()) return;
    return wrong({"drift.manifest", place(document) + "a list whose items are no list", {}});
  }
  for (const auto& [what, value] :
       {std::pair("apiVersion", &id.api_version), {"kind", &id.kind}, {"metadata.name", &id.name}}) {
    if (value->empty())
      return wrong({"drift.manifest",
                    place(document) + fmt::format("an object without {}", what),
                    {id.api_version, id.kind, id.ns, id.name}},
                   id.api_version.empty() || id.kind.empty() ? MayBe::anything : MayBe::of_its_kind);
  }
  if (ns != nullptr && !ns->is_null() && !ns->is_string()) {
    return wrong({"drift.manifest",
                  place(document) + "metadata.namespace is no text",
                  {id.api_version, id.kind, {}, id.name}},
                 MayBe::of_its_kind);
  }
  auto own = document;
  if (!own_text) {
    own.made = own.json = true;
    own.implied = false;
    own.dash = 0;
    own.offset = made.size();
    append_json(made, object);
    own.size = made.size() - own.offset;
  }
  add(id, std::move(own));
}

void Documents::Data::items_of(Node list, const Document& document) {
  const auto kind = item_kind(list.text_at("kind"));
  const ObjectId implied{std::string(list.text_at("apiVersion")), std::string(kind), {}, {}};
  Arena arena;
  for (auto item : list.find("items")->items()) {
    if (item.is_map() && !kind.empty() && item.find("kind") == nullptr) imply(item, implied, arena);
    if (item.is_null()) {
      wrong({"drift.manifest", place(document) + "an item that is not an object", {}});
    } else {
      from_tree(item, document, false);
    }
  }
}

void Documents::Data::wrong(Problem problem, MayBe may_be) {
  if (may_be == MayBe::of_its_kind) without_name.try_emplace(kind_key(problem.id), problems.size());
  if (may_be == MayBe::anything && !unread) unread = problems.size();
  problems.push_back(std::move(problem));
}

Result<void> Documents::Data::load(const Document& document, std::string& text) const {
  const auto size = static_cast<std::size_t>(document.size);
  if (document.made) {
    text.assign(made, static_cast<std::size_t>(document.offset), size);
    return {};
  }
  auto read = bytes.read(document.offset, size, text);
  if (read && document.dash > 0) text.at(document.dash - 1) = ' ';
  return read;
}

Result<Node> Documents::Data::parse(const Document& document, const std::string& text, Arena& arena) const {
  ReadLimits limits;
  limits.line = document.line;
  auto object = document.json ? read_json(text, arena, limits) : read_yaml(text, arena, limits);
  if (!object && document.json) {
    // YAML in braces looks like JSON until it is read.
    if (auto other = read_yaml(text, arena, limits)) object = std::move(other);
  }
  if (!object) {
    auto error = object.error();
    // JSON that has no end was not seen to be JSON.
    if (!document.json && text.find_first_not_of(" \t\r\n") == text.find('{')) {
      if (const auto json = read_json(text, arena, limits); !json)
        error.message += "; nor is it JSON: " + json.error().message;
    }
    error.message = fmt::format("{}:{}", label(document), error.message);
    return Failure(std::move(error));
  }
  if (document.implied && object->is_map()) imply(*object, document.id, arena);
  return object;
}

Documents::Documents(std::unique_ptr<Data> data) : data_(std::move(data)) {}
Documents::Documents(Documents&&) noexcept = default;
Documents& Documents::operator=(Documents&&) noexcept = default;
Documents::~Documents() = default;

Result<Documents> Documents::make(std::unique_ptr<Data> data) {
  const auto done = split(data->bytes, [&](Piece piece) { data->take(std::move(piece)); });
  if (!done) return Failure(done.error());
  return Documents(std::move(data));
}

Result<Documents> Documents::of_text(std::string text, std::string name, const Schema& schema,
                                     std::string_view default_ns) {
  return make(std::make_unique<Data>(Bytes::of(std::move(text)), std::move(name), schema, default_ns));
}

Result<Documents> Documents::of_file(const std::string& path, const Schema& schema,
                                     std::string_view default_ns) {
  auto bytes = Bytes::open(path);
  if (!bytes) return Failure(bytes.error());
  return make(std::make_unique<Data>(std::move(*bytes), path, schema, default_ns));
}

const std::string& Documents::name() const { return data_->name; }
std::span<const Document> Documents::all() const { return data_->all; }
const std::vector<Documents::Problem>& Documents::problems() const { return data_->problems; }

const Document* Documents::find(std::string_view key) const {
  const auto found = data_->by_key.find(std::string(key));
  return found == data_->by_key.end() ? nullptr : &data_->all[found->second];
}

const Documents::Problem* Documents::doubt(const ObjectId& id) const {
  if (data_->unread) return &data_->problems[*data_->unread];
  if (data_->without_name.empty()) return nullptr;
  const auto found = data_->without_name.find(kind_key(id));
  return found == data_->without_name.end() ? nullptr : &data_->problems[found->second];
}

Result<void> Documents::load(const Document& document, std::string& text) const {
  return data_->load(document, text);
}

Result<Node> Documents::parse(const Document& document, const std::string& text, Arena& arena) const {
  return data_->parse(document, text, arena);
}

Result<Node> Documents::read(const Document& document, std::string& text, Arena& arena) const {
  if (auto loaded = load(document, text); !loaded) return Failure(loaded.error());
  return parse(document, text, arena);
}

}  // namespace assay::drift
