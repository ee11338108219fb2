"""The manifest of a file tree, made at the source by its own agent before the copy starts.

It lies at STATE/backups/manifest-OBJECT/ (OBJECT with dots for slashes) as NAME.manifest.gz, beside it
NAME.blocks; the job that copies the tree takes that directory along, so that the copy can be verified.
"""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import Any

from checks.api import Check, ErrorKind, ObservationError, Reading, Seen, Source, State, Unit
from checks.artefacts import basic, levels
from checks.artefacts.artefact import Artefact, Listed, Made
from checks.artefacts.hashes import HOWS
from checks.artefacts.levels import Level, Verdict, bad, good, untold
from checks.artefacts.look import Look, Stands
from checks.artefacts.manifest import Head, ManifestError, Writer, decoded, summary
from checks.artefacts.standing import base, trouble
from checks.artefacts.treemake import MOST_NAMES, Maker, Tally, Turn, held_lines
from checks.artefacts.treemake import State as Kept
from checks.files import SFTP_NEEDS
from checks.places import Backups, Entry, Place, Shelf, shown

MOST_MANIFESTS = 800
ALARM_AFTER = 3  # looks running in which a file moved while it was read


@dataclass(frozen=True, slots=True)
class ManifestArtefact:
    """One manifest: `base.id` its digest, `base.parent` the one before, `base.fingerprint` the CONTENT of the
    tree. `root`: over all lines, modes and times included. `silent`: content that changed while neither size
    nor times did; `unread`: what could not be read (the first few of each, and counts)."""

    base: Artefact
    root: str
    file: str
    files: int
    added: int
    changed: int
    deleted: int
    moving: int
    longest_moving: int
    read_files: int
    read_bytes: int
    silent: tuple[str, ...]
    silent_count: int
    unread: tuple[str, ...]
    unread_count: int
    digest: str = "sha256"  # of files


@dataclass(frozen=True, slots=True)
class Facts:
    artefacts: tuple[ManifestArtefact, ...]
    stands: Stands


@dataclass(frozen=True, slots=True)
class Params(Look):
    """`path`: the tree. `base_every`: after so many manifests of changes a full one begins anew. `digest` of
    files: sha256, or blake3 (the package `blake3`, also where the copy is looked at); another one begins
    anew."""

    base_every: int = 90
    digest: str = "sha256"

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        if not 1 <= self.base_every <= 366:
            raise ValueError("base_every must be 1 to 366")
        if self.digest not in HOWS:
            raise ValueError(f"digest is of {HOWS}")


@dataclass(frozen=True, slots=True)
class _Before:
    """The look before: `file` of the manifest, `state`, how many looks there were, how many since a full."""

    look: int = 0
    since_full: int = 0
    file: str = ""
    state: str = ""
    digest: str = ""


def observe(backups: Backups, params: Params) -> Facts:
    shelf = backups.shelf("manifest-" + (params.object or shown(params.path)).strip("/").replace("/", "."))
    was = _Before(**json.loads(backups.before("manifest", "") or "{}"))
    with backups.place(params) as place:
        top = params.path.rstrip("/")
        try:
            entry = place.stat(top)
        except OSError as problem:
            raise _denied(problem) from None
        if entry.kind != "directory":
            raise ObservationError(ErrorKind.UNSUPPORTED, f"{top} is no directory")
        head = _head(shelf, was, params.digest)
        made, now = _make(place, shelf, params, was, head, backups.now())
    backups.before("manifest", json.dumps(_plain(now)))
    _tidy(shelf, (was.state, now.state))
    return Facts((_artefact(place, entry, head, made, now, backups.now(), params.digest),), _stands(shelf))


def _denied(problem: OSError) -> ObservationError:
    kinds = {"denied": ErrorKind.DENIED, "timeout": ErrorKind.TIMEOUT}
    return ObservationError(kinds.get(trouble(problem), ErrorKind.UNREACHABLE), str(problem))


def _head(shelf: Shelf, was: _Before, how: str) -> Head | None:
    """The manifest before; None where there is none with its state, or it is not the one we made, or of other
    digests: then all begins anew."""
    file = shelf.read(was.file) if was.file and was.state in shelf.names() else None
    if file is None:
        return None
    with closing(file):
        try:
            head = summary(lambda: iter(lambda: file.read(1 << 20), b""))
        except ManifestError:
            return None
    return head if head.digest == was.digest and head.how == how else None


def _make(
    place: Place, shelf: Shelf, params: Params, was: _Before, before: Head | None, now: int
) -> tuple[Tally, _Before]:
    full = before is None or was.since_full >= params.base_every
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now // 1000))
    # Two looks in one second have two names.
    name, state = f"{stamp}-{was.look + 1}.manifest.gz", f"state-{was.look + 1}"
    parent = "" if before is None or full else before.digest
    head = Head(params.object, params.path, now, parent, how=params.digest)
    turn = Turn(was.look + 1, params.rolling)
    with ExitStack() as held:
        lines = held_lines(_blocks(held, shelf, was.state) if before is not None else None)
        leaves = held.enter_context(shelf.write(name.replace(".manifest.gz", ".blocks")))
        kept = Kept(held.enter_context(shelf.write(state)))
        writer = Writer(held.enter_context(shelf.write(name)), head)
        more = {"before": before, "full": full, "leaves": leaves, "now": now, "how": params.digest}
        maker = Maker(place, params.path, writer, kept, turn, **more)
        maker.make(lines)
    since = 0 if full else was.since_full + 1
    return maker.tally, _Before(was.look + 1, since, name, state, writer.digest)


def _blocks(held: ExitStack, shelf: Shelf, name: str) -> Iterator[bytes] | None:
    file = shelf.read(name) if name else None
    if file is None:
        return None
    opened = held.enter_context(closing(file))
    return iter(lambda: opened.read(1 << 20), b"")


def _tidy(shelf: Shelf, states: tuple[str, str]) -> None:
    """Old states go, and of manifests the oldest where there are very many. The state of the look before
    stays: if this one's result is lost, the next begins there again."""
    names = shelf.names()
    for name in names:
        if name.startswith("state-") and name not in states:
            shelf.drop(name)
    stamps = [one for one in names if one.endswith(".manifest.gz")]
    for name in sorted(stamps)[:-MOST_MANIFESTS]:
        shelf.drop(name)
        shelf.drop(name.replace(".manifest.gz", ".blocks"))


def _stands(shelf: Shelf) -> Stands:
    names = sorted((one for one in shelf.names() if one.endswith(".manifest.gz")), reverse=True)
    return Stands(len(names), tuple(Listed(one, 0, 0) for one in names[:100]))


def _artefact(
    place: Place, entry: Entry, before: Head | None, made: Tally, now: _Before, taken: int, how: str
) -> ManifestArtefact:
    top = entry.path.rpartition("/")[0] or "/"
    return ManifestArtefact(
        base=replace(
            base(place, entry, top, kind="full" if now.since_full == 0 else "incremental"),
            bytes=made.size,
            parts=made.files,
            sha256=made.content,
            read_at=taken,
            made=Made(start=taken, end=taken, tool="roundseal"),
            id=now.digest,
            parent="" if before is None else before.digest,
            fingerprint=made.content,
        ),
        root=made.root,
        file=now.file,
        files=made.files,
        added=made.added,
        changed=made.changed,
        deleted=made.deleted,
        moving=made.moving,
        longest_moving=made.longest_moving,
        read_files=made.read_files,
        read_bytes=made.read_bytes,
        silent=_named(made.silent),
        silent_count=len(made.silent),
        unread=_named(made.unread),
        unread_count=len(made.unread),
        digest=how,
    )


def _named(paths: list[bytes]) -> tuple[str, ...]:
    return tuple(shown(decoded(one).decode("utf-8", "surrogateescape")) for one in paths[:MOST_NAMES])


def _plain(now: _Before) -> dict[str, Any]:
    return {name: getattr(now, name) for name in ("look", "since_full", "file", "state", "digest")}


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    del params
    yield from basic.judge_stands(seen.facts.stands)
    for one in seen.facts.artefacts:
        yield from levels.readings(one.base.name, _verdicts(one))
        yield Reading(f"{one.base.name}:bytes", one.base.bytes, Unit.BYTES, State.OK)
        yield Reading(f"{one.base.name}:tree_files", one.files, Unit.COUNT, State.OK)
        for word in ("added", "changed", "deleted", "moving"):
            yield Reading(f"{one.base.name}:files_{word}", getattr(one, word), Unit.COUNT, State.OK)


def _verdicts(one: ManifestArtefact) -> Iterator[Verdict]:
    # An empty source is no fault of its manifest, but it is one to know of before the copies are empty too.
    yield bad("nothing_inside") if not one.files else good(Level.PRESENT)
    yield bad("changed", "".join(one.silent[:1])) if one.silent_count else good(Level.UNCHANGED)
    if one.unread_count:
        yield untold(Level.TRUE, "denied", "".join(one.unread[:1]))
    elif one.longest_moving >= ALARM_AFTER:
        yield untold(Level.TRUE, "moving")
    else:
        yield good(Level.TRUE)


CHECK = Check(
    id="backup.manifest",
    version=1,
    title="文件清单",
    title_en="Manifest of a file tree",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    needs=(SFTP_NEEDS,),
)
