"""Stacks and pairs from a device's command line: which units there are, in which role and state.

Severities are the makers' words: a unit that takes no part is crit, one that still starts or was announced
and never came is warn, a word that nobody here knows is unknown.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from agent.parsing.parse import Row
from agent.sources.device_cli import Rows, text
from checks.device import Member

# Those that a device does not know are passed over.
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "huawei_vrp": ("display stack", "display hrp state"),
    "hp_comware": ("display irf",),
    "ruijie_os": ("show switch virtual",),
    "cisco_ios": ("show switch",),
    "cisco_nxos": ("show vpc",),
    "fortinet": ("get system ha status",),
}
Texts = Mapping[str, str]
_IN_SYNC = re.compile(r"^\s+(\S+?)\(updated [^)]*\):\s*(in-sync|out-of-sync)\s*$", re.MULTILINE)
_STATES: Mapping[str, str] = {
    # Cisco IOS, by its first word
    "ready": "ok",
    "provisioned": "warn",
    "unprovisioned": "warn",
    "initializing": "warn",
    "initialized": "warn",
    "progressing": "warn",
    "syncing": "warn",
    "waiting": "warn",
    "removed": "crit",
    "invalid": "crit",
    "v-mismatch": "crit",
    "v": "crit",
    "sdm": "crit",
    "ha": "crit",
    "version": "crit",
    # Ruijie
    "ok": "ok",
    "recovery": "crit",
    "init": "warn",
    "leave": "crit",
}
_ROLES = {
    "master": "ok",
    "standby": "ok",
    "slave": "ok",
    "candidate": "ok",
    "loading": "warn",
    "isolated": "crit",
    "recovery": "crit",
}


def read(platform: str, rows: Rows, texts: Texts) -> Sequence[Member]:
    """Units that these outputs name, in their order."""
    return tuple(
        one
        for command, found in rows.items()
        for one in _READERS[platform, command](found, texts.get(command, ""))
    )


def _by_role(group: str, name: str) -> Callable[[Sequence[Row], str], Iterable[Member]]:
    def units(rows: Sequence[Row], _: str) -> Iterable[Member]:
        for row in rows:
            role = text(row, "role").lower()
            yield Member(group, text(row, name), role, "", _ROLES.get(role, "unknown"))

    return units


def _hrp(rows: Sequence[Row], _: str) -> Iterable[Member]:
    for row in rows:
        for name, role, state in (("local", "role", "core_state"), ("peer", "peer", "peer_core_state")):
            word = text(row, state).lower()
            severity = "crit" if word.startswith("abnormal") else "unknown"
            severity = "ok" if word.startswith("normal") else severity
            if name == "local" and text(row, "should_be"):
                word, severity = f"should be {text(row, 'should_be')}", "warn"
            known = text(row, role).lower() not in ("", "unknown")
            yield Member("hrp", name, text(row, role).lower(), word, severity if known else "crit", known)


def _switch(rows: Sequence[Row], _: str) -> Iterable[Member]:
    for row in rows:
        state = text(row, "state").lower()
        severity = _STATES.get(state, "unknown")
        # One that was announced and never came is not there.
        there = state not in ("provisioned", "unprovisioned", "removed")
        yield Member("stack", text(row, "switch"), text(row, "role").lower(), state, severity, there)


def _virtual(rows: Sequence[Row], _: str) -> Iterable[Member]:
    for row in rows:
        state = text(row, "status").lower()
        severity = _STATES.get(state, "unknown")
        yield Member("vsu", text(row, "switch_id"), text(row, "role").lower(), state, severity)


def _vpc(rows: Sequence[Row], _: str) -> Iterable[Member]:
    if not rows:
        return
    head = rows[0]
    peer, alive = text(head, "peer_status").lower(), text(head, "keepalive_status").lower()
    formed, heard = peer == "peer adjacency formed ok", alive == "peer is alive"
    agrees = text(head, "consistency_status").lower()
    yield Member(
        "vpc", "local", _vpc_role(text(head, "role")), agrees, "ok" if agrees == "success" else "crit"
    )
    yield Member("vpc", "peer", "", peer, "ok" if formed else "crit", formed)
    yield Member("vpc", "keep-alive", "", alive, "ok" if heard else "crit", False)
    for row in rows:
        state = text(row, "status").lower()
        yield Member("vpc", text(row, "port"), "", state, "ok" if state == "up" else "warn", False)


def _vpc_role(said: str) -> str:
    """`primary, operational secondary`: what it does counts, not what it was set up as."""
    return said.lower().rpartition("operational ")[2].strip()


def _fortinet(rows: Sequence[Row], whole: str) -> Iterable[Member]:
    synced = dict(_IN_SYNC.findall(whole))
    for row in rows:
        mode = text(row, "ha_mode").lower()
        if mode == "standalone":
            yield Member("ha", "local", "standalone")
            continue
        for role, word in (("primary", "master"), ("secondary", "slave")):
            serial = text(row, f"ha_{word}_unit_serial")
            if serial:
                state = synced.get(serial, "")
                yield Member(
                    "ha", text(row, f"ha_{word}_unit_name"), role, state, _SYNCED.get(state, "unknown")
                )
        said = row.get("ha_health")
        for at, one in enumerate(said if isinstance(said, list) else [], 1):
            if one.strip().lower() != "ok":
                yield Member("ha", f"health {at}", "", one.strip()[:120].lower(), "warn", False)


_SYNCED = {"in-sync": "ok", "out-of-sync": "crit"}
_READERS: Mapping[tuple[str, str], Callable[[Sequence[Row], str], Iterable[Member]]] = {
    ("huawei_vrp", "display stack"): _by_role("stack", "slot"),
    ("huawei_vrp", "display hrp state"): _hrp,
    ("hp_comware", "display irf"): _by_role("irf", "member"),
    ("ruijie_os", "show switch virtual"): _virtual,
    ("cisco_ios", "show switch"): _switch,
    ("cisco_nxos", "show vpc"): _vpc,
    ("fortinet", "get system ha status"): _fortinet,
}
