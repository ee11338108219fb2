"""What a dump's text needs before it is restored, found without running it: roles, encoding, tables.

Reads lines of plain SQL, or what `pg_restore --schema-only -f -` prints of an archive.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from checks.artefacts.sqlquote import Quotes

_MOST_NAMES = 100_000
_NAME = rb'("(?:[^"]|"")+"|[^\s",;()]+)'
_ROLES = (
    re.compile(rb"^ALTER .* OWNER TO " + _NAME + rb";$"),
    re.compile(rb"^(?:GRANT|REVOKE) .* (?:TO|FROM) " + _NAME + rb"(?: WITH GRANT OPTION)?;$"),
    re.compile(rb"^ALTER DEFAULT PRIVILEGES FOR (?:ROLE|USER) " + _NAME),
    re.compile(rb"^SET SESSION AUTHORIZATION " + _NAME + rb";$"),
    re.compile(rb"^CREATE SCHEMA .* AUTHORIZATION " + _NAME + rb";$"),
    re.compile(rb"^CREATE USER MAPPING FOR " + _NAME),
)
_POLICY = re.compile(rb"^CREATE POLICY .*? TO (.+?)(?: USING | WITH CHECK |;$)")
_COPY = re.compile(rb"^COPY (.+?)(?: \(.*\))? FROM stdin;$")
_TABLE = re.compile(rb"^CREATE (?:UNLOGGED )?TABLE (.+?) \($")
_ENCODING = re.compile(rb"^SET client_encoding = '([\w-]+)';$")
_VERSION = re.compile(rb"^-- Dumped (?:from database|by \S+) version (\d+)")
_EACH = re.compile(_NAME)
_NOT_ROLES = frozenset(b"PUBLIC CURRENT_USER CURRENT_ROLE SESSION_USER DEFAULT postgres".split())


@dataclass(slots=True)
class Scan:
    """`copied`: tables whose rows stand in it, as it writes their names; `tables`: those it makes. `major`:
    the newer of the server's and the client's: a newer client writes what an older server refuses."""

    roles: set[bytes] = field(default_factory=set)
    copied: set[bytes] = field(default_factory=set)
    tables: set[bytes] = field(default_factory=set)
    encoding: str = "UTF8"
    major: int = 0
    connects: bool = False


def scan(lines: Iterable[bytes]) -> Scan:
    """Read it once. Rows between COPY and its end are skipped."""
    made, rows, quotes = Scan(), False, Quotes()
    for line in lines:
        if rows:
            rows = line != b"\\.\n"
        elif _inside(quotes, line):  # a function's body may look like a dump
            continue
        elif (copied := _COPY.match(line)) is not None:
            rows = True
            _put(made.copied, copied[1])
        elif line[:1] in b"ACGRS-\\":
            _line(made, line.rstrip(b"\r\n"))
    return made


def _inside(quotes: Quotes, line: bytes) -> bool:
    inside = quotes.inside
    quotes.feed(line)
    return inside


def _line(made: Scan, line: bytes) -> None:
    if line.startswith(b"\\connect"):
        made.connects = True
    elif line.startswith(b"--"):
        made.major = max(made.major, _number(_VERSION.match(line)))
    elif (found := _ENCODING.match(line)) is not None:
        made.encoding = found[1].decode()
    elif (found := _TABLE.match(line)) is not None:
        _put(made.tables, found[1])
    else:
        for role in _roles(line):
            _put(made.roles, role)


def _number(found: re.Match[bytes] | None) -> int:
    return int(found[1]) if found else 0


def _roles(line: bytes) -> Iterable[bytes]:
    if (policy := _POLICY.match(line)) is not None:
        names = _EACH.findall(policy[1])
    else:
        names = [hit[1] for one in _ROLES if (hit := one.match(line)) is not None]
    return [name for name in names if name.upper() not in _NOT_ROLES and name not in _NOT_ROLES]


def _put(names: set[bytes], name: bytes) -> None:
    if len(names) < _MOST_NAMES:
        names.add(name)
