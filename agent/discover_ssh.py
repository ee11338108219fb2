"""`discover ssh://…`: a machine by uname and os-release, a network device by its version output.

A single command is tried first: machines take it, devices refuse it or answer in words of their own. A device
is then asked at its prompt for its version, in the words that families use, and the form that reads the whole
answer tells the family.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from agent.discover_estate import asset
from agent.errors import AgentError
from agent.parsing.errors import ParseError
from agent.parsing.parse import MARKS, Row, parse
from agent.shown import Shown
from agent.sources import device_cli
from agent.sources.means import Means
from checks.api import ErrorKind, ObservationError
from checks.remote import Login, Screen, Ssh, place
from checks.snmp import Identity

TIMEOUT_MS = 20_000
GENERIC = "generic"
_VERSIONS = ("display version", "show version", "get system status")
_SYSTEMS = ("Linux", "AIX", "SunOS", "HP-UX", "FreeBSD", "OpenBSD", "NetBSD", "Darwin")
_WANTED = "ssh://ADDRESS[:PORT]?secret=NAME[&platform=P][&legacy=yes][&hop=ADDRESS:PORT&hop_secret=NAME]"
_KEYS = {"secret", "platform", "legacy", "hop", "hop_secret"}
# Refused, hung up on, not answered: a device that takes no single commands. Not: a login or key refused.
_NO_COMMANDS = (ErrorKind.UNSUPPORTED, ErrorKind.REFUSED, ErrorKind.UNREACHABLE, ErrorKind.TIMEOUT)
_MAKERS = {
    "huawei_vrp": "Huawei",
    "hp_comware": "H3C",
    "ruijie_os": "Ruijie",
    "zte_zxros": "ZTE",
    "cisco_ios": "Cisco",
    "cisco_nxos": "Cisco",
    "cisco_xr": "Cisco",
    "fortinet": "Fortinet",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What it is; texts that it does not tell are empty."""

    kind: str
    platform: str
    maker: str = ""
    name: str = ""
    version: str = ""
    hardware: str = ""
    serial: str = ""


def run(target: str, means: Means) -> Shown:
    """Exit 0: read; 2: it could not be looked at."""
    from agent.sources.ssh import open_ssh
    from agent.sources.ssh_pool import POOL

    to, platform = login_of(target)
    try:
        found = look(open_ssh(means), to, platform)
    except ObservationError as error:
        value = {"target": target, "error": str(error.kind), "detail": error.detail}
        return Shown(value, f"{target}: {error.kind} {error.detail}", 2)
    finally:
        POOL.close()
    asset = estate(to, found)
    words = {name: getattr(found, name) for name in Found.__slots__}
    return Shown({"target": target, **words, "estate": asset}, f"{summary(found)}\n\n{asset}", 0)


def login_of(target: str) -> tuple[Login, str]:
    """The login and the platform that a target names; AgentError says what is wrong with it."""
    try:
        parts = urlsplit(target)
        port = parts.port or 22
        given = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        if parts.scheme != "ssh" or not parts.hostname or parts.username or set(given) - _KEYS:
            raise ValueError(f"{_WANTED} is wanted")
        if given.get("hop"):
            place(given["hop"])
        legacy = given.get("legacy", "no") in ("yes", "true", "1")
        to = Login(
            parts.hostname,
            port,
            given.get("secret", "ssh"),
            legacy,
            given.get("hop", ""),
            given.get("hop_secret", "bastion"),
        )
    except ValueError as error:
        raise AgentError("target", f"{target}: {error}") from None
    return to, given.get("platform", "")


def look(ssh: Ssh, to: Login, platform: str = "") -> Found:
    """What is there; ObservationError where it cannot be looked at."""
    machine = None if platform else _machine(ssh, to)
    return machine or _device(ssh, to, platform)


def _machine(ssh: Ssh, to: Login) -> Found | None:
    """None: it takes no single commands, or answers them as no machine does."""
    try:
        said = ssh.run(to, "uname -snrm", timeout_ms=TIMEOUT_MS).stdout.split()
    except ObservationError as error:
        if error.kind in _NO_COMMANDS:
            return None
        raise
    if not said or said[0] not in _SYSTEMS:
        return None
    release = _release(ssh.run(to, "cat /etc/os-release", timeout_ms=TIMEOUT_MS).stdout)
    version = release.get("PRETTY_NAME") or " ".join(said[2:3])
    return Found("server", GENERIC, said[0], said[1] if len(said) > 1 else "", version, " ".join(said[3:4]))


def _release(text: str) -> Mapping[str, str]:
    """os-release(5): `NAME=value`, in quotes where it has spaces."""
    rows = (line.partition("=") for line in text.splitlines() if "=" in line and line[:1] != "#")
    return {key.strip(): value.strip().strip("\"'") for key, _, value in rows}


def _device(ssh: Ssh, to: Login, platform: str) -> Found:
    for command in _VERSIONS:
        (screen,) = ssh.shell(to, platform, (command,), timeout_ms=TIMEOUT_MS)
        if screen.trouble == "no_right":
            raise ObservationError(ErrorKind.DENIED, f"{to.name}: this user may not see its version")
        if screen.trouble or not screen.text.strip():
            continue
        for family in _families(command, platform):
            rows = _rows(family, command, screen)
            if rows:
                return _of(ssh, to, family, {command: rows})
        return Found("network-device", GENERIC, version=screen.text.strip().splitlines()[0][:120])
    raise ObservationError(ErrorKind.UNSUPPORTED, f"{to.name}: knows none of {', '.join(_VERSIONS)}")


def _families(command: str, platform: str) -> Sequence[str]:
    asked = [each for each, words in device_cli.IDENTITY.items() if words[0] == command]
    asked += [each for each in MARKS if each not in asked]
    return [platform] if platform in asked else asked


def _rows(family: str, command: str, screen: Screen) -> Sequence[Row]:
    try:
        return parse(family, command, screen.text)
    except ParseError:
        return ()


def _of(ssh: Ssh, to: Login, family: str, rows: dict[str, Sequence[Row]]) -> Found:
    """Identity of a device of this family, with what its other commands tell."""
    if family not in device_cli.IDENTITY:
        return Found("network-device", family, _MAKERS.get(family, ""))
    others = device_cli.IDENTITY[family][1:]
    if others:
        for screen in ssh.shell(to, family, others, timeout_ms=TIMEOUT_MS):
            more = () if screen.trouble else _rows(family, screen.command, screen)
            if more:
                rows[screen.command] = more
    who: Identity = device_cli.identity(family, rows)
    kind = "firewall" if family == "fortinet" else "network-device"
    return Found(kind, family, _MAKERS.get(family, ""), who.name, who.version, who.hardware, who.serial)


def summary(found: Found) -> str:
    """Two lines for a person."""
    told = ("hardware", "version", "serial")
    return "\n".join(
        (
            f"{found.name or '(no name)'}: {found.kind}, {found.maker or 'maker not known'}, "
            f"platform {found.platform}",
            ", ".join(f"{name} {getattr(found, name) or '-'}" for name in told),
        )
    )


def estate(to: Login, found: Found) -> str:
    """The asset as a piece of estate YAML."""
    name = found.name or to.address
    fields = {"kind": found.kind, "name": name, "model": found.hardware, "serial": found.serial}
    way: dict[str, Any] = {"address": to.address, "platform": found.platform, "secret": to.secret}
    way |= {"port": to.port} if to.port != 22 else {}
    way |= {"legacy": True} if to.legacy else {}
    way |= {"hop": to.hop, "hop_secret": to.hop_secret} if to.hop else {}
    return asset(name, fields, "ssh", way)
