#!/usr/bin/env bash
# Makes the lock files from the ranges in pyproject.toml: exact versions with digests, no registry address.
set -euo pipefail
cd "$(dirname "$0")/.."
tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
python3 -m venv "$tool"
"$tool/bin/pip" install --quiet --disable-pip-version-check uv
compile() { # extras…, then the file
  local out=$1; shift
  "$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
    --no-header "$@" pyproject.toml deploy/build-requirements.txt -o "$out"
}
compile deploy/requirements.lock --extra agent --extra agent-sql --extra collector
compile deploy/requirements-dev.lock --extra agent --extra agent-sql --extra collector --extra postgres --extra dev
