"""restic repositories: every pack's bytes against its name, restic's own check, snapshots, keys, locks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from checks.api import Check, ErrorKind, ObservationError, Source
from checks.artefacts import repositories, standing
from checks.artefacts.artefact import Artefact, Made, Seal
from checks.artefacts.asking import Answer, answer_json, ask
from checks.artefacts.repositories import MOST_LOCKS, Facts, Lock, Repository, Snapshot, milliseconds
from checks.artefacts.store import plain, read_store
from checks.places import Backups, Place, shown

_ENV = {"RESTIC_PASSWORD_FILE": "/dev/fd/3"}
_FOLDERS = ("data", "index", "keys", "snapshots")


@dataclass(frozen=True, slots=True)
class Params(repositories.Params):
    """As of every repository."""


@dataclass(frozen=True, slots=True)
class _Way:
    backups: Backups
    path: str
    password: str

    def ask(self, *words: str) -> Answer:
        """Ask restic; it locks nothing and leaves no cache."""
        argv = ["restic", "-r", self.path, "--no-lock", "--no-cache", *words]
        secrets = {3: self.password.encode() + b"\n"}
        return ask(self.backups.tools, argv, env=_ENV, secrets=secrets)

    def json(self, *words: str) -> Any:
        """Its answer as JSON; ObservationError where it gives none."""
        answer = self.ask(*words, "--json")
        if answer.status:
            kind = ErrorKind.DENIED if "wrong password" in answer.complaint else ErrorKind.GARBLED
            raise ObservationError(kind, answer.complaint[-200:])
        return answer_json(answer)


def observe(backups: Backups, params: Params) -> Facts:
    with backups.place(params) as place:
        held = repositories.names_of(place, params)
        if "config" not in held:
            return Facts((), repositories.listed([]), Repository(opened="missing"))
        folders = [f"{params.path.rstrip('/')}/{one}" for one in _FOLDERS if one in held]
        key = repositories.key_of(params)
        stored = read_store(backups, place, params, folders, key, plain, lambda path: "-tmp-" not in path)
        return _asked(backups, place, params, Repository(stored=stored))


def _asked(backups: Backups, place: Place, params: Params, seen: Repository) -> Facts:
    password, local = repositories.password_of(backups, params), place.local(params.path)
    word = repositories.cannot_open(backups.tools, "restic", local, password)
    if word or password is None or local is None:
        return _closed(place, params, replace(seen, opened=word, check=word))
    way = _Way(backups, local, password)
    kept = _Kept.of(backups.before(f"{repositories.key_of(params)}-told", ""))
    if (why := _opened(way, place, params, kept)) != "yes":
        return _closed(place, params, replace(seen, opened=why, check="not_read"))
    check, missing = _check(backups, way, params)
    if check == "does_not_open":  # the password is another one by now
        return _closed(place, params, replace(seen, opened=check, check="not_read"))
    seen = replace(
        seen,
        id=kept.id,
        pinned=repositories.pinned(backups, params, kept.id),
        opened="yes",
        encryption="aes-256-ctr poly1305-aes",
        keys=tuple(kept.keys),
        locks=_locks(place, params),
        check=check,
        missing=missing,
    )
    found = _snapshots(way, place, params, seen, kept)
    backups.before(f"{repositories.key_of(params)}-told", kept.text())
    return Facts(found[: params.artefacts], repositories.listed(found), seen)


@dataclass
class _Kept:
    """What restic told before and cannot have changed since: each question costs a second of key derivation.

    `config`, `slots`: state of the files that `id` and `keys` were read from; `sizes`: snapshot id -> bytes,
    files, changed, removed; `roots`: snapshot id -> root of its files, and `ok` or why not."""

    config: str = ""
    id: str = ""
    slots: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    sizes: dict[str, list[int | None]] = field(default_factory=dict)
    roots: dict[str, list[str]] = field(default_factory=dict)
    new: dict[str, list[int | None]] = field(default_factory=dict)
    new_roots: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str | None) -> "_Kept":
        return cls(*json.loads(text)) if text else cls()

    def text(self) -> str:
        return json.dumps([self.config, self.id, self.slots, self.keys, self.new, self.new_roots])


def _opened(way: _Way, place: Place, params: Params, kept: _Kept) -> str:
    """`yes`, or the word why the repository does not open. Fills in its id and keys."""
    top = params.path.rstrip("/")
    slots = [one for one in place.names(f"{top}/keys") if len(one) == 64]
    config = sha256(place.block(f"{top}/config", 0, 65536)).hexdigest()
    if (config, slots) == (kept.config, kept.slots):
        return "yes"
    answer = way.ask("cat", "config")
    if answer.status:
        return _why(answer)
    kept.id = str(answer_json(answer).get("id", ""))
    kept.keys = sorted(_slot(place.block(f"{top}/keys/{one}", 0, 65536)) for one in slots)
    kept.config, kept.slots = config, slots
    return "yes"


def _slot(raw: bytes) -> str:
    # A key's file is plain but for the key itself; `restic key list` would lock the repository.
    try:
        told = json.loads(raw)
    except ValueError:
        return "?"
    return shown(f"{told.get('username')}@{told.get('hostname')}") if isinstance(told, dict) else "?"


def _why(answer: Answer) -> str:
    return "does_not_open" if "wrong password" in answer.complaint else "not_read"


def _closed(place: Place, params: Params, seen: Repository) -> Facts:
    # The names of snapshots are digests, and stand there without any key.
    rows = []
    try:
        for entry in place.match(f"{params.path.rstrip('/')}/snapshots/*"):
            name = entry.path.rpartition("/")[2]
            moment = entry.mtime_ns // 1_000_000
            rows.append(Snapshot(Artefact(name[:8], "snapshot", 0, 0, moment, id=name, trouble="unreadable")))
    except OSError:
        rows = []
    rows.sort(key=lambda one: (one.base.modified, one.base.name), reverse=True)
    return Facts(tuple(rows[: params.artefacts]), repositories.listed(rows), seen)


def _locks(place: Place, params: Params) -> tuple[Lock, ...]:
    # A lock in use is written anew every few minutes, so its file's time is its own.
    try:
        found = place.match(f"{params.path.rstrip('/')}/locks/*")
    except OSError:
        return ()
    return tuple(
        Lock(one.path.rpartition("/")[2], one.mtime_ns // 1_000_000, exclusive=False)
        for one in found[:MOST_LOCKS]
    )


def _check(backups: Backups, way: _Way, params: Params) -> tuple[str, int]:
    """The word for what restic's own check found, and how many parts it missed."""
    words = ["check"]
    if params.rolling:
        turn = int(backups.before(f"{repositories.key_of(params)}-turn", "0") or 0) % params.rolling + 1
        backups.before(f"{repositories.key_of(params)}-turn", str(turn))
        words.append(f"--read-data-subset={turn}/{params.rolling}")
    try:
        answer = way.ask(*words)
    except ObservationError as problem:
        if problem.kind is ErrorKind.TIMEOUT:
            return "timeout", 0
        raise
    if not answer.status:
        return "", 0
    text = answer.complaint + answer.out[-65536:].decode("utf-8", "replace")
    if "wrong password" in text:
        return "does_not_open", 0
    missing = text.count("does not exist") + text.count("not found in repository")
    if "unable to create lock" in text or "already locked" in text:
        return "moving", 0
    other = "unexpected file size" in text or "does not match" in text or "hash mismatch" in text
    return ("part_missing" if missing and not other else "damaged"), missing


def _snapshots(
    way: _Way, place: Place, params: Params, seen: Repository, kept: _Kept
) -> tuple[Snapshot, ...]:
    """Those that are meant, newest first; the newest `artefacts` with their size."""
    told = [one for one in way.json("snapshots") if _fits(one, params)]
    told.sort(key=lambda one: str(one.get("time", "")), reverse=True)
    made = []
    for index, one in enumerate(told):
        sizes: list[int | None] = [None] * 4
        root = ["", ""]
        if index < params.artefacts:
            sizes = kept.sizes.get(one["id"]) or _sizes(way, one, told[index + 1 :])
            if sizes[0] is not None:
                kept.new[one["id"]] = sizes
                root = kept.roots.get(one["id"]) or _root(way, params, one, sizes[0])
            if root[1] == "ok":
                kept.new_roots[one["id"]] = root
        made.append(_snapshot(place, params, one, sizes, root, seen))
    return tuple(made)


def _root(way: _Way, params: Params, one: Mapping[str, Any], size: int) -> list[str]:
    paths = list(one.get("paths") or ())
    if not params.most_content or size > params.most_content or len(paths) != 1:
        return ["", ""]
    argv = ["restic", "-r", way.path, "--no-lock", "--no-cache", "dump", "--archive", "tar", one["id"], "/"]
    tools, most = way.backups.tools, params.most_content
    root, word = repositories.content_of(
        tools, argv, _ENV, {3: way.password.encode() + b"\n"}, str(paths[0]), most
    )
    return [root, word]


def _sizes(way: _Way, one: Mapping[str, Any], older: Sequence[Mapping[str, Any]]) -> list[int | None]:
    answer = way.ask("stats", one["id"], "--json")
    if answer.status:
        return [None] * 4
    told = answer_json(answer)
    return [int(told.get("total_size", 0)), int(told.get("total_file_count", 0)), *_diff(way, one, older)]


def _fits(one: Mapping[str, Any], params: Params) -> bool:
    return params.host in ("", one.get("hostname")) and set(params.tags) <= set(one.get("tags") or ())


def _diff(
    way: _Way, one: Mapping[str, Any], older: Sequence[Mapping[str, Any]]
) -> tuple[int | None, int | None]:
    same = ("hostname", "paths")
    before = next((two for two in older if all(two.get(k) == one.get(k) for k in same)), None)
    if before is None:
        return None, None
    answer = way.ask("diff", before["id"], one["id"], "--json")
    changed = removed = 0
    for line in answer.out.splitlines():
        if line.startswith(b'{"message_type":"change"') and not line.rstrip(b'"}').endswith(b'"modifier":"T'):
            gone = b'"modifier":"-"' in line
            folder = b'/","modifier"' in line
            removed += gone and not folder
            changed += not gone and not folder
    return (None, None) if answer.status else (changed, removed)


def _snapshot(
    place: Place,
    params: Params,
    one: Mapping[str, Any],
    sizes: Sequence[int | None],
    root: Sequence[str],
    seen: Repository,
) -> Snapshot:
    at = milliseconds(str(one.get("time", ""))) or 0
    base = Artefact(
        name=str(one["id"])[:8],
        kind="snapshot",
        bytes=sizes[0] or 0,
        parts=sizes[1] or 0,
        modified=at,
        read_at=seen.stored.oldest_read,
        made=Made(
            at, at, shown(str(one.get("program_version", ""))), shown(str(one.get("hostname", ""))), seen.id
        ),
        placed=standing.placed(place, place.stat(params.path)),
        seal=Seal("restic", seen.encryption, seen.keys, opened="yes"),
        id=str(one["id"]),
        fingerprint=root[0],
        trouble="unreadable" if sizes[0] is None else "",
        parent=str(one.get("parent", "")),
    )
    paths = tuple(shown(str(path)) for path in one.get("paths") or ())
    tags = tuple(shown(str(tag)) for tag in one.get("tags") or ())
    return Snapshot(
        base, base.made.source, paths, tags, str(one.get("tree", "")), sizes[2], sizes[3], root[1]
    )


judge = repositories.judge


CHECK = Check(
    id="backup.restic",
    version=1,
    title="restic 备份仓库",
    title_en="restic repository",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-05", "HA-07", "HA-08", "HA-10", "HA-11", "PD-05", "LH-32"),
    needs=(
        "read access to the repository's directory; to open it its password in secrets.yaml, and restic",
        "tried with restic 0.14",
    ),
)
