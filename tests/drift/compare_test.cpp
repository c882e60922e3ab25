#include "drift/compare.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "drift/reader.h"

namespace assay::drift {
namespace {

using Lines = std::vector<std::string>;

// A pod's containers with their ports, and a dictionary.
class Compare : public testing::Test {
 protected:
  Compare() {
    port_.form = Type::Form::object;
    port_fields_ = {Type::Field{.name = "port", .type = &any_},
                    Type::Field{.name = "protocol", .type = &any_}};
    port_.fields = port_fields_;
    ports_.form = Type::Form::list;
    ports_.list = Type::List::keyed;
    ports_.element = &port_;
    ports_.keys = port_keys_;
    set_.form = Type::Form::list;
    set_.list = Type::List::set;
    set_.element = &any_;
    quantity_.form = Type::Form::quantity;
    limits_.form = Type::Form::dictionary;
    limits_.element = &quantity_;
    fields_ = {Type::Field{.name = "finalizers", .type = &set_},
               Type::Field{.name = "limits", .type = &limits_},
               Type::Field{.name = "ports", .type = &ports_}};
    root_.form = Type::Form::object;
    root_.fields = fields_;
  }

  Side side(std::string_view json) {
    if (json.empty()) return {};
    auto read = read_json(arena_.keep(json), arena_);
    if (!read) throw std::runtime_error(read.error().message);
    return {true, *read};
  }

  // "path git release live" of each difference, "-" for what is not there.
  Lines differences(std::string_view git, std::string_view release, std::string_view live) {
    Lines lines;
    for (const auto& found : compare({side(git), side(release), side(live)}, !release.empty(), &root_)) {
      auto line = to_pointer(found.path);
      for (const auto* part : {&found.git, &found.release, &found.live})
        line += " " + (part->present ? to_json(part->value) : std::string("-"));
      lines.push_back(line);
    }
    return lines;
  }
  Lines differences(std::string_view git, std::string_view live) { return differences(git, "", live); }

  Arena arena_;
  Type any_, port_, ports_, set_, quantity_, limits_, root_;
  std::array<Type::Field, 2> port_fields_;
  std::array<Type::Field, 3> fields_;
  std::array<std::string_view, 2> port_keys_{"port", "protocol"};
};

TEST_F(Compare, NothingDiffersBetweenEqualTrees) {
  EXPECT_EQ(differences(R"({"a":{"b":[1,{"c":null}]}})", R"({"a":{"b":[1,{"c":null}]}})"), Lines{});
}

TEST_F(Compare, GoesDownToLeaves) {
  EXPECT_EQ(differences(R"({"a":{"b":1,"c":2,"d":3}})", R"({"a":{"b":1,"c":3,"e":4}})"),
            (Lines{"/a/c 2 - 3", "/a/d 3 - -", "/a/e - - 4"}));
}

TEST_F(Compare, AnAbsentMapIsTakenApartSinceItsFieldsHaveAuthors) {
  EXPECT_EQ(differences("{}", R"({"a":{"b":1,"c":{"d":2}}})"), (Lines{"/a/b - - 1", "/a/c/d - - 2"}));
  EXPECT_EQ(differences("{}", R"({"a":{}})"), Lines{"/a - - {}"});
}

TEST_F(Compare, ThreeTreesAreToldApart) {
  EXPECT_EQ(differences(R"({"a":2})", R"({"a":1})", R"({"a":1})"), Lines{"/a 2 1 1"});
  EXPECT_EQ(differences(R"({})", R"({"a":1})", R"({"a":3})"), Lines{"/a - 1 3"});
}

TEST_F(Compare, Case14PortsAreKeyedByPortAndProtocol) {
  EXPECT_EQ(differences(R"({"ports":[{"port":53,"protocol":"TCP"},{"port":53,"protocol":"UDP"}]})",
                        R"({"ports":[{"port":53,"protocol":"UDP"},{"port":53,"protocol":"TCP"}]})"),
            Lines{});
  EXPECT_EQ(differences(R"({"ports":[{"port":80,"protocol":"TCP","x":1}]})",
                        R"({"ports":[{"port":83,"protocol":"TCP","x":1}]})"),
            (Lines{R"(/ports/port=80,protocol=TCP {"port":80,"protocol":"TCP","x":1} - -)",
                   R"(/ports/port=83,protocol=TCP - - {"port":83,"protocol":"TCP","x":1})"}));
  EXPECT_EQ(differences(R"({"ports":[{"port":80,"protocol":"TCP","x":1}]})",
                        R"({"ports":[{"port":9},{"port":80,"protocol":"TCP","x":2}]})"),
            (Lines{"/ports/port=80,protocol=TCP/x 1 - 2", R"(/ports/port=9 - - {"port":9})"}));
}

TEST_F(Compare, Case16DuplicateKeysArePairedInTheirOrder) {
  const auto* twice = R"({"ports":[{"port":1,"x":1},{"port":1,"x":2}]})";
  EXPECT_EQ(differences(twice, twice), Lines{});
  EXPECT_EQ(differences(twice, R"({"ports":[{"port":1,"x":1},{"port":1,"x":3}]})"),
            Lines{"/ports/port=1/x 2 - 3"});
  EXPECT_EQ(differences(twice, R"({"ports":[{"port":1,"x":1}]})"),
            Lines{R"(/ports/port=1 {"port":1,"x":2} - -)"});
}

TEST_F(Compare, ASetHasNoOrder) {
  EXPECT_EQ(differences(R"({"finalizers":["a","b"]})", R"({"finalizers":["b","a"]})"), Lines{});
  EXPECT_EQ(differences(R"({"finalizers":["a","b"]})", R"({"finalizers":["b","c"]})"),
            (Lines{R"(/finalizers/value=a "a" - -)", R"(/finalizers/value=c - - "c")"}));
}

TEST_F(Compare, Case9AnElementMoreIsADifference) {
  EXPECT_EQ(differences(R"({"args":["a"]})", R"({"args":["a","a"]})"), Lines{R"(/args ["a"] - ["a","a"])"});
}

TEST_F(Compare, AnAtomicListOfScalarsIsOneDifferenceAndHasAnOrder) {
  EXPECT_EQ(differences(R"({"args":["a","b"]})", R"({"args":["b","a"]})"),
            Lines{R"(/args ["a","b"] - ["b","a"])"});
}

TEST_F(Compare, AnAtomicListOfMapsIsPairedByEqualElementsFirst) {
  EXPECT_EQ(differences(R"({"rules":[{"v":1},{"v":2},{"v":3}]})", R"({"rules":[{"v":2},{"v":3}]})"),
            Lines{R"(/rules/0 {"v":1} - -)"});
  EXPECT_EQ(differences(R"({"rules":[{"v":1},{"v":2}]})", R"({"rules":[{"v":1},{"v":9}]})"),
            Lines{"/rules/1/v 2 - 9"});
  EXPECT_EQ(differences(R"({"rules":[{"v":1}]})", R"({"rules":[{"v":1},{"v":2}]})",
                        R"({"rules":[{"v":1},{"v":2}]})"),
            Lines{R"(/rules/1 - {"v":2} {"v":2})"});
}

TEST_F(Compare, QuantitiesAreComparedAsNumbers) {
  EXPECT_EQ(differences(R"({"limits":{"memory":"1Gi","cpu":1}})",
                        R"({"limits":{"memory":"1024Mi","cpu":"1000m"}})"),
            Lines{});
  EXPECT_EQ(differences(R"({"limits":{"memory":"1Gi"}})", R"({"limits":{"memory":"1G"}})"),
            Lines{R"(/limits/memory "1Gi" - "1G")"});
}

TEST_F(Compare, AnotherKindOfNodeIsADifference) {
  EXPECT_EQ(differences(R"({"a":{"b":1}})", R"({"a":[1]})"), Lines{R"(/a {"b":1} - [1])"});
  EXPECT_EQ(differences(R"({"a":"true"})", R"({"a":true})"), Lines{R"(/a "true" - true)"});
}

TEST_F(Compare, PathsAreEscaped) {
  EXPECT_EQ(differences(R"({"a/b~c":1,"ports":[{"port":"x,y=z\\/","w":1}]})",
                        R"({"a/b~c":2,"ports":[{"port":"x,y=z\\/","w":2}]})"),
            (Lines{"/a~1b~0c 1 - 2", R"(/ports/port=x\,y\=z\\~1/w 1 - 2)"}));
}

}  // namespace
}  // namespace assay::drift
