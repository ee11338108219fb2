"""borg repositories (1.x): every segment's entries against their CRC, borg's own check, archives, encryption.

borg writes to a repository even when it only checks one. So it is shown a shadow: a directory of ours with
copies of the small files and links to `data` and the index.
"""

import contextlib
import json
import os
import re
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from checks.api import Check, ErrorKind, ObservationError, Source
from checks.artefacts import repositories, segments, standing
from checks.artefacts.artefact import Artefact, Made, Seal
from checks.artefacts.asking import Answer, answer_json, ask
from checks.artefacts.repositories import Facts, Lock, Repository, Snapshot, milliseconds
from checks.artefacts.store import read_store
from checks.places import Backups, Place, shown

_COPIED = ("config", "README", "nonce")
_LINKED = re.compile(r"data|(index|hints|integrity)\.[0-9]+")
_INDEX = re.compile(r"index\.([0-9]+)")
_MISSING = re.compile(r"rebuilt index: <not found>\s+committed index: \(([0-9]+),")
_ID = re.compile(r"^id = ([0-9a-f]{64})\s*$", re.MULTILINE)
_FORMAT = "{hostname}{username}{end}{comment}{command_line}"
_MOST_CONFIG = 1 << 20


@dataclass(frozen=True, slots=True)
class Params(repositories.Params):
    """As of every repository; an archive's name is its own, `tags` are parts its name must have."""


@dataclass(frozen=True, slots=True)
class _Way:
    backups: Backups
    shadow: str
    password: str
    key: bytes = b""

    @property
    def env(self) -> dict[str, str]:
        """What borg is told by its environment; what it caches goes with the shadow."""
        # Without the file that we hold it would look for one in a directory of its user's.
        key = {"BORG_KEY_FILE": "/dev/fd/4"} if self.key else {}
        return key | {
            "BORG_BASE_DIR": f"{self.shadow}/base",
            "BORG_PASSPHRASE_FD": "3",
            "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
            "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
            "BORG_EXIT_CODES": "legacy",
            "TMPDIR": self.shadow,
            "TZ": "UTC",  # borg tells local times, without their zone
        }

    @property
    def secrets(self) -> dict[int, bytes]:
        """What it is handed on descriptors."""
        return {3: self.password.encode() + b"\n", **({4: self.key} if self.key else {})}

    def ask(self, *words: str) -> Answer:
        """Ask borg about the shadow."""
        return ask(self.backups.tools, ["borg", *words], env=self.env, secrets=self.secrets)


def observe(backups: Backups, params: Params) -> Facts:
    with backups.place(params) as place:
        held = repositories.names_of(place, params)
        top = params.path.rstrip("/")
        if "config" not in held or "data" not in held:
            return Facts((), repositories.listed([]), Repository(opened="missing"))
        committed = max((int(m[1]) for one in held if (m := _INDEX.fullmatch(one))), default=None)
        config = place.block(f"{top}/config", 0, _MOST_CONFIG).decode("utf-8", "replace")
        own = found[1] if (found := _ID.search(config)) else ""
        # Segments have the same numbers in every repository: what was read of another says nothing.
        key = f"{repositories.key_of(params)}-{own[:16]}"
        settled = partial(_settled, committed=committed)
        stored = read_store(backups, place, params, [f"{top}/data"], key, segments.read, settled)
        seen = Repository(
            id=own,
            pinned=repositories.pinned(backups, params, own) if own else "",
            stored=stored,
            locks=_locks(place, top, held),
        )
        return _asked(backups, place, params, seen)


def _settled(path: str, committed: int | None) -> bool:
    # What comes after the last index is a transaction under way.
    name = path.rpartition("/")[2]
    return name.isdigit() and (committed is None or int(name) <= committed)


def _locks(place: Place, top: str, held: Sequence[str]) -> tuple[Lock, ...]:
    found = []
    for name in ("lock.exclusive", "lock.roster"):
        if name in held:
            with contextlib.suppress(OSError):
                entry = place.stat(f"{top}/{name}")
                found.append(Lock(name, entry.mtime_ns // 1_000_000, name == "lock.exclusive"))
    return tuple(found)


def _asked(backups: Backups, place: Place, params: Params, seen: Repository) -> Facts:
    password, local = repositories.password_of(backups, params), place.local(params.path)
    modified = place.stat(params.path).mtime_ns // 1_000_000
    word = repositories.cannot_open(backups.tools, "borg", local, password)
    if word or password is None or local is None:
        return repositories.closed(backups, params, replace(seen, opened=word, check=word), modified)
    with _shadow(local) as shadow:
        way = _Way(backups, shadow, password, _key_file(backups, params))
        check, missing = _check(way, place, params)
        seen = replace(seen, check=check, missing=missing)
        answer = way.ask("list", "--json", "--format", _FORMAT, f"{shadow}/repository")
        if answer.status >= 2 or not answer.out:
            return repositories.closed(backups, params, replace(seen, opened=_why(answer)), modified)
        said = answer_json(answer)
        mode = str(said.get("encryption", {}).get("mode", ""))
        seen = replace(seen, opened="yes", encryption=shown(mode))
        kept = json.loads(backups.before(f"{repositories.key_of(params)}-roots", "") or "{}")
        found = _archives(way, place, params, said, seen, kept)
        roots = {
            one.base.id: [one.base.bytes, one.base.parts, one.base.fingerprint]
            for one in found
            if one.content == "ok"
        }
        backups.before(f"{repositories.key_of(params)}-roots", json.dumps(roots))
    return repositories.told(backups, params, found, seen)


def _key_file(backups: Backups, params: Params) -> bytes:
    """The secret's `key`, of repositories whose key does not lie in them (`borg key export`)."""
    key = backups.secret(params.password).get("key") if params.password else None
    return key.rstrip("\n").encode() + b"\n" if key else b""


def _why(answer: Answer) -> str:
    said = answer.complaint
    if "No key file for repository" in said:
        return "no_key"
    closed = "passphrase" in said or "assword" in said or "key file" in said.lower()
    return "does_not_open" if closed else "not_read"


@contextlib.contextmanager
def _shadow(local: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="rs-borg-", ignore_cleanup_errors=True) as made:
        os.mkdir(f"{made}/repository", 0o700)
        for name in os.listdir(local):
            if name in _COPIED:
                with open(f"{local}/{name}", "rb") as source, open(f"{made}/repository/{name}", "wb") as copy:
                    copy.write(source.read(_MOST_CONFIG))
            elif _LINKED.fullmatch(name):
                os.symlink(f"{local}/{name}", f"{made}/repository/{name}")
        yield made


def _check(way: _Way, place: Place, params: Params) -> tuple[str, int]:
    """The word for what `borg check --repository-only` found, and how many segments it looked for in vain."""
    try:
        answer = way.ask("check", "--repository-only", f"{way.shadow}/repository")
    except ObservationError as problem:
        if problem.kind is ErrorKind.TIMEOUT:
            return "timeout", 0
        raise
    if not answer.status:
        return "", 0
    wanted = {int(one) for one in _MISSING.findall(answer.complaint)}
    there = {int(name) for name in _segments(place, params) if name.isdigit()}
    gone = wanted - there
    damaged = "Data integrity error" in answer.complaint or wanted & there
    return ("damaged" if damaged or not gone else "part_missing"), len(gone)


def _segments(place: Place, params: Params) -> Iterator[str]:
    for entry in place.walk(f"{params.path.rstrip('/')}/data"):
        if entry.kind == "file":
            yield entry.path.rpartition("/")[2]


def _archives(
    way: _Way,
    place: Place,
    params: Params,
    told: Mapping[str, Any],
    seen: Repository,
    kept: Mapping[str, Any],
) -> tuple[Snapshot, ...]:
    """Those that are meant, newest first; the newest `artefacts` with what they hold."""
    rows = [one for one in told.get("archives", ()) if _fits(one, params)]
    rows.sort(key=lambda one: str(one.get("start", "")), reverse=True)
    made = []
    for index, one in enumerate(rows):
        known = kept.get(str(one.get("id")))
        if index >= params.artefacts:
            held = _Held(trouble="unreadable")
        elif known:
            held = _Held(known[0], known[1], known[2], "ok")
        else:
            held = _held(way, params, one)
        made.append(_archive(place, params, one, held, seen))
    return tuple(made)


@dataclass(frozen=True, slots=True)
class _Held:
    """What an archive holds."""

    size: int = 0
    files: int = 0
    root: str = ""
    content: str = ""
    trouble: str = ""


def _tree(command: Any) -> str | None:
    """The path that was packed, of `borg create … REPOSITORY::ARCHIVE PATH`; None where there is not one."""
    words = [str(one) for one in command] if isinstance(command, list) else shlex.split(str(command or ""))
    at = next((n for n, word in enumerate(words) if "::" in word), len(words))
    paths = words[at + 1 :]
    return paths[0] if len(paths) == 1 else None


def _fits(one: Mapping[str, Any], params: Params) -> bool:
    name = str(one.get("name", ""))
    return params.host in ("", one.get("hostname")) and all(tag in name for tag in params.tags)


def _held(way: _Way, params: Params, one: Mapping[str, Any]) -> _Held:
    asked = f"{way.shadow}/repository::{one['name']}"
    answer = way.ask("list", "--format", "{type} {size}{NL}", asked)
    if answer.status >= 2:
        return _Held(trouble="unreadable")
    sizes = [line.split() for line in answer.out.splitlines()]
    files = [int(row[1]) for row in sizes if len(row) == 2 and row[0] == b"-" and row[1].isdigit()]
    tree = _tree(one.get("command_line"))
    if not params.most_content or sum(files) > params.most_content or tree is None:
        return _Held(sum(files), len(files))
    argv = ["borg", "export-tar", asked, "-"]
    tools, most = way.backups.tools, params.most_content
    root, word = repositories.content_of(tools, argv, way.env, way.secrets, tree, most)
    return _Held(sum(files), len(files), root, word)


def _archive(
    place: Place,
    params: Params,
    one: Mapping[str, Any],
    held: _Held,
    seen: Repository,
) -> Snapshot:
    # Without a zone: borg gives the local time of the machine that asks, and our tools have UTC.
    start, end = milliseconds(str(one.get("start", ""))), milliseconds(str(one.get("end", "")))
    base = Artefact(
        name=shown(str(one["name"])),
        kind="snapshot",
        bytes=held.size,
        parts=held.files,
        modified=end or start or 0,
        read_at=seen.stored.oldest_read,
        made=Made(start, end, source=shown(str(one.get("hostname", ""))), system=seen.id),
        placed=standing.placed(place, place.stat(params.path)),
        seal=Seal("borg", seen.encryption, opened="yes"),
        id=str(one.get("id", "")),
        fingerprint=held.root,
        trouble=held.trouble,
    )
    return Snapshot(base, base.made.source, content=held.content)


judge = repositories.judge


CHECK = Check(
    id="backup.borg",
    version=1,
    title="borg 备份仓库",
    title_en="borg repository",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-05", "HA-07", "HA-08", "HA-10", "HA-11", "PD-05", "LH-32"),
    needs=(
        "read access to the repository's directory; to open it its passphrase in secrets.yaml, and borg",
        "tried with borg 1.2.4; borg 2's format is another one",
    ),
)
