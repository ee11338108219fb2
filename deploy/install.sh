#!/usr/bin/env bash
# Installs Roundseal from this folder (an offline set) below /opt/roundseal, without any network.
#   bash install.sh agent|collector|both [--prefix DIR] [--no-units]
# Each set gets a folder of its own below PREFIX/releases; PREFIX/venv points at the newest. Installing a newer
# set beside running programs is safe: they go on with the old one until `systemctl restart`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
die() { echo "install: $2" >&2; exit "$1"; }
usage="usage: install.sh agent|collector|both [--prefix DIR] [--no-units]"
what=${1:-}; shift || true
prefix=/opt/roundseal units=yes python=${PYTHON:-python3}
while [ $# -gt 0 ]; do
  case $1 in
    --prefix) prefix=${2:?--prefix wants a folder}; shift 2 ;;
    --no-units) units=no; shift ;;
    *) die 2 "$1 is not understood; $usage" ;;
  esac
done
case $what in
  agent) extras=agent programs="roundseal-agent roundseal-verify" ;;
  collector) extras=collector programs="roundseal-collector roundseal-verify" ;;
  both) extras=agent,collector programs="roundseal-agent roundseal-collector roundseal-verify" ;;
  *) die 2 "$usage" ;;
esac
[ "$units" = no ] || [ "$(id -u)" = 0 ] || die 2 "the units need root; say --no-units"

# Every file must be the listed one, and no other file may be there: pip would take a higher version from it.
cd "$here"
[ -f SHA256SUMS ] || die 1 "SHA256SUMS is missing: this is not an offline set (make wheels)"
sha256sum --quiet -c SHA256SUMS || die 1 "this folder is damaged (SHA256SUMS): carry it over again"
stray=$(comm -13 <(sed 's/^[0-9a-f]* [ *]//' SHA256SUMS | LC_ALL=C sort) <(find . -type f ! -name SHA256SUMS | LC_ALL=C sort))
[ -z "$stray" ] || die 1 "not in SHA256SUMS: $stray"

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die 2 "Python 3.11 or newer is needed (PYTHON=...)"
"$python" -c 'import venv, ensurepip' 2>/dev/null || die 2 "Debian's package python3-venv is needed"
release=$prefix/releases/$(sha256sum SHA256SUMS | cut -c1-12)-$what
# A half-made release of an earlier try is made anew.
"$python" -m venv --clear "$release/venv"
"$release/venv/bin/python" -m pip install --disable-pip-version-check --quiet --isolated --no-index --no-cache-dir \
  --only-binary=:all: --find-links "$here/wheels" "roundseal[$extras]" \
  || die 1 "these wheels do not fit this machine: $("$python" --version), $(uname -m)"
cp -r docs examples LICENSE NOTICE "$release/"
for name in venv docs examples; do ln -sfn "$release/$name" "$prefix/$name"; done

account() { # name: a user without login, and its directory
  id "$1" >/dev/null 2>&1 || useradd --system --user-group --home-dir "/var/lib/$1" --shell /usr/sbin/nologin "$1"
  install -d -m 0700 -o "$1" -g "$1" "/var/lib/$1"
}
if [ "$units" = yes ]; then
  for group in adm systemd-journal; do getent group $group >/dev/null || groupadd --system $group; done
  case $what in agent|both)
    account roundseal-agent
    cp roundseal-agent.service roundseal-root-commands.socket roundseal-root-commands@.service /etc/systemd/system/ ;; esac
  case $what in collector|both) account roundseal; cp roundseal-collector.service /etc/systemd/system/ ;; esac
  for name in $programs; do ln -sfn "$prefix/venv/bin/$name" /usr/local/bin/; done
  systemctl daemon-reload 2>/dev/null || true
fi
echo "installed below $prefix; next: $prefix/docs/install.md"
