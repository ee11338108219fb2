"""Barman's backups of a server, by its own files: each backup, its files against their manifest, the log."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace

from checks.api import Check, ErrorKind, ObservationError, Reading, Seen, Source, State, Unit
from checks.artefacts import barman, basic, levels, standing
from checks.artefacts.artefact import Artefact, Listed, Made
from checks.artefacts.levels import Level, Outcome, Verdict, bad, good, untold
from checks.artefacts.look import Look, Stands
from checks.artefacts.pgjudge import complete, unchanged, well_formed
from checks.artefacts.pgread import Inside, ask_tool, inspect
from checks.artefacts.wal import sane, segment_name
from checks.artefacts.walread import Expected, Log, judge_log, read_log
from checks.codec import from_json, to_json
from checks.places import Backups, Entry, Place, shown

_DAY_MS = 86_400_000
_SMALL = 1 << 20


@dataclass(frozen=True, slots=True)
class Params(Look):
    """`path`: the server's directory below barman_home. `system`: system identifier of its cluster ("" not
    asked). `fulls`: how many full backups there must be (0: not asked). `archive_timeout_s`, `margin_s`,
    `read`: as of backup.wal."""

    artefacts: int = 2
    system: str = ""
    fulls: int = 0
    archive_timeout_s: int = 0
    margin_s: int = 900
    read: int = 1000

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        if min(self.fulls, self.archive_timeout_s, self.margin_s) < 0 or not 1 <= self.read <= 1_000_000:
            raise ValueError("fulls, archive_timeout_s, margin_s must not be below 0, read 1 to 1000000")


@dataclass(frozen=True, slots=True)
class Kept:
    """One backup. `inside`: its files (None: not read)."""

    base: Artefact
    info: barman.Backup | None
    inside: Inside | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """The server's log and what Barman says of it. `known`: the cluster that was here at the first look;
    `lost`: segments that xlog.db has and the archive has not; `errors`: files its archiver put aside."""

    base: Artefact
    log: Log
    system: str = ""
    known: str = ""
    ids: tuple[str, ...] = ()
    fulls: int = 0
    lost: int = 0
    errors: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """Backups that were read, and the server (None: no such directory)."""

    artefacts: tuple[Kept, ...]
    stands: Stands
    server: Server | None = None


def observe(backups: Backups, params: Params) -> Facts:
    """Read the newest backups, what they are built on, and the log."""
    with backups.place(params) as place, standing.remembered(backups, "read", CHECK.version) as memory:
        found = standing.survey(place, replace(params, rolling=0))
        if not found.chosen or found.chosen[0].kind == "file":
            return Facts((), Stands(0, (), ()))  # a file in its place holds no backup
        top = found.chosen[0].path
        if found.chosen[0].kind != "directory":
            raise ObservationError(ErrorKind.UNSUPPORTED, f"{top} is no directory: links are not followed")
        infos = infos_of(place, top)
        chosen = _chosen(place, top, infos, memory, params)
        read = tuple(_read(backups, place, top, infos[one], memory, params) for one in chosen)
        server = _server(backups, place, top, infos, params)
    name = posixpath.basename(top)
    listed = [Listed(f"{name}/{one.id}", one.size, one.ended or 0) for one in infos.values() if one.ended]
    going = [
        Listed(f"{name}/{one.id}", 0, one.started or 0) for one in infos.values() if one.status != "DONE"
    ]
    newest = sorted(listed, key=lambda one: one.modified, reverse=True)[: standing.MOST_LISTED]
    return Facts(read, Stands(len(infos), tuple(newest), tuple(going[:100])), server)


def infos_of(place: Place, top: str) -> dict[str, barman.Backup]:
    """All backups by id; one whose backup.info says nothing is listed with no status."""
    made = {}
    for name in _names(place, f"{top}/base"):
        if not barman.ID.fullmatch(name):
            continue
        raw = b""
        for path in (f"{top}/base/{name}/backup.info", f"{top}/meta/{name}-backup.info"):
            try:
                raw = raw or place.block(path, 0, _SMALL)
            except OSError:
                continue
        empty = barman.Backup(name, "", "", None, None, "", "", "", 0, False)
        made[name] = barman.read_info(name, raw) or empty
    return made


def _names(place: Place, folder: str) -> list[str]:
    try:
        return sorted(place.names(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []  # one that we may not look into is not empty


def _chosen(
    place: Place, top: str, infos: dict[str, barman.Backup], memory: standing.Memory, params: Params
) -> list[str]:
    newest = sorted(infos, reverse=True)
    wanted = newest[: params.artefacts]
    for label in newest[params.artefacts :]:
        entry = place.stat(f"{top}/base/{label}")
        memory.keep(entry)
        wanted += [label] if memory.due(entry, params.rolling) else []
    made: list[str] = []
    for label in wanted:
        made += [one for one in (label, *parents(label, infos)) if one in infos and one not in made]
    return made


def parents(label: str, infos: dict[str, barman.Backup]) -> list[str]:
    """What a backup is built on, nearest first; the last may not be there."""
    made: list[str] = []
    at = infos.get(label)
    while at is not None and at.parent and at.parent not in made:
        made.append(at.parent)
        at = infos.get(at.parent)
    return made


def _read(
    backups: Backups,
    place: Place,
    top: str,
    info: barman.Backup,
    memory: standing.Memory,
    params: Params,
) -> Kept:
    entry = place.stat(f"{top}/base/{info.id}")
    base = replace(
        standing.base(place, entry, posixpath.dirname(top)),
        name=f"{posixpath.basename(top)}/{info.id}",
        kind="incremental" if info.parent else "full",
        bytes=info.size or 1,
        made=Made(info.started, info.ended, f"Barman {info.mode}", posixpath.basename(top), info.system),
        id=info.id,
        parent=info.parent,
    )
    try:
        data = place.stat(f"{entry.path}/data")
    except OSError as problem:
        word = standing.trouble(problem)
        return Kept(replace(base, trouble="" if word == "missing" else word), info)
    held = memory.get(place, entry)
    if held is None or memory.due(entry, params.rolling):
        inside = ask_tool(place, backups.tools, data, inspect(place, backups.tools, data))
        before = memory.held.get(shown(entry.path), {}).get("value", {})
        first = before.get("manifest") or inside.manifest_sha256
        held = {"inside": to_json(inside), "read_at": backups.now(), "manifest": first}
        if not inside.trouble:
            held["sha256"] = inside.sha256
            memory.put(place, entry, held)
    inside = from_json(Inside, held["inside"])
    return Kept(_with(base, inside, held, memory.digest_of(place, entry)), info, inside)


def _with(base: Artefact, inside: Inside, held: dict[str, object], known: str) -> Artefact:
    return replace(
        base,
        bytes=inside.bytes or base.bytes,
        parts=inside.parts,
        sha256=inside.sha256,
        read_at=None if inside.trouble else int(str(held["read_at"])),
        fingerprint=inside.manifest_sha256,
        expected=str(held["manifest"]),
        trouble=inside.trouble,
        recorded=known,
    )


def _server(
    backups: Backups, place: Place, top: str, infos: dict[str, barman.Backup], params: Params
) -> Server:
    name = posixpath.basename(top)
    base = Artefact(f"{name}/wals", "log", 0, 0, 0)
    since = [one.first_segment for one in infos.values() if one.first_segment and one.status in barman.ENDED]
    try:
        entry = place.stat(f"{top}/wals")
        log = read_log(backups, place, [entry.path], f"log {name}", most=params.read, since=since)
        lost = _lost(place, entry)
    except OSError as problem:
        return Server(replace(base, trouble=standing.trouble(problem)), Log(), ids=tuple(infos))
    system = barman.identity(_block(place, f"{top}/identity.json"))
    system = system or next((one.system for one in reversed(infos.values()) if one.system), "")
    known = backups.before(f"system {name}", "") or system
    backups.before(f"system {name}", known)
    made = replace(
        base,
        bytes=log.bytes,
        parts=log.count,
        modified=log.newest_at or 0,
        placed=standing.placed(place, entry),
        id=log.newest,
    )
    fulls = sum(one.status == "DONE" and not one.parent for one in infos.values())
    errors = len(_names(place, f"{top}/errors"))
    return Server(made, log, system, known, tuple(infos), fulls, lost, errors)


def _block(place: Place, path: str) -> bytes:
    try:
        return place.block(path, 0, _SMALL)
    except OSError:
        return b""


def _lost(place: Place, wals: Entry) -> int:
    """Segments that Barman has written down and that are not there."""
    try:
        raw = b"".join(bytes(one) for one in place.blocks(f"{wals.path}/xlog.db", 256 << 20))
    except FileNotFoundError:
        return 0
    there = {one.path.rpartition("/")[2] for one in place.walk(wals.path) if one.kind == "file"}
    return sum(one not in there for one in barman.logged(raw))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """The server's log and count of full backups, then each backup."""
    facts = seen.facts
    yield from basic.judge_stands(facts.stands)
    server = facts.server
    if server is None:
        return
    name = server.base.name.rpartition("/")[0]
    yield from levels.readings(server.base.name, _judge_log(server, params, seen.taken_at))
    short = params.fulls > server.fulls
    word = "retention_short" if short else ""
    yield Reading(f"{name}:fulls", server.fulls, Unit.COUNT, State.CRIT if short else State.OK, word)
    aside, told = (State.WARN, "put_aside") if server.errors else (State.OK, "")
    yield Reading(f"{name}:archiver_errors", server.errors, Unit.COUNT, aside, told)
    newest = basic.newest_of((one.base for one in facts.artefacts), params, lambda one: (0, one.id))
    own = {
        one.base.name: list(_alone(one, server, basic.aged(params, one.base, newest), seen.taken_at))
        for one in facts.artefacts
    }
    for each in facts.artefacts:
        yield from levels.readings(each.base.name, [*own[each.base.name], *_chain(each, facts, own)])


def _judge_log(server: Server, params: Params, taken_at: int) -> Iterator[Verdict]:
    yield from basic.judge_base(server.base, params, taken_at, inner=False)
    if not server.base.trouble and server.log.count:
        yield from judge_log(server.log, Expected(params.archive_timeout_s, params.margin_s), taken_at)
    if server.lost:
        yield bad("gap", f"{server.lost}")


def _alone(one: Kept, server: Server, params: Params, taken_at: int) -> Iterator[Verdict]:
    info, inside = one.info, one.inside
    if info is not None:
        yield from _status(info, taken_at)
    if inside is not None:
        yield from complete(inside, taken_at)
        yield from _unchanged(one, inside)
    elif info is not None and info.status == "DONE":
        yield bad("part_missing", "data")
    yield from basic.judge_base(one.base, params, taken_at, inner=True)
    if inside is None or one.base.trouble:
        yield untold(Level.WELL_FORMED, "not_read")
    elif info is not None and info.encryption:
        # Sealed by Barman itself (3.14 and later): its key is not asked for.
        yield untold(Level.WELL_FORMED, "no_key", info.encryption)
    else:
        yield from well_formed(inside)
    wanted = params.system or server.known
    if params.system and not one.base.made.system:
        yield untold(Level.CONNECTED, "not_recorded", "system")
    if wanted and one.base.made.system and wanted != one.base.made.system:
        yield bad("wrong_repository", one.base.made.system)


def _unchanged(one: Kept, inside: Inside) -> Iterator[Verdict]:
    bare = one.info is not None and (one.info.mode.startswith("rsync") or one.info.encryption)
    if inside.manifest == "missing" and bare:
        # rsync makes no manifest, a sealed one shows none: only what was read before is left to compare.
        yield untold(Level.UNCHANGED, "not_recorded") if not one.base.recorded else good(Level.UNCHANGED)
    else:
        yield from unchanged(inside, one.base.expected)


def _status(info: barman.Backup, taken_at: int) -> Iterator[Verdict]:
    if info.status in barman.RUNNING:
        recent = info.started is None or taken_at - info.started < _DAY_MS
        yield untold(Level.PRESENT, "moving") if recent else bad("unfinished", info.status)
    elif info.status == "FAILED" or info.error:
        yield bad("unfinished", info.status)
    elif info.status not in barman.KNOWN:
        yield untold(Level.PRESENT, "unknown_word", info.status)


_SPOILS = frozenset((Level.PRESENT, Level.UNCHANGED, Level.WELL_FORMED))


def _chain(one: Kept, facts: Facts, own: dict[str, list[Verdict]]) -> Iterator[Verdict]:
    """Parents, and the log up to where it is consistent."""
    sets = {each.base.id: each for each in facts.artefacts}
    infos = {each.base.id: each.info for each in facts.artefacts if each.info is not None}
    for label in parents(one.base.id, infos):
        before = sets.get(label)
        if before is None:
            known = facts.server is not None and label in facts.server.ids
            yield untold(Level.CONNECTED, "not_read", label) if known else bad("orphan", label)
        elif any(v.outcome is Outcome.BAD and v.level in _SPOILS for v in own[before.base.name]):
            yield bad("link_damaged", label)
    last = segment_name(one.info.last_segment) if one.info is not None else None
    log = facts.server.log if facts.server is not None else Log()
    if last is not None and one.info is not None and one.info.status in barman.ENDED:
        number = last.number(sane(log.size))
        held = any(r.timeline == last.timeline and r.first <= number <= r.last for r in log.ranges)
        yield good(Level.CONNECTED) if held else bad("gap", last.plain)


CHECK = Check(
    id="backup.barman",
    version=5,
    title="Barman 备份",
    title_en="Barman: backups of a server",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-05", "HA-06", "HA-07", "HA-08", "PD-05", "LH-32"),
    needs=("read access to barman_home", "pg_verifybackup of the same major version, where there is one"),
)
