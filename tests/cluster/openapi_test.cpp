// What a real API server says of its kinds, beside the tables that are built in.
#include <fmt/format.h>

#include <map>
#include <set>

#include "drift/reader.h"
#include "drift/structural.h"
#include "tests/cluster/cluster.h"

namespace assay {

using drift::KindType;
using drift::Type;
using Form = drift::Type::Form;

namespace {

// Where two types of one place are not alike, as far as OpenAPI can say it.
class Beside {
 public:
  void compare(const std::string& path, const Type* server, const Type* table) {
    if (server == table || !seen_.insert({server, table}).second) return;
    ++places;
    if (server->form != table->form) {
      if (server->form == Form::any) {
        open.push_back(path);
        return;
      }
      different.push_back(fmt::format("{}: form {} and {}", path, static_cast<int>(server->form),
                                      static_cast<int>(table->form)));
      return;
    }
    if (server->form == Form::list && server->list != table->list)
      different.push_back(fmt::format("{}: list {} and {}", path, static_cast<int>(server->list),
                                      static_cast<int>(table->list)));
    if (!std::ranges::equal(server->keys, table->keys)) different.push_back(path + ": keys");
    keyed += server->keys.empty() ? 0 : 1;
    quantities += server->form == Form::quantity ? 1 : 0;
    if (server->element != nullptr && table->element != nullptr)
      compare(path + "/*", server->element, table->element);
    for (const auto& field : table->fields) {
      const auto* other = server->field(field.name);
      if (other == nullptr && field.name != "status")
        different.push_back(path + "/" + std::string(field.name) + ": not said by the server");
      if (other != nullptr && !other->server_owned)
        compare(path + "/" + std::string(field.name), other->type, field.type);
    }
    for (const auto& field : server->fields)
      if (table->field(field.name) == nullptr)
        different.push_back(path + "/" + std::string(field.name) + ": not in the table");
  }

  int places = 0, keyed = 0, quantities = 0;
  std::vector<std::string> different;
  std::vector<std::string> open;  // where the server says nothing

 private:
  std::set<std::pair<const Type*, const Type*>> seen_;
};

}  // namespace

using OpenApiTest = test::ClusterTest;

TEST_F(OpenApiTest, AServersOwnDescriptionIsReadAsTheTablesAre) {
  const auto built_in = drift::Schema::built_in().value();
  std::map<std::string, std::vector<drift::OpenApiKind>> wanted;
  for (const auto& kind : built_in->kinds())
    wanted[std::string(kind.api_version)].push_back(
        {std::string(kind.api_version), std::string(kind.kind), kind.namespaced});
  ASSERT_GT(wanted.size(), 15U);
  drift::Arena arena;
  Beside beside;
  std::vector<std::string> unread;
  for (const auto& [api_version, kinds] : wanted) {
    KubeRequest request;
    request.path =
        (api_version.find('/') == std::string::npos ? "/openapi/v3/api/" : "/openapi/v3/apis/") + api_version;
    request.max_body = 256U << 20;
    const auto text = client_->text(request, context(), trace_);
    ASSERT_TRUE(text) << api_version << ": " << text.error().message;
    const auto tree = drift::read_json(*text, arena, {128, 20'000'000});
    ASSERT_TRUE(tree) << tree.error().message;
    for (const auto& read : drift::read_openapi({*tree, kinds}, drift::Schema(), arena)) {
      const auto* table = built_in->find(read.api_version, read.kind);
      ASSERT_NE(table, nullptr);
      beside.compare(std::string(read.kind), read.type, table->type);
      std::erase_if(wanted[api_version], [&](const auto& one) { return one.kind == read.kind; });
    }
    for (const auto& one : wanted[api_version]) unread.push_back(one.api_version + " " + one.kind);
    // Beside the tables nothing is lost and nothing is new.
    const auto both = built_in->with_openapi({{*tree, kinds}});
    for (const auto& kind : kinds) {
      const auto* completed = both->find(kind.api_version, kind.kind);
      ASSERT_NE(completed, nullptr);
      Beside same;
      same.compare(kind.kind, completed->type, built_in->find(kind.api_version, kind.kind)->type);
      EXPECT_EQ(same.different, std::vector<std::string>()) << kind.kind;
    }
  }
  EXPECT_EQ(unread, std::vector<std::string>());
  EXPECT_GT(beside.places, 1'000);
  EXPECT_GT(beside.keyed, 20);
  EXPECT_GT(beside.quantities, 3);
  EXPECT_EQ(beside.different, std::vector<std::string>());
  // JSON schemas in a definition may be a boolean or an object, and an empty object has no fields to tell.
  const std::string schema = "CustomResourceDefinition/spec/versions/*/schema/openAPIV3Schema/";
  EXPECT_EQ(beside.open,
            (std::vector<std::string>{schema + "additionalItems", schema + "additionalProperties",
                                      schema + "dependencies/*", schema + "items",
                                      "CustomResourceDefinition/spec/versions/*/subresources/status"}));
}

}  // namespace assay
