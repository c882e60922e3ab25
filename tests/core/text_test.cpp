#include "core/text.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(OneLine, SpellsOutWhatMovesACursor) {
  EXPECT_EQ(one_line("a\x1b[31mb\r\nc\td"), "a\\x1b[31mb\\x0d\\nc d");
  EXPECT_EQ(one_line("\xc2\x9b"
                     "31m"),
            "\\xc2\\x9b31m");
  EXPECT_EQ(one_line("a\xff"
                     "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(one_line("\xe2\x80\xae"
                     "abc"),
            "\\u202eabc");
}

TEST(OneLine, DisarmsCommandsOfLogReaders) {
  EXPECT_EQ(one_line("x ##[error]y"), "x #\\x23[error]y");
  EXPECT_EQ(one_line("##vso[task]"), "#\\x23vso[task]");
  EXPECT_EQ(one_line("###[a]"), "##\\x23[a]");
  EXPECT_EQ(one_line("## heading [1]"), "## heading [1]");
}

TEST(Fit, CountsCharactersNotBytes) {
  EXPECT_EQ(fit("äöü", 3), "äöü");
  EXPECT_EQ(fit("äöüx", 3), "äö…");
  EXPECT_EQ(fit("abc", 0), "");
}

TEST(FormatSeconds, TakesWhateverAJournalMayHold) {
  EXPECT_EQ(format_seconds(0.25), "250ms");
  EXPECT_EQ(format_seconds(1e300), "1111111h06m");
  EXPECT_EQ(format_seconds(-1e300), "-1111111h06m");
}

TEST(XmlText, ReplacesWhatADocumentMayNotHold) {
  using namespace std::string_literals;
  EXPECT_EQ(xml_text("a\0b\x1b"
                     "c\tq\n"s),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD"
            "c\tq\n");
  EXPECT_EQ(xml_text("\xef\xbf\xbe"), "\xEF\xBF\xBD");
  EXPECT_EQ(xml_text("\xed\xa0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(xml_text("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(xml_text("[[ATTACHMENT|/etc/passwd]]"), "[ [ATTACHMENT|/etc/passwd]]");
}

TEST(HtmlText, EscapesForTextAndAttributes) {
  EXPECT_EQ(html_text("<a b=\"c\" d='e'>&"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
}

}  // namespace
}  // namespace assay
