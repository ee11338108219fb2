#!/usr/bin/env bash
# Installs Roundseal from this folder (an offline set) below /opt/roundseal, without any network.
#   bash install.sh agent|collector|both [--prefix DIR] [--no-units]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
what=${1:-}; shift || true
prefix=/opt/roundseal units=yes python=${PYTHON:-python3}
while [ $# -gt 0 ]; do
  case $1 in
    --prefix) prefix=$2; shift 2 ;;
    --no-units) units=no; shift ;;
    *) echo "install: $1 is not understood" >&2; exit 2 ;;
  esac
done
case $what in
  agent) extras=agent ;;
  collector) extras=collector ;;
  both) extras=agent,collector ;;
  *) echo "usage: install.sh agent|collector|both [--prefix DIR] [--no-units]" >&2; exit 2 ;;
esac
(cd "$here" && sha256sum --quiet -c SHA256SUMS) || { echo "install: this folder is damaged (SHA256SUMS)" >&2; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "install: Python 3.11 or newer is needed" >&2; exit 2; }
"$python" -c 'import venv, ensurepip' || { echo "install: Debian's package python3-venv is needed" >&2; exit 2; }
"$python" -m venv "$prefix/venv"
"$prefix/venv/bin/python" -m pip install --disable-pip-version-check --quiet --no-index \
  --find-links "$here/wheels" "roundseal[$extras]"
mkdir -p "$prefix/docs" && cp -r "$here/docs/." "$prefix/docs/"
if [ "$units" = yes ]; then
  [ "$(id -u)" = 0 ] || { echo "install: the units need root; say --no-units" >&2; exit 2; }
  case $what in agent|both)
    id roundseal-agent >/dev/null 2>&1 || useradd --system --home-dir /var/lib/roundseal-agent --shell /usr/sbin/nologin roundseal-agent
    for group in adm systemd-journal; do getent group $group >/dev/null || groupadd --system $group; done
    cp "$here/roundseal-agent.service" /etc/systemd/system/ ;; esac
  case $what in collector|both)
    id roundseal >/dev/null 2>&1 || useradd --system --home-dir /var/lib/roundseal --shell /usr/sbin/nologin roundseal
    cp "$here/roundseal-collector.service" /etc/systemd/system/ ;; esac
  systemctl daemon-reload 2>/dev/null || true
fi
ln -sf "$prefix"/venv/bin/roundseal-* /usr/local/bin/ 2>/dev/null || true
echo "installed below $prefix; next: see $prefix/docs/install.md"
