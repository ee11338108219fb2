"""An archive of PostgreSQL's log as facts, and what is judged of it: archives, pgBackRest's, Barman's.

A gap is found by names alone. That a segment is what its name says takes a look into it: at its first page
where it is plain, at all of it where it is compressed (its size shows only then), each of them once.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from checks.artefacts.formats import COMPRESSIONS, named
from checks.artefacts.layers import Account, Budget, LayerError, Limits, unpacked
from checks.artefacts.levels import Level, Verdict, bad, first, good, told, untold
from checks.artefacts.wal import (
    DEFAULT_SIZE,
    Gap,
    Range,
    Segment,
    SegmentName,
    Switch,
    backup_start,
    gaps,
    history_of,
    numbered,
    ranges,
    read_head,
    read_history,
    sane,
    segment_name,
)
from checks.places import Backups, Entry, Place, Tools, shown

MOST_NAMES = 10
MOST_REMEMBERED = 200_000
_HEAD = 40
_ENVELOPES = frozenset(("gpg", "age"))  # Barman's own encryption since 3.14, and others' scripts
_SEALED = b"Salted__"


@dataclass(frozen=True, slots=True)
class Log:
    """`size` of segments; `ranges` without gaps, `switches` of timelines; `since`: the segment in which the
    oldest backup begins ("" no backup known). `newest` segment and when it was written. `wrong`: segments
    that are not what their names say, or not of the cluster the others are of (the first few of
    `wrong_count`); `unread`, and why: "" their turn has not come, else a word. `systems`: whose log it is."""

    size: int = DEFAULT_SIZE
    count: int = 0
    bytes: int = 0
    ranges: tuple[Range, ...] = ()
    switches: tuple[Switch, ...] = ()
    since: str = ""
    partial: int = 0
    newest: str = ""
    newest_at: int | None = None
    wrong_count: int = 0
    wrong: tuple[str, ...] = ()
    unread: int = 0
    why: str = ""
    systems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """What a policy says of a log. `timeout_s`: PostgreSQL's archive_timeout (0: how old the newest may be is
    not asked); `margin_s`: how much later it may come. `system`: identifier of the cluster ("" any)."""

    timeout_s: int = 0
    margin_s: int = 900
    system: str = ""


@dataclass
class _Seen:
    files: dict[str, tuple[SegmentName, Entry]] = field(default_factory=dict)
    partial: int = 0
    switches: set[Switch] = field(default_factory=set)
    starts: set[str] = field(default_factory=set)
    bytes: int = 0


def read_log(
    backups: Backups, place: Place, tops: Iterable[str], key: str, *, most: int, since: Iterable[str] = ()
) -> Log:
    """All below these directories. `key`: under which is remembered what was read; `most`: how many
    compressed segments are read at one look; `since`: segments in which backups begin."""
    seen = _Seen()
    for top in tops:
        for entry in place.walk(top):
            if entry.kind == "file":
                _sort(place, backups.tools, entry, seen)
    found = _Heads(place, backups.tools, json.loads(backups.before(key, "{}") or "{}"), most)
    heads = found.read(seen)
    backups.before(key, json.dumps(found.kept, sort_keys=True))
    return _told(seen, found, heads, {*since} or seen.starts)


def _sort(place: Place, tools: Tools, entry: Entry, seen: _Seen) -> None:
    name = entry.path.rpartition("/")[2]
    segment, history = segment_name(name), history_of(name)
    if segment is not None:
        seen.bytes += entry.size
        if segment.partial:
            seen.partial += 1
        else:
            held = seen.files.get(segment.plain)
            if held is None or held[1].mtime_ns < entry.mtime_ns:
                seen.files[segment.plain] = (segment, entry)
    elif history is not None:
        with contextlib.suppress(OSError, LayerError):
            seen.switches.update(read_history(history, _small(place, tools, entry)))
    elif start := backup_start(name):
        seen.starts.add(start)


def _small(place: Place, tools: Tools, entry: Entry) -> bytes:
    with plain_of(place, tools, entry) as chunks:
        return b"".join(chunks)[:65_536]


@contextlib.contextmanager
def plain_of(place: Place, tools: Tools, entry: Entry) -> Iterator[Iterator[bytes]]:
    """A file's content without its compression."""
    layer = named(place.block(entry.path, 0, 512))
    if layer not in COMPRESSIONS:
        yield (bytes(one) for one in place.blocks(entry.path, entry.size + 1))
        return
    with (
        place.open(entry.path) as raw,
        unpacked(tools, layer, raw, Account(layer), Budget(Limits(bytes=2 << 30), entry.size)) as plain,
    ):
        yield iter(lambda: plain.read(1 << 20), b"")


@dataclass
class _Heads:
    """Reads heads of segments, each once: `held`, `kept`: [size, mtime, system, segment size, fault]."""

    place: Place
    tools: Tools
    held: dict[str, list[int | str]]
    most: int
    kept: dict[str, list[int | str]] = field(default_factory=dict)
    unread: int = 0
    why: str = ""

    def read(self, seen: _Seen) -> dict[str, tuple[str, int, str]]:
        """System, size and fault by the segment's name; newest first, so that news is read."""
        made: dict[str, tuple[str, int, str]] = {}
        for plain, (segment, entry) in sorted(seen.files.items(), reverse=True):
            known = self.held.get(plain)
            if known is None or known[:2] != [entry.size, entry.mtime_ns]:
                known = self._look(segment, entry)
            if known is not None:
                made[plain] = (str(known[2]), int(known[3]), str(known[4]))
                if len(self.kept) < MOST_REMEMBERED:
                    self.kept[plain] = known
        return made

    def _look(self, segment: SegmentName, entry: Entry) -> list[int | str] | None:
        if self.most <= 0:
            self.unread += 1
            return None
        begins = self.place.block(entry.path, 0, 512)
        if begins.startswith(_SEALED) or named(begins) in _ENVELOPES:
            self.unread, self.why = self.unread + 1, "no_key"
            return None
        if segment.sha1 or named(begins) in COMPRESSIONS:
            self.most -= 1
        try:
            head, fault = self._whole(segment, entry, begins)
        except LayerError as problem:
            if problem.reason not in ("damaged", "truncated", "trailing_bytes", "several_members"):
                self.unread, self.why = self.unread + 1, problem.reason
                return None
            head, fault = None, problem.reason
        except OSError:
            self.unread, self.why = self.unread + 1, "not_read"
            return None
        system, size = (head.system, head.size) if head else ("", 0)
        return [entry.size, entry.mtime_ns, system, size, fault]

    def _whole(self, segment: SegmentName, entry: Entry, begins: bytes) -> tuple[Segment | None, str]:
        if not segment.sha1 and named(begins) not in COMPRESSIONS:
            head = read_head(begins[:_HEAD], entry.size)
        else:
            made, first, size = hashlib.sha1(usedforsecurity=False), b"", 0
            with plain_of(self.place, self.tools, entry) as chunks:
                for chunk in chunks:
                    first = first or chunk[:_HEAD]
                    size += len(chunk)
                    made.update(chunk)
            if segment.sha1 and made.hexdigest() != segment.sha1:
                return None, "changed"
            head = read_head(first, size)
        if head is None:
            return None, "damaged"
        return head, "" if head.is_of(segment.plain) else _odd(head)


def _odd(head: Segment) -> str:
    return "truncated" if head.bytes < head.size else "damaged"


def _told(seen: _Seen, found: _Heads, heads: dict[str, tuple[str, int, str]], since: set[str]) -> Log:
    size = next((held[1] for held in heads.values() if held[1]), DEFAULT_SIZE)
    systems = tuple(sorted({held[0] for held in heads.values() if held[0]}))
    wrong = sorted(name for name, held in heads.items() if held[2])
    names = [one[0] for one in seen.files.values()]
    newest = max(seen.files, default="")
    return Log(
        size,
        len(names),
        seen.bytes,
        ranges(names, size),
        tuple(sorted(seen.switches, key=lambda one: (one.timeline, one.at))),
        min(since, default=""),
        seen.partial,
        newest,
        seen.files[newest][1].mtime_ns // 1_000_000 if newest else None,
        len(wrong),
        tuple(f"{shown(name)} {heads[name][2]}" for name in wrong[:MOST_NAMES]),
        found.unread,
        found.why,
        systems,
    )


def missing(log: Log) -> list[Gap]:
    """Segments that are needed from the oldest backup to now, and are not there."""
    size = sane(log.size)
    begin = segment_name(log.since) if log.since else None
    since = (begin.timeline, begin.number(size)) if begin is not None else None
    return list(gaps(log.ranges, log.switches, since, size))


def shown_gap(gap: Gap, size: int) -> str:
    """The first segment of a gap, or the history that is not there."""
    return numbered(gap.timeline, gap.first, size) if gap.count else f"{gap.timeline:08X}.history"


def _goes_on(log: Log, expected: Expected, taken_at: int) -> Iterator[Verdict]:
    if expected.timeout_s and log.newest_at is None:
        yield untold(Level.CONNECTED, "not_recorded")
    elif expected.timeout_s and log.newest_at is not None:
        allowed = (expected.timeout_s + expected.margin_s) * 1000
        if taken_at - log.newest_at > allowed:
            yield bad("log_stopped", log.newest)


def judge_log(log: Log, expected: Expected, taken_at: int) -> Iterator[Verdict]:
    """Verdicts at the levels well-formed, connected, true."""
    if log.wrong_count:
        yield bad("damaged", first(log.wrong))
    elif log.unread:
        yield untold(Level.WELL_FORMED, told(log.why))
    else:
        yield good(Level.WELL_FORMED)
    holes = missing(log)
    if holes:
        yield bad("gap", shown_gap(holes[0], sane(log.size)))
    yield from _goes_on(log, expected, taken_at)
    yield good(Level.CONNECTED)
    if expected.system and not log.systems:
        yield untold(Level.TRUE, "not_recorded")
    elif expected.system:
        others = [one for one in log.systems if one != expected.system]
        yield bad("wrong_source", others[0]) if others else good(Level.TRUE)
    elif len(log.systems) > 1:
        yield bad("wrong_source", log.systems[-1])
