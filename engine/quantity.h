// Numbers with units, for ordering.
#pragma once

#include <optional>

#include "core/value.h"

namespace assay {

// What a scalar is when it is compared: a plain number, a time in seconds, or an amount (bytes, CPUs;
// Kubernetes' suffixes m, k, M, G, T, P, E, Ki ... Ei,
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/).
struct Quantity {
  enum class Unit { none, time, amount };
  double value = 0;
  Unit unit = Unit::none;
};

// Reads a number, or a text that holds one with or without a unit. "5m" is read as both: five minutes and
// 0.005; `alternative` then holds the other reading.
struct Readings {
  Quantity first;
  std::optional<Quantity> alternative;
};
std::optional<Readings> read_quantity(const Value& value);

// -1, 0, 1 for two numbers, exactly (integers above 2^53 too), or nothing when one is none.
std::optional<int> compare_numbers(const Value& a, const Value& b);

// -1, 0, 1 for what was observed and the bound it is held against, or nothing when the two cannot be compared
// (a time with an amount, a text that is no number). A number without unit is taken in the other's base unit:
// seconds, bytes, CPUs; an observed "500m" beside a plain bound is 0.5, a bound of "5m" beside a plain number
// is five minutes.
std::optional<int> compare_quantities(const Value& observed, const Value& bound);

}  // namespace assay
