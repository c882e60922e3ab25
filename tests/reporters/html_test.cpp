#include <gtest/gtest.h>

#include "reporters/html_style.h"
#include "reporters/reporter.h"
#include "tests/support/sample_run.h"
#include "tests/support/tool.h"

namespace assay {
namespace {

std::string html(const std::vector<Record>& records) { return render(*find_reporter("html"), records); }

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size()))
    ++found;
  return found;
}

// What a parser of HTML makes of the page: every element must be one of ours, closed in the right order, with
// attributes of ours; links lead to the web or into the page, ids are unique.
std::string faults(const std::string& page) {
  static constexpr const char* kScript = R"py(
import sys
from html.parser import HTMLParser
VOID = {"meta", "br", "input"}
TAGS = VOID | set("html head title style body header h1 h2 h3 font p code svg rect table tr td th a b small div button section details summary span pre footer script".split())
ATTRIBUTES = set("lang charset http-equiv content name bgcolor text link color class id hidden type placeholder aria-label aria-pressed data-outcome open href rel width height viewbox preserveaspectratio role fill x y cellpadding align valign colspan".split())
class Page(HTMLParser):
    stack, ids, text = [], set(), ""
    def handle_starttag(self, tag, attributes):
        if tag not in TAGS: print("element", tag)
        for name, value in attributes:
            if name not in ATTRIBUTES: print("attribute", tag, name)
            if name == "href" and not value.startswith(("#", "https://", "http://")): print("link", value[:60])
            if name == "id":
                if value in self.ids: print("id twice", value)
                self.ids.add(value)
        if tag not in VOID: self.stack.append(tag)
    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.stack.pop()
    def handle_endtag(self, tag):
        if not self.stack or self.stack[-1] != tag: print("closes", tag, "in", self.stack[-3:])
        else: self.stack.pop()
    def handle_comment(self, data): print("comment", data[:60])
page = Page()
page.feed(sys.stdin.buffer.read().decode("utf-8"))
page.close()
if page.stack: print("left open", page.stack)
)py";
  const auto result = test::run_tool({"python3", "-c", kScript}, page);
  return result.exit_code == 0 ? result.output
                               : "exit " + std::to_string(result.exit_code) + ": " + result.output;
}

TEST(Html, Golden) {
  const std::string page = html(test::sample_run());
  test::expect_golden("report.html", page);
  EXPECT_EQ(faults(page), "");
}

TEST(Html, HostileTextIsText) {
  const std::string page = html(test::hostile_run());
  test::expect_golden("report-hostile.html", page);
  EXPECT_EQ(faults(page), "");
  EXPECT_EQ(count(page, "<script"), 1U);
  EXPECT_EQ(count(page, "<img"), 0U);
  EXPECT_EQ(count(page, "javascript:alert(4)"), count(page, "runbook</th><td>javascript:alert(4)"));
}

TEST(Html, FetchesNothingAndRunsNothingElse) {
  const std::string page = html(test::sample_run());
  EXPECT_EQ(count(page, " src="), 0U);
  EXPECT_EQ(count(page, "url("), 0U);
  EXPECT_EQ(count(page, "@import"), 0U);
  EXPECT_EQ(count(page, " style="), 0U);
  EXPECT_EQ(count(page, "default-src 'none'"), 1U);
  EXPECT_EQ(count(page, "unsafe-inline"), 0U);
}

TEST(Html, ShowsWhatFailedFirst) {
  const std::string page = html(test::sample_run());
  const auto at = [&](const char* id) { return page.find(std::string("<section id=\"") + id + "\""); };
  EXPECT_LT(at("failed"), at("errors"));
  EXPECT_LT(at("errors"), at("flaky"));
  EXPECT_LT(at("known"), at("skipped"));
  EXPECT_LT(at("skipped"), at("passed"));
  EXPECT_NE(at("passed"), std::string::npos);
}

TEST(Html, StaysSmallEnoughToOpen) {
  for (const auto& [count_of, bytes] : {std::pair<int, std::size_t>{2, 4U << 20}, {400, 20'000}}) {
    const std::string page = html(test::large_run(count_of, bytes));
    EXPECT_LT(page.size(), 30'000'000U);
    EXPECT_EQ(faults(page), "");
  }
}

}  // namespace
}  // namespace assay
