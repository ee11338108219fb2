"""Scan reports in the log: a signed statement each, and what those of one series say together.

Header of a statement: {"v","log","kind":"scan","subject": series, "tool","version","scope":[≤20],
"examined": n, "begun","ended","complete","counts":{severity: n},"file": sha256,"file_bytes","file_name",
"assets":[…],"by","digest","bytes"}; body = `collector.scans.model.body`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from checks.wire import entry, strict_json
from checks.wire.numbers import MAX_BODY, EntryKind
from collector.context import Context
from collector.scans import model
from collector.scans.lifecycle import Import, Life, lives
from collector.scans.model import Scan, ScanError
from collector.store import accounts, packs, statements
from collector.store.content import content

_MOST_SCOPE = 20
_DATE = re.compile(r"[-_. (（]*(?<!\d)(?:19|20)\d\d[-_.:\d年月日TQW季度周]*[)）]?", re.ASCII)


class Twice(ScanError):
    """This file is in the log already: `idx` is its entry."""

    def __init__(self, idx: int) -> None:
        super().__init__("imported", f"this file was imported already: entry {idx}")
        self.idx = idx


@dataclass(frozen=True, slots=True)
class Logged:
    """A scan's statement: its entry, when it came (UTC ms), its header."""

    idx: int
    received: int
    header: dict[str, Any]

    @property
    def series(self) -> str:
        """Tool and scope: what it is compared with."""
        return str(self.header["subject"])

    @property
    def time(self) -> int | None:
        """When it was taken (UTC ms), as the tool says."""
        ended: int | None = self.header["ended"]
        begun: int | None = self.header["begun"]
        return ended if ended is not None else begun

    @property
    def verdict(self) -> str:
        """`proves_nothing`, `incomplete`, or `done`."""
        if not self.header["examined"] and not sum(self.header["counts"].values()):
            return "proves_nothing"
        return "done" if self.header["complete"] else "incomplete"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a report came from: its bytes, its file's name, who brings it, its assets and scope."""

    data: bytes
    name: str
    by: str
    assets: tuple[str, ...] = ()
    scope: str = ""


def add(context: Context, scan: Scan, source: Source) -> int:
    """Log a scan; its entry. `Twice` for a file that was logged before."""
    from collector.jobs import projection  # what only writes is not loaded to read

    digest = sha256(source.data).hexdigest()
    with context.read() as conn:
        before = next((one for one in logged(conn) if one.header["file"] == digest), None)
        account = accounts.get(conn, source.by)
    if before is not None:
        raise Twice(before.idx)
    body = model.body(scan)
    if len(body) > MAX_BODY:
        raise ScanError("too_large", f"its findings take more than {MAX_BODY} bytes: export it in parts")
    header = _header(scan, source, digest)
    if account is not None:
        header["role"] = str(account.role)
    return projection.log(context, [(EntryKind.STATEMENT, header, body)])[0]


def _header(scan: Scan, source: Source, digest: str) -> dict[str, Any]:
    scope = source.scope or "; ".join(scan.scope[:_MOST_SCOPE])
    if not scope and scan.tool == "csv":
        scope = scope_of(source.name)
    return {
        "kind": "scan",
        "subject": model.short(f"{scan.tool}: {scope or '-'}"),
        "tool": scan.tool,
        "version": scan.version,
        "scope": list(scan.scope[:_MOST_SCOPE]),
        "examined": len(scan.examined),
        "begun": scan.begun,
        "ended": scan.ended,
        "complete": scan.complete,
        "counts": scan.counts(),
        "file": digest,
        "file_bytes": len(source.data),
        "file_name": model.short(source.name),
        "assets": list(source.assets),
        "by": source.by,
    }


def scope_of(name: str) -> str:
    """What a CSV of an unnamed tool is compared under: its file's name without a date.

    >>> scope_of("内网漏洞扫描-2026-11-20.csv")
    '内网漏洞扫描'
    """
    stem = name.rpartition(".")[0] or name
    return _DATE.sub("", stem).strip("-_. ") or stem


_READ: WeakKeyDictionary[Engine, dict[int, Logged]] = WeakKeyDictionary()
"""Scans of a store that were read, by their entry."""


def logged(conn: Connection) -> list[Logged]:
    """Every scan in the log, oldest first; the header of each is read once by a process, for none changes."""
    held = _READ.setdefault(conn.engine, {})
    found = []
    for one in statements.of_kind(conn, "scan"):
        known = held.get(one.idx)
        if known is None and (row := packs.entry(conn, one.idx)) is not None:
            header = strict_json.loads(entry.parse(packs.data_of(conn, row)).header)
            known = held[one.idx] = Logged(one.idx, one.received_ms, header)
        if known is not None:
            found.append(known)
    return found


def read(conn: Connection, idx: int) -> Scan | None:
    """What a scan's statement says; None where the body is gone (pruned)."""
    row = packs.body(conn, idx)
    return None if row is None else model.from_body(content(row))


def history(conn: Connection, series: str, until: int | None = None) -> tuple[Life, ...]:
    """The findings of a series as its imports (up to entry `until`) tell them."""
    imports = [
        Import(one.idx, one.received, scan)
        for one in logged(conn)
        if one.series == series and (until is None or one.idx <= until)
        if (scan := read(conn, one.idx)) is not None
    ]
    return lives(imports)


def newest(found: Sequence[Logged]) -> list[Logged]:
    """The last import of each series."""
    return list({one.series: one for one in found}.values())
