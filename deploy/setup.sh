#!/usr/bin/env bash
# Sets up .venv for `make run` (run) or `make test` (test). As root it may use apt-get; otherwise it says
# what is missing and stops.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-run}
python=${PYTHON:-python3}

say() { printf 'setup: %s\n' "$*"; }

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  if [ -z "${apt_updated:-}" ]; then
    apt-get -o DPkg::Lock::Timeout=600 update -qq || { say "apt-get update failed"; exit 2; }
    apt_updated=1
  fi
  # No recommends: servers come as programs for the tests, nothing is started.
  apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "$@" >/dev/null || { say "apt-get install $* failed"; exit 2; }
}

need_packages() { # names of Debian packages; prints those not installed
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || printf '%s ' "$package"
  done
}

require() { # Debian packages that must be there
  local missing
  missing=$(need_packages "$@")
  missing=${missing% }
  [ -z "$missing" ] && return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing with apt-get: $missing"
    # shellcheck disable=SC2086
    apt_install $missing
  else
    say "Debian packages are missing; as root: apt-get install --no-install-recommends $missing"
    exit 2
  fi
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
  say "Python 3.11 or newer is needed ($python is not it); set PYTHON=..."; exit 2; }
"$python" -c 'import venv, ensurepip' 2>/dev/null || require python3-venv
if command -v dpkg-query >/dev/null; then
  if [ "$what" = test ]; then
    # shellcheck disable=SC2046
    require $(grep -v '^#' deploy/test-packages.txt)
  fi
elif [ "$what" = test ]; then
  say "not a Debian system: the tests also need these programs: $(tr '\n' ' ' < deploy/test-packages.txt)"
fi

[ -x .venv/bin/python ] || "$python" -m venv .venv
lock=deploy/requirements.lock
[ "$what" = test ] && lock=deploy/requirements-dev.lock
say "installing Python packages from $lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
