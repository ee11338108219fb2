"""The packet filter of a machine, by SSH: nftables, iptables, and whether it forwards packets at all."""

import re
from collections.abc import Iterator, Mapping

from checks.api import ErrorKind, ObservationError
from checks.network import _iptables, _nft
from checks.network._asking import Ask, asker
from checks.network._filters import HOOKS, Chain, FilterError, Group, rules
from checks.network._policies import Rule
from checks.remote import Login, Ssh

SUDOERS = (
    "roundseal-agent ALL=(root) NOPASSWD: /usr/sbin/nft -j list ruleset, /usr/sbin/iptables-save -c,"
    " /usr/sbin/ip6tables-save -c"
)
_NFT = "nft"
_FAMILIES = {"ip": "iptables", "ip6": "ip6tables"}
_TOOL = (
    'PATH="$PATH:/usr/sbin:/sbin"; LC_ALL=C; export PATH LC_ALL; command -v {tool} >/dev/null || exit 127;'
    ' if [ "$(id -u)" = 0 ]; then {words}; else sudo -n {words}; fi'
)
_STATE = (
    "for at in ipv4/ip_forward ipv6/conf/all/forwarding; do"
    ' echo "$at $(cat /proc/sys/net/$at 2>/dev/null)"; done;'
    # An interface may forward IPv4 where the machine as a whole says no.
    " grep -qsx 1 /proc/sys/net/ipv4/conf/*/forwarding && echo 'ipv4/ip_forward 1';"
    ' echo "ipv6 $(grep -vc \' lo$\' /proc/net/if_inet6 2>/dev/null)"; echo "zone $(date +%z)"'
)
_ZONE = re.compile(r"([+-])(\d\d)(\d\d)\Z")
_NO_RIGHT = re.compile(r"sudo:|not permitted|Permission denied|must be root", re.IGNORECASE)
_NO_KERNEL = re.compile(r"not supported|not implemented", re.IGNORECASE)


def policy(ssh: Ssh, to: Login, timeout_ms: int) -> tuple[Rule, ...]:
    """Its rules. ObservationError: `unsupported` without a tool, `denied`, `garbled`."""
    ask = asker(ssh, to, timeout_ms)
    state = _state(ask, to)
    listed = dict(_listings(ask, to))
    if not any(listed.values()):
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{to.name} has neither nft nor iptables-save")
    try:
        chains = tuple(_chains(listed, _offset_s(state.get("zone", ""))))
        return rules(chains, _active(state, chains))
    except FilterError as error:
        raise ObservationError(ErrorKind.GARBLED, f"{to.name}: {error}") from None


def _state(ask: Ask, to: Login) -> Mapping[str, str]:
    ran = ask(_STATE)
    found = dict(line.partition(" ")[::2] for line in ran.stdout.splitlines())
    if not found.get("zone"):
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{to.name} has no POSIX shell")
    return found


def _offset_s(told: str) -> int:
    found = _ZONE.match(told)
    if found is None:
        raise FilterError(f"a zone that is none: {told[:10]}")
    return (1 if found[1] == "+" else -1) * (int(found[2]) * 3600 + int(found[3]) * 60)


def _listings(ask: Ask, to: Login) -> Iterator[tuple[str, str]]:
    """What each tool lists, by its name."""
    yield _NFT, _listed(ask, to, "nft -j list ruleset")[0]
    for name in _FAMILIES.values():
        text, older = _listed(ask, to, f"{name}-save -c")
        yield name, text
        if older:
            yield f"{name}-legacy", _listed(ask, to, f"{name}-legacy-save -c")[0]


def _listed(ask: Ask, to: Login, words: str) -> tuple[str, bool]:
    """What a tool lists, nothing where it is not there or the kernel has none of its tables; and whether it
    says that there are older tables beside."""
    tool = words.partition(" ")[0]
    ran = ask(_TOOL.format(tool=tool, words=words))
    if ran.exit == 127 and "sudo:" not in ran.stderr:
        return "", False
    if ran.cut:
        raise ObservationError(ErrorKind.GARBLED, f"{to.name}: the listing of {tool} breaks off")
    if ran.exit != 0:
        if _NO_RIGHT.search(ran.stderr):
            raise ObservationError(ErrorKind.DENIED, f"{to.name}: this user may not run {words}")
        if _NO_KERNEL.search(ran.stderr):
            return "", False
        raise ObservationError(ErrorKind.GARBLED, f"{to.name}: {tool} ends with {ran.exit}")
    return ran.stdout or "\n", "legacy tables present" in ran.stderr


def _chains(listed: Mapping[str, str], offset_s: int) -> Iterator[Chain]:
    """All chains, each once: iptables is asked for the tables that it keeps in nftables' form too."""
    told = set()
    for family, tool in _FAMILIES.items():
        for text in (listed[tool], listed.get(f"{tool}-legacy", "")):
            yield from _iptables.chains(text, family, offset_s)
            if not _iptables.legacy(text):
                told |= {(family, table) for table in _iptables.tables(text)}
    if listed[_NFT]:
        yield from (one for one in _nft.chains(listed[_NFT], offset_s) if one.key[:2] not in told)


def _active(state: Mapping[str, str], chains: tuple[Chain, ...]) -> frozenset[Group]:
    """Where packets go: what the machine does not say counts as if they did."""
    six = state.get("ipv6", "") not in ("", "0")
    four_on = state.get("ipv4/ip_forward") != "0"
    six_on = six and state.get("ipv6/conf/all/forwarding") != "0"
    bridged = {("bridge", one.hook) for one in chains if one.key[0] == "bridge" and one.hook in HOOKS}
    there = {("IPv4", "input"): True, ("IPv4", "forward"): four_on}
    there |= {("IPv6", "input"): six, ("IPv6", "forward"): six_on}
    return frozenset({group for group, on in there.items() if on} | bridged)
