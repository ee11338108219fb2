"""`discover TARGET`: what a device is and has, and a ready piece of estate YAML.

snmp://ADDRESS[:PORT]?version=2&secret=NAME
redfish://ADDRESS[:PORT]?secret=NAME&pin=HEX, ipmi://ADDRESS[:PORT]?secret=NAME
ssh://ADDRESS[:PORT]?secret=NAME
"""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from agent import settings
from agent.discover_estate import asset, identifier
from agent.errors import AgentError
from agent.shown import Shown
from agent.sources.memory import Transient
from agent.state import State
from checks.api import ObservationError
from checks.snmp import Device, Peer

_SHOWN = 12
_FORMS = (
    "snmp://ADDRESS[:PORT]?version=1|2|3&secret=NAME",
    "ssh://ADDRESS[:PORT]?secret=NAME",
    "redfish://ADDRESS[:PORT]?secret=NAME",
    "ipmi://ADDRESS[:PORT]?secret=NAME",
)


def run(state: State, target: str, readings_file: Path | None) -> Shown:
    """Exit 0: read; 2: it could not be looked at."""
    _check_port(target)
    if target.startswith(("redfish:", "ipmi:")):
        return _controller(state, target)
    if not target.startswith(("ssh:", "snmp:")):
        raise AgentError("target", f"TARGET {target}: {' or '.join(_FORMS)} is wanted")
    if target.startswith("ssh:"):
        from agent import discover_ssh

        return discover_ssh.run(target, settings.read(state).means(state))
    from agent.sources.snmp import open_snmp
    from agent.sources.snmp_readings import readings

    peer = peer_of(target)
    source = open_snmp(Transient(), settings.read(state).means(state))
    try:
        device = source.look(peer)
    except ObservationError as error:
        value = {"target": target, "error": str(error.kind), "detail": error.detail}
        return Shown(value, f"{target}: {error.kind} {error.detail}", 2)
    found = readings(device)
    if readings_file is not None:
        text = json.dumps(found, ensure_ascii=False, indent=1) + "\n"
        try:
            readings_file.write_text(text, "utf-8")
        except OSError as error:
            raise AgentError("readings", f"{readings_file}: {error.strerror}") from None
    piece = estate(peer, device)
    return Shown({"target": target, **found, "estate": piece}, f"{summary(device)}\n\n{piece}", 0)


def _check_port(target: str) -> None:
    """AgentError where the target's port is none; other faults are told by whoever reads the target."""
    try:
        parts = urlsplit(target)
    except ValueError as error:
        raise AgentError("target", f"TARGET {target}: {error}") from None
    try:
        good = parts.port is None or parts.port > 0
    except ValueError:
        good = False
    if not good:
        raise AgentError("target", f"TARGET {target}: its PORT must be a number from 1 to 65535")


def _controller(state: State, target: str) -> Shown:
    from agent.sources.bmc import open_bmc
    from agent.sources.bmc_discover import described, reach_of

    at = reach_of(target)
    try:
        found, shown = described(open_bmc(settings.read(state).means(state), Transient()), at)
    except ObservationError as error:
        value = {"target": target, "error": str(error.kind), "detail": error.detail}
        return Shown(value, f"{target}: {error.kind} {error.detail}", 2)
    return Shown({"target": target, **found}, shown, 0)


def peer_of(target: str) -> Peer:
    """The peer a target names; AgentError says what is wrong with it."""
    try:
        parts = urlsplit(target)
        port = parts.port or 161
    except ValueError as error:
        raise AgentError("target", f"{target}: {error}") from None
    given = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    if parts.scheme != "snmp" or not parts.hostname or set(given) - {"version", "secret"}:
        raise AgentError("target", f"TARGET {target}: {_FORMS[0]} is wanted")
    try:
        return Peer(parts.hostname, port, int(given.get("version", "3")), given.get("secret", "snmp"))
    except ValueError as error:
        raise AgentError("target", f"{target}: {error}") from None


def summary(device: Device) -> str:
    """A few lines for a person."""
    who = device.identity
    lines = [
        f"{who.name or '(no name)'}: {' '.join(who.description.split())[:100]}",
        f"object id {who.object_id}; profile {who.os or 'none: standard tables only'}",
        f"vendor {who.vendor or '-'}, kind {who.kind or '-'}, hardware {who.hardware or '-'}, "
        f"version {who.version or '-'}, serial {who.serial or '-'}",
        f"{len(device.processors)} processors, {len(device.memory)} memory pools, "
        f"{len(device.storage)} stores, {len(device.sensors)} sensors, {len(device.ports)} ports, "
        f"{len(device.neighbours)} neighbours",
    ]
    bad = [sensor for sensor in device.sensors if sensor.severity in ("warn", "crit")]
    lines += [f"{sensor.severity}: {sensor.name}: {sensor.state}" for sensor in bad[:_SHOWN]]
    if len(bad) > _SHOWN:
        lines.append(f"… and {len(bad) - _SHOWN} more")
    return "\n".join(lines)


def estate(peer: Peer, device: Device) -> str:
    """The asset as a piece of estate YAML."""
    who = device.identity
    name = who.name or peer.address
    fields = {
        "kind": identifier(who.kind or "network-device"),
        "name": name,
        "model": who.hardware,
        "serial": who.serial,
    }
    way = {"address": peer.address, "port": peer.port, "version": peer.version, "secret": peer.secret}
    return asset(name, fields, "snmp", way)
