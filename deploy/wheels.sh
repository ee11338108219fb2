#!/usr/bin/env bash
# The offline set: our wheel and every wheel it needs, each with its SHA-256, and an installer that uses no network.
# It fits machines with the Python version, processor and C library of the one that makes it.
#   bash deploy/wheels.sh OUT
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:?where to}
rm -rf "$out" && mkdir -p "$out/wheels"
pip() { .venv/bin/python -m pip --disable-pip-version-check --quiet "$@"; }
pip download --only-binary=:all: --require-hashes -r deploy/requirements.lock -d "$out/wheels"
# The build backend comes from the lock and is in .venv: nothing is fetched to build.
pip wheel --no-deps --no-build-isolation -w "$out/wheels" .
cp deploy/install.sh deploy/systemd/*.service deploy/systemd/*.socket "$out/"
cp -r deploy/examples docs LICENSE NOTICE "$out/"
cp deploy/systemd/*.conf "$out/examples/" # drop-ins for the units: each says when it is wanted
(cd "$out" && find . -type f ! -name SHA256SUMS -print0 | LC_ALL=C sort -z | xargs -0 sha256sum > SHA256SUMS)
echo "offline set in $out: $(find "$out/wheels" -name '*.whl' | wc -l) wheels, $(du -sh "$out" | cut -f1)"
echo "SHA256SUMS itself: $(sha256sum "$out/SHA256SUMS" | cut -d' ' -f1)"
