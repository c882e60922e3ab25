#include "drift/detect.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "drift/parallel.h"

namespace assay::drift {
namespace {

// One object, and where it stands.
struct Task {
  const Document* git = nullptr;
  const Document* release = nullptr;
  const Document* live = nullptr;

  const Document& named() const { return git != nullptr ? *git : release != nullptr ? *release : *live; }
};

// In the order of Git, then what only the release has.
std::vector<Task> tasks_of(const Desired& desired) {
  std::vector<Task> tasks;
  if (desired.git != nullptr) {
    for (const auto& one : desired.git->all()) {
      const auto key = one.id.key();
      if (desired.git->find(key) != &one) continue;  // declared again further down
      tasks.push_back({&one, desired.release == nullptr ? nullptr : desired.release->find(key), nullptr});
    }
  }
  if (desired.release != nullptr) {
    for (const auto& one : desired.release->all()) {
      const auto key = one.id.key();
      if (desired.release->find(key) != &one) continue;
      if (desired.git == nullptr || desired.git->find(key) == nullptr)
        tasks.push_back({nullptr, &one, nullptr});
    }
  }
  return tasks;
}

void tell_problems(const Documents* documents, ReleaseDrift& out) {
  if (documents == nullptr) return;
  for (const auto& problem : documents->problems()) out.problems.push_back({problem.code, problem.message});
}

ObjectDrift error_of(const ObjectId& id, const Error& error) {
  ObjectDrift out;
  out.id = id;
  out.verdict = ObjectVerdict::error;
  out.code = error.code;
  out.note = error.message;
  return out;
}

Failure cannot_tell(std::string_view code, const std::string& why) {
  return fail(code, "read", "whether it is there cannot be told: " + why);
}

// Whether an object is really absent from a side, where that side has a say. Errors: that of a document that
// could not be read, and may be it.
Result<void> absent(const Documents* side, const ObjectId& id, bool takes_part = true) {
  const auto* doubt = side == nullptr || !takes_part ? nullptr : side->doubt(id);
  if (doubt == nullptr) return {};
  return cannot_tell(doubt->code, doubt->message);
}

// What a document is called was found without reading it; now it is read.
bool is_named(Node object, const Document& document) {
  const auto* metadata = object.find("metadata");
  const auto said = [&](std::string_view key) {
    return metadata == nullptr ? std::string_view() : metadata->text_at(key);
  };
  const auto* ns_node = metadata == nullptr ? nullptr : metadata->find("namespace");
  const auto no_text = ns_node != nullptr && !ns_node->is_null() && !ns_node->is_string();
  const auto& id = document.id;
  const auto ns = document.ns == Document::Namespace::said ? std::string_view(id.ns) : std::string_view();
  return object.text_at("kind") == id.kind && object.text_at("apiVersion") == id.api_version &&
         said("name") == id.name &&
         (document.ns == Document::Namespace::none || (!no_text && said("namespace") == ns));
}

// Documents of each side that could not be read, or are not what they were taken for: each may be any object,
// so what was found absent from that side before is not. Safe from any thread.
class Unread {
 public:
  // Whether `tree`, what was read of a document, is what it was taken for. Errors: those of reading;
  // drift.manifest where it is called otherwise.
  Result<void> check(std::size_t side, const Document& document, const Documents& from,
                     const Result<Node>& tree) {
    if (tree && is_named(*tree, document)) return {};
    const auto why = tree ? fail("drift.manifest", "read",
                                 from.name() + ":" + std::to_string(document.line) +
                                     ": what this object is called cannot be told")
                          : Failure(tree.error());
    const std::lock_guard lock(mutex_);
    auto& first = first_[side];
    if (!first || document.line < first->line) first = First{document.line, why.value()};
    return why;
  }

  // The same for the documents that another of the same name stands for, which nobody else reads.
  void check_shadowed(std::size_t side, const Documents* from) {
    if (from == nullptr) return;
    const auto& problems = from->problems();
    if (std::none_of(problems.begin(), problems.end(),
                     [](const Documents::Problem& one) { return one.code == "drift.duplicate"; }))
      return;
    Arena arena;
    for (const auto& document : from->all()) {
      if (from->find(document.id.key()) == &document) continue;
      std::string text;
      arena.reset();
      static_cast<void>(check(side, document, *from, from->read(document, text, arena)));
    }
  }

  // Takes back the verdict about an object that a side with such a document does not have. `has`: whether it
  // does, or has no say.
  void revise(ObjectDrift& object, const std::array<bool, 3>& has) const {
    for (std::size_t i = 0; i < has.size(); ++i) {
      if (has[i] || !first_[i] || object.verdict == ObjectVerdict::error) continue;
      const auto& why = first_[i]->why;
      auto revised = error_of(object.id, cannot_tell(why.code, why.message).value());
      revised.source = std::move(object.source);
      revised.without_git = object.without_git;
      revised.without_release = object.without_release;
      object = std::move(revised);
    }
  }

 private:
  struct First {
    std::uint32_t line = 0;
    Error why;
  };

  std::mutex mutex_;
  std::array<std::optional<First>, 3> first_;  // Git, release, live
};

// Which sides have no say about it, also where there is no verdict.
ObjectDrift flagged(ObjectDrift object, const Desired& desired, const Detector& detector) {
  object.without_git = desired.git != nullptr && !detector.takes_git(object.id);
  object.without_release = desired.release != nullptr && !detector.takes_release(object.id);
  return object;
}

// One thread's.
class Worker {
 public:
  Worker(const Desired& desired, const Documents& live, const Detector& detector, Unread& unread)
      : from_{desired.git, desired.release, &live}, detector_(detector), unread_(unread) {}

  ObjectDrift one(const Task& task) { return flagged(compared(task), {from_[0], from_[1]}, detector_); }

 private:
  ObjectDrift compared(const Task& task) {
    const auto& id = task.named().id;
    const std::array documents{task.git, task.release, task.live};
    const std::array takes_part{detector_.takes_git(id), detector_.takes_release(id), true};
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const auto loaded = documents[i] == nullptr ? absent(from_[i], id, takes_part[i])
                                                  : from_[i]->load(*documents[i], texts_[i]);
      if (!loaded) return error_of(id, loaded.error());
    }
    ObjectDrift out;
    out.id = id;
    if (!equal(documents)) {
      arena_.reset();
      std::array<std::optional<Node>, 3> trees;
      std::optional<Error> wrong;
      for (std::size_t i = 0; i < documents.size(); ++i) {
        if (documents[i] == nullptr) continue;
        const auto object = from_[i]->parse(*documents[i], texts_[i], arena_);
        if (const auto read = unread_.check(i, *documents[i], *from_[i], object); read) {
          trees[i] = *object;
        } else if (!wrong) {
          wrong = read.error();
        }
      }
      if (wrong) return error_of(id, *wrong);
      out = detector_.one(id, trees[0], trees[1], trees[2], arena_);
    }
    out.source = task.git != nullptr ? task.git->source : task.release != nullptr ? task.release->source : "";
    return out;
  }

  // All sides that take part have it, in the same words.
  bool equal(const std::array<const Document*, 3>& documents) const {
    const auto& live = documents.back();
    for (std::size_t i = 0; i < documents.size(); ++i) {
      if (from_[i] == nullptr) continue;
      if (documents[i] == nullptr || live == nullptr || documents[i]->json != live->json ||
          documents[i]->implied != live->implied || texts_[i] != texts_.back())
        return false;
    }
    return true;
  }

  std::array<const Documents*, 3> from_;
  const Detector& detector_;
  Unread& unread_;
  std::array<std::string, 3> texts_;
  Arena arena_;
};

// For Unread::revise().
std::array<bool, 3> has(const Task& task, const Desired& desired, const Detector& detector, bool lives) {
  const auto& id = task.named().id;
  return {task.git != nullptr || desired.git == nullptr || !detector.takes_git(id),
          task.release != nullptr || desired.release == nullptr || !detector.takes_release(id), lives};
}

}  // namespace

Result<void> detect(const Desired& desired, const Documents& live, const Detector& detector, int workers,
                    const Context& context, ReleaseDrift& out) {
  auto tasks = tasks_of(desired);
  for (auto& task : tasks) task.live = live.find(task.named().id.key());
  for (const auto& one : live.all()) {
    const auto key = one.id.key();
    const auto declares = [&](const Documents* side) {
      return side != nullptr && side->find(key) != nullptr;
    };
    if (live.find(key) == &one && !declares(desired.git) && !declares(desired.release))
      tasks.push_back({nullptr, nullptr, &one});
  }

  constexpr std::size_t kAtOnce = 16;
  std::vector<ObjectDrift> found(tasks.size());
  std::atomic<std::size_t> next = 0;
  Unread unread;
  const auto most = static_cast<int>(tasks.size() / kAtOnce + 1);
  in_parallel(std::min(workers, most), [&](const std::atomic<bool>& stop) {
    Worker worker(desired, live, detector, unread);
    while (!stop) {
      const auto from = next.fetch_add(kAtOnce);
      if (from >= tasks.size() || !context.check("drift")) return;
      const auto to = std::min(from + kAtOnce, tasks.size());
      for (auto i = from; i < to; ++i) found[i] = worker.one(tasks[i]);
    }
  });
  if (auto in_time = context.check("drift"); !in_time) return in_time;

  unread.check_shadowed(0, desired.git);
  unread.check_shadowed(1, desired.release);
  unread.check_shadowed(2, &live);
  for (std::size_t i = 0; i < tasks.size(); ++i)
    unread.revise(found[i], has(tasks[i], desired, detector, tasks[i].live != nullptr));
  tell_problems(desired.git, out);
  tell_problems(desired.release, out);
  tell_problems(&live, out);
  out.objects.insert(out.objects.end(), std::make_move_iterator(found.begin()),
                     std::make_move_iterator(found.end()));
  return {};
}

struct LiveComparison::State {
  struct Unreadable {
    std::string group_and_kind;  // "apps/Deployment"
    std::string ns;              // empty: in all
    Error why;
  };

  State(const Desired& both, const Detector& with) : desired(both), detector(with), tasks(tasks_of(both)) {}

  const Desired desired;
  const Detector& detector;
  std::vector<Task> tasks;
  std::unordered_map<std::string, std::size_t> by_key;
  std::vector<std::optional<ObjectDrift>> found;  // one for each task
  std::vector<ObjectDrift> extra;
  std::vector<Unreadable> unreadable;
  std::string git_text, release_text;
  Arena arena;
  Unread unread;

  ObjectDrift compare(const Task& task, std::optional<Node> object, Arena& live_arena, bool metadata_only) {
    return flagged(compared(task, object, live_arena, metadata_only), desired, detector);
  }

  ObjectDrift compared(const Task& task, std::optional<Node> object, Arena& live_arena, bool metadata_only) {
    arena.reset();
    std::optional<Node> git, release;
    const auto& id = task.named().id;
    const auto read = [&](std::size_t side, const Documents* from, const Document* document, bool takes_part,
                          std::string& text, std::optional<Node>& to) -> Result<void> {
      if (document == nullptr) return absent(from, id, takes_part);
      const auto tree = from->read(*document, text, arena);
      if (auto known = unread.check(side, *document, *from, tree); !known) return known;
      to = *tree;
      return {};
    };
    const auto of_git = read(0, desired.git, task.git, detector.takes_git(id), git_text, git);
    const auto of_release =
        read(1, desired.release, task.release, detector.takes_release(id), release_text, release);
    for (const auto* done : {&of_git, &of_release}) {
      if (!*done) return error_of(id, done->error());
    }
    auto out = detector.one(id, git, release, object, live_arena, metadata_only);
    out.source = task.git != nullptr ? task.git->source : task.release->source;
    return out;
  }

  ObjectDrift undeclared(const ObjectId& id, Node object, Arena& live_arena, bool metadata_only) const {
    for (const auto* side : {desired.git, desired.release}) {
      if (const auto known = absent(side, id); !known) return error_of(id, known.error());
    }
    return detector.one(id, std::nullopt, std::nullopt, object, live_arena, metadata_only);
  }

  const Unreadable* why_not(const ObjectId& id) const {
    const auto key = ObjectId{id.api_version, id.kind, {}, {}}.key();
    const auto one = std::find_if(unreadable.begin(), unreadable.end(), [&](const Unreadable& kind) {
      return kind.group_and_kind == key && (kind.ns.empty() || kind.ns == id.ns);
    });
    return one == unreadable.end() ? nullptr : &*one;
  }
};

LiveComparison::LiveComparison(const Desired& desired, const Detector& detector)
    : state_(std::make_unique<State>(desired, detector)) {
  for (std::size_t i = 0; i < state_->tasks.size(); ++i)
    state_->by_key.emplace(state_->tasks[i].named().id.key(), i);
  state_->found.resize(state_->tasks.size());
}

LiveComparison::~LiveComparison() = default;

bool LiveComparison::wants(const ObjectId& id) const { return state_->by_key.contains(id.key()); }

void LiveComparison::take(const ObjectId& id, Node object, Arena& arena, bool metadata_only) {
  const auto task = state_->by_key.find(id.key());
  if (task != state_->by_key.end()) {
    state_->found[task->second] = state_->compare(state_->tasks[task->second], object, arena, metadata_only);
  } else {
    state_->extra.push_back(state_->undeclared(id, object, arena, metadata_only));
  }
}

void LiveComparison::unreadable(const std::string& api_version, const std::string& kind,
                                const std::string& ns, const Error& why) {
  state_->unreadable.push_back({ObjectId{api_version, kind, {}, {}}.key(), ns, why});
}

void LiveComparison::finish(ReleaseDrift& out) {
  tell_problems(state_->desired.git, out);
  tell_problems(state_->desired.release, out);
  for (std::size_t i = 0; i < state_->tasks.size(); ++i) {
    auto& found = state_->found[i];
    const auto& task = state_->tasks[i];
    if (!found) {
      const auto* why = state_->why_not(task.named().id);
      found = why != nullptr ? error_of(task.named().id, why->why)
                             : state_->compare(task, std::nullopt, state_->arena, false);
    }
    out.objects.push_back(std::move(*found));
  }
  // All documents are read now.
  state_->unread.check_shadowed(0, state_->desired.git);
  state_->unread.check_shadowed(1, state_->desired.release);
  const auto first = out.objects.end() - static_cast<std::ptrdiff_t>(state_->tasks.size());
  for (std::size_t i = 0; i < state_->tasks.size(); ++i)
    state_->unread.revise(first[static_cast<std::ptrdiff_t>(i)],
                          has(state_->tasks[i], state_->desired, state_->detector, true));
  for (auto& extra : state_->extra)
    state_->unread.revise(extra, {state_->desired.git == nullptr, state_->desired.release == nullptr, true});
  std::sort(state_->extra.begin(), state_->extra.end(),
            [](const ObjectDrift& a, const ObjectDrift& b) { return a.id < b.id; });
  out.objects.insert(out.objects.end(), std::make_move_iterator(state_->extra.begin()),
                     std::make_move_iterator(state_->extra.end()));
}

}  // namespace assay::drift
