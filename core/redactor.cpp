#include "core/redactor.h"

#include <mutex>

#include "core/known_secrets.h"

namespace assay {

struct Redactor::Shared {
  explicit Shared(std::string_view key) : next(key) {}

  // What is known now. Copied when it is first asked for after something was learned: whoever uses the former
  // copy is not disturbed, and many secrets that are learned one after the other cost one copy.
  std::shared_ptr<const KnownSecrets> known() {
    const std::lock_guard lock(mutex);
    if (current == nullptr) current = std::make_shared<const KnownSecrets>(next);
    return current;
  }
  void learn(const Secret& secret, std::string_view name) {
    const std::lock_guard lock(mutex);
    next.add(secret, name);
    current = nullptr;
  }

 private:
  std::mutex mutex;
  KnownSecrets next;
  std::shared_ptr<const KnownSecrets> current;
};

Redactor::Redactor(std::string_view key) : shared_(std::make_shared<Shared>(key)) {}

void Redactor::learn(const Secret& secret, std::string_view name) const { shared_->learn(secret, name); }

std::string Redactor::redact(std::string_view text) const { return shared_->known()->redact(text); }
void Redactor::redact(Value& value) const { shared_->known()->redact(value); }
std::vector<std::string> Redactor::weak() const { return shared_->known()->weak(); }

}  // namespace assay
