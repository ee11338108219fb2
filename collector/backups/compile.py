"""Policies out of plain mappings, as the estate file gives them; strict, with the place of every mistake.

A mistake has a path (keys and indices from the top of `backup`) and a reason; whoever read the file adds
file and line. Units are spelled out: `4h`, `30min`, `2 days`, `3 months`, `99%`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from checks.artefacts.levels import Level
from checks.artefacts.opening import SCHEMES
from checks.codec import FieldError
from collector.backups.policy import (
    BELIEVE_MS,
    REACTION_MS,
    AccessRule,
    Alias,
    BackupObject,
    CopyRule,
    DrillRule,
    ObjectKind,
    Pick,
    Policies,
    Policy,
    Role,
    Schedule,
    SealRule,
    Source,
    SuccessRule,
    To,
)
from collector.backups.values import (
    Path,
    Reader,
    Wrong,
    amount,
    day_start,
    duration,
    keep,
    path_of,
    share,
    window,
)

_ENTRY = {"object", "kind", "clause", "since", "from", "place", "level", "full", "incremental", "source"}
_ENTRY |= {"copy", "sealed", "access", "drill", "aliases", "systems", "sources", "believe"}
_TIMES = {"every", "on", "window", "grace", "keep", "source", "before", "within", "fulls_kept"}


@dataclass(frozen=True, slots=True)
class Mistake:
    """Where and what: `(0, "full", "keep")`, `missing`."""

    path: Path
    reason: str


class PolicyError(ValueError):
    """The policy cannot be used; `mistakes` says all that was found."""

    code = "bad_policy"

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, one.path))}: {one.reason}" for one in mistakes))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class Estate:
    """What the policy may speak of. `objects`: name -> kind ("" not told); `places`: names, None for any;
    `since_ms`: start of service where an entry says nothing else; `extra`: keys of entries and schedules
    that are somebody else's (how the agent is to look); `broken`: names of objects that are there and could
    not be read: what is wrong with those is said at them."""

    objects: Mapping[str, str]
    since_ms: int
    places: Collection[str] | None = None
    extra: Collection[str] = ()
    broken: Collection[str] = ()


@dataclass(slots=True)
class _Work:
    """Parsing under way."""

    estate: Estate
    mistakes: list[Mistake] = field(default_factory=list)

    def wrong(self, path: Path, reason: str) -> None:
        self.mistakes.append(Mistake(path, reason))


def parse(
    backup: Any, estate: Estate, success: Any = None, ignored: Mapping[str, str] | None = None
) -> Policies:
    """Policies of the estate's `backup:` list and `success:` mapping. PolicyError with all mistakes.

    `ignored`: patterns of names that need no backup, with the reason given. Entries of the same object are
    versions of its policy, told apart by `from`.
    """
    work = _Work(estate)
    found: dict[str, list[_Entry]] = {}
    for index, raw in enumerate(_list(backup, (), work)):
        for entry in _entries(raw, (index,), work):
            found.setdefault(entry.object, []).append(entry)
    objects = [_object(name, entries, work) for name, entries in sorted(found.items())]
    rule = None if success is None else _try(work, ("success",), _success, success, estate.since_ms)
    if work.mistakes:
        raise PolicyError(work.mistakes)
    return Policies(tuple(objects), rule, tuple(sorted((ignored or {}).items())))


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry, for one object that its pattern matches."""

    object: str
    path: Path
    kind: ObjectKind
    since_ms: int
    from_ms: int | None
    policy: Policy
    place: str
    aliases: tuple[Alias, ...]
    systems: tuple[str, ...]
    sources: tuple[str, ...]


def _list(raw: Any, path: Path, work: _Work) -> Sequence[Any]:
    if isinstance(raw, Sequence) and not isinstance(raw, str):
        return raw
    work.wrong(path, "a list is wanted here")
    return ()


def _try(work: _Work, path: Path, make: Any, *given: Any) -> Any:
    """What `make` gives; a mistake is noted at its place and None given."""
    try:
        return make(*given)
    except Wrong as problem:
        work.wrong((*path, *problem.path), problem.reason)
    except FieldError as problem:
        work.wrong((*path, problem.path), problem.problem)
    return None


def _entries(raw: Any, path: Path, work: _Work) -> Iterator[_Entry]:
    made = _try(work, path, _entry, raw, work.estate)
    if made is None:
        return
    pattern, shared = made
    names = sorted(name for name in work.estate.objects if fnmatchcase(name, pattern))
    if not names and not any(fnmatchcase(name, pattern) for name in work.estate.broken):
        work.wrong((*path, "object"), f"{pattern!r} matches no object")
    for name in names:
        kind = shared["kind"] or work.estate.objects[name]
        if kind not in {one.value for one in ObjectKind}:
            work.wrong((*path, "kind"), f"{name} has no kind; one of: {', '.join(ObjectKind)}")
            continue
        fields = {key: value for key, value in shared.items() if key != "kind"}
        yield _Entry(object=name, path=path, kind=ObjectKind(kind), **fields)


def _entry(raw: Any, estate: Estate) -> tuple[str, dict[str, Any]]:
    at = Reader.of(raw, _ENTRY | set(estate.extra))
    pattern = at.text("object", needed=True)
    since = at.make("since", day_start)
    return pattern, {
        "kind": at.text("kind"),
        "since_ms": estate.since_ms if since is None else since,
        "from_ms": at.make("from", day_start),
        "policy": _policy(at, estate),
        "place": _place(at, "place", estate),
        "aliases": tuple(_aliases(at)),
        "systems": at.texts("systems"),
        "sources": at.texts("sources"),
    }


def _policy(at: Reader, estate: Estate) -> Policy:
    schedules = (*_schedules(at, Role.FULL, estate), *_schedules(at, Role.INCREMENTAL, estate))
    roles = {one.role for one in schedules}
    if not schedules:
        raise Wrong(("full",), "neither full nor incremental is asked for")
    if Role.INCREMENTAL in roles and Role.FULL not in roles:
        raise Wrong(("incremental", "base"), "missing: an incremental needs a full to build on")
    return Policy(
        version=1,
        from_ms=0,
        schedules=schedules,
        clause=at.texts("clause"),
        copy=at.child("copy", _COPY, lambda child: _copy(child, estate)),
        sealed=at.child("sealed", {"scheme", "for"}, _sealed),
        access=at.child("access", {"owner", "mode", "refused"}, _access),
        drill=at.child("drill", _DRILL, _drill),
        level=_level(at),
        believe_ms=_believe(at),
    )


def _believe(at: Reader) -> int:
    span = at.make("believe", duration)
    if span == 0:
        raise Wrong(("believe",), "no time at all: then no look that fails once leaves anything standing")
    return BELIEVE_MS if span is None else int(span)


def _level(at: Reader) -> Level:
    word = at.text("level")
    known = {level.word: level for level in Level}
    if word and word not in known:
        raise Wrong(("level",), f"{word!r} is none of: {', '.join(known)}")
    return known[word] if word else Level.WELL_FORMED


def _place(at: Reader, key: str, estate: Estate) -> str:
    name = at.text(key)
    if name and estate.places is not None and name not in estate.places:
        raise Wrong((*at.path, key), f"{name!r} is no place of this estate")
    return name


def _schedules(at: Reader, role: Role, estate: Estate) -> tuple[Schedule, ...]:
    keys = _TIMES | set(estate.extra) | ({"to", "base"} if role is Role.INCREMENTAL else set())
    made: list[Schedule] = []
    for child in at.children(role.value, keys):
        one = _schedule(child, role, at)
        made.append(one)
        if (base := child.raw.get("base")) is not None:
            whole = {"keep": child.raw.get("keep"), **base} if isinstance(base, Mapping) else base
            made.append(_schedule(Reader.of(whole, _TIMES, (*child.path, "base")), Role.FULL, at))
    return tuple(made)


def _schedule(at: Reader, role: Role, entry: Reader) -> Schedule:
    event = at.text("before")
    if event and at.text("every"):
        raise Wrong((*at.path, "before"), "a slot is due every so often or before an event, not both")
    kept = at.make("keep", keep, needed=True)
    source = at.child("source", {"kind", "path", "reader"}, _source) or entry.child(
        "source", {"kind", "path", "reader"}, _source
    )
    if event:
        within = at.make("within", duration, needed=True)
        return Schedule(Role.EVENT, kept, before=event, within_ms=within, source=source)
    opens, closes = window(at)
    return Schedule(
        role,
        kept,
        every=at.text("every", needed=True),
        on=at.text("on"),
        opens=opens,
        closes=closes,
        grace_ms=at.make("grace", duration) or 0,
        to=To(at.one_of("to", tuple(To), To.LAST)),
        source=source,
        fulls_kept=at.number("fulls_kept"),
    )


def _source(at: Reader) -> Source:
    return Source(at.text("kind"), at.make("path", path_of) or "", at.text("reader"))


_COPY = {"to", "within", "equal", "keep", "first_keep"}


def _copy(at: Reader, estate: Estate) -> CopyRule:
    at.text("to", needed=True)
    equal = at.one_of("equal", ("sha256", "tree"), "sha256")
    within = at.make("within", duration, needed=True)
    return CopyRule(
        _place(at, "to", estate), within, equal, at.make("keep", keep), at.make("first_keep", keep)
    )


def _sealed(at: Reader) -> SealRule:
    return SealRule(at.one_of("scheme", (*SCHEMES, "any"), needed=True), at.texts("for"))


def _access(at: Reader) -> AccessRule:
    return AccessRule(at.text("owner"), at.text("mode"), at.texts("refused"))


_DRILL = {"every", "pick", "restore_within", "compare", "questions", "reaction", "allowed"}
_DRILL |= {"needs_approval", "approval"}
_DRILL_EVERY = ("day", "week", "fortnight", "month", "quarter", "year")


def _drill(at: Reader) -> DrillRule:
    reaction = at.make("reaction", duration)
    table = tuple(
        (child.make("up_to", amount, needed=True), child.make("within", duration, needed=True))
        for child in at.children("allowed", {"up_to", "within"})
    )
    if list(table) != sorted(set(table)):
        raise Wrong((*at.path, "allowed"), "sizes must rise")
    return DrillRule(
        every=at.one_of("every", _DRILL_EVERY, needed=True),
        restore_within_ms=at.make("restore_within", duration, needed=True),
        pick=Pick(at.one_of("pick", tuple(Pick), Pick.NEWEST)),
        compare=at.one_of("compare", ("exact", "bounded", "sampled"), "exact"),
        questions=at.text("questions"),
        reaction_ms=REACTION_MS if reaction is None else reaction,
        allowed=table,
        needs_approval=at.flag("needs_approval"),
        approval=at.text("approval"),
    )


def _aliases(at: Reader) -> Iterator[Alias]:
    for child in at.children("aliases", {"name", "until", "entry"}):
        until = child.make("until", day_start, needed=True)
        yield Alias(child.text("name", needed=True), until, child.number("entry"))


def _object(name: str, entries: Sequence[_Entry], work: _Work) -> BackupObject:
    first = entries[0]
    dated = sorted(entries, key=lambda one: one.since_ms if one.from_ms is None else one.from_ms)
    starts = [first.since_ms if one.from_ms is None else one.from_ms for one in dated]
    for index in range(1, len(dated)):
        if starts[index] == starts[index - 1]:
            where = max(dated[index].path, dated[index - 1].path, key=str)
            work.wrong((*where, "object"), f"{name} is named twice; a new version says from: DATE")
    return BackupObject(
        name=name,
        kind=first.kind,
        since_ms=min(one.since_ms for one in entries),
        policies=tuple(
            replace(one.policy, version=number, from_ms=start)
            for number, (one, start) in enumerate(zip(dated, starts, strict=True), 1)
        ),
        place=dated[-1].place,
        aliases=tuple(alias for one in dated for alias in one.aliases),
        systems=dated[-1].systems,
        sources=dated[-1].sources,
    )


def _success(raw: Any, since_ms: int) -> SuccessRule:
    at = Reader.of(raw, {"at_least", "over", "unit", "count"})
    return SuccessRule(
        at_least=at.make("at_least", share, needed=True),
        over=at.one_of("over", ("month", "quarter", "year"), "year"),
        unit=at.one_of("unit", ("drill",), "drill"),
        count=at.one_of("count", ("first_attempt",), "first_attempt"),
        since_ms=since_ms,
    )
