"""`backup verify PATH --kind K`: one backup, read and judged here and now; no collector, no signature.

The check `backup.K` looks at PATH through this machine's files and tools. The exit code is 0 good, 1 bad,
2 could not tell or cannot be done; `--upto LEVEL` asks only the levels up to that one.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from agent import settings
from agent.backup_progress import Bar, Watched
from agent.errors import AgentError
from agent.shown import Shown, table
from agent.single import params_of
from agent.sources.backup_guard import unguarded
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.open import open_source
from agent.state import DEFAULT, State
from checks import registry
from checks.api import Check, ObservationError, Reading, Seen, Source, worst
from checks.api import State as Word
from checks.artefacts.fingerprint import MOST_BYTES, FingerprintError, parse
from checks.artefacts.levels import Level
from checks.artefacts.standing import exactly
from checks.codec import FieldError, JsonValue, from_json, to_json

_LEVELS = {level.word: level for level in Level}
_NO_KINDS = frozenset({"access", "copy", "drill", "manifest"})  # not one artefact, or more than reading
_LITERAL = frozenset({"borg", "restic"})  # one repository: their `path` is no pattern
_WORDS = {Word.OK: "good", Word.WARN: "warning", Word.CRIT: "bad", Word.UNKNOWN: "could not tell"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked: the artefact, its kind, a fingerprint taken at the source ("" none), parameters of the
    check (`k=v`), the highest level that is asked ("" all)."""

    path: Path
    kind: str
    fingerprint: str = ""
    params: Sequence[str] = ()
    upto: str = ""


def kinds() -> list[str]:
    """Kinds of backups that a path can be looked at as."""
    made = []
    for check_id in registry.ids():
        area, _, kind = check_id.partition(".")
        if area == "backup" and kind not in _NO_KINDS and _takes_path(registry.get(check_id)):
            made.append(kind)
    return made


def _takes_path(check: Check[Any, Any]) -> bool:
    return check.source is Source.BACKUP and "path" in {spec.name for spec in fields(check.params)}


def run(root: Path, wish: Wish) -> Shown:
    """Look once, for as long as it takes; AgentError for what cannot be asked."""
    check, level = _check(wish.kind), _level(wish.upto)
    given = _given(check, wish)
    try:
        params = from_json(check.params, given, "params")
    except FieldError as error:
        raise AgentError("bad_param", str(error)) from None
    bar = Bar.of(wish.path)
    try:
        source = open_source(Source.BACKUP, Transient(), _means(root))
        source = source if bar is None else Watched(source, bar)
        facts = _observed(check, source, params, wish)
    except ObservationError as error:
        value = {"kind": wish.kind, "error": str(error.kind), "detail": error.detail}
        return Shown(value, f"{wish.kind}: {error.kind} {error.detail}", 2)
    finally:
        if bar is not None:
            bar.close()
    readings = list(check.judge(Seen(facts, source.now()), params))
    return _shown(root, wish, to_json(facts), list(_asked(readings, level)))


def _observed(check: Check[Any, Any], source: Any, params: Any, wish: Wish) -> Any:
    """What cannot be read is no verdict on it; a kind that wants a directory and got a file, neither."""
    try:
        return check.observe(source, params)
    except OSError as problem:
        raise unguarded(problem, f"{wish.path} as {wish.kind}") from None


def _check(kind: str) -> Check[Any, Any]:
    try:
        check = registry.get(f"backup.{kind}")
    except registry.UnknownCheckError:
        check = None
    if check is None or kind in _NO_KINDS or not _takes_path(check):
        raise AgentError("unknown_kind", f"{kind!r} is no kind of backup; there are: {', '.join(kinds())}")
    return check


def _level(word: str) -> Level:
    if word and word not in _LEVELS:
        raise AgentError("unknown_level", f"{word!r} is no level; there are: {', '.join(_LEVELS)}")
    return _LEVELS.get(word, Level.USABLE)


def _given(check: Check[Any, Any], wish: Wish) -> dict[str, JsonValue]:
    path = wish.path.absolute()
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        raise AgentError("no_such_file", f"{path} is not there") from None
    except OSError as problem:
        raise AgentError("denied", f"{path}: {problem.strerror}") from None
    known = {spec.name for spec in fields(check.params)}
    named = os.fspath(path) if wish.kind in _LITERAL else exactly(os.fspath(path))
    made = params_of(check, wish.params, {"path": named})
    if wish.fingerprint:
        if "fingerprint" not in known:
            raise AgentError("bad_param", f"{check.id} compares with no fingerprint")
        if not Path(wish.fingerprint).is_file():
            raise AgentError("no_such_file", f"{wish.fingerprint} is no file: a fingerprint is wanted")
        _some_fingerprint(Path(wish.fingerprint))
        made["fingerprint"] = os.fspath(Path(wish.fingerprint).absolute())
    return made


def _some_fingerprint(path: Path) -> None:
    """AgentError for a file that is none; one that was edited is for the check to judge."""
    try:
        with path.open("rb") as file:
            parse(file.read(MOST_BYTES + 1))
    except OSError as problem:
        raise AgentError("no_such_file", f"{path}: {problem.strerror}") from None
    except FingerprintError as problem:
        if problem.reason == "garbled":
            raise AgentError("bad_param", f"{path} is no fingerprint") from None


def _means(root: Path) -> Means:
    """Keys come from the secrets of a state directory, where there is one that we may read."""
    if root == DEFAULT and not os.access(root, os.R_OK | os.X_OK):
        return Means()
    return settings.read(State(root)).means(State(root))


def _asked(readings: Iterable[Reading], level: Level) -> Iterator[Reading]:
    """What counts: levels above the one asked do not; the grade is told, and is no verdict of its own."""
    for one in readings:
        found = _LEVELS.get(one.name.rpartition(":")[2])
        if found is None or found <= level:
            yield one


def _shown(root: Path, wish: Wish, facts: JsonValue, readings: list[Reading]) -> Shown:
    judged = [one for one in readings if one.name.rpartition(":")[2] in _LEVELS]
    state = _worst(wish, judged, readings)
    value = {
        "kind": wish.kind,
        "path": os.fspath(wish.path),
        "verdict": {Word.OK: "good", Word.WARN: "good", Word.CRIT: "bad"}.get(state, "could_not_tell"),
        "readings": [
            {
                "name": r.name,
                "value": to_json(r.value),
                "unit": r.unit.value,
                "state": r.state.value,
                "reason": r.reason,
            }
            for r in readings
        ],
        "facts": facts,
    }
    rows = [(r.name, _WORDS[r.state] if r in judged else _number(r), r.reason) for r in readings]
    said = {0: "good", 1: "bad", 2: "could not tell"}
    code = {Word.OK: 0, Word.WARN: 0, Word.CRIT: 1}.get(state, 2)
    return Shown(
        value,
        f"{table(rows)}\n{wish.path}: {said[code]}{_hints(root, wish, readings)}".lstrip("\n"),
        code,
    )


def _hints(root: Path, wish: Wish, readings: Iterable[Reading]) -> str:
    """What to do about a path that leads elsewhere or is of another kind, and about a missing key."""
    made, path = "", wish.path
    kind = _kind_of(path) if wish.kind in _OF_DATABASES else ""
    if kind and wish.kind not in (kind, "kingbase" if kind == "postgres" else kind):
        made += f"\n{path} holds what a backup of another kind does: --kind {kind}"
    if path.is_file() and any((one.name, one.reason) == ("stands", "missing") for one in readings):
        made += f"\n{path} is a file: this kind of backup is a directory (--kind tells which is meant)"
    if path.is_symlink():
        made += f"\n{path} is a link to {os.readlink(path)}: links are not followed, name what it points to"
    if any(one.reason == "no_key" for one in readings):
        made += f"\nno_key: keys stand in {root / 'secrets.yaml'} (--state), under the name of sealed.secret"
    for reason, advice in _ADVICE.items():
        if any(one.reason == reason for one in readings):
            made += f"\n{reason}: {advice}"
    return made


_OF_DATABASES = frozenset({"postgres", "kingbase", "basebackup", "mariadb", "mariabackup"})
# What a directory of each kind has at its top; one of KingbaseES is a dump of PostgreSQL's by its names.
_MARKS = (
    (
        "basebackup",
        ("PG_VERSION", "backup_manifest", "base.tar", "base.tar.gz", "base.tar.zst", "base.tar.lz4"),
    ),
    ("mariabackup", ("xtrabackup_checkpoints", "mariadb_backup_checkpoints")),
    ("postgres", ("toc.dat",)),
)


def _kind_of(path: Path) -> str:
    """The kind of backup that a directory's names tell, "" where they tell none."""
    try:
        names = set(os.listdir(path))
    except OSError:
        return ""
    return next((kind for kind, marks in _MARKS if names.intersection(marks)), "")


# Of what has nothing to do with the bytes: whoever reads `bad` should know that.
_ADVICE = {
    "open_to_others": "other accounts may read or change it (chmod o-rwx,g-w); its content is judged apart",
    "parent_writable": "other accounts may replace it (a folder above it); its content is judged apart",
}


def _worst(wish: Wish, judged: list[Reading], readings: list[Reading]) -> Word:
    """Of all levels that were asked; where all are, of what is said beside them too (reports that could not
    be read, roles that are missing). That something stands there is no verdict on it."""
    beside = [] if wish.upto and judged else [one for one in readings if not one.name.endswith(":level")]
    state = worst(one.state for one in (*judged, *beside))
    return Word.UNKNOWN if not judged and state in (Word.OK, Word.WARN) else state


def _number(one: Reading) -> str:
    return "-" if one.value is None else str(one.value)
