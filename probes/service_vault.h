// Vault's rows that need more than one request, in files of their own.
#pragma once

#include "probes/service.h"

namespace assay {

const ServiceSystem& vault_system();
ServiceRow vault_login();
ServiceRow vault_kv();
ServiceRow vault_read();

}  // namespace assay
