"""Physical backups of MariaDB and MySQL: mariabackup's and xtrabackup's directories, full and incremental.

An increment is asked for its parent by the position in the redo log at which it begins: two backups between
which nothing was checkpointed end at the same one, and either is its parent.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from checks.api import Check, Reading, Seen, Source
from checks.artefacts import basic, levels, standing
from checks.artefacts.artefact import Artefact, Made
from checks.artefacts.levels import Level, Outcome, Verdict, bad, first, good, untold
from checks.artefacts.look import Look, Stands
from checks.artefacts.xtrabackup import (
    CHECKPOINTS,
    INFO,
    Files,
    Spans,
    Told,
    first_of,
    log_end,
    read_files,
    read_info,
    read_spans,
    system_of,
)
from checks.places import Backups, Entry, Place


@dataclass(frozen=True, slots=True)
class Params(Look):
    """`system`: Aria's uuid or the server's, whose data it must be ("" not asked). `log`: the job keeps its
    log in the directory or beside it, so one must be there. `zone_min`: minutes east of Greenwich of the
    machine that makes them."""

    artefacts: int = 2
    system: str = ""
    log: bool = False
    zone_min: int = 480

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        if not -1440 <= self.zone_min <= 1440:
            raise ValueError("zone_min must be -1440 to 1440")


@dataclass(frozen=True, slots=True)
class Link:
    """Something at the place with the positions it lies between."""

    name: str
    spans: Spans
    ended: int | None = None
    system: str = ""

    @property
    def full(self) -> bool:
        """Whether it needs no other."""
        return self.spans.kind != "incremental"


@dataclass(frozen=True, slots=True)
class Physical:
    """One backup. `log`: completed, failed, "" (none found)."""

    base: Artefact
    spans: Spans | None = None
    told: Told | None = None
    files: Files | None = None
    log: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """`links`: all that stands there; `gone`: ends of backups that stood here at an earlier look."""

    artefacts: tuple[Physical, ...]
    stands: Stands
    links: tuple[Link, ...]
    gone: tuple[int, ...] = ()


def observe(backups: Backups, params: Params) -> Facts:
    """Read the newest, and what they are built on."""
    with backups.place(params) as place, standing.remembered(backups, "read", CHECK.version) as memory:
        found = standing.survey(place, params, memory)
        links, entries = _links(place, found, params)
        chosen = {standing.name_of(one.path, found.top): one for one in found.chosen}
        for name in list(chosen):
            for one in ancestors(name, links):
                chosen.setdefault(one, entries[one])
        read = tuple(_read(backups, place, found, memory, params, name, one) for name, one in chosen.items())
    return Facts(read, found.stands, links, _gone(backups, links))


def _gone(backups: Backups, links: tuple[Link, ...]) -> tuple[int, ...]:
    here = {one.spans.end for one in links}
    known = set(json.loads(backups.before("ends", "[]") or "[]"))
    backups.before("ends", json.dumps(sorted(known | here)[-1000:]))
    return tuple(sorted(known - here))


def _links(place: Place, found: standing.Survey, params: Params) -> tuple[tuple[Link, ...], dict[str, Entry]]:
    """All that stands there; where one backup alone is named, what lies beside it too."""
    around = list(found.all)
    if len(around) == 1 and not set(params.path) & set("*?[%"):
        around += [one for one in place.match(f"{found.top}/*") if one.path != around[0].path]
    made, entries = [], {}
    for entry in around:
        name = standing.name_of(entry.path, found.top)
        try:
            spans = read_spans(first_of(place, entry.path, CHECKPOINTS))
            if spans is not None:
                told = read_info(first_of(place, entry.path, INFO), params.zone_min)
                made.append(Link(name, spans, told.ended, system_of(place, entry.path)))
                entries[name] = entry
        except OSError:
            continue
    return tuple(made), entries


def ancestors(name: str, links: tuple[Link, ...]) -> list[str]:
    """What a backup is built on, nearest first."""
    made: list[str] = []
    at = next((one for one in links if one.name == name), None)
    while at is not None and not at.full:
        parent = _parent(at, links, {name, *made})
        if parent is None:
            break
        made.append(parent.name)
        at = parent
    return made


def _parent(child: Link, links: tuple[Link, ...], taken: set[str]) -> Link | None:
    fits = [
        one
        for one in links
        if one.spans.end == child.spans.start
        and one.name not in taken
        and one.name != child.name
        and (one.ended is None or child.ended is None or one.ended <= child.ended)
    ]
    # Of several that end where it begins the full one is what all of them share.
    return min(fits, key=lambda one: (not one.full, -(one.ended or 0), one.name), default=None)


def _read(
    backups: Backups,
    place: Place,
    found: standing.Survey,
    memory: standing.Memory,
    params: Params,
    name: str,
    entry: Entry,
) -> Physical:
    base = standing.read(place, found, entry, memory, params, backups.now())
    try:
        if entry.kind != "directory":
            return Physical(replace(base, name=name))
        spans = read_spans(first_of(place, entry.path, CHECKPOINTS))
        told = read_info(first_of(place, entry.path, INFO), params.zone_min)
        files, log, system = (
            read_files(place, entry.path),
            log_end(place, entry.path),
            system_of(place, entry.path),
        )
    except OSError as problem:
        return Physical(replace(base, name=name, trouble=base.trouble or standing.trouble(problem)))
    whole = spans is None or spans.kind != "incremental"
    base = replace(
        base,
        name=name,
        kind="full" if whole else "incremental",
        made=Made(told.started, told.ended, told.tool, system=system),
        id=str(spans.end) if spans else "",
        parent="" if whole or spans is None else str(spans.start),
    )
    return Physical(base, spans, told, files, log)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Verdicts for each backup that was read."""
    facts = seen.facts
    yield from basic.judge_stands(facts.stands)
    own = {
        one.base.name: list(_alone(one, asked, seen.taken_at))
        for one, asked in basic.each(facts.artefacts, facts.stands, params)
    }
    for one in facts.artefacts:
        yield from levels.readings(one.base.name, [*own[one.base.name], *_connected(one, facts, own)])


def _alone(one: Physical, params: Params, taken_at: int) -> Iterator[Verdict]:
    """What can be said of a backup without looking at others."""
    if one.files is not None:
        yield from _complete(one, one.files)
    yield from basic.judge_base(one.base, params, taken_at, inner=True)
    if one.files is None:
        yield untold(Level.WELL_FORMED, "unsupported" if one.base.trouble == "" else "not_read")
        return
    yield _well_formed(one, params)
    if params.system and one.base.made.system:
        right = params.system == one.base.made.system
        yield good(Level.TRUE) if right else bad("wrong_source", one.base.made.system)
    elif params.system:
        yield untold(Level.TRUE, "not_recorded", "system")


def _complete(one: Physical, files: Files) -> Iterator[Verdict]:
    if one.spans is None or one.told is None or one.told.ended is None:
        # Both are written when all else is there.
        yield bad("unfinished" if one.log != "completed" else "part_missing", CHECKPOINTS[0])
    elif files.missing_count:
        yield bad("part_missing", first(files.missing))
    elif not files.redo and one.spans.kind != "full-prepared":
        yield bad("part_missing", "ib_logfile0")
    elif not files.system:
        yield bad("part_missing", "ibdata1")


def _well_formed(one: Physical, params: Params) -> Verdict:
    if one.log == "failed":
        return bad("no_end_mark")
    if one.spans is None:
        return untold(Level.WELL_FORMED, "not_read")
    if one.spans.last < one.spans.end or one.spans.end < one.spans.start:
        # The redo log it took ends before its pages do.
        return bad("truncated", f"{one.spans.last}")
    if params.log and not one.log:
        return untold(Level.WELL_FORMED, "not_recorded", "log")
    return good(Level.WELL_FORMED)


_SPOILS = frozenset((Level.PRESENT, Level.UNCHANGED, Level.WELL_FORMED))


def _connected(one: Physical, facts: Facts, own: dict[str, list[Verdict]]) -> Iterator[Verdict]:
    """The chain: every link there, of the same server, and none of them damaged."""
    by_name = {each.base.name: each for each in facts.artefacts}
    links = {each.name: each for each in facts.links}
    chain = [one.base.name, *ancestors(one.base.name, facts.links)]
    last = links.get(chain[-1])
    if last is not None and not last.full:
        yield bad(_why_alone(last, facts), str(last.spans.start))
    for name in chain[1:]:
        before = by_name.get(name)
        if before is None:
            yield untold(Level.CONNECTED, "not_read", name)
        elif before.base.made.system != one.base.made.system:
            yield bad("wrong_parent", name)
        elif any(v.outcome is Outcome.BAD and v.level in _SPOILS for v in own[name]):
            yield bad("link_damaged", name)
    if last is not None:
        yield good(Level.CONNECTED)


def _why_alone(link: Link, facts: Facts) -> str:
    """Its parent stood here once, or nothing does that it could be built on; or another full does."""
    if link.spans.start in facts.gone:
        return "orphan"
    return "wrong_parent" if any(one.full for one in facts.links) else "orphan"


CHECK = Check(
    id="backup.mariabackup",
    version=3,
    title="MariaDB、MySQL 物理备份",
    title_en="MariaDB, MySQL: physical backups",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-05", "HA-06", "HA-07", "HA-08", "PD-05", "LH-32"),
    needs=("read access to the backups",),
)
