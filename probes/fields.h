// Field tables: what a probe takes and what it observes, said once and read by the loader, lint, the schema
// and explain.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/secret.h"
#include "core/time.h"
#include "core/value.h"
#include "net/address.h"
#include "net/tls.h"

namespace assay {

enum class Type {
  text,
  integer,
  number,
  boolean,
  duration,   // parameters: "500ms"; observations: a number of seconds
  size,       // bytes; "64Mi" in expectations
  secret,     // a reference, or a literal that is then treated as weakly secret
  address,    // "host:port"
  addresses,  // a list of them, or one comma-separated text
  texts,      // a list of texts
  map,        // texts to texts
  tls,        // false, true, or {ca, name, verify, cert, key, minimum}
  list,       // a list whose items have `fields`
  object,     // has `fields`
  any,        // whatever the server says: an open subtree
};

std::string_view type_name(Type type);

// One row of a table.
struct Field {
  std::string name;
  Type type = Type::any;
  std::string doc;
  bool required = false;
  Value fallback;  // what stands when it is not given; null: nothing
  std::string example;
  std::vector<Field> fields;        // of `object` and `list`
  std::vector<std::string> one_of;  // the only texts allowed
  std::uint16_t port = 0;           // of an address: what stands where none is written; 0: one must be
};

using Fields = std::vector<Field>;

// A message about a value in a table's place, with the mark of the value or key it is about.
struct FieldProblem {
  Mark mark;
  std::string message;
};

// Checks a map of parameters against a table: unknown keys (with the nearest known one), missing ones, wrong
// types. References ({env: ..} and its kin) fit every scalar type. Pure.
std::vector<FieldProblem> check_fields(const Value& map, const Fields& fields, std::string_view what);

// The known name nearest to `name` (edit distance at most a third of its length), or empty.
std::string nearest(std::string_view name, const std::vector<std::string>& known);

// Reads parameters that check_fields has accepted. References are taken from the store; a reference in
// another place than a secret gives its text. The first error is kept and every later read gives a default,
// so that a probe reads all its fields and then asks ok() once.
class Reader {
 public:
  Reader(const Value& params, const Fields& fields, const SecretStore& secrets)
      : params_(params), fields_(fields), secrets_(secrets) {}

  bool has(std::string_view name) const;
  std::string text(std::string_view name);
  std::int64_t integer(std::string_view name);
  double number(std::string_view name);
  bool boolean(std::string_view name);
  Duration duration(std::string_view name);
  Secret secret(std::string_view name);
  std::optional<HostPort> address(std::string_view name, std::uint16_t default_port = 0);
  std::vector<HostPort> addresses(std::string_view name, std::uint16_t default_port = 0);
  std::vector<std::string> texts(std::string_view name);
  std::vector<std::pair<std::string, Secret>> map(std::string_view name);
  TlsOptions tls(std::string_view name);
  Value any(std::string_view name);  // as written; references in it are resolved to their texts

  // The first thing that was wrong: params.invalid or secret.unresolved, phase setup.
  Result<void> ok() const { return first_error_; }

 private:
  const Value* raw(std::string_view name);
  std::string scalar_text(const Value& value);
  void refuse(std::string_view name, const std::string& why);

  const Value& params_;
  const Fields& fields_;
  const SecretStore& secrets_;
  Result<void> first_error_;
};

// A row of a table of observations, as most are.
Field seen_field(std::string name, Type type, std::string doc, Fields fields = {});

// The table rows that many probes share.
Field tls_field();
Fields connection_observations();  // phases, addresses, peer, tls, error: every network probe observes them

}  // namespace assay
