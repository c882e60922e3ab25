// Label selectors
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors).
#pragma once

#include "core/value.h"

namespace assay {

// Does a LabelSelector ({matchLabels, matchExpressions}) select an object with these labels? An empty one
// selects everything, null nothing. An operator that is not known selects, so that whoever asks out of
// caution is told.
bool selects(const Value& selector, const Value& labels);

// The same for a plain map of labels, as a Service has it: an empty one selects nothing.
bool selects_plainly(const Value& selector, const Value& labels);

}  // namespace assay
