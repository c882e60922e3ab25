// What Kubernetes knows of its kinds: how lists are merged, which texts are quantities, what is left out when
// zero, what is filled in when absent.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "drift/tree.h"

namespace assay {

// The type of a place in an object.
struct Type {
  enum class Form : std::uint8_t {
    any,       // nothing is known: compared exactly
    text,      // a string
    number,    // integer or real
    boolean,   //
    quantity,  // resource.Quantity: "1Gi", "1024Mi", 1073741824
    duration,  // metav1.Duration: "90s", "1m30s"
    int_or_string,
    bytes,       // base64: compared by what it decodes to
    time,        // metav1.Time, MicroTime: RFC 3339
    object,      // named fields
    dictionary,  // any keys, all values of one type
    list
  };
  enum class List : std::uint8_t { atomic, set, keyed };

  struct Field {
    std::string name;
    const Type* type = nullptr;    // never null in a schema
    bool zero_is_dropped = false;  // omitempty of a non-pointer: false, 0, "", empty lists and maps vanish
    bool null_is_kept = false;     // what unknown (preserve-unknown-fields) places keep
    Node fallback;                 // a fixed default; null: none
  };

  Form form = Form::any;
  List list = List::atomic;
  const Type* element = nullptr;   // of a dictionary or list
  std::vector<std::string> keys;   // of a keyed list, in the order of the API
  std::vector<Field> fields;       // sorted by name
  bool preserves_unknown = false;  // an object that may hold fields beside its own
  std::string name;                // "io.k8s.api.core.v1.Container"; empty where it has none

  const Field* field(std::string_view key) const;
};

// One kind.
struct KindType {
  std::string api_version;
  std::string kind;
  bool namespaced = true;
  const Type* type = nullptr;
};

// Immutable once it is built; safe from any thread then.
class Schema {
 public:
  // Of the Kubernetes version whose tables are built in (drift/tables).
  static Result<std::shared_ptr<const Schema>> built_in();

  Schema();
  ~Schema();
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  // Null: not known.
  const KindType* find(std::string_view api_version, std::string_view kind) const;

  // One that knows besides what these CustomResourceDefinitions (apiextensions.k8s.io/v1) declare: their
  // structural schemas with defaults, list types, int-or-string, preserve-unknown-fields; and their scope.
  // What is no CRD is ignored.
  std::shared_ptr<const Schema> with_crds(const std::vector<Node>& crds) const;

 private:
  struct Data;
  std::shared_ptr<const Data> data_;
};

struct Step;

// Whether a place that nobody declares is filled in by the API server or a controller as a matter of course:
// an allocated address, a revision annotation, a protection finalizer. `kind` is null where it is not known.
bool is_server_field(const KindType* kind, const std::vector<Step>& path);

// ---- values of one type, in any notation

// As numbers, exactly. False where one of them is no quantity (compare exactly then).
bool same_quantity(Node a, Node b);
bool same_duration(std::string_view a, std::string_view b);
bool same_time(std::string_view a, std::string_view b);
bool same_bytes(std::string_view a, std::string_view b);
// Equal as values of that type. A scalar that does not fit the type is compared exactly. int_or_string: 8080
// and "8080" are the same where a Service or container port stands for a number of either form.
bool same_scalar(const Type* type, Node a, Node b);

}  // namespace assay
