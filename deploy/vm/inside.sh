#!/usr/bin/env bash
# Runs inside the virtual machine of test.sh: install, units, enrol, inspect, verify; then switch off.
set -uo pipefail
say() { echo "vm: $*"; }
fail() { say "FAIL $*"; journalctl -n 60 --no-pager -u roundseal-collector -u roundseal-agent; systemctl poweroff; exit 1; }
trap 'fail "line $LINENO"' ERR
set -E
say "running on $(. /etc/os-release; echo "$PRETTY_NAME"), kernel $(uname -r), $(ip -br link | grep -vc '^lo') network devices besides lo"
cd /srv/offline
bash install.sh both > /tmp/install.log 2>&1 || { cat /tmp/install.log; fail install; }
say "installed without a network"
data=/var/lib/roundseal state=/var/lib/roundseal-agent
as_collector() { runuser -u roundseal -- roundseal-collector "$@"; }
as_agent() { runuser -u roundseal-agent -- roundseal-agent "$@"; }
install -d -m 0700 -o roundseal -g roundseal $data
install -d -m 0700 -o roundseal-agent -g roundseal-agent $state
as_collector init $data > /tmp/init.log
for unit in roundseal-collector roundseal-agent; do
  systemd-analyze verify /etc/systemd/system/$unit.service || fail "systemd-analyze verify $unit"
  systemctl start $unit-none 2>/dev/null || true
done
say "systemd-analyze verify: no complaint"
systemctl start roundseal-collector
for _ in $(seq 120); do python3 - <<'PY' && break || sleep 1
import socket; socket.create_connection(("127.0.0.1", 8443), 1)
PY
done
cp /srv/estate.yaml /tmp/estate.yaml && chmod 644 /tmp/estate.yaml
as_collector estate apply $data /tmp/estate.yaml
token=$(as_collector token create $data --asset vm | tail -1 | awk '{print $NF}')
as_agent enrol https://127.0.0.1:8443 "$token" --state $state --no-wait > /tmp/enrol.log
code=$(grep -oE '[0-9]{3,6}([- ][0-9]{3,6}){3,}' /tmp/enrol.log | head -1)
as_collector agents approve $data "$code"
systemctl start roundseal-agent
systemctl is-active roundseal-agent roundseal-collector
say "both units are active"
round=$(as_collector round run $data daily --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["id"])')
for _ in $(seq 180); do
  as_collector round show $data "$round" --json > /tmp/round.json || true
  python3 -c 'import json,sys; sys.exit(not json.load(open("/tmp/round.json")).get("record"))' && break || sleep 2
done
python3 -c 'import json; r = json.load(open("/tmp/round.json"))["record"]; assert r, "no record"' || fail "no inspection record"
say "inspected itself: $round"
as_collector bundle make $data --period today --out $data/evidence.zip > /dev/null
roundseal-verify $data/evidence.zip --policy $data/policy > /tmp/verify.log || { cat /tmp/verify.log; fail verify; }
say "bundle: $(tail -1 /tmp/verify.log)"
as_agent doctor --state $state || true
for unit in roundseal-collector roundseal-agent; do
  say "systemd-analyze security $unit: $(systemd-analyze security --no-pager $unit | tail -1 | tr -s ' ')"
done
pid=$(systemctl show -p MainPID --value roundseal-agent)
say "agent resident: $(awk '/VmRSS/ {print $2, $3}' /proc/"$pid"/status)"
kill -9 "$pid"; sleep 12; systemctl is-active roundseal-agent > /dev/null || fail "the agent did not come back after kill -9"
say "agent killed and back"
as_collector fsck $data > /tmp/fsck.log || { cat /tmp/fsck.log; fail fsck; }
say "fsck: $(tail -1 /tmp/fsck.log)"
say "PASS"
systemctl poweroff
