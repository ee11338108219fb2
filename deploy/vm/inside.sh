#!/usr/bin/env bash
# Runs inside the virtual machine of test.sh: install, units, enrol, inspect, verify, break; then switch off.
# Lines that begin with "vm:" are the test's result; everything else goes to the console only on failure.
set -uo pipefail
data=/var/lib/roundseal state=/var/lib/roundseal-agent
say() { echo "vm: $*"; }
fail() {
  trap - ERR
  say "FAIL $*"
  sed "s/^/vm:   /" /tmp/looks.log 2> /dev/null
  lsblk -o NAME,TYPE,SIZE,TRAN,SERIAL,WWN; multipath -ll
  journalctl -n 80 --no-pager -o cat -u roundseal-collector -u roundseal-agent
  journalctl -n 20 --no-pager -o cat -t audit -t kernel
  systemctl poweroff --force; exit 1
}
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR
set -E
quiet() { "$@" > /tmp/out.log 2>&1 || { cat /tmp/out.log; fail "$*"; }; }
until_true() { # seconds, what, command...: wait for it
  local end=$((SECONDS + $1)) what=$2; shift 2
  until "$@" > /tmp/until.log 2>&1; do
    [ "$SECONDS" -lt "$end" ] || { cat /tmp/until.log; fail "$what: not within the time"; }
    sleep 2
  done
}
as_collector() { runuser -u roundseal -- roundseal-collector "$@"; }
as_agent() { runuser -u roundseal-agent -- roundseal-agent "$@"; }
field() { python3 -c 'import json,sys; print(eval(sys.argv[1], {"x": json.load(sys.stdin)}))' "$1"; }
property() { systemctl show -p "$2" --value "$1"; }

say "$(. /etc/os-release; echo "$PRETTY_NAME"), kernel $(uname -r), network devices besides lo: $(ip -br link | awk '$1 != "lo"' | wc -l)"
cd /srv/offline
quiet bash install.sh both
say "installed without a network"
for unit in roundseal-collector roundseal-agent; do quiet systemd-analyze verify /etc/systemd/system/$unit.service; done
[ ! -s /tmp/out.log ] || { cat /tmp/out.log; fail "systemd-analyze verify complains"; }
say "systemd-analyze verify: no complaint"

for unit in roundseal-collector roundseal-agent; do # an emulated processor is slow; a shorter watchdog bites sooner
  install -d /run/systemd/system/$unit.service.d
  printf '[Service]\nTimeoutStartSec=400\nWatchdogSec=60\n' > /run/systemd/system/$unit.service.d/test.conf
done
systemctl daemon-reload
quiet mdadm --create /dev/md0 --run --metadata=1.2 --level=1 --raid-devices=2 /dev/vdb /dev/vdc
quiet vgcreate data /dev/vdd
quiet lvcreate --yes --name files --size 32M data
printf 'defaults {\n  user_friendly_names yes\n  find_multipaths yes\n}\n' > /etc/multipath.conf
quiet systemctl restart multipathd
quiet nft -f - <<'NFT'
table inet filter {
  chain input { type filter hook input priority 0; policy drop; iif lo accept; }
}
NFT
for unit in service timer; do cp "/srv/nightly.$unit" /etc/systemd/system/; done
systemctl daemon-reload
quiet systemctl start nightly.timer
quiet systemctl enable --now roundseal-root-commands.socket
quiet as_collector init $data
systemctl start roundseal-collector
# The kernel names disks as it finds them: only the one with this serial is asked for its SMART.
others=$(lsblk -dno NAME,SERIAL | awk '$1 ~ /^sd/ && $2 != "SN0001" {printf "%s/dev/%s", comma, $1; comma = ", "}')
sed "s|OTHERS|$others|" /srv/estate.yaml > /tmp/estate.yaml && chmod 0644 /tmp/estate.yaml
quiet as_collector estate apply $data /tmp/estate.yaml
token=$(as_collector token create $data --asset vm | tail -1)
as_agent enrol https://127.0.0.1:8443 "$token" --state $state --no-wait --json > /tmp/enrol.json
quiet as_collector agents approve $data "$(field 'x["code"]' < /tmp/enrol.json)"
systemctl start roundseal-agent
quiet systemctl is-active roundseal-agent roundseal-collector
say "both units are up: systemd was told so by both"

looks() { runuser -u roundseal -- /opt/roundseal/venv/bin/python /srv/looks.py $data; }
log_has() { looks > /tmp/looks.log && grep -q "$1" /tmp/looks.log; }
until_true 300 "an echo probe" log_has '^service.icmp .*ok'
until_true 300 "a look at the journal" log_has '^host.log .*\(ok\|warn\|crit\)'
sed 's/^/vm:   /' /tmp/looks.log
# An emulated machine has no sensors, and a slow one may miss a deadline once; anything else is the unit's confinement.
sed -E '/^host\.sensors /d; s/(; )?[0-9]+ x error timeout//' /tmp/looks.log > /tmp/looked.log
! grep -q 'error' /tmp/looked.log || fail "a check could not look from inside its unit"
until_true 300 "host.sensors, unsupported on a machine without any" log_has '^host.sensors .*error unsupported'
grep -q '^host.filesystem .*x ok$' /tmp/looks.log || fail "host.filesystem is not ok"
grep -q '^service.tcp .*x ok$' /tmp/looks.log || fail "service.tcp is not ok"
for check in virtual.md virtual.lvm virtual.multipath server.smart; do until_true 900 "$check" log_has "^$check .*x ok"; done
until_true 900 "the packet filter" log_has '^security.firewall '
until_true 900 "audit rules" log_has '^security.audit '
until_true 900 "a stick in the USB port" log_has '^security.usb .*plugged_in'
until_true 900 "a timer whose job failed" log_has '^host.jobs .*nightly.timer='
until_true 900 "the unit that failed" log_has '^host.units .*crit'
sed -E '/^host\.sensors /d; s/(; )?[0-9]+ x error timeout//' /tmp/looks.log > /tmp/looked.log
! grep -q 'error' /tmp/looked.log || fail "a check could not look from inside its unit, through the socket"
! grep -vq ' x ' /tmp/looked.log || fail "a check never looked within its time"
sed -n 's/^\(virtual\|server\|security\|host.units\|host.jobs\)/vm:   &/p' /tmp/looks.log
say "smartctl --scan: $(smartctl --scan)"
quiet mdadm /dev/md0 --fail /dev/vdc
path=$(lsblk -lno NAME,TYPE,SERIAL | awk '$2 == "disk" && $3 == "LUN1" {print $1; exit}')
[ -n "$path" ] && echo offline > "/sys/block/$path/device/state"
until_true 900 "a RAID without its second disk" log_has '^virtual.md .*degraded'
until_true 900 "a disk that lost a path" log_has '^virtual.multipath .*\(warn\|crit\)'
say "RAID 1, LVM, two paths to a disk, SMART of a SATA disk: from inside the unit; a failed member and a lost path are seen"
say "every host check and the ICMP probe could look from inside the unit"

round=$(as_collector round run $data daily --json | field 'x["window"]["id"]')
recorded() { as_collector round show $data "$round" --json > /tmp/round.json; [ "$(field 'x["closed"]' < /tmp/round.json)" = True ]; }
until_true 300 "an inspection record" recorded
say "inspected itself: round $round has its record"
quiet as_collector bundle make $data --period today --out $data/evidence.zip
quiet roundseal-verify $data/evidence.zip --policy $data/policy
say "bundle verified: $(tail -1 /tmp/out.log)"

for unit in roundseal-collector roundseal-agent; do
  say "systemd-analyze security: $(systemd-analyze security --no-pager $unit | tail -1 | sed 's/^[^A-Za-z]*//' | tr -s ' ')"
  pid=$(property $unit MainPID)
  say "$unit: $(awk '/^VmRSS/ {print $2, $3}' "/proc/$pid/status") resident, capabilities $(awk '/^CapEff/ {print $2}' "/proc/$pid/status")"
done

back() { [ "$(property "$1" NRestarts)" -ge "$2" ] && systemctl is-active --quiet "$1"; }
kill -9 "$(property roundseal-agent MainPID)"
until_true 120 "the agent after kill -9" back roundseal-agent 1
kill -9 "$(property roundseal-collector MainPID)"
until_true 120 "the collector after kill -9" back roundseal-collector 1
say "kill -9: both came back"
for unit in roundseal-agent roundseal-collector; do
  kill -STOP "$(property $unit MainPID)"
  until_true 300 "$unit after it hung" back $unit 2
  journalctl -u $unit --no-pager -o cat | grep -q 'Watchdog timeout' || fail "$unit: not the watchdog"
done
say "hung: the watchdog ended both, both came back"
as_agent status --state $state --json > /tmp/status.json || true
before=$(field 'x["chain"]["seq"]' < /tmp/status.json)
moved() { as_agent status --state $state --json > /tmp/status.json; [ "$(field 'x["chain"]["seq"]' < /tmp/status.json)" -gt $((before + 1)) ]; }
until_true 200 "new batches afterwards" moved
quiet as_collector fsck $data
say "fsck: $(tail -1 /tmp/out.log)"
say "PASS"
systemctl poweroff --force
