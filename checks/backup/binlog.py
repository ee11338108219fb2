"""Binary logs of MySQL and MariaDB that were put away: every file and checksum, GTIDs without a jump."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from checks.api import Check, Reading, Seen, Source
from checks.artefacts import basic, levels, standing
from checks.artefacts.artefact import Artefact, Made
from checks.artefacts.binlog import Binlog, BinlogError, numbered, read_binlog
from checks.artefacts.layers import LayerError
from checks.artefacts.levels import Level, Verdict, bad, first, good, told, untold
from checks.artefacts.look import Look, Stands
from checks.artefacts.walread import plain_of
from checks.places import Backups, Entry, Place, shown

_DAMAGE = ("damaged", "truncated", "unknown_format", "trailing_bytes", "several_members")


@dataclass(frozen=True, slots=True)
class Params(Look):
    """`path`: the directory. `since`: number of the oldest file that is needed (0: the oldest there is).
    `every_s`: how often a file is put away (0: how old the newest may be is not asked), `margin_s`: how much
    later it may come. `read`: how many files are read at one look."""

    since: int = 0
    every_s: int = 0
    margin_s: int = 900
    read: int = 200

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        if min(self.since, self.every_s, self.margin_s) < 0 or not 1 <= self.read <= 1_000_000:
            raise ValueError("since, every_s, margin_s must not be below 0, read 1 to 1000000")


@dataclass(frozen=True, slots=True)
class Logs:
    """All files of one base name. `missing`: numbers between the first and the last that are not there;
    `breaks`: files that do not go on where the one before ended; `wrong`: files and what is wrong with them
    (the first few of `wrong_count`); `unread`: and why."""

    name: str = ""
    count: int = 0
    first: int = 0
    last: int = 0
    missing: tuple[int, ...] = ()
    missing_count: int = 0
    breaks: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    wrong_count: int = 0
    unread: int = 0
    why: str = ""
    unchecked: int = 0
    newest_at: int | None = None
    server: str = ""


@dataclass(frozen=True, slots=True)
class Archive:
    """One directory."""

    base: Artefact
    logs: Logs


@dataclass(frozen=True, slots=True)
class Facts:
    """Directories that fit the path."""

    artefacts: tuple[Archive, ...]
    stands: Stands


def observe(backups: Backups, params: Params) -> Facts:
    """List the directories, read files that are new."""
    with backups.place(params) as place:
        found = standing.survey(place, params)
        read = tuple(_archive(backups, place, found.top, one, params) for one in found.chosen)
    return Facts(read, found.stands)


@dataclass
class _File:
    number: int
    entry: Entry
    log: Binlog | None = None
    fault: str = ""


def _archive(backups: Backups, place: Place, top: str, entry: Entry, params: Params) -> Archive:
    base = standing.base(place, entry, top, kind="log")
    try:
        files = _files(place, entry)
        logs = _read(backups, place, base.name, files, params)
    except OSError as problem:
        return Archive(replace(base, trouble=standing.trouble(problem)), Logs())
    newest = files[-1].log if files else None
    made = Made(None, newest.ended * 1000 if newest is not None and newest.ended else None, source=logs.name)
    size = sum(one.entry.size for one in files)
    return Archive(replace(base, bytes=size, parts=len(files), made=made, id=str(logs.last)), logs)


def _files(place: Place, entry: Entry) -> list[_File]:
    """Files of the base name that most have, in order."""
    by_base: dict[str, list[_File]] = {}
    for one in place.walk(entry.path):
        found = numbered(one.path.rpartition("/")[2]) if one.kind == "file" else None
        if found is not None:
            by_base.setdefault(found[0], []).append(_File(found[1], one))
    most = max(by_base.values(), key=len, default=[])
    return sorted(most, key=lambda one: one.number)


def _read(backups: Backups, place: Place, key: str, files: list[_File], params: Params) -> Logs:
    held = json.loads(backups.before(f"binlog {key}", "{}") or "{}")
    kept, left, unread, why = {}, params.read, 0, ""
    for one in reversed(files):
        stamp = [one.entry.size, one.entry.mtime_ns]
        known = held.get(str(one.number))
        if known is not None and known[0] == stamp:
            _recall(one, known)
        elif left > 0:
            left -= 1
            reason = _look(backups, place, one)
            if reason:
                unread, why = unread + 1, reason
                continue
        else:
            unread += 1
            continue
        kept[str(one.number)] = [stamp, one.fault, _state(one.log)]
    backups.before(f"binlog {key}", json.dumps(kept, sort_keys=True))
    return _told(files, unread, why, params)


def _state(log: Binlog | None) -> list[object] | None:
    if log is None:
        return None
    starts = None if log.starts is None else sorted(log.starts.items())
    return [log.next, log.closed, log.checked, log.ended, log.server, starts, sorted(log.ends.items())]


def _recall(one: _File, known: list[object]) -> None:
    one.fault = str(known[1])
    state = known[2]
    if isinstance(state, list):
        following, closed, checked, ended, server, starts, ends = state
        one.log = Binlog(
            next=following,
            closed=closed,
            checked=checked,
            ended=ended,
            server=server,
            starts=None if starts is None else dict(starts),
            ends=dict(ends),
        )


def _look(backups: Backups, place: Place, one: _File) -> str:
    """Read a file; the word for why nothing can be said of it, "" where something can."""
    try:
        with plain_of(place, backups.tools, one.entry) as chunks:
            one.log = read_binlog(chunks)
    except (BinlogError, LayerError) as problem:
        if problem.reason not in _DAMAGE:
            return problem.reason
        one.fault = problem.reason
    return ""


def _told(files: list[_File], unread: int, why: str, params: Params) -> Logs:
    if not files:
        return Logs()
    there = {one.number for one in files}
    first = params.since or files[0].number
    missing = [one for one in range(first, files[-1].number + 1) if one not in there]
    wrong = [f"{_name(one)} {one.fault}" for one in files if one.fault]
    # The one that is being written has no end yet.
    wrong += [f"{_name(one)} truncated" for one in files[:-1] if one.log and not one.log.closed]
    breaks = [_name(two) for one, two in pairwise(files) if _breaks(one, two)]
    named = numbered(files[-1].entry.path.rpartition("/")[2])
    return Logs(
        shown(named[0]) if named else "",
        len(files),
        files[0].number,
        files[-1].number,
        tuple(missing[:10]),
        len(missing),
        tuple(breaks[:10]),
        tuple(wrong[:10]),
        len(wrong),
        unread,
        why,
        sum(one.log is not None and not one.log.checked for one in files),
        files[-1].entry.mtime_ns // 1_000_000,
        next((one.log.server for one in reversed(files) if one.log), ""),
    )


def _name(one: _File) -> str:
    return shown(one.entry.path.rpartition("/")[2])


def _breaks(one: _File, two: _File) -> bool:
    """Whether the second does not go on where the first ended, though they follow each other by number."""
    if one.log is None or two.log is None or two.number != one.number + 1:
        return False
    named = numbered(one.log.next)
    if one.log.next and (named is None or named[1] != two.number):
        return True
    starts = two.log.starts
    return starts is not None and any(
        starts.get(domain, 0) != number for domain, number in one.log.ends.items()
    )


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Each directory."""
    yield from basic.judge_stands(seen.facts.stands)
    for one in seen.facts.artefacts:
        verdicts = list(basic.judge_base(one.base, params, seen.taken_at, inner=False))
        if not one.base.trouble and one.logs.count:
            verdicts += _judge(one.logs, params, seen.taken_at)
        yield from levels.readings(one.base.name, verdicts)


def _judge(logs: Logs, params: Params, taken_at: int) -> Iterator[Verdict]:
    if logs.wrong_count:
        yield bad("damaged", first(logs.wrong))
    elif logs.unread:
        yield untold(Level.WELL_FORMED, told(logs.why))
    elif logs.unchecked:
        yield untold(Level.WELL_FORMED, "no_checksum")
    else:
        yield good(Level.WELL_FORMED)
    if logs.missing_count or logs.breaks:
        yield bad("gap", str(logs.missing[0]) if logs.missing else first(logs.breaks))
    late = (
        logs.newest_at is not None and taken_at - logs.newest_at > (params.every_s + params.margin_s) * 1000
    )
    if params.every_s and late:
        yield bad("log_stopped", str(logs.last))
    yield good(Level.CONNECTED)


CHECK = Check(
    id="backup.binlog",
    version=2,
    title="MySQL、MariaDB 归档二进制日志",
    title_en="MySQL, MariaDB: archived binary logs",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-05", "HA-07", "PD-05"),
    needs=("read access to the directory", "zstd or lz4, where files are compressed with them"),
)
