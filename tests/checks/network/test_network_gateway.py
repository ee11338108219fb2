"""network.policy on a real gateway: the kernel's nftables and iptables between two networks, real packets.

Gateway and neighbours are namespaces of their own; the gateway is logged in to by a real sshd.
"""

import getpass
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import recordings

from checks.api import ErrorKind, ObservationError, Seen, State
from checks.codec import to_json
from checks.network import policy
from checks.network._gateway import SUDOERS
from checks.remote import Login

AT = 1_795_255_710_806
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups "
NFT = """
flush ruleset
table inet fw {
  set admins { type ipv4_addr; elements = { 10.1.0.5 } }
  chain from_lan {
    ip saddr 10.1.0.0/24 tcp dport 8000 counter accept comment "web"
    udp dport 53 counter accept comment "dns"
    meta time < "2026-01-01 00:00:00" ip saddr 10.1.0.2 counter accept comment "contractor"
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iif lo accept
    ip saddr @admins tcp dport 22 counter accept comment "admins"
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } counter accept comment "neighbours"
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname vmap { "lan0" : jump from_lan }
  }
}
"""
IPTABLES = """
iptables -P INPUT DROP; iptables -P FORWARD DROP
iptables -A INPUT -i lo -j ACCEPT
iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -A INPUT -s 10.1.0.5 -p tcp --dport 22 -m comment --comment admins -j ACCEPT
iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -N FROM_LAN; iptables -A FORWARD -i lan0 -g FROM_LAN
iptables -A FROM_LAN -s 10.1.0.0/24 -p tcp --dport 8000 -m comment --comment web -j ACCEPT
iptables -A FROM_LAN -p udp --dport 53 -m comment --comment dns -j ACCEPT
iptables -A FROM_LAN -s 10.1.0.2 -m time --datestop 2026-01-01T00:00:00 -m comment --comment contractor \\
  -j ACCEPT
ip6tables -P INPUT DROP; ip6tables -P FORWARD DROP
ip6tables -A INPUT -p icmpv6 -m comment --comment neighbours -j ACCEPT
"""
HOLD = """
mount -t tmpfs none /run; mkdir -p /run/sudo
mount --bind {place}/sudoers /etc/sudoers
ip link set lo up
echo ready
exec sleep 100000
"""
JOIN = """
ip link add lan0 type veth peer name eth0 netns {lan}; ip link add wan0 type veth peer name eth0 netns {wan}
ip address add 10.1.0.1/24 dev lan0; ip address add 10.2.0.1/24 dev wan0
ip link set lan0 up; ip link set wan0 up
echo 1 > /proc/sys/net/ipv4/ip_forward
"""
NEIGHBOUR = "ip address add {address}/24 dev eth0; ip link set eth0 up; ip route add default via {via}"
CONNECT = """
import errno, socket, sys
made = socket.socket()
made.settimeout(30)
sys.exit(0 if made.connect_ex((sys.argv[1], int(sys.argv[2]))) == errno.ECONNREFUSED else 1)
"""


@dataclass
class Gateway:
    """The three machines, by the processes that hold their namespaces."""

    gateway: int
    lan: int
    wan: int
    place: Path

    def run(self, script: str, at: str = "gateway") -> str:
        words = ["nsenter", "--mount", "--net", f"--target={getattr(self, at)}", "--", "sh", "-ec", script]
        ran = subprocess.run(
            words, capture_output=True, text=True, timeout=120, env={"PATH": PATH}, check=False
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def rules(self, text: str) -> None:
        """Load a ruleset of nft."""
        (self.place / "rules").write_text(text)
        self.run(f"nft -f {self.place}/rules")

    def connects(self, port: int) -> None:
        """A neighbour in the LAN reaches one in the WAN, who refuses."""
        (self.place / "connect").write_text(CONNECT)
        self.run(f"/usr/bin/python3 {self.place}/connect 10.2.0.2 {port}", "lan")


@pytest.fixture
def gateway(tmp_path):
    needed = [
        tool
        for tool in ("nft", "iptables", "ip6tables", "ip", "nsenter")
        if not shutil.which(tool, path=PATH)
    ]
    if (
        os.getuid()
        or needed
        or subprocess.run(["unshare", "-mn", "true"], check=False, timeout=60).returncode
    ):
        pytest.skip(f"NOT TESTED: needs root, namespaces and {', '.join(needed) or 'a kernel with them'}")
    place = tmp_path / "gateway"
    place.mkdir()
    (place / "sudoers").write_text(SUDOERS.replace("roundseal-agent", "nobody") + "\n")
    (place / "sudoers").chmod(0o440)
    words = ["unshare", "--mount", "--net", "--propagation=private", "sh", "-ec", HOLD.format(place=place)]
    held = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    try:
        assert [one.stdout.readline() for one in held] == ["ready\n"] * 3
        made = Gateway(*(one.pid for one in held), place)
        made.run(JOIN.format(lan=made.lan, wan=made.wan))
        made.run(NEIGHBOUR.format(address="10.1.0.2", via="10.1.0.1"), "lan")
        made.run(NEIGHBOUR.format(address="10.2.0.2", via="10.2.0.1"), "wan")
        yield made
    finally:
        for one in held:
            one.kill()
            one.wait(60)
            one.stdout.close()


@pytest.fixture
def reached(gateway, start_sshd, secrets, pin):
    """Parameters that lead to the gateway as root, or as `whom`."""

    def start(whom=""):
        inside = f"nsenter --mount --net --target={gateway.gateway} -- "
        sshd = start_sshd(f'ForceCommand exec {inside}{whom}sh -c "$SSH_ORIGINAL_COMMAND"')
        secrets(ssh={"user": getpass.getuser(), "key": str(sshd.client_key)})
        pin(Login("127.0.0.1", sshd.port), sshd.key)
        return {"address": "127.0.0.1", "port": sshd.port, "platform": "linux"}

    return start


@pytest.fixture
def look(ssh):
    """Rules by name, and readings; under `name` the look is kept as a recording where that is wanted."""

    def at(to, name="", **given):
        params = policy.Params(**to, **given)
        facts = policy.observe(ssh, params)
        found = list(policy.judge(Seen(facts, AT), params))
        if name:
            asked = {"address": "10.0.0.1", "platform": "linux", **given}
            kept = {
                "params": asked,
                "facts": to_json(facts),
                "taken_at": AT,
                "expect": recordings.expected(found),
            }
            recordings.keep("network.policy", name, kept)
        rules = {one.name: one for one in facts.rules}
        # A rule may be named for more than one reason: the first counts here.
        return rules, {one.name: (one.value, one.state, one.reason) for one in reversed(found)}

    return at


GOOD = ["web", "dns", "contractor", "admins", "neighbours"]


@pytest.mark.parametrize("kind", ["nft", "iptables"])
def test_a_rule_is_used_once_a_packet_met_it(gateway, reached, look, kind):
    gateway.rules(NFT) if kind == "nft" else gateway.run(IPTABLES)
    # Nobody speaks IPv6 here, so that its neighbours do not move what is counted.
    gateway.run("nft reset counters >/dev/null; iptables -Z; ip6tables -Z" if kind == "iptables" else "true")
    to = reached()
    rules, found = look(to)
    assert sorted(rules) == sorted(GOOD) and all(one.enabled and one.permits for one in rules.values())
    assert [rules[name].hits for name in ("web", "dns", "contractor", "admins")] == [0, 0, 0, 0]
    assert found["rules"] == (5, State.OK, "") and found["any_any"] == (0, State.OK, "")
    assert found["expired"][:2] == (1, State.WARN) and found["web"][2] == "never_hit"
    assert rules["contractor"].ends_ms == 1_767_225_600_000
    gateway.connects(8000)
    rules, found = look(to, f"linux_{kind}")
    assert rules["web"].hits > 0 and rules["dns"].hits == 0
    assert "web" not in found and found["dns"][2] == "never_hit"


@pytest.mark.parametrize("kind", ["nft", "iptables"])
def test_what_lets_everything_through_is_found_however_it_is_written(gateway, reached, look, kind):
    gateway.rules(NFT) if kind == "nft" else gateway.run(IPTABLES)
    to = reached()
    add = "nft add rule inet fw forward" if kind == "nft" else "iptables -A FORWARD"
    words = {
        "nft": (
            'iifname "lan0" counter accept comment "open"',
            "ip saddr 0.0.0.0/0 counter accept comment open",
        ),
        "iptables": ("-i lan0 -m comment --comment open -j ACCEPT", "-m comment --comment open -j ACCEPT"),
    }
    for rule in words[kind]:
        gateway.run(f"{add} {rule}")
    _, found = look(to, f"linux_{kind}_open")
    assert found["any_any"] == (2, State.CRIT, "any_any") and found["open"][1] is State.CRIT
    assert look(to, accepted=("open",))[1]["any_any"] == (0, State.OK, "")
    # Replies, loopback and what is limited by one thing are no such rule.
    gateway.rules(NFT) if kind == "nft" else gateway.run("iptables -F; iptables -X; ip6tables -F;" + IPTABLES)
    assert look(to)[1]["any_any"] == (0, State.OK, "")
    # The end of a chain is.
    gateway.run(
        "nft chain inet fw forward '{ policy accept; }'" if kind == "nft" else "iptables -P FORWARD ACCEPT"
    )
    _, found = look(to)
    default = "inet fw forward default" if kind == "nft" else "ip filter FORWARD default"
    assert found["any_any"] == (1, State.CRIT, "any_any") and found[default][1] is State.CRIT
    # A last rule that stops everything closes it again; so does another chain of the hook.
    gateway.run(f"{add} counter drop" if kind == "nft" else f"{add} -j REJECT")
    assert look(to)[1]["any_any"] == (0, State.OK, "")
    gateway.run("nft flush chain inet fw forward" if kind == "nft" else "iptables -F FORWARD")
    gateway.run(
        "nft add table ip two; nft add chain ip two late"
        " '{ type filter hook forward priority 10; policy drop; }'"
    )
    assert look(to)[1]["any_any"] == (0, State.OK, "")


def test_a_machine_without_rules_lets_everything_through_and_what_it_does_not_forward_counts_not(
    gateway, reached, look
):
    to = reached()
    rules, found = look(to, "linux_none")
    assert {"IPv4 input default", "IPv4 forward default", "IPv6 input default"} == set(rules)
    assert found["any_any"] == (3, State.CRIT, "any_any")
    gateway.run("echo 0 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6")
    assert list(look(to)[0]) == ["IPv4 input default"]
    # One interface that forwards is enough, whatever the machine as a whole says.
    gateway.run("echo 1 > /proc/sys/net/ipv4/conf/lan0/forwarding")
    assert set(look(to)[0]) == {"IPv4 input default", "IPv4 forward default"}
    gateway.run("echo 0 > /proc/sys/net/ipv4/conf/lan0/forwarding")
    gateway.rules("table ip fw { chain in { type filter hook input priority 0; policy drop; }; }")
    rules, found = look(to)
    assert not rules and found["rules"] == (0, State.OK, "") and found["unused"][1] is State.OK


def test_a_rule_without_a_counter_is_unknown_and_not_unused(gateway, reached, look):
    gateway.rules(NFT.replace("tcp dport 8000 counter", "tcp dport 8000"))
    rules, found = look(reached())
    assert rules["web"].hits is None and "web" not in found
    assert found["uncounted"] == (1, State.UNKNOWN, "not_reported")
    gateway.rules(NFT.replace(" counter ", " "))
    assert look(reached())[1]["unused"] == (None, State.UNKNOWN, "not_reported")


def test_the_least_right_is_enough_and_none_is_denied(gateway, reached, look):
    gateway.rules(NFT)
    if shutil.which("sudo"):
        assert sorted(look(reached(NOBODY))[0]) == sorted(GOOD)
    (gateway.place / "sudoers").write_text("root ALL=(ALL) ALL\n")
    with pytest.raises(ObservationError) as raised:
        look(reached(NOBODY))
    assert raised.value.kind is ErrorKind.DENIED


def test_the_kernels_old_tables_count_beside_the_new_ones(gateway, reached, look):
    if not shutil.which("iptables-legacy", path=PATH):
        pytest.skip("NOT TESTED: no iptables-legacy here")
    gateway.run("iptables-legacy -P INPUT DROP; iptables-legacy -A INPUT -p tcp --dport 25 -j ACCEPT")
    to = reached()
    rules, found = look(to)
    # Old tables shut the way in, nothing shuts the others.
    assert set(rules) == {
        "ip legacy-filter INPUT 1",
        "IPv6 input default",
        "ip legacy-filter FORWARD default",
    }
    gateway.run("iptables -A INPUT -j ACCEPT; iptables -P FORWARD DROP; ip6tables -P INPUT DROP")
    rules, found = look(to)
    assert set(rules) == {"ip legacy-filter INPUT 1", "ip filter INPUT 1"}
    assert found["any_any"] == (0, State.OK, "")
    gateway.run("iptables-legacy -A INPUT -j ACCEPT")
    assert look(to)[1]["any_any"] == (2, State.CRIT, "any_any")


def test_rules_that_the_tools_do_not_tell_are_no_policy(gateway, reached, look):
    gateway.rules(NFT)
    to = reached()
    fake = gateway.place / "nft"
    fake.write_text("#!/bin/sh\n")
    fake.chmod(0o755)
    gateway.run(f"mount --bind {fake} $(readlink -f /usr/sbin/nft)")
    for script, kind in (
        ('echo \'{"nftables": [{"metainfo": {}}, {"rule"\'', ErrorKind.GARBLED),
        ('echo \'{"nftables": [{"rule": 1}]}\'', ErrorKind.GARBLED),
        ("echo Segmentation fault >&2; exit 139", ErrorKind.GARBLED),
        ("kill -9 $$", ErrorKind.GARBLED),
        ("yes | head -c 3000000", ErrorKind.GARBLED),
    ):
        fake.write_text(f"#!/bin/sh\n{script}\n")
        assert refused(look, to) is kind, script
    gateway.run("mount -t tmpfs none /usr/sbin")
    assert refused(look, to) is ErrorKind.UNSUPPORTED


def refused(look, to):
    with pytest.raises(ObservationError) as raised:
        look(to)
    return raised.value.kind
