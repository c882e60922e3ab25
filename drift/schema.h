// What Kubernetes knows of its kinds: how lists are merged, which texts are quantities, what is left out when
// zero, what is filled in when absent.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "drift/path.h"
#include "drift/tree.h"

namespace assay::drift {

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
    std::string_view name;
    const Type* type = nullptr;    // never null in a schema
    bool zero_is_dropped = false;  // absent and zero are one: false, 0, "", empty lists and maps vanish
    bool null_is_kept = false;     // where null is a value (nullable, or nothing is known)
    bool implied = false;          // an object that is there even when it is not written: defaults go into it
    bool server_owned = false;     // only a server writes it (status): it goes
    Node fallback{};               // a fixed default; null: none. Never to be changed in place: it is shared
  };

  Form form = Form::any;
  List list = List::atomic;
  bool preserves_unknown = false;          // an object that may hold fields beside its own
  bool has_defaults = false;               // an object in which something is filled in even when it is empty
  bool nulls_stay = false;                 // a list or dictionary in which null is not the zero value
  std::uint8_t rule = 0;                   // the defaults that depend on other fields (dependent.h); 0: none
  const Type* element = nullptr;           // of a dictionary or list
  std::span<const std::string_view> keys;  // of a keyed list, in the order of the API
  std::span<const Field> fields;           // sorted by name
  std::span<const Field* const> filled;    // of them, those that are filled in when they are absent
  std::string_view name;                   // "io.k8s.api.core.v1.Container"; empty where it has none

  const Field* field(std::string_view key) const;
};

// One kind.
struct KindType {
  std::string_view api_version;
  std::string_view kind;
  bool namespaced = true;
  const Type* type = nullptr;
};

struct OpenApiPart;

// Immutable once it is built; safe from any thread then.
class Schema {
 public:
  // Of the Kubernetes version whose tables are built in (drift/tables).
  static Result<std::shared_ptr<const Schema>> built_in();

  Schema();
  ~Schema();
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  // All of them, in no order; where a kind was declared anew, only as it is now.
  std::vector<KindType> kinds() const;

  // Null: not known.
  const KindType* find(std::string_view api_version, std::string_view kind) const;

  // One that knows besides what these CustomResourceDefinitions (apiextensions.k8s.io/v1) declare: their
  // structural schemas with defaults, list types, int-or-string, preserve-unknown-fields; and their scope.
  // What is no CRD is ignored.
  std::shared_ptr<const Schema> with_crds(const std::vector<Node>& crds) const;

  // One that knows besides what an API server says of itself (read_openapi() of structural.h). This one is
  // kept alive by it.
  std::shared_ptr<const Schema> with_openapi(const std::vector<OpenApiPart>& parts) const;

  // The version of Kubernetes whose kinds are built in: "1.34".
  static std::string_view version();

 private:
  struct Data;
  std::shared_ptr<const Data> data_;
};

// Whether only the API server, its admission or the machinery around it puts this there: allocated addresses
// and ports, annotations and labels of controllers, what Helm adds to what it installs. Asked for what is
// live and neither Git nor a release has; what one of them has is theirs. `value` is the live value at
// `path`: a map is the server's when all that lies in it is. `kind` is null where the kind is not known: then
// only what holds for every object counts. The table: server_fields.cpp.
bool is_server_field(const KindType* kind, const Path& path, Node value);

// ---- values of one type, in any notation

// As numbers, exactly, rounded up to nano as resource.Quantity does. False where one of them is no quantity
// (compare exactly then).
bool same_quantity(Node a, Node b);
// Go's time.ParseDuration.
bool same_duration(std::string_view a, std::string_view b);
// RFC 3339, the same instant.
bool same_time(std::string_view a, std::string_view b);
// Base64, line ends skipped as Go skips them: the same bytes.
bool same_bytes(std::string_view a, std::string_view b);
// Equal as values of that type (null: nothing is known). A scalar that does not fit the type is compared
// exactly. int_or_string: 8080 and "8080" are the same.
bool same_scalar(const Type* type, Node a, Node b);

}  // namespace assay::drift
