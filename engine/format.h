// The tables of the suite format: the loader, lint and the JSON schema read the same rows.
#pragma once

#include "probes/fields.h"

namespace assay {

const Fields& suite_fields();     // a file's top level
const Fields& check_keys();       // one entry of `checks`
const Fields& defaults_fields();  // `defaults` of a file
const Fields& wait_fields();
const Fields& retry_fields();
const Fields& known_fields();
const Fields& var_fields();  // a declaration in `vars`

}  // namespace assay
