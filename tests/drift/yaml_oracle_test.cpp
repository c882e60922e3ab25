// Random YAML beside what Kubernetes' own module makes of it: fixtures/node/server/tables, `tables yaml
// 20261129 4500 fixtures/node/manifests/*.yaml`; more of it in ASSAY_YAML.
#include <optional>
#include <vector>

#include "core/base64.h"
#include "drift/reader.h"
#include "tests/drift/sample.h"

namespace assay::drift {
namespace {

// One text, and what the two make of it.
struct Compared {
  std::string text;
  std::string theirs;  // as JSON; empty: nothing, or that of two keys which it takes by chance
  std::string their_error;
  std::string ours;
  std::string our_error;
  bool strict = false, twice = false, more = false;
};

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

Compared compared(std::string_view line) {
  Arena arena;
  ReadLimits wide;
  wide.depth = 20'000;
  const auto read = read_json(line, arena, wide);
  EXPECT_TRUE(read) << line << read.error().message;
  Compared out;
  if (!read) return out;
  out.text = read->find("text") ? read->text_at("text") : decode_base64(read->text_at("base64")).value();
  if (const auto* json = read->find("json")) out.theirs = to_json(*json);
  out.their_error = read->text_at("error");
  out.strict = read->find("strict") != nullptr;
  out.twice = read->find("twice") != nullptr;
  out.more = read->find("more") != nullptr;
  const auto ours = read_yaml(out.text, arena);
  const auto whole = read_yaml_whole(out.text, arena);
  EXPECT_EQ(ours ? to_json(*ours) : ours.error().message, whole ? to_json(*whole) : whole.error().message)
      << out.text;
  if (ours)
    out.ours = to_json(*ours);
  else
    out.our_error = ours.error().message;
  return out;
}

// What is meant to be otherwise (drift/reader.h), and why: assay says no where Kubernetes reads on. Each as
// narrow as it can be said.
bool meant(const Compared& one) {
  if (one.our_error.empty()) {
    // A text that is said to be a time is one for assay, whatever it says.
    if (has(one.their_error, " as a !!timestamp")) return true;
    // Go has one key where -0.0 and 0.0 stand, JSON two.
    return one.strict && has(one.ours, R"("-0":)") && has(one.ours, R"("0":)");
  }
  const auto says = [&](std::string_view part) { return has(one.our_error, part); };
  // It takes the last of two keys, or by chance one of two that are the same as JSON. No manifest means that.
  if (one.twice) return true;
  if (says(" stands twice, ")) return one.strict;
  // What a key after "<<" replaces, it does not look at.
  if (one.strict && (says(": a key that is ") || says(": a number that JSON does not have"))) return true;
  // It reads the first document and does not look at what follows.
  if (one.more) return true;
  // It reads UTF-16 too.
  if (one.text.starts_with("\xff\xfe") || one.text.starts_with("\xfe\xff")) return true;
  // A byte-order mark that is not the beginning: goyaml.v2 passes over a character for it, but not always
  // this.
  if (one.text.find("\ufeff", 1) != std::string::npos) return true;
  // Two things that libyaml, over which assay reads, does not know: a colon before , ? [ ] { } in a flow
  // collection, and those characters in a tag.
  return says("found unexpected ':'") || says(": not YAML: while scanning a tag, ") ||
         says(": not YAML: while parsing a tag, ") || says(": not YAML: a comma in a tag");
}

// The same value, or an error from both.
bool same(const Compared& one) {
  if (one.twice || one.more) return false;  // meant
  if (!one.their_error.empty()) return !one.our_error.empty();
  return one.our_error.empty() && (one.theirs.empty() || one.ours == one.theirs);
}

TEST(YamlOracle, ReadsWhatKubernetesReads) {
  std::vector<Compared> wrong;
  std::size_t trees = 0, errors = 0;
  each_line(sample("ASSAY_YAML", "yaml.ndjson.gz"), [&](std::string_view line) {
    auto one = compared(line);
    ++(one.our_error.empty() ? trees : errors);
    if (!same(one) && !meant(one)) wrong.push_back(std::move(one));
  });
  EXPECT_GT(trees, 1000U);
  EXPECT_GT(errors, 1000U);
  std::sort(wrong.begin(), wrong.end(),
            [](const Compared& a, const Compared& b) { return a.text.size() < b.text.size(); });
  EXPECT_EQ(wrong.size(), 0U) << "of " << trees + errors;
  for (std::size_t i = 0; i < wrong.size() && i < 20; ++i)
    ADD_FAILURE() << testing::PrintToString(wrong[i].text) << "\nKubernetes: " << wrong[i].theirs
                  << wrong[i].their_error << (wrong[i].twice ? " twice" : "")
                  << (wrong[i].more ? " more" : "") << (wrong[i].strict ? " strict" : "")
                  << "\nassay:      " << wrong[i].ours << wrong[i].our_error;
}

}  // namespace
}  // namespace assay::drift
