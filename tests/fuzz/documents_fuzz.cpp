// Taking a text apart on any bytes: every document lies in it and can be asked for.
#include "drift/documents.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto schema = assay::drift::Schema::built_in();
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto documents = assay::drift::Documents::of_text(text, "fuzz", **schema, "default");
  if (!documents) __builtin_trap();
  std::string buffer;
  for (const auto& document : documents->all()) {
    assay::drift::Arena arena;
    if (!document.made && document.offset + document.size > size) __builtin_trap();
    if (documents->find(document.id.key()) == nullptr) __builtin_trap();
    (void)documents->read(document, buffer, arena);
  }
  return 0;
}
