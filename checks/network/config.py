"""A network device's configuration: saved, as approved, and open to no more than it should be.

Of a router of FRRouting (a Linux machine) what it opens is not asked: logins and services are the machine's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checks.api import Check, ErrorKind, ObservationError, Reading, Seen, Source, State, Unit
from checks.approved import compare, mark
from checks.network import _asa, _fortios, _frr
from checks.network._configs import (
    DIALECTS,
    NEXUS,
    Dialect,
    Opened,
    marks,
    opened,
    sections,
    settled,
    whole,
)
from checks.remote import Screen, Ssh, login

_DIALECTS: Mapping[str, Dialect] = {
    **DIALECTS,
    "cisco_nxos": NEXUS,
    _asa.PLATFORM: _asa.DIALECT,
    _fortios.PLATFORM: _fortios.DIALECT,
}
_PLATFORMS = (*_DIALECTS, _frr.PLATFORM)


@dataclass(frozen=True, slots=True)
class Facts:
    """Marks (digests) and what the configuration opens; no line of it, no password, no community.

    `running`, `saved`: marks of the two texts without fleeting lines and bodies of certificates; `saved` is
    None where nothing is saved or the user may not see it. `sections`: name -> mark of the running one.
    """

    running: str
    saved: str | None
    sections: Mapping[str, str]
    opened: Opened


@dataclass(frozen=True, slots=True)
class Params:
    """How the device is reached (see the source ssh). `approved`: section -> mark as somebody approved them
    (None: nobody has yet). `platform`: huawei_vrp, hp_comware, cisco_ios, cisco_nxos, cisco_asa,
    ruijie_os, fortinet or frr.
    """

    address: str
    platform: str
    port: int = 22
    secret: str = "ssh"  # noqa: S105  # a name to look up on the agent, no secret
    legacy: bool = False
    hop: str = ""
    hop_secret: str = "bastion"  # noqa: S105  # likewise
    timeout_ms: int = 60_000
    approved: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        login(self)
        if self.platform not in _PLATFORMS:
            raise ValueError(f"platform must be one of {', '.join(_PLATFORMS)}")


def observe(ssh: Ssh, params: Params) -> Facts:
    if params.platform == _frr.PLATFORM:
        return _router(*_frr.texts(ssh, login(params), params.timeout_ms))
    dialect = _DIALECTS[params.platform]
    asked = tuple(filter(None, (dialect.running, dialect.saved)))
    screens = ssh.shell(login(params), params.platform, asked, timeout_ms=params.timeout_ms)
    running = _text(screens[0] if screens else None, dialect, params.address)
    if params.platform == _fortios.PLATFORM:
        return _firewall(_fortios.lines(running))
    saved = _saved(screens[1] if len(screens) > 1 else None, dialect)
    if params.platform == _asa.PLATFORM:
        return _adaptive(_asa.text(running), None if saved is None else _asa.text(saved))
    parts = sections(running, dialect)
    return Facts(
        running=mark(*settled(running)),
        saved=None if saved is None else mark(*settled(saved)),
        sections=marks(parts),
        opened=opened(parts),
    )


def _router(running: str, saved: str | None) -> Facts:
    parts = sections(running, _frr.DIALECT)
    kept = None if saved is None else mark(*settled(saved))
    return Facts(mark(*settled(running)), kept, marks(parts), opened(parts))


def _firewall(rows: list[str]) -> Facts:
    running = mark(*rows)
    saved = running if _fortios.saves_itself(rows) else None
    return Facts(running, saved, marks(_fortios.sections(rows)), _fortios.opened(rows))


def _adaptive(running: str, saved: str | None) -> Facts:
    parts = sections(running, _asa.DIALECT)
    kept = None if saved is None else mark(*settled(saved))
    return Facts(mark(*settled(running)), kept, marks(parts), _asa.opened(running))


def _text(screen: Screen | None, dialect: Dialect, address: str) -> str:
    if screen is None or screen.trouble == "unknown_command":
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{address} does not show its configuration")
    if screen.trouble:
        raise ObservationError(ErrorKind.DENIED, f"{address}: this user may not see the configuration")
    if screen.cut or not whole(screen.text, dialect):
        raise ObservationError(ErrorKind.GARBLED, f"{address}: the configuration breaks off")
    return screen.text


def _saved(screen: Screen | None, dialect: Dialect) -> str | None:
    if screen is None or screen.trouble or screen.cut or not whole(screen.text, dialect):
        return None
    return screen.text


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts
    if found.saved is None:
        yield Reading("saved", None, Unit.NONE, State.UNKNOWN, "not_reported")
    elif found.saved != found.running:
        yield Reading("saved", 0, Unit.NONE, State.WARN, "not_saved")
    else:
        yield Reading("saved", 1, Unit.NONE, State.OK)
    yield from compare(params.approved, found.sections)
    if params.platform == _frr.PLATFORM:
        return
    for name, bad, state in (
        ("telnet", found.opened.telnet, State.CRIT),
        ("http", found.opened.http, State.CRIT),
        ("snmp_v1_v2c", found.opened.snmp_old, State.WARN),
        ("snmp_default_community", found.opened.community_default, State.CRIT),
    ):
        if bad is None:
            yield Reading(name, None, Unit.NONE, State.UNKNOWN, "not_reported")
        else:
            yield Reading(name, int(bad), Unit.NONE, state if bad else State.OK, "is_open" if bad else "")
    yield from _limits(found.opened)


def _limits(found: Opened) -> Iterator[Reading]:
    # No terminal lines at all in the text is no proof that nobody may log in from anywhere.
    limited = found.terminals_limited
    if limited is None:
        yield Reading("terminal_limits", None, Unit.NONE, State.UNKNOWN, "not_reported")
    else:
        state = State.OK if limited else State.WARN
        yield Reading("terminal_limits", int(limited), Unit.NONE, state, "" if limited else "from_anywhere")
    if found.snmp_limited is not None:
        state = State.OK if found.snmp_limited else State.WARN
        reason = "" if found.snmp_limited else "from_anywhere"
        yield Reading("snmp_limits", int(found.snmp_limited), Unit.NONE, state, reason)


def propose(facts: Facts) -> dict[str, str]:
    """A baseline that this configuration would meet, for a person to approve."""
    return dict(facts.sections)


CHECK = Check(
    id="network.config",
    version=1,
    title="网络设备配置",
    title_en="Configuration of a network device",
    source=Source.SSH,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-02", "PD-30", "LH annex 1 r12", "LH annex 1 r18"),
    needs=(
        "a login that may show the running and the saved configuration, and change nothing",
        f"of FRR: root, or `{_frr.SUDOERS}` (members of the group frrvty could change it too)",
        "FRR tried on the router itself; makers' on texts of our own in the form they print, never on one",
    ),
)
