// A text of many manifests, taken apart but not read.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "drift/object.h"
#include "drift/reader.h"
#include "drift/schema.h"
#include "drift/tree.h"

namespace assay::drift {

// One object of it.
struct Document {
  // Where the namespace of its id comes from: from the text, from the caller, or the kind has none.
  enum class Namespace : std::uint8_t { said, given, none };

  ObjectId id;
  Namespace ns = Namespace::said;
  std::uint64_t offset = 0;  // of its text
  std::uint64_t size = 0;
  std::uint32_t line = 0;  // from 1
  // The item of a list in YAML: where its dash stands on the first line, from 1; 0: it is none.
  std::uint32_t dash = 0;
  bool json = false;
  bool made = false;     // its text is not the file's own: a list could not be taken apart as a text
  bool implied = false;  // it says no kind, its list does
  std::string source;    // of Helm's comment "# Source: ..."
};

// Many documents, from memory or from a file that is read piece by piece. YAML with `---`, JSON texts one
// after the other (NDJSON, or indented), and lists (a kind that ends in "List" and holds `items`, of an API
// group's own or v1) whose items are the documents. Byte-order marks and CRLF line ends are read as
// Kubernetes reads them; documents without anything in them are none. What an object is called is found
// without reading it; where that is not easy, it is read. After it is made: safe from any thread.
class Documents {
 public:
  // Errors: file.missing, file.unreadable. A file must not change until the last read().
  static Result<Documents> of_text(std::string text, std::string name, const Schema& schema,
                                   std::string_view default_ns);
  static Result<Documents> of_file(const std::string& path, const Schema& schema,
                                   std::string_view default_ns);

  Documents(Documents&&) noexcept;
  Documents& operator=(Documents&&) noexcept;
  ~Documents();

  const std::string& name() const;
  std::span<const Document> all() const;
  // By ObjectId::key(); null: none. Of duplicates the last, as kubectl apply would leave it.
  const Document* find(std::string_view key) const;

  // What is wrong with single documents: not an object, without kind or name, the same object twice. Each
  // says where ("desired.yaml:120: ...").
  struct Problem {
    std::string code;  // drift.manifest, drift.duplicate
    std::string message;
    ObjectId id;  // as far as known
  };
  const std::vector<Problem>& problems() const;

  // For an object that find() does not know: the problem for which it may be among these documents all the
  // same, since one could not be read, or is of its kind and does not say its name. Null: it is not there.
  const Problem* doubt(const ObjectId& id) const;

  // Reads one of them; `text` is given its text, which must live as long as the tree. Errors: drift.manifest,
  // with the place; file.unreadable.
  Result<Node> read(const Document& document, std::string& text, Arena& arena) const;
  // The two steps of it, for who compares texts first: equal texts of documents with the same `dash`, `json`
  // and `implied` are equal objects.
  Result<void> load(const Document& document, std::string& text) const;
  Result<Node> parse(const Document& document, const std::string& text, Arena& arena) const;

 private:
  struct Data;
  explicit Documents(std::unique_ptr<Data> data);
  static Result<Documents> make(std::unique_ptr<Data> data);
  std::unique_ptr<Data> data_;
};

}  // namespace assay::drift
