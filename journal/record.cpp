#include "journal/record.h"

namespace assay {

std::string to_line(const Record& record) {
  std::string out =
      "{\"n\":" + std::to_string(record.n) + ",\"t\":" + std::to_string(record.t) + ",\"kind\":";
  append_json_string(out, record.kind);
  if (record.body.is_object()) {
    for (const Member& member : record.body.members()) {
      out += ',';
      append_json_string(out, member.key);
      out += ':';
      append_json(out, member.value);
    }
  }
  out += '}';
  return out;
}

Result<Record> parse_record(std::string_view line) {
  auto tree = parse_json(line, kRecordDepth);
  if (!tree) return Failure(tree.error());
  const Value* n = tree->find("n");
  const Value* t = tree->find("t");
  const Value* name = tree->find("kind");
  if (n == nullptr || !n->is_integer() || t == nullptr || !t->is_integer() || name == nullptr ||
      !name->is_string()) {
    return fail("http.body", "transfer", "no record: n, t and kind are missing or of another type");
  }
  Record record{static_cast<std::uint64_t>(n->integer()), t->integer(), name->string(), {}};
  tree->erase("n");
  tree->erase("t");
  tree->erase("kind");
  record.body = std::move(*tree);
  return record;
}

}  // namespace assay
