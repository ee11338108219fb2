"""Fingerprints of databases at their source: what `roundseal-agent fingerprint` wrote beside each dump.

Looked at on the machine that makes the dumps, so that its agent signs their roots: whoever edits one later,
or a copy of it beside a copy of the dump, is found.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

from checks.api import Check, Reading, Seen, Source, State, Unit, percent
from checks.artefacts import basic, standing
from checks.artefacts.artefact import Artefact, Made
from checks.artefacts.fingerprint import (
    BOUNDED,
    DENIED,
    ENDING,
    EXACT,
    MOST_BYTES,
    Fingerprint,
    FingerprintError,
    Names,
    parse,
)
from checks.artefacts.levels import Level, Verdict, bad, good, readings, untold
from checks.artefacts.look import Look, Stands
from checks.places import Backups, Entry, Place

_NONE = Names()


@dataclass(frozen=True, slots=True)
class Print:
    """One of them, as the collector compares it. `artefact`: name of the dump it was made for; `at`: instant
    of its snapshot, or the beginning of a sandwich; `bytes`: of the dump (None not told); `changed` is not
    told by a fingerprint."""

    artefact: str
    root: str
    at: int
    bytes: int | None
    system: str
    changed: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What it says. `state`: ok, edited, garbled, unsupported, too_much. `exact_rows` of `rows` are known
    exactly; `bounded`, `denied`, `skipped`: tables that are not."""

    base: Artefact
    state: str
    kind: str = ""
    mode: str = ""
    database: str = ""
    tables: int = 0
    rows: int = 0
    exact_rows: int = 0
    objects: int = 0
    bounded: Names = _NONE
    denied: Names = _NONE
    skipped: Names = _NONE
    schema: str = ""
    roles: int | None = None
    databases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """`fingerprints` of the `artefacts` that could be read."""

    artefacts: tuple[Taken, ...]
    stands: Stands
    fingerprints: tuple[Print, ...] = ()


@dataclass(frozen=True, slots=True)
class Params(Look):
    """`path`: of the dumps, as in the other checks, or of their fingerprints. `database`, `system`: what they
    must be of ("" not asked). `databases`: all names that some job backs up; another one on the server is a
    finding (none: not asked)."""

    artefacts: int = 3
    database: str = ""
    system: str = ""
    databases: tuple[str, ...] = ()


def observe(backups: Backups, params: Params) -> Facts:
    path = params.path if params.path.endswith(ENDING) else params.path + ENDING
    params = replace(params, path=path)
    with backups.place(params) as place:
        found = standing.survey(place, params)
        read = [_read(backups, place, found.top, entry) for entry in found.chosen]
    prints = tuple(one for _, one in read if one is not None)
    return Facts(tuple(one for one, _ in read), found.stands, prints)


def _read(backups: Backups, place: Place, top: str, entry: Entry) -> tuple[Taken, Print | None]:
    base = standing.base(place, entry, top)
    try:
        raw = place.block(entry.path, 0, MOST_BYTES + 1)
    except OSError as problem:
        return Taken(replace(base, trouble=standing.trouble(problem)), "unreadable"), None
    base = replace(base, sha256=sha256(raw).hexdigest(), read_at=backups.now())
    try:
        made = parse(raw)
    except FingerprintError as problem:
        return Taken(base, problem.reason), None
    base = replace(
        base,
        made=Made(made.started, made.ended, made.tool, made.database, made.system),
        id=made.snapshot,
        fingerprint=made.root,
        expected=made.root,
    )
    return _seen(base, made), Print(
        base.name.removesuffix(ENDING), made.root, made.started,
        made.artefact.bytes if made.artefact else None, made.system,
    )  # fmt: skip


def _seen(base: Artefact, made: Fingerprint) -> Taken:
    return Taken(
        base, "ok", made.kind, made.mode, made.database, len(made.tables), made.rows,
        sum(one.count for one in made.tables.values() if one.how == EXACT),
        made.objects.count if made.objects else 0,
        _of(made, BOUNDED), _of(made, DENIED), _names(sorted(made.skipped)),
        made.schema, made.roles, made.databases[:200],
    )  # fmt: skip


def _of(made: Fingerprint, how: str) -> Names:
    return _names(sorted(name for name, one in made.tables.items() if one.how == how))


def _names(names: list[str]) -> Names:
    return Names(len(names), tuple(names[:20]))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """`stands`, then `NAME:LEVEL` and `NAME:level`, and `NAME:exact`: percent of the rows known exactly."""
    yield from basic.judge_stands(seen.facts.stands)
    for one, asked in basic.each(seen.facts.artefacts, seen.facts.stands, params):
        yield from readings(one.base.name, _verdicts(one, asked, seen.taken_at))
        if one.rows:
            share = percent(one.exact_rows, one.rows)
            yield Reading(f"{one.base.name}:exact", share, Unit.PERCENT, State.OK)


def _verdicts(one: Taken, params: Params, taken_at: int) -> Iterator[Verdict]:
    yield from basic.judge_base(one.base, params, taken_at, inner=one.state == "ok")
    if one.state == "edited":
        yield bad("fingerprint_edited")
    elif one.state != "ok":
        yield untold(Level.TRUE, "no_fingerprint", one.state)
    else:
        yield from _content(one, params)


def _content(one: Taken, params: Params) -> Iterator[Verdict]:
    if params.database and one.database != params.database:
        yield bad("wrong_source", one.database)
    if params.system and one.base.made.system != params.system:
        told = one.base.made.system
        yield bad("wrong_source", told) if told else untold(Level.TRUE, "not_recorded", "system")
    for name in one.databases:
        if params.databases and name not in params.databases:
            yield bad("not_in_policy", name)
    if not one.tables:
        yield bad("nothing_in_it")
    elif one.denied.total:
        yield untold(Level.TRUE, "denied", one.denied.first[0])
    else:
        yield good(Level.TRUE)


CHECK = Check(
    id="backup.fingerprint",
    version=3,
    title="数据库备份指纹 (源端)",
    title_en="Fingerprints of databases, at their source",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-05", "HA-06", "HA-07", "HA-08", "HA-10", "HA-11", "PD-05", "LH-32"),
    needs=(
        "fingerprints beside the dumps: roundseal-agent fingerprint wrap, or sandwich, in the job that dumps",
        "for that, a login that may read all tables (pg_read_all_data, and BYPASSRLS where rows are hidden)",
    ),
)
