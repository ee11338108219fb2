"""What a server is and has, by its controller: for `discover redfish://ADDRESS` and `discover ipmi://ADDRESS`."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from agent.errors import AgentError
from checks.api import ErrorKind, ObservationError
from checks.bmc import Bmc, Reach
from checks.codec import to_json

SCHEMES = ("redfish", "ipmi")
_KEYS = {"secret", "pin"}
_PARTS: tuple[tuple[str, str], ...] = (
    ("processors", "processors"),
    ("memory", "memory modules"),
    ("drives", "drives"),
    ("supplies", "power supplies"),
    ("fans", "fans"),
    ("temperatures", "temperatures"),
    ("firmware", "firmware components"),
)


def reach_of(target: str) -> Reach:
    """`redfish://ADDRESS[:PORT]?secret=NAME&pin=HEX`, `ipmi://…`; AgentError says what is wrong with it."""
    try:
        parts = urlsplit(target)
        given = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        if parts.scheme not in SCHEMES or not parts.hostname or set(given) - _KEYS:
            raise ValueError(f"{parts.scheme or 'redfish'}://ADDRESS[:PORT]?secret=NAME&pin=HEX is wanted")
        secret = given.get("secret", parts.scheme)
        return Reach(parts.hostname, parts.port or 0, parts.scheme, secret, given.get("pin", ""))
    except ValueError as error:
        raise AgentError("target", f"{target}: {error}") from None


def described(bmc: Bmc, at: Reach) -> tuple[Mapping[str, Any], str]:
    """All that is there as plain JSON, and a few lines with the piece of estate YAML for a person.

    What a controller does not have is left out; ObservationError where it cannot be looked at at all.
    """
    found: dict[str, Any] = {"identity": to_json(_had(lambda: bmc.identity(at)))}
    for name, _ in _PARTS:
        found[name] = to_json(_had(_asking(bmc, name, at)) or ())
    who = found["identity"] or {}
    lines = [
        f"{who.get('maker') or '-'} {who.get('model') or '-'}, serial {who.get('serial') or '-'}, "
        f"BIOS {who.get('bios') or '-'}",
        ", ".join(f"{len(found[name])} {words}" for name, words in _PARTS),
    ]
    asset = _estate(at, who)
    return {**found, "estate": asset}, "\n".join([*lines, "", asset])


def _asking(bmc: Bmc, name: str, at: Reach) -> Callable[[], Sequence[object]]:
    return lambda: getattr(bmc, name)(at)


def _had(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except ObservationError as error:
        if error.kind is not ErrorKind.UNSUPPORTED:
            raise
        return None


def _estate(at: Reach, who: Mapping[str, str]) -> str:
    """The asset as the estate file wants it; ids and agents are for a person to fill in."""
    section: dict[str, str | int] = {"address": at.address, "secret": at.secret}
    if at.port:
        section["port"] = at.port
    if at.protocol != "redfish":
        section["protocol"] = at.protocol
    if at.pin:
        section["pin"] = at.pin
    name = json.dumps(who.get("serial") or at.address, ensure_ascii=False)
    lines = ["assets:", f"- id: {name}", "  kind: server"]
    for key in ("model", "serial"):
        if who.get(key):
            lines.append(f"  {key}: {json.dumps(who[key], ensure_ascii=False)}")
    inner = ", ".join(f"{key}: {json.dumps(value)}" for key, value in section.items())
    return "\n".join([*lines, "  via: AGENT", f"  redfish: {{{inner}}}"])
