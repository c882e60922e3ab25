// Files in PEM that a connection is secured with, before anything opens them.
#pragma once

#include "net/tls.h"

namespace assay {

// Refuses what is there and is no regular file: opening a pipe waits for whoever writes into it, beyond any
// deadline, and what reads the files (OpenSSL, libcurl, libpq) does so where others wait. Error: tls.local.
Result<void> regular_files(const TlsOptions& options);

}  // namespace assay
