"""What repositories of snapshots have in common: facts, and the verdicts that hold for all in them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from checks.api import ErrorKind, ObservationError, Reading, Seen, State, Unit
from checks.artefacts import basic, standing
from checks.artefacts.archives import read_tar
from checks.artefacts.artefact import Artefact, Listed
from checks.artefacts.layers import LayerError, Limits
from checks.artefacts.levels import REASONS, UNTOLD, Level, Verdict, bad, good, readings, untold
from checks.artefacts.look import Look, Stands
from checks.artefacts.store import Stored
from checks.places import Backups, Place, Tools, shown

DAY_MS = 86_400_000
MOST_LOCKS = 20
_TROUBLES = {"timeout": "timeout", "denied": "denied"}


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock. `at`: when it was made, None where it does not say."""

    id: str
    at: int | None
    exclusive: bool
    host: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot or archive. `changed`: files new or different since the one before of the same host and
    paths, `removed` likewise (None: none before, or not asked). `tree`: its own digest of what it holds.
    `content`: ok where all of it was read (`base.fingerprint` is its root), else why not ("" not asked)."""

    base: Artefact
    host: str = ""
    paths: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    tree: str = ""
    changed: int | None = None
    removed: int | None = None
    content: str = ""


@dataclass(frozen=True, slots=True)
class Repository:
    """`id`: its own; `pinned`: the one it had at our first look, or the policy's ("" none). `opened`: yes, or
    the word why not (missing: no repository stands there). `encryption`: the mode it names. `keys`: USER@HOST
    of each key slot. `check`: "" the tool's own check found nothing, else the word; `missing`: parts that it
    looked for in vain. `told`: what stands there was told now, not at an earlier look."""

    id: str = ""
    pinned: str = ""
    opened: str = ""
    encryption: str = ""
    keys: tuple[str, ...] = ()
    locks: tuple[Lock, ...] = ()
    check: str = ""
    missing: int = 0
    stored: Stored = field(default_factory=Stored)
    told: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    artefacts: tuple[Snapshot, ...]
    stands: Stands
    repository: Repository


@dataclass(frozen=True, slots=True)
class Params(Look):
    """`path`: the repository's directory. `password`: name in secrets.yaml, whose field `password` opens it
    ("": only its files are looked at). `repository`: its id ("": the one of the first look). `host`, `tags`:
    snapshots that are meant; `paths`: what each must hold. `keys`: USER@HOST of key slots that must be there.
    `lock_s`: a lock older than this was left behind. `most_content`: each new snapshot of so many bytes at
    most is read as a whole once, for the root of its files (0: none is)."""

    password: str = ""
    repository: str = ""
    host: str = ""
    tags: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    lock_s: int = 86_400
    most_content: int = 64 << 30

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        if set(self.path) & set("*?[%"):
            raise ValueError("path: a repository is one directory, so it has no star and no date")
        if self.lock_s < 1:
            raise ValueError("lock_s must be at least 1")


def key_of(params: Params) -> str:
    """Under which name things are kept between looks."""
    return "repository-" + (params.object or params.path).strip("/").replace("/", ".")


def names_of(place: Place, params: Params) -> Sequence[str]:
    """Names at its top, none where no directory stands there; ObservationError where they are not told."""
    try:
        return place.names(params.path)
    except OSError as problem:
        if standing.trouble(problem) != "missing":
            raise ObservationError(ErrorKind.DENIED, str(problem)) from None
        return ()


def password_of(backups: Backups, params: Params) -> str | None:
    """The password, None where this agent holds none."""
    if not params.password:
        return None
    try:
        return backups.secret(params.password).get("password")
    except ObservationError as problem:
        if problem.kind is ErrorKind.DENIED:
            return None
        raise


def cannot_open(tools: Tools, tool: str, local: str | None, password: str | None) -> str:
    """Why the tool cannot even be asked, "" where it can."""
    if password is None:
        return "no_key"
    if local is None:
        return "unsupported"
    return "" if tools.find(tool) is not None else "no_tool"


def pinned(backups: Backups, params: Params, found: str) -> str:
    """The id that must be: the policy's, else that of the first look."""
    if params.repository:
        return params.repository
    key = f"{key_of(params)}-id"
    before = backups.before(key, found)
    if before and before != found:
        backups.before(key, before)  # the first one stays, so that it stays found
    return before or ""


def milliseconds(said: str) -> int | None:
    """`2026-11-21T20:16:03.067Z`, or without a zone as UTC, in epoch milliseconds."""
    whole, _, rest = said.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    try:
        made = datetime.fromisoformat(whole + rest[len(digits) :].replace("Z", "+00:00"))
    except ValueError:
        return None
    made = made if made.tzinfo is not None else made.replace(tzinfo=UTC)
    return int(made.timestamp()) * 1000 + int((digits + "000")[:3])


def listed(found: Sequence[Snapshot]) -> Stands:
    """What stands, newest first."""
    rows = [Listed(one.base.name, one.base.bytes, one.base.modified) for one in found]
    rows.sort(key=lambda one: (one.modified, one.name), reverse=True)
    return Stands(len(rows), tuple(rows[:1000]))


def closed(backups: Backups, params: Params, seen: Repository, modified: int) -> Facts:
    """Facts of a repository that does not tell its archives: those of the last look that it did tell. Where
    there is none, one that stands for them all, `modified` when the repository was: what is bad of it must
    be bad of something."""
    raw = backups.before(f"{key_of(params)}-list", "")
    backups.before(f"{key_of(params)}-list", raw or "")
    rows = [
        Snapshot(Artefact(name, "snapshot", size, 0, at, id=own, trouble="unreadable"))
        for name, size, at, own in (json.loads(raw) if raw else [])
    ]
    name = shown(params.path.rstrip("/").rpartition("/")[2])
    nameless = Snapshot(Artefact(name, "snapshot", 0, 0, modified, trouble="unreadable"))
    shown_now = tuple(rows[: params.artefacts]) or (nameless,)
    return Facts(shown_now, listed(rows), replace(seen, told=False))


def told(backups: Backups, params: Params, found: Sequence[Snapshot], seen: Repository) -> Facts:
    """Facts of one that does; what it told is remembered."""
    rows = [[one.base.name, one.base.bytes, one.base.modified, one.base.id] for one in found[:1000]]
    backups.before(f"{key_of(params)}-list", json.dumps(rows))
    return Facts(tuple(found[: params.artefacts]), listed(found), seen)


def content_of(
    tools: Tools,
    argv: Sequence[str],
    env: Mapping[str, str],
    secrets: Mapping[int, bytes],
    tree: str,
    most: int,
) -> tuple[str, str]:
    """Root of a snapshot's files, out of the tar that the tool writes of it, and `ok` or a word. `secrets`:
    by the descriptor on which the tool reads them."""
    try:
        with tools.stream(argv, env=env, secrets=secrets) as stream:
            read = read_tar(stream.out, Limits(bytes=2 * most + (1 << 30)), tree=tree)
            return (read.root, "ok") if not stream.finish() else ("", "damaged")
    except LayerError as problem:
        return "", problem.reason
    except ObservationError as problem:
        return "", str(problem.kind)


# Judging


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """All readings: of what stands, of the repository, of each snapshot."""
    facts, taken_at = seen.facts, seen.taken_at
    if facts.repository.told or facts.stands.count:
        yield from basic.judge_stands(facts.stands)
    else:
        yield Reading("stands", None, Unit.COUNT, State.UNKNOWN, "not_read")
    if facts.repository.opened == "missing":
        return
    whole = list(of_repository(facts.repository, params, taken_at))
    yield from readings("repository", whole)
    for one in facts.artefacts:
        own = [*basic.judge_base(one.base, params, taken_at, inner=True), *_meant(one, params)]
        if one.base.trouble:  # its size could not be had: that is not a size of nothing
            own = [verdict for verdict in own if verdict.reason != "empty"]
        yield from readings(one.base.name, [*own, *whole])
        yield Reading(f"{one.base.name}:bytes", one.base.bytes, Unit.BYTES, State.OK)
        if one.changed is not None:
            yield Reading(f"{one.base.name}:files_changed", one.changed, Unit.COUNT, State.OK)


def _meant(one: Snapshot, params: Params) -> Iterator[Verdict]:
    if one.content in ("damaged", "truncated"):
        yield bad("damaged", "content")
    elif one.content not in ("", "ok"):
        yield untold(Level.TRUE, one.content if one.content in UNTOLD else "not_read")
    for path in params.paths:
        if path not in one.paths:
            yield bad("wrong_source", path)


def of_repository(seen: Repository, params: Params, taken_at: int) -> Iterator[Verdict]:
    """Verdicts that hold for everything in it."""
    yield from _stored(seen.stored)
    yield from _checked(seen)
    yield from _sealed(seen, params)
    yield from _connected(seen, params, taken_at)


def _stored(seen: Stored) -> Iterator[Verdict]:
    if seen.changed_count:
        yield bad("changed", seen.changed[0] if seen.changed else "")
    if seen.trouble:
        yield untold(Level.UNCHANGED, _TROUBLES.get(seen.trouble, "not_read"))
    elif seen.unread:
        yield untold(Level.UNCHANGED, "not_read", str(seen.unread))
    if seen.damaged_count:
        yield bad("damaged", seen.damaged[0] if seen.damaged else "")
    yield good(Level.UNCHANGED)


def _checked(seen: Repository) -> Iterator[Verdict]:
    if seen.missing:
        yield bad("part_missing", str(seen.missing))
    yield good(Level.PRESENT)
    if not seen.check:
        yield good(Level.WELL_FORMED)
    elif REASONS.get(seen.check) is Level.WELL_FORMED:
        yield bad(seen.check)
    elif seen.check != "part_missing":
        yield untold(Level.WELL_FORMED, seen.check if seen.check in UNTOLD else "not_read")


def _sealed(seen: Repository, params: Params) -> Iterator[Verdict]:
    if seen.opened != "yes":
        if seen.opened == "does_not_open":
            yield bad("does_not_open")
        else:
            yield untold(Level.SEALED, seen.opened if seen.opened in UNTOLD else "not_read")
        return
    if seen.encryption in ("none", "authenticated", "authenticated-blake2"):
        yield bad("not_sealed", seen.encryption)
    for one in params.keys:
        if one not in seen.keys:
            yield bad("recipient_missing", one)
    yield good(Level.SEALED)


def _connected(seen: Repository, params: Params, taken_at: int) -> Iterator[Verdict]:
    if seen.pinned and seen.id and seen.pinned != seen.id:
        yield bad("wrong_repository", seen.id[:16])
    for one in seen.locks:
        if one.at is not None and taken_at - one.at > params.lock_s * 1000:
            yield bad("stale_lock", one.host or one.id[:16])
    if not seen.id:
        yield untold(Level.CONNECTED, seen.opened if seen.opened in UNTOLD else "not_read")
    yield good(Level.CONNECTED)
