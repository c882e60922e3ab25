#include "probes/kube_requests.h"

#include <algorithm>

#include "probes/kube_reads.h"

namespace assay {
namespace {

PodRequests read(const Value& requests) {
  PodRequests read;
  read.cpu = milli_of(requests.get("cpu")).value_or(0);
  read.memory = (milli_of(requests.get("memory")).value_or(0) + 999) / 1000;
  return read;
}

void add(PodRequests& to, const PodRequests& more) {
  to.cpu += more.cpu;
  to.memory += more.memory;
}

void raise(PodRequests& to, const PodRequests& other) {
  to.cpu = std::max(to.cpu, other.cpu);
  to.memory = std::max(to.memory, other.memory);
}

const Value::Array& items_of(const Value& list) {
  static const Value::Array none;
  return list.is_array() ? list.items() : none;
}

PodRequests of_container(const Value& pod, const Value& container, const char* statuses) {
  PodRequests asked = read(value_at(container, {"resources", "requests"}));
  for (const Value& status : items_of(value_at(pod, {"status", statuses}))) {
    if (status.get("name") != container.get("name")) continue;
    raise(asked, read(value_at(status, {"allocatedResources"})));
    raise(asked, read(value_at(status, {"resources", "requests"})));
  }
  return asked;
}

}  // namespace

PodRequests requests_of(const Value& pod) {
  PodRequests sum;
  for (const Value& container : items_of(value_at(pod, {"spec", "containers"})))
    add(sum, of_container(pod, container, "containerStatuses"));
  PodRequests sidecars;
  PodRequests start;
  for (const Value& container : items_of(value_at(pod, {"spec", "initContainers"}))) {
    PodRequests asked = of_container(pod, container, "initContainerStatuses");
    if (container.get("restartPolicy") == "Always") {
      add(sidecars, asked);
      raise(start, sidecars);
    } else {
      add(asked, sidecars);
      raise(start, asked);
    }
  }
  add(sum, sidecars);
  raise(sum, start);
  const Value& whole = value_at(pod, {"spec", "resources", "requests"});
  if (whole.find("cpu") != nullptr) sum.cpu = read(whole).cpu;
  if (whole.find("memory") != nullptr) sum.memory = read(whole).memory;
  add(sum, read(value_at(pod, {"spec", "overhead"})));
  return sum;
}

bool holds_resources(const Value& pod) {
  const std::string phase = value_at(pod, {"status"}).get("phase");
  return phase != "Succeeded" && phase != "Failed";
}

}  // namespace assay
