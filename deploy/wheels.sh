#!/usr/bin/env bash
# The offline set: our wheel and every wheel it needs, each with its SHA-256, and an installer that uses no network.
#   bash deploy/wheels.sh OUT [agent|collector|all]
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:?where to}
extras=${2:-all}
[ "$extras" = all ] && extras=agent,collector
rm -rf "$out" && mkdir -p "$out/wheels"
pip() { .venv/bin/python -m pip --disable-pip-version-check --quiet "$@"; }
pip download --only-binary=:all: --require-hashes -r deploy/requirements.lock -d "$out/wheels"
# As root the wheel is still built by an ordinary isolated build, from the locked backend only.
pip wheel --no-deps --no-build-isolation -w "$out/wheels" .
cp deploy/install.sh deploy/systemd/*.service "$out/"
cp -r docs LICENSE NOTICE "$out/"
echo "$extras" > "$out/EXTRAS"
(cd "$out" && find . -type f ! -name SHA256SUMS -print0 | sort -z | xargs -0 sha256sum > SHA256SUMS)
echo "offline set in $out: $(ls "$out/wheels" | wc -l) wheels, $(du -sh "$out" | cut -f1); check with: sha256sum -c SHA256SUMS"
