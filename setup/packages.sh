# Debian packages that assay's own commands need. Sourced by ./run and ./test.
#
# Installing changes nothing on the machine but packages: no database cluster is made, no service is enabled or started.

PACKAGES_BUILD="g++ cmake ninja-build pkg-config python3 ca-certificates libcurl4-openssl-dev libssl-dev libpq-dev
  librdkafka-dev libhiredis-dev nlohmann-json3-dev libyaml-dev libc-ares-dev libcli11-dev libfmt-dev
  libexpected-dev libre2-dev libpugixml-dev zlib1g-dev libboost-dev"
PACKAGES_SERVERS="postgresql-15 postgresql-15-repmgr pgpool2 redis-server redis-sentinel prometheus
  openjdk-17-jre-headless maven python3-pip openssl iproute2 procps"
PACKAGES_SOURCE="golang-go"
PACKAGES_TESTS="ccache clang-14 clang-tidy-14 clang-format-14 libclang-rt-14-dev libgtest-dev libbenchmark-dev
  libxml2-utils python3-junitparser python3-jsonschema python3-yaml docker-compose kcat redis-tools postgresql-client-15 curl jq
  git openssh-server util-linux time"

# Prints those of its arguments that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = "ii " ] || printf '%s\n' "$package"
  done
}

# ensure_packages YES PACKAGE...: installs what is missing. YES is 1 where nobody is asked. Fails with a sentence where
# it cannot or may not.
ensure_packages() {
  local yes=$1 answer sudo=
  shift
  local missing
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "These Debian packages are needed, and there is no apt-get here to install them:" $missing >&2
    return 1
  fi
  echo "To be installed by apt (packages only: no database cluster is made, no service is enabled or started):"
  echo "$missing" | fmt -w 100 | sed 's/^/  /'
  if [ "$yes" != 1 ]; then
    if [ ! -t 0 ]; then
      echo "Nobody is there to ask: say --yes to install them." >&2
      return 1
    fi
    read -r -p "Install them? [y/N] " answer
    case $answer in y | Y | yes) ;; *) echo "Nothing was installed." >&2; return 1 ;; esac
  fi
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "Installing needs root, and there is no sudo here." >&2; return 1; }
    sudo=sudo
  fi
  $sudo bash "${BASH_SOURCE[0]%/*}/install.sh" $missing
}
