"""Services on this machine that send passwords in clear: telnet, ftp, rsh, vnc, X11, tftp, SNMP v1/v2c."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.hardening import SecuredHost

_TCP = {21: "ftp", 23: "telnet", 512: "rexec", 513: "rlogin", 514: "rsh", 79: "finger", 873: "rsync"}
_UDP = {69: "tftp", 177: "xdmcp", 161: "snmp"}
_OWNERS = {"telnetd": "telnet", "in.telnetd": "telnet", "vsftpd": "ftp", "proftpd": "ftp", "pure-ftpd": "ftp"}
_VNC, _VNC_HTTP, _X11 = range(5900, 5920), range(5800, 5820), range(6000, 6010)
_MOST = 50


@dataclass(frozen=True, slots=True)
class Service:
    """A listening socket and the plaintext service that this port or its program stands for."""

    kind: str
    protocol: str
    address: str
    port: int
    owner: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Plaintext services that listen; communities of the SNMP agent (None: not to be read)."""

    services: tuple[Service, ...]
    listening: int
    communities: int | None
    snmp_trouble: str


@dataclass(frozen=True, slots=True)
class Params:
    """Kinds that are allowed here, and ports (`tcp/23`) that are something else on this machine."""

    allowed: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()


def observe(host: SecuredHost, params: Params) -> Facts:
    """Listening sockets by port, and by program where another port is used."""
    sockets = host.listeners().sockets
    names = host.socket_owners([each.inode for each in sockets])
    found: dict[Service, None] = {}
    for each in sockets:
        owner = names.get(each.inode, "")
        kind = _kind(each.protocol, each.port, owner)
        if kind and not _loopback(each.address):
            found[Service(kind, each.protocol, each.address, each.port, owner)] = None
    snmp = host.security().snmp_server()
    return Facts(tuple(found)[:_MOST], len(sockets), snmp.communities, snmp.trouble)


def _kind(protocol: str, port: int, owner: str) -> str:
    if owner in _OWNERS:
        return _OWNERS[owner]
    if protocol == "udp":
        return _UDP.get(port, "")
    if port in _VNC or port in _VNC_HTTP:
        return "vnc"
    return "x11" if port in _X11 else _TCP.get(port, "")


def _loopback(address: str) -> bool:
    return address == "::1" or address.removeprefix("::ffff:").startswith("127.")


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """`plaintext` (count), one reading each; `snmp` as the SNMP agent's own configuration says."""
    facts = seen.facts
    bad = [
        one
        for one in facts.services
        if one.kind not in ("snmp", *params.allowed) and f"{one.protocol}/{one.port}" not in params.ports
    ]
    if not facts.listening:
        # Not even a service manager's socket: more likely nothing could be seen.
        yield Reading("plaintext", None, Unit.COUNT, State.UNKNOWN, "no_records")
    else:
        state = State.CRIT if bad else State.OK
        yield Reading("plaintext", len(bad), Unit.COUNT, state, "plaintext" if bad else "")
    for one in bad:
        yield Reading(f"{one.protocol}/{one.port}:{one.kind}", 1, Unit.NONE, State.CRIT, "plaintext")
    snmp = any(one.kind == "snmp" for one in facts.services)
    if snmp and "snmp" not in params.allowed:
        yield _snmp(facts)


def _snmp(facts: Facts) -> Reading:
    if facts.communities is None:
        return Reading("snmp", None, Unit.COUNT, State.UNKNOWN, facts.snmp_trouble or "missing")
    state = State.CRIT if facts.communities else State.OK
    return Reading("snmp", facts.communities, Unit.COUNT, state, "community" if facts.communities else "")


CHECK = Check(
    id="security.plaintext",
    version=1,
    title="明文服务",
    title_en="Plaintext services",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH rule 12", "LH rule 18"),
    needs=("sock_diag", "/etc/snmp/snmpd.conf where an SNMP agent listens"),
)
