// Variables and their substitution.
#pragma once

#include <map>
#include <set>
#include <string>

#include "core/source.h"
#include "core/value.h"

namespace assay {

using Vars = std::map<std::string, Value, std::less<>>;

// What one file's variables, checks and matrices may grow to once variables are filled in, so that a few
// lines cannot take all memory. Nothing is filled in any more once `spent`; that was then said.
class Room {
 public:
  explicit Room(std::size_t nodes = 1'000'000, std::size_t bytes = 32U << 20)
      : nodes_(nodes), bytes_(bytes), most_nodes_(nodes), most_bytes_(bytes) {}
  bool spent() const { return spent_; }

  // Takes room for a tree that will stand `depth` levels deep; false, with a problem at `mark`, where there
  // is none.
  bool take(const Value& value, int depth, Mark mark, Problems& problems);
  bool take(std::size_t nodes, std::size_t bytes, Mark mark, Problems& problems);

 private:
  bool refuse(std::string message, Mark mark, Problems& problems);

  std::size_t nodes_;
  std::size_t bytes_;
  std::size_t most_nodes_;
  std::size_t most_bytes_;
  bool spent_ = false;
};

// A copy of `value` in which every ${path} is filled in, in texts and in keys; `path` begins with a
// variable's name and may go on into its value (${nodes[0]}, ${tls.ca}). A text that is exactly ${x} takes
// x's type; inside of a longer text only scalars can stand. $${ is a literal ${. Marks stay those of the
// place of use. Problems name unknown variables with the nearest known one.
Value substitute(const Value& value, const Vars& vars, Problems& problems, Room& room);

// The names of the variables that `value` uses.
void used_variables(const Value& value, std::set<std::string>& used);

// The text that stands for a variable without a value.
inline std::string open_variable(const std::string& name) { return "${" + name + "}"; }
// May `value` be one, or hold one?
bool is_open(const Value& value);

}  // namespace assay
