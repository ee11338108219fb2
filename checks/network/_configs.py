"""A network device's configuration taken apart: sections, their marks, what it opens and to whom."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from checks.approved import mark


@dataclass(frozen=True, slots=True)
class Dialect:
    """Commands that show the running and the saved configuration, and how the text is built.

    `ends`: how its last line may read; none: it ends with what is configured last, and begins with `version`.
    """

    running: str
    saved: str
    ends: frozenset[str]
    hashes: bool  # sections stand between lines of `#`


_HASHED = Dialect(
    "display current-configuration", "display saved-configuration", frozenset({"return"}), hashes=True
)
_INDENTED = Dialect("show running-config", "show startup-config", frozenset({"end"}), hashes=False)
DIALECTS: Mapping[str, Dialect] = {
    "huawei_vrp": _HASHED,
    "hp_comware": _HASHED,
    "cisco_ios": _INDENTED,
    "ruijie_os": _INDENTED,
}
# NX-OS: the prompt behind it alone says that it is all there.
NEXUS = Dialect("show running-config", "show startup-config", frozenset(), hashes=False)

# Lines that differ from one reading to the next while nobody changes anything.
_FLEETING = re.compile(
    r"^(?:\s*!.*|Building configuration.*|Current configuration\s*:.*|Using \d+ (?:out of|bytes).*"
    r"|Uncompressed configuration from \d+ bytes to \d+ bytes"
    r"|ntp clock-period \d+|version \d[\d.]+, \w+ \S+.*|frr version \S+"
    # VRP (USG, NE, CE) tells the time above each output.
    r"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: ?[+-]\d\d:\d\d)?(?: DST)?)$"
)
# IOS writes a certificate out in the running configuration and names its file in the saved one.
_CERTIFICATE = re.compile(r"^(\s*certificate(?: [a-z-]+)? [0-9A-Fa-f]+)(?: nvram:\S+)?$")
_BODY = re.compile(r"^\s+(?:[0-9A-Fa-f]{2,8}(?:\s+|$))*(?:quit)?$")
# Words whose arguments name a section and hold nothing secret.
_NAMED = re.compile(
    r"^((?:interface|vlan|acl(?: number| name| basic| advanced)?|bgp|ospf|isis|rip|vpn-instance"
    r"|ip vpn-instance|ip access-list (?:standard|extended)|route-policy|route-map|class-map|policy-map"
    r"|traffic \w+|user-interface|line|router|vrf definition|security-zone name|firewall zone|track|nqa)"
    r"\b[^\n\"']{0,80})"
)
_WORD = re.compile(r"^[A-Za-z][\w-]{0,40}")


def lines(text: str) -> list[str]:
    """The lines that somebody configured, without blank and fleeting ones."""
    found = (line.rstrip() for line in text.replace("\r", "").split("\n"))
    return [line for line in found if line.strip() and not _FLEETING.match(line)]


def settled(text: str) -> list[str]:
    """The lines by which running and saved are held against each other: certificates by their number only.

    A certificate made anew under the same number is seen in the mark of its section.
    """
    made: list[str] = []
    inside = False
    for line in lines(text):
        found = _CERTIFICATE.match(line)
        if found is None and inside and _BODY.match(line):
            inside = not line.endswith("quit")
            continue
        inside = found is not None
        made.append(found[1] if found else line)
    return made


def whole(text: str, dialect: Dialect) -> bool:
    """Whether the text goes to the end of a configuration, as far as it can tell."""
    if not dialect.ends:
        return re.search(r"^version \d", text, re.MULTILINE) is not None
    last = next((line.strip() for line in reversed(text.split("\n")) if line.strip()), "")
    return last in dialect.ends


def sections(text: str, dialect: Dialect) -> dict[str, list[str]]:
    """The lines by section; a section's name is its first word, or its first line where nothing is secret."""
    made: dict[str, list[str]] = {}
    name = ""
    for line in lines(text):
        if dialect.hashes and line.strip() == "#":
            name = ""
            continue
        if not name or line[0] not in " \t":
            name = _name(line, name if dialect.hashes else "")
        made.setdefault(name, []).append(line)
    return made


def _name(line: str, current: str) -> str:
    if found := _NAMED.match(line):
        return found[1].strip()
    if current and _NAMED.match(current) is None:
        # Lines at the margin between two `#` belong together (`aaa`, `snmp-agent …`).
        return current
    word = _WORD.match(line.removeprefix("undo ").removeprefix("no "))
    return word[0] if word else "other"


def marks(parts: Mapping[str, list[str]]) -> dict[str, str]:
    """A mark of each section's lines."""
    return {name: mark(*rows) for name, rows in parts.items()}


@dataclass(frozen=True, slots=True)
class Opened:
    """What a configuration lets in. None: it does not say (the device's default counts), or hides it."""

    telnet: bool
    http: bool
    snmp_old: bool
    community_default: bool | None
    terminals_limited: bool | None
    snmp_limited: bool | None


_TELNET = re.compile(
    r"^(?!undo|no )\s*(?:telnet (?:ipv6 )?server enable|telnet server-source all-interface"
    r"|protocol inbound (?:telnet|all)|transport input (?:.*\btelnet\b.*|all)"
    r"|enable service telnet-server|feature telnet)\s*$"
)
_HTTP = re.compile(
    r"^\s*(?:http server enable|ip http enable|ip http server|enable service web-server http"
    r"|nxapi http port \d+)\s*$"
)
_VERSIONS = re.compile(r"^\s*snmp-agent sys-info version (.*)$")
_OLD = re.compile(r"\b(?:v1|v2c|all)\b")
_DEFAULT = re.compile(
    r"^\s*(?:snmp-agent community (?:read|write)(?: simple)?|snmp-server community)\s+(?:public|private)\b"
)
_COMMUNITY = re.compile(r"^\s*(?:snmp-agent community|snmp-server community)\s")
_HIDDEN = re.compile(r"^\s*(?:snmp-agent community (?:read|write) cipher|snmp-server community [57])\s")
_COMMUNITY_ACL = re.compile(
    r"^\s*snmp-agent community .*\sacl\s|\suse-(?:ipv[46])?acl\s"
    r"|^\s*snmp-server community (?:[057] )?\S+ (?:view \S+ )?(?:ro|rw)\s+\S",
    re.IGNORECASE,
)
# NX-OS has a line of a community's group and another one of who may use it.
_BY_NAME = re.compile(r"^\s*snmp-server community (\S+) (?:group|use-\S+) ")
_TERMINAL = re.compile(r"^(?:user-interface vty|line vty)\b")
_TERMINAL_ACL = re.compile(r"^\s+(?:acl (?:ipv6 )?\S+ inbound|access-class \S+ in\b|acl \d+)")


def opened(parts: Mapping[str, list[str]]) -> Opened:
    """What these sections open, and whether it is limited to some addresses."""
    every = [line for rows in parts.values() for line in rows]
    communities = [line for line in every if _COMMUNITY.match(line)]
    versions = [found[1] for line in every if (found := _VERSIONS.match(line))]
    terminals = [rows for name, rows in parts.items() if _TERMINAL.match(name)]
    # Where versions are stated they decide; else a community is what lets v1 and v2c in.
    old = any(map(_OLD.search, versions)) if versions else bool(communities)
    return Opened(
        telnet=any(map(_TELNET.match, every)),
        http=any(map(_HTTP.match, every)),
        snmp_old=old,
        community_default=_default(communities, old=old),
        terminals_limited=all(any(map(_TERMINAL_ACL.match, rows)) for rows in terminals)
        if terminals
        else None,
        snmp_limited=all(_by_name(communities).values()) if communities else None,
    )


def _default(communities: Sequence[str], *, old: bool) -> bool | None:
    """Whether one is public or private; None where one that is shown as a cipher may be, and lets in."""
    if any(map(_DEFAULT.match, communities)):
        return True
    return None if old and any(map(_HIDDEN.match, communities)) else False


def _by_name(communities: Sequence[str]) -> dict[str, bool]:
    """Whether each is limited, by its name where several lines have it, else by its line."""
    made: dict[str, bool] = {}
    for line in communities:
        found = _BY_NAME.match(line)
        name = found[1] if found else line
        made[name] = made.get(name, False) or _COMMUNITY_ACL.search(line) is not None
    return made
