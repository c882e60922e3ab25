#include "net/resp.h"

#include <hiredis/hiredis.h>
#include <string.h>

#include <vector>

namespace assay {
namespace {

constexpr int kMostLevels = 7;  // of arrays in arrays; hiredis 0.14 bounds them itself, 1.2 does not

}  // namespace

// Builds a Value while hiredis reads. An array that is being filled is the last item of the one around it, so
// pointers to open arrays stay good while items are appended.
struct RespParser::Builder {
  Value root;
  std::size_t nodes = 0;
  std::size_t max_nodes = 0;
  bool root_is_error = false;
  bool too_many = false;
  bool too_deep = false;
  redisReplyObjectFunctions functions{};

  static void* place(const redisReadTask* task, Value value) {
    auto& self = *static_cast<Builder*>(task->privdata);
    if (++self.nodes > self.max_nodes) {
      self.too_many = true;
      return nullptr;
    }
    int levels = 0;
    for (const auto* around = task->parent; around != nullptr; around = around->parent) ++levels;
    if (levels > kMostLevels || (levels == kMostLevels && value.is_array())) {
      self.too_deep = true;
      return nullptr;
    }
    if (task->parent == nullptr) {
      self.root = std::move(value);
      self.root_is_error = task->type == REDIS_REPLY_ERROR;
      return &self.root;
    }
    auto& items = static_cast<Value*>(task->parent->obj)->items();
    items.push_back(std::move(value));
    return &items.back();
  }

  static void* text(const redisReadTask* task, char* bytes, std::size_t size) {
    if (task->type != REDIS_REPLY_STRING && task->type != REDIS_REPLY_STATUS &&
        task->type != REDIS_REPLY_ERROR)
      return nullptr;
    Value value(std::string(bytes, size));
    if (task->type == REDIS_REPLY_ERROR && task->parent != nullptr) value = Value::object({{"error", value}});
    return place(task, std::move(value));
  }

  // The functions are generic because hiredis 0.14 counts elements in an int and 1.x in a size_t.
  explicit Builder(std::size_t limit) : max_nodes(limit) {
    functions.createString = [](const redisReadTask* task, char* bytes, auto size) -> void* {
      return text(task, bytes, size);
    };
    functions.createArray = [](const redisReadTask* task, auto) -> void* {
      return task->type == REDIS_REPLY_ARRAY ? place(task, Value::array()) : nullptr;
    };
    functions.createInteger = [](const redisReadTask* task, long long number) -> void* {
      return place(task, Value(number));
    };
    functions.createNil = [](const redisReadTask* task) -> void* { return place(task, Value()); };
    functions.freeObject = [](void*) {};  // the tree is the builder's
  }
};

void RespParser::FreeReader::operator()(redisReader* reader) const { redisReaderFree(reader); }

RespParser::RespParser(RespLimits limits)
    : limits_(limits),
      builder_(std::make_unique<Builder>(limits.nodes)),
      reader_(redisReaderCreateWithFunctions(&builder_->functions)) {
  if (reader_ != nullptr) reader_->privdata = builder_.get();
}

RespParser::~RespParser() = default;
RespParser::RespParser(RespParser&&) noexcept = default;
RespParser& RespParser::operator=(RespParser&&) noexcept = default;

Result<std::optional<RespReply>> RespParser::next(std::string_view bytes) {
  if (reader_ == nullptr) return fail("harness.internal", "request", "no memory for a reply");
  if (failed_) return fail("protocol.invalid", "request", "the reply was not understood before");
  taken_ += bytes.size();
  void* reply = nullptr;
  const bool read =
      (bytes.empty() || redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) == REDIS_OK) &&
      redisReaderGetReply(reader_.get(), &reply) == REDIS_OK;
  if (!read) {
    failed_ = true;
    if (builder_->too_many)
      return fail("protocol.too-large", "request",
                  "the reply has more than " + std::to_string(limits_.nodes) + " values");
    if (builder_->too_deep)
      return fail("protocol.invalid", "request", "this is no reply of Redis: too many arrays in one another");
    return fail("protocol.invalid", "request", std::string("this is no reply of Redis: ") + reader_->errstr);
  }
  if (reply == nullptr) {
    if (taken_ <= limits_.bytes) return std::optional<RespReply>();
    failed_ = true;
    return fail("protocol.too-large", "request",
                "the reply is larger than " + std::to_string(limits_.bytes) + " bytes");
  }
  taken_ = reader_->len - reader_->pos;
  builder_->nodes = 0;
  return std::optional<RespReply>(RespReply{std::exchange(builder_->root, Value()), builder_->root_is_error});
}

Secret resp_command(std::span<const std::string_view> words) {
  std::vector<const char*> starts;
  std::vector<std::size_t> sizes;
  for (const std::string_view word : words) {
    starts.push_back(word.data() == nullptr ? "" : word.data());
    sizes.push_back(word.size());
  }
  char* wire = nullptr;
  const auto size =
      redisFormatCommandArgv(&wire, static_cast<int>(words.size()), starts.data(), sizes.data());
  if (size < 0 || wire == nullptr) return {};
  Secret command(std::string(wire, static_cast<std::size_t>(size)));
  ::explicit_bzero(wire, static_cast<std::size_t>(size));
  redisFreeCommand(wire);
  return command;
}

}  // namespace assay
