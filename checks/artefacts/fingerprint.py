"""The fingerprint of a database: what was in it when it was backed up, to be found again in every copy.

It stands beside an artefact as `ARTEFACT.fingerprint.json`, one JSON object:

    {"v": 1, "kind": "postgresql", "database": "oa_db", "system": "7301…", "server": "15.20",
     "tool": "pg_dump 15.20", "encoding": "UTF8", "timezone": "Asia/Shanghai", "mode": "snapshot",
     "snapshot": "00000003-0000001B-1", "from": 1767200000000, "to": 1767200004000, "how": "sha256",
     "tables": {"oa.document": {"count": 2000, "sum": "9f…", "how": "exact", "most": 2000}},
     "objects": {"count": 5, "sum": "c1…", "how": "exact", "most": 5}, "schema": "e3…",
     "sequences": {"oa.receipt": 100006}, "skipped": {"oa.cache": "unlogged"}, "roles": 4,
     "databases": ["oa_db", "postgres"], "artefact": {"name": "oa.dump", "bytes": 1, "sha256": "…"},
     "root": "…"}

Its root is SHA-256 over the sorted lines `table\\tcount\\tsum\\n` of tables known exactly, and one named
`pg_largeobject` where there are large objects. The source's agent signs it, so that whoever edits the file is
found. Table names as sqlnames.named writes them; times are UTC epoch milliseconds.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from checks.artefacts.copyrows import HOWS
from checks.codec import FieldError, from_json, to_json

ENDING = ".fingerprint.json"
MOST_BYTES = 64 * 1024 * 1024
MOST_NAMES = 20
OBJECTS = "pg_largeobject"
MODES = frozenset({"snapshot", "sandwich", "exact"})
EXACT, BOUNDED, DENIED = "exact", "bounded", "denied"


class FingerprintError(Exception):
    """No fingerprint can be read from these bytes. `reason`: too_much, garbled, unsupported (of a later
    version), edited (its root is not that of its tables)."""

    code = "bad_fingerprint"

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows of a table. `how`: exact (`sum` holds), bounded (at least `count`, at most `most`: it changed
    while others made the dump), denied (no right to read it)."""

    count: int
    sum: str = ""
    how: str = EXACT
    most: int = 0


@dataclass(frozen=True, slots=True)
class Bytes:
    """The artefact that was made with it. `sha256` of a directory: the root of its tree."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """See above. `mode`: snapshot (the dump's own), sandwich (taken before and after it), exact (taken
    alone, of one instant). `sequences`: values that a restored one must have reached. `skipped`: tables
    that are not compared, and why. `roles`: of the whole cluster, None where not counted."""

    v: int
    kind: str
    database: str
    system: str
    server: str
    mode: str
    started: int
    ended: int
    tables: Mapping[str, Counted]
    root: str
    how: str = "sha256"
    tool: str = ""
    encoding: str = "UTF8"
    timezone: str = ""
    snapshot: str = ""
    objects: Counted | None = None
    schema: str = ""
    sequences: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    roles: int | None = None
    databases: tuple[str, ...] = ()
    artefact: Bytes | None = None

    @property
    def rows(self) -> int:
        """Rows of all tables, at least."""
        return sum(one.count for one in self.tables.values())


_RENAMED = {"from": "started", "to": "ended"}


def parse(data: bytes) -> Fingerprint:
    """A fingerprint out of its file; FingerprintError for all that is none."""
    if len(data) > MOST_BYTES:
        raise FingerprintError("too_much", f"{len(data)} bytes")
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError) as problem:
        raise FingerprintError("garbled", str(problem)[:200]) from None
    if not isinstance(raw, dict):
        raise FingerprintError("garbled", "no JSON object")
    if raw.get("v") != 1:
        raise FingerprintError("unsupported", f"version {raw.get('v')!r}"[:60])
    if {"started", "ended"} & raw.keys():
        raise FingerprintError("garbled", "unknown key")
    try:
        made = from_json(Fingerprint, {_RENAMED.get(key, key): value for key, value in raw.items()})
    except FieldError as problem:
        raise FingerprintError("garbled", str(problem)[:200]) from None
    _check(made)
    return made


def _check(made: Fingerprint) -> None:
    if made.how not in HOWS:
        raise FingerprintError("unsupported", made.how[:60])
    if made.mode not in MODES or any(_odd(one) for one in made.tables.values()):
        raise FingerprintError("garbled", "mode or a table's figures")
    if root(made.tables, made.objects) != made.root:
        raise FingerprintError("edited", "its root is not that of its tables")


def _odd(one: Counted) -> bool:
    if one.how == EXACT:
        return one.count < 0 or len(one.sum) not in (64, 512) or bool(set(one.sum) - set("0123456789abcdef"))
    return one.how not in (BOUNDED, DENIED) or not 0 <= one.count <= max(one.most, one.count) or one.sum != ""


def dump(made: Fingerprint) -> bytes:
    """The file's bytes."""
    raw = to_json(made)
    back = {new: old for old, new in _RENAMED.items()}
    raw = {back.get(key, key): value for key, value in raw.items()}
    return (json.dumps(raw, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def root(tables: Mapping[str, Counted], objects: Counted | None) -> str:
    """Root of what is known exactly."""
    lines = {name: one for name, one in tables.items() if one.how == EXACT}
    if objects is not None and objects.how == EXACT and objects.count:
        lines[OBJECTS] = objects
    made = sha256()
    for line in sorted(f"{name}\t{one.count}\t{one.sum}\n".encode() for name, one in lines.items()):
        made.update(line)
    return made.hexdigest()


class Summed(Protocol):
    """A sum of rows, as of checks.artefacts.copyrows.Sum."""

    count: int

    def hex(self) -> str:
        """The sum."""


@dataclass(frozen=True, slots=True)
class Names:
    """So many tables, the first of them by name."""

    total: int = 0
    first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """A copy's content beside the fingerprint. `tables` and `rows` as the fingerprint has them; `same` of the
    tables are equal, `same_rows` rows in them are proven; `within` bounds but not proven; `untold` ones were
    denied or skipped at the source. `alike`: tables of at least one row with the same count at least.
    `filled`: tables that had rows. `objects`: same, missing, differ, untold, or "" (there were none).
    `root`: of the copy's content: of tables that the fingerprint knows exactly or not at all.
    """

    tables: int
    rows: int
    root: str
    same: int = 0
    same_rows: int = 0
    within: int = 0
    untold: int = 0
    alike: int = 0
    filled: int = 0
    found_rows: int = 0
    missing: Names = Names()
    extra: Names = Names()
    fewer: Names = Names()
    more: Names = Names()
    differ: Names = Names()
    objects: str = ""


def compare(expected: Fingerprint, tables: Mapping[str, Summed], objects: Summed | None) -> Compared:
    """Put a copy's tables beside the fingerprint; decides nothing. `objects` None: not looked at."""
    found: dict[str, list[str]] = {name: [] for name in ("missing", "fewer", "more", "differ")}
    same = same_rows = within = alike = 0
    for name, one in expected.tables.items():
        seen = tables.get(name)
        if one.how == DENIED:
            continue
        word = _beside(one, seen)
        alike += seen is not None and seen.count == one.count > 0
        if word in found:
            found[word].append(name)
        elif word == "within":
            within += 1
        else:
            same, same_rows = same + 1, same_rows + one.count
    known = {**expected.tables, **expected.skipped}
    denied = sum(one.how == DENIED for one in expected.tables.values())
    return Compared(
        tables=len(expected.tables),
        rows=expected.rows,
        root=_root_of(expected, tables, objects),
        same=same,
        same_rows=same_rows,
        within=within,
        untold=denied + len(expected.skipped),
        alike=alike,
        filled=sum(one.count > 0 for one in expected.tables.values()),
        found_rows=sum(one.count for one in tables.values()),
        extra=_names([name for name in tables if name not in known]),
        objects=_objects(expected.objects, objects),
        **{word: _names(names) for word, names in found.items()},
    )


def _names(names: list[str]) -> Names:
    return Names(len(names), tuple(sorted(names)[:MOST_NAMES]))


def _beside(one: Counted, seen: Summed | None) -> str:
    if seen is None:
        return "missing"
    if seen.count < one.count:
        return "fewer"
    if one.how == BOUNDED:
        return "within" if seen.count <= one.most else "more"
    if seen.count > one.count:
        return "more"
    return "same" if seen.hex() == one.sum else "differ"


def _objects(one: Counted | None, seen: Summed | None) -> str:
    if one is None or one.how == DENIED or seen is None:
        return "untold" if one is not None else ""
    if one.how == BOUNDED:
        return "untold" if one.count <= seen.count <= one.most else "differ"
    if seen.count == one.count and (not one.count or seen.hex() == one.sum):
        return "same" if one.count else ""
    return "missing" if seen.count < one.count else "differ"


def _root_of(expected: Fingerprint, tables: Mapping[str, Summed], objects: Summed | None) -> str:
    exact = {name for name, one in expected.tables.items() if one.how == EXACT}
    told = exact | (tables.keys() - expected.tables.keys() - expected.skipped.keys())
    mine = {name: Counted(one.count, one.hex()) for name, one in tables.items() if name in told}
    theirs = expected.objects
    with_objects = objects is not None and theirs is not None and theirs.how == EXACT
    return root(mine, Counted(objects.count, objects.hex()) if objects and with_objects else None)


def root_alone(tables: Mapping[str, Summed], objects: Summed | None) -> str:
    """Root of a copy's content where there is no fingerprint to put it beside."""
    mine = {name: Counted(one.count, one.hex()) for name, one in tables.items()}
    return root(mine, Counted(objects.count, objects.hex()) if objects is not None else None)


def verdict_words(seen: Compared, *, schema: bool = False) -> Iterator[tuple[str, str]]:
    """Reason words of levels.REASONS for what a comparison shows, with the first table; none: all equal.
    `schema`: the copy has tables, though perhaps no place for their rows."""
    if seen.filled and not seen.found_rows:
        # Schema only, or nothing at all: said once, not table by table.
        bare = seen.missing.total == seen.tables and not schema
        yield ("nothing_in_it" if bare else "no_rows_at_all"), ""
        return
    # (Where all tables are within bounds that they moved in, no count need be alike.)
    other = any(names.total for names in (seen.missing, seen.fewer, seen.differ, seen.more))
    if seen.filled >= 2 and other and not seen.alike and not seen.same_rows:
        yield "wrong_source", ""
    for word, names in (
        ("table_missing", seen.missing),
        ("rows_missing", seen.fewer),
        ("rows_differ", seen.differ),
        ("rows_extra", seen.more),
        ("table_extra", seen.extra),
    ):
        if names.total:
            yield word, "".join(names.first[:1])
    if seen.objects in ("missing", "differ"):
        yield f"large_objects_{seen.objects}", ""
