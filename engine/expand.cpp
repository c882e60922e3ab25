// One file's checks: variables filled in, matrices expanded, every key checked against the tables.
#include <fmt/format.h>

#include <algorithm>

#include "engine/format.h"
#include "engine/loader_internal.h"
#include "engine/matcher.h"

namespace assay {
namespace {

bool is_declaration(const Value& value) {
  if (!value.is_object() || value.members().empty()) return false;
  return std::all_of(value.members().begin(), value.members().end(), [](const Member& member) {
    return std::any_of(var_fields().begin(), var_fields().end(),
                       [&](const Field& field) { return field.name == member.key; });
  });
}

std::string coordinate_text(const Value& value) {
  if (value.is_string()) return value.string();
  if (const Value* name = value.find("name"); name != nullptr && name->is_string()) return name->string();
  return to_json(value);
}

class Expander {
 public:
  Expander(const SuiteFile& file, const Probes& probes, const Sources& sources, Problems& problems)
      : file_(file), probes_(probes), sources_(sources), problems_(problems) {}

  std::vector<Draft> run() {
    const Value* checks = file_.root.find("checks");
    if (checks == nullptr || !checks->is_array()) return {};
    if (checks->items().empty()) say(checks->mark, "the suite has no checks");
    std::map<std::string, Mark> ids;
    for (const Value& check : checks->items()) {
      if (!check.is_object()) {
        say(check.mark, fmt::format("a check is a map; this is {}", check.kind_name()));
        continue;
      }
      if (const Value* id = check.find("id"); id != nullptr && id->is_string()) {
        const auto [first, fresh] = ids.emplace(id->string(), id->mark);
        if (!fresh)
          say(id->mark,
              fmt::format("the id {} stands twice (first on line {})", id->string(), first->second.line));
        if (id->string().empty() || id->string().find_first_of("/[], \t\n") != std::string::npos) {
          say(id->mark, "an id is a word without slash, comma, bracket or space");
        }
      }
      one(check);
    }
    return std::move(drafts_);
  }

 private:
  void say(Mark mark, std::string message) { problems_.push_back({mark, std::move(message), false}); }

  // The combinations of a check's matrix: lists of (name, value).
  using Coordinates = std::vector<std::pair<std::string, Value>>;
  std::vector<Coordinates> combinations(const Value& check) {
    std::vector<Coordinates> all = {{}};
    const Value* written = check.find("matrix");
    if (written == nullptr) return all;
    const Value matrix = substitute(*written, file_.vars, problems_);
    if (!matrix.is_object() || matrix.members().empty()) {
      say(written->mark, "matrix takes a map of lists");
      return {};
    }
    for (const Member& dimension : matrix.members()) {
      if (file_.vars.contains(dimension.key))
        say(dimension.mark, fmt::format("{} is a variable of the file already", dimension.key));
      if (dimension.value.is_string() && dimension.value.string().starts_with("${")) {
        for (Coordinates& one : all)
          one.emplace_back(dimension.key, dimension.value);  // no value yet: any one stands for it
        continue;
      }
      if (!dimension.value.is_array() || dimension.value.items().empty()) {
        say(dimension.mark,
            fmt::format(
                "the matrix's {} is {}: nothing would be checked", dimension.key,
                dimension.value.is_array() ? "an empty list" : std::string(dimension.value.kind_name())));
        return {};
      }
      std::vector<Coordinates> next;
      for (const Coordinates& so_far : all) {
        for (const Value& item : dimension.value.items()) {
          next.push_back(so_far);
          next.back().emplace_back(dimension.key, item);
        }
      }
      if (next.size() > 10'000) {
        say(written->mark, "the matrix has more than 10,000 combinations");
        return {};
      }
      all = std::move(next);
    }
    return all;
  }

  // Why the check is skipped, or empty. `vars` has the matrix's coordinates too.
  std::string unmet(const Value& when, const Vars& vars) {
    if (!when.is_object() || when.members().empty()) {
      say(when.mark, "when takes a map of variables and matchers");
      return {};
    }
    Value scope = Value::object();
    for (const auto& [name, value] : vars) scope[name] = value;
    for (const Member& member : when.members()) {
      const auto path = parse_path(member.key);
      const Value matcher = substitute(member.value, vars, problems_);
      if (!path) {
        say(member.mark, path.error());
        continue;
      }
      if (!vars.contains(path->steps.front().key)) {
        say(member.mark, fmt::format("there is no variable {}", path->steps.front().key));
        continue;
      }
      for (Problem& problem : check_matcher(matcher, nullptr, member.key))
        problems_.push_back(std::move(problem));
      const Match result = match(scope, *path, matcher);
      if (result.outcome != Match::Outcome::pass)
        return fmt::format("when: {} is {}, not {}", member.key, result.observed, result.expected);
    }
    return {};
  }

  void one(const Value& check) {
    const Value* when = check.find("when");
    // Where `when` says no without the matrix, the check is skipped as a whole: its matrix may be empty
    // there.
    if (when != nullptr && check.find("matrix") != nullptr && check.find("matrix")->is_object() &&
        when->is_object()) {
      const Value* matrix = check.find("matrix");
      const bool over_matrix =
          std::any_of(when->members().begin(), when->members().end(), [&](const Member& member) {
            const auto path = parse_path(member.key);
            return path && !path->steps.empty() && matrix->find(path->steps.front().key) != nullptr;
          });
      if (!over_matrix) {
        const std::string reason = unmet(*when, file_.vars);
        if (!reason.empty()) {
          Draft draft;
          draft.check.name = check.get("id");
          draft.check.id = file_.name + "/" + draft.check.name;
          draft.check.suite = file_.name;
          draft.check.probe = check.get("probe");
          draft.check.doc = check.get("doc");
          draft.check.skip = reason;
          place(check, draft.check);
          drafts_.push_back(std::move(draft));
          return;
        }
      }
    }
    for (const Coordinates& coordinates : combinations(check)) expand_one(check, coordinates);
  }

  void place(const Value& check, Check& out) {
    const Value* id = check.find("id");
    const Mark mark = id != nullptr ? id->mark : check.mark;
    out.file = sources_.path(file_.file);
    out.line = mark.line;
    out.column = mark.column;
    out.source = sources_.line(file_.file, mark.line);
  }

  // `written` with its variables filled in. In what a check that `when` skips asks and expects they stay
  // open, since a value that was ruled out (an empty address, say) may not fit there; what is written out is
  // looked at all the same.
  Value filled_in(const Value& written, const Vars& vars, bool skipped) {
    Value filled = substitute(written, vars, problems_);
    if (!skipped) return filled;
    for (const char* part : {"with", "expect"}) {
      if (const Value* open = written.find(part)) filled[part] = *open;
    }
    return filled;
  }

  void expand_one(const Value& written, const Coordinates& coordinates) {
    Vars vars = file_.vars;
    std::string suffix;
    Draft draft;
    Check& out = draft.check;
    for (const auto& [name, value] : coordinates) {
      vars.insert_or_assign(name, value);
      suffix += (suffix.empty() ? "[" : ",") + name + "=" + coordinate_text(value);
      out.coordinates[name] = value;
    }
    if (!suffix.empty()) suffix += "]";
    Value rest = written;
    rest.erase("matrix");
    const Value* written_when = rest.find("when");
    if (written_when != nullptr) out.skip = unmet(*written_when, vars);
    rest.erase("when");
    const std::size_t problems_before = problems_.size();
    const Value check = filled_in(rest, vars, !out.skip.empty());
    if (problems_.size() != problems_before) {
      // Where variables are missing the rest would only repeat it.
      for (std::size_t i = problems_before; i < problems_.size(); ++i) {
        if (problems_[i].message.starts_with("there is no variable")) return;
      }
    }
    for (FieldProblem& problem : check_fields(check, check_keys(), "a check"))
      say(problem.mark, std::move(problem.message));

    out.name = check.get("id");
    out.suite = file_.name;
    out.id = file_.name + "/" + out.name + suffix;
    out.doc = check.get("doc");
    out.probe = check.get("probe");
    out.runbook = check.get("runbook");
    if (const Value* runbook = check.find("runbook")) draft.runbook_mark = runbook->mark;
    out.warn = check.get("severity") == "warn";
    place(written, out);

    const auto probe =
        std::find_if(probes_.begin(), probes_.end(), [&](const Probe& p) { return p.name == out.probe; });
    const Value* probe_value = check.find("probe");
    if (probe == probes_.end()) {
      if (probe_value != nullptr && probe_value->is_string()) {
        std::vector<std::string> names;
        for (const Probe& p : probes_) names.push_back(p.name);
        const std::string hint = nearest(out.probe, names);
        say(probe_value->mark,
            fmt::format("there is no probe {}{}", out.probe,
                        hint.empty() ? " (see `assay list probes`)" : "; did you mean " + hint + "?"));
      }
    } else {
      out.writes = probe->effect == Effect::writes;
      parameters(check, *probe, out);
      expectations(check, *probe, out);
      vantage(check, *probe);
    }
    timing(check, out);
    tags_and_needs(check, draft);
    if (const Value* known = check.find("known"); known != nullptr && known->is_object()) {
      const std::string until = known->get("until");
      const bool shaped = until.size() == 10 && until[4] == '-' && until[7] == '-' &&
                          until.find_first_not_of("0123456789-") == std::string::npos;
      if (!shaped && known->find("until") != nullptr)
        say(known->find("until")->mark, "known.until is a date: YYYY-MM-DD");
      out.known = Known{known->get("reason"), until};
    }
    drafts_.push_back(std::move(draft));
  }

  void parameters(const Value& check, const Probe& probe, Check& out) {
    const Value* with = check.find("with");
    Value params = with != nullptr && !with->is_null() ? *with : Value::object();
    const Mark mark = with != nullptr ? with->mark : check.find("probe")->mark;
    if (!params.is_object()) {
      say(mark, fmt::format("with takes a map, this is {}", params.kind_name()));
      return;
    }
    params.mark = mark;
    if (const Value* use = check.find("use"); use != nullptr && use->is_string()) {
      const Value* connections = file_.root.find("connections");
      const Value* connection = connections == nullptr ? nullptr : connections->find(use->string());
      if (connection == nullptr || !connection->is_object()) {
        std::vector<std::string> names;
        if (connections != nullptr && connections->is_object()) {
          for (const Member& member : connections->members()) names.push_back(member.key);
        }
        const std::string hint = nearest(use->string(), names);
        say(use->mark, fmt::format("there is no connection {}{}", use->string(),
                                   hint.empty() ? "" : "; did you mean " + hint + "?"));
      } else {
        const Value filled = out.skip.empty() ? substitute(*connection, file_.vars, problems_) : *connection;
        for (const Member& member : filled.members()) {
          if (params.find(member.key) == nullptr) params.members().push_back(member);
        }
      }
    }
    fill_vault_references(params);
    for (FieldProblem& problem : check_fields(params, probe.params, probe.name)) {
      say(problem.mark.known() ? problem.mark : mark, std::move(problem.message));
    }
    for (const Field& field : probe.params) {
      const Value* value = params.find(field.name);
      if (field.type != Type::secret || value == nullptr || !value->is_string() || value->string().empty())
        continue;
      problems_.push_back(
          {value->mark.known() ? value->mark : mark,
           fmt::format("{} is written in the file: use a reference such as {{env: NAME}} or {{file: PATH}}",
                       field.name),
           true});
    }
    if (probe.targets) out.targets = probe.targets(params);
    out.with = std::move(params);
  }

  // {vault: {use, path, key}}: the named connection's url, token and tls are put in its place, so that the
  // reference can be resolved without the file.
  void fill_vault_references(Value& value) {
    if (value.is_array()) {
      for (Value& item : value.items()) fill_vault_references(item);
      return;
    }
    if (!value.is_object()) return;
    if (!is_reference(value) || value.members().front().key != "vault") {
      for (Member& member : value.members()) fill_vault_references(member.value);
      return;
    }
    Value& vault = value.members().front().value;
    const std::string use = vault.get("use");
    if (!vault.is_object() || use.empty() || vault.get("path").empty() || vault.get("key").empty()) {
      say(value.mark, "a vault reference is {vault: {use: CONNECTION, path: PATH, key: KEY}}");
      return;
    }
    const Value* connections = file_.root.find("connections");
    const Value* connection = connections == nullptr ? nullptr : connections->find(use);
    if (connection == nullptr || connection->find("url") == nullptr || connection->find("token") == nullptr) {
      say(vault.mark, fmt::format("there is no connection {} with url and token", use));
      return;
    }
    const Value filled = substitute(*connection, file_.vars, problems_);
    for (const char* key : {"url", "token", "tls", "namespace"}) {
      if (const Value* part = filled.find(key)) vault[key] = *part;
    }
  }

  // The table row that a path leads to: null where the subtree is open, and `known` false where it cannot
  // exist.
  static const Field* field_at(const Fields& top, const Path& path, bool& known, Fields& siblings) {
    const Fields* fields = &top;
    const Field* field = nullptr;
    known = true;
    for (const Step& step : path.steps) {
      if (step.kind != Step::Kind::key) {
        if (field == nullptr) return nullptr;
        if (field->type == Type::texts) {
          static const Field text{"item", Type::text, "", false, {}, "", {}, {}};
          field = &text;
          fields = nullptr;
        } else if (field->type == Type::list) {
          fields = &field->fields;
          if (fields->empty()) return nullptr;
          static const Field item{"item", Type::any, "", false, {}, "", {}, {}};
          field = &item;
        } else if (field->type != Type::any) {
          known = false;
          return nullptr;
        } else {
          return nullptr;
        }
        continue;
      }
      if (fields == nullptr) {
        known = false;
        return nullptr;
      }
      const auto row =
          std::find_if(fields->begin(), fields->end(), [&](const Field& f) { return f.name == step.key; });
      if (row == fields->end()) {
        siblings = *fields;
        known = false;
        return nullptr;
      }
      field = &*row;
      if (field->type == Type::any || field->type == Type::map) return nullptr;
      const bool open = field->type == Type::object || field->type == Type::list;
      if (open && field->fields.empty()) return nullptr;
      fields = open ? &field->fields : nullptr;
    }
    return field;
  }

  void expectations(const Value& check, const Probe& probe, Check& out) {
    const Fields& observable = observable_by(probe);
    std::vector<std::string> replaced;
    const Value* expect = check.find("expect");
    if (expect != nullptr) {
      if (!expect->is_object() || expect->members().empty()) {
        say(expect->mark.known() ? expect->mark : check.mark,
            "expect takes a map of paths and matchers, and an empty one expects nothing");
      } else {
        for (const Member& member : expect->members()) {
          const auto path = parse_path(member.key);
          if (!path) {
            say(member.mark, path.error());
            continue;
          }
          bool known = true;
          Fields siblings;
          const Field* field = field_at(observable, *path, known, siblings);
          if (!known) {
            std::vector<std::string> names;
            for (const Field& sibling : siblings) names.push_back(sibling.name);
            std::string hint;
            for (const Step& step : path->steps) {
              if (hint.empty() && step.kind == Step::Kind::key) hint = nearest(step.key, names);
            }
            say(member.mark, fmt::format("{} observes no {}{}", probe.name, member.key,
                                         hint.empty() ? (names.empty() ? std::string()
                                                                       : fmt::format(" (there is {})",
                                                                                     fmt::join(names, ", ")))
                                                      : "; did you mean " + hint + "?"));
          } else {
            for (Problem& problem : check_matcher(member.value, field, member.key)) {
              if (!problem.mark.known()) problem.mark = member.mark;
              problems_.push_back(std::move(problem));
            }
          }
          replaced.push_back(path->text());
          out.expect.push_back({member.key, member.value, false, member.mark.line, member.mark.column,
                                std::string(sources_.line(file_.file, member.mark.line))});
        }
      }
    }
    if (check.get("defaults") != "none") {
      for (const DefaultExpectation& expectation : probe.defaults) {
        if (std::find(replaced.begin(), replaced.end(), expectation.path) != replaced.end()) continue;
        out.expect.push_back({expectation.path, expectation.matcher, true, 0, 0, ""});
      }
    }
    if (out.expect.empty() && expect == nullptr) {
      say(check.find("probe")->mark,
          fmt::format("the check expects nothing: {} has no default expectations{}, so say what to expect",
                      probe.name, check.get("defaults") == "none" ? " left" : ""));
    }
  }

  const Fields& observable_by(const Probe& probe) {
    const auto [slot, fresh] = observable_.try_emplace(probe.name);
    if (fresh) slot->second = observations_of(probe);
    return slot->second;
  }

  void vantage(const Value& check, const Probe& probe) {
    const Value* defaults = file_.root.find("defaults");
    const Value* from = check.find("from");
    if (from == nullptr && defaults != nullptr) from = defaults->find("from");
    if (from == nullptr) return;
    const std::string kind = from->is_string()                                  ? from->string()
                             : from->is_object() && from->members().size() == 1 ? from->members().front().key
                                                                                : "";
    if (std::find(probe.vantages.begin(), probe.vantages.end(), kind) == probe.vantages.end()) {
      say(from->mark, fmt::format("{} cannot stand at {}; its vantages are {}", probe.name,
                                  kind.empty() ? to_json(*from) : kind, fmt::join(probe.vantages, ", ")));
    }
  }

  // A key of the check, else of the file's defaults.
  const Value* key(const Value& check, std::string_view name) const {
    if (const Value* own = check.find(name)) return own;
    const Value* defaults = file_.root.find("defaults");
    return defaults == nullptr ? nullptr : defaults->find(name);
  }

  static std::optional<Duration> duration(const Value* value) {
    return value != nullptr && value->is_string() ? parse_duration(value->string()) : std::nullopt;
  }

  void timing(const Value& check, Check& out) {
    const Value* timeout = key(check, "timeout");
    out.timeout = duration(timeout).value_or(std::chrono::seconds(10));
    if (timeout != nullptr && out.timeout <= Duration::zero())
      say(timeout->mark, "a timeout is longer than nothing");
    out.within = duration(check.find("within"));
    if (const Value* wait = key(check, "wait"); wait != nullptr && wait->is_object()) {
      Wait read;
      read.until = duration(wait->find("until")).value_or(Duration::zero());
      read.every = duration(wait->find("every")).value_or(std::chrono::seconds(1));
      read.any = wait->get_bool("any");
      if (read.every < std::chrono::milliseconds(10)) say(wait->mark, "wait.every is at least 10ms");
      out.wait = read;
    }
    if (const Value* retry = key(check, "retry"); retry != nullptr && retry->is_object()) {
      out.retry.times = static_cast<int>(std::clamp<std::int64_t>(retry->get_int("times"), 0, 100));
      out.retry.every = duration(retry->find("every")).value_or(std::chrono::seconds(1));
    }
  }

  void tags_and_needs(const Value& check, Draft& draft) {
    const Value* defaults = file_.root.find("defaults");
    for (const Value* tags : {check.find("tags"), defaults == nullptr ? nullptr : defaults->find("tags")}) {
      if (tags == nullptr || !tags->is_array()) continue;
      for (const Value& tag : tags->items()) {
        if (tag.is_string()) draft.check.tags.push_back(tag.string());
      }
    }
    if (const Value* needs = check.find("needs"); needs != nullptr && needs->is_array()) {
      for (const Value& need : needs->items()) {
        if (need.is_string()) draft.needs.emplace_back(need.string(), need.mark);
      }
    }
  }

  const SuiteFile& file_;
  const Probes& probes_;
  const Sources& sources_;
  Problems& problems_;
  std::vector<Draft> drafts_;
  std::map<std::string, Fields> observable_;
};

}  // namespace

Vars file_vars(const Value& root, const Vars& given, bool lint, std::set<std::string>& declared,
               Problems& problems) {
  Vars vars;
  const Value* declarations = root.find("vars");
  if (declarations == nullptr || declarations->is_null()) return vars;
  if (!declarations->is_object()) {
    problems.push_back(
        {declarations->mark, fmt::format("vars takes a map, this is {}", declarations->kind_name()), false});
    return vars;
  }
  for (const Member& member : declarations->members()) {
    declared.insert(member.key);
    const bool declaration = is_declaration(member.value);
    if (member.key.empty() || member.key.find_first_of(".[]}$ ") != std::string::npos) {
      problems.push_back({member.mark, "a variable's name is a word without dot, bracket or space", false});
      continue;
    }
    if (const auto value = given.find(member.key); value != given.end()) {
      vars[member.key] = value->second;
    } else if (!declaration) {
      vars[member.key] = member.value;
    } else if (const Value* fallback = member.value.find("default")) {
      vars[member.key] = *fallback;
    } else if (member.value.get_bool("required")) {
      const std::string doc = member.value.get("doc");
      if (!lint)
        problems.push_back({member.mark,
                            fmt::format("the variable {}{} has no value: give --set {}=... or --values FILE",
                                        member.key, doc.empty() ? "" : " (" + doc + ")", member.key),
                            false});
      vars[member.key] = "${" + member.key + "}";
    } else {
      vars[member.key] = Value();
    }
  }
  // A default may use the variables before it.
  for (const Member& member : declarations->members()) {
    const auto slot = vars.find(member.key);
    if (slot == vars.end() || given.contains(member.key)) continue;
    if (slot->second == Value("${" + member.key + "}")) continue;
    slot->second = substitute(slot->second, vars, problems);
  }
  return vars;
}

std::vector<Draft> expand(const SuiteFile& file, const Probes& probes, const Sources& sources,
                          Problems& problems) {
  return Expander(file, probes, sources, problems).run();
}

}  // namespace assay
