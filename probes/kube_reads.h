// What the probes of a cluster read in the same way.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "probes/glob.h"
#include "probes/kube_parts.h"
#include "probes/kube_quantity.h"

namespace assay {

// How many things of one kind an observation shows.
inline constexpr std::size_t kListed = 20;

// Hands over every object of a kind, page by page. Errors: those of KubeClient.
Result<void> each_object(KubeClient& client, const std::string& word, const KubeSelection& selection,
                         const Attempt& attempt, Trace& trace,
                         const std::function<void(const Value& object)>& take);

// Is the object there? What a list of it lacks means something only then: that of a namespace which does not
// exist is empty, too. Errors: kube.not-found and others of KubeClient.
Result<void> must_exist(KubeClient& client, const std::string& kind, const std::string& ns,
                        const std::string& name, const Attempt& attempt, Trace& trace);

// The condition of that type in an object's status, or null.
const Value* condition_of(const Value& object, std::string_view type);

// The texts of a list at `key`, or none.
std::vector<std::string> texts_of(const Value& value, std::string_view key);
Value list_of(const std::vector<std::string>& texts);

// "REASON: MESSAGE" of the newest Event about an object, for a sentence that says why; empty where there is
// none or the account may not read events.
std::string last_event(KubeClient& client, const std::string& ns, const std::string& kind,
                       const std::string& name, const Attempt& attempt, Trace& trace);

// When an Event was last seen, as it says itself (RFC 3339); both APIs' shapes are read.
std::string event_time(const Value& event);

}  // namespace assay
