"""A pgBackRest repository by its own files: backup.info, the manifests, and what `verify` says as text.

    backup/STANZA/backup.info            labels, each with its start, stop, prior, whether pages were damaged
    backup/STANZA/LABEL/backup.manifest  files, each with the SHA-1 of what is stored (`rck`, since 2.43)
    archive/STANZA/VERSION-ID/…          the log

Both kinds of files are INI with JSON values and end in a checksum of their own. `verify` and `info` exit 0
and say `ok` over a repository whose full backup is gone, so neither status is asked.
"""

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Any

from checks.places import Place, shown

LABEL = re.compile(r"\d{8}-\d{6}F(?:_\d{8}-\d{6}[DI])?")
MOST_INFO = 64 << 20
_MOST_NAMES = 10
_KINDS = {"full": "full", "incr": "incremental", "diff": "differential"}
_ENDINGS = {"none": "", "gz": ".gz", "lz4": ".lz4", "zst": ".zst", "bz2": ".bz2"}


class SealedError(Exception):
    """The repository is encrypted; without its key its files tell nothing."""


class GarbledError(ValueError):
    """Not what its name says, or cut."""


def sections(raw: bytes) -> dict[str, dict[str, Any]]:
    """An info file or manifest; SealedError, GarbledError."""
    if raw.startswith(b"Salted__"):
        raise SealedError
    made: dict[str, dict[str, Any]] = {}
    at: dict[str, Any] | None = None
    for line in raw.decode("utf-8", "surrogateescape").split("\n"):
        if line.startswith("[") and line.endswith("]"):
            at = made.setdefault(line[1:-1], {})
        elif line:
            key, sign, value = _split(line)
            if at is None or not sign:
                raise GarbledError("a line outside any section")
            try:
                at[key] = json.loads(value)
            except ValueError as problem:
                raise GarbledError(f"{key[:60]}: no value") from problem
    # The checksum is the last thing written.
    if "backrest-checksum" not in made.get("backrest", {}):
        raise GarbledError("without its end")
    return made


def _split(line: str) -> tuple[str, str, str]:
    # A name may hold an equals sign; a value begins with what JSON begins with.
    found = re.match(r"(.*?)=(?=[\"{\[\-0-9tfn])(.*)", line, re.DOTALL)
    return (found[1], "=", found[2]) if found else (line, "", "")


@dataclass(frozen=True, slots=True)
class Labelled:
    """One backup as backup.info has it. `error`: pages that did not fit their checksums were copied."""

    label: str
    kind: str
    prior: str
    references: tuple[str, ...]
    started: int
    stopped: int
    first_segment: str
    last_segment: str
    error: bool
    system: str
    version: str


@dataclass(frozen=True, slots=True)
class Info:
    """backup.info. `systems`: identifiers of the cluster, of earlier ones too after upgrades."""

    system: str
    systems: tuple[str, ...]
    labels: tuple[Labelled, ...]


def read_info(raw: bytes) -> Info:
    """Parse backup.info; SealedError, GarbledError."""
    found = sections(raw)
    history = {key: str(one["db-system-id"]) for key, one in found.get("db:history", {}).items()}
    labels = [_labelled(label, one, history) for label, one in found.get("backup:current", {}).items()]
    system = str(found.get("db", {}).get("db-system-id", ""))
    return Info(system, tuple(sorted({system, *history.values()})), tuple(labels))


def _labelled(label: str, one: Mapping[str, Any], history: Mapping[str, str]) -> Labelled:
    try:
        return Labelled(
            label,
            _KINDS.get(one["backup-type"], "full"),
            one.get("backup-prior") or "",
            tuple(one.get("backup-reference") or ()),
            int(one["backup-timestamp-start"]) * 1000,
            int(one["backup-timestamp-stop"]) * 1000,
            one.get("backup-archive-start") or "",
            one.get("backup-archive-stop") or "",
            bool(one.get("backup-error")),
            history.get(str(one.get("db-id")), ""),
            str(one.get("backrest-version", "")),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise GarbledError(f"{label[:60]}: {problem}") from problem


@dataclass(frozen=True, slots=True)
class Checked:
    """Files of a backup against its manifest. `files` it consists of, `own` of them stored with it;
    `missing`, `differ` (size or SHA-1), `unchecked`: no SHA-1 of what is stored. `names`: the first wrong."""

    files: int = 0
    own: int = 0
    bytes: int = 0
    missing: int = 0
    differ: int = 0
    unchecked: int = 0
    elsewhere: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Stored:
    path: str
    label: str
    offset: int
    size: int
    sha1: str
    bundled: bool


def read_set(place: Place, top: str, label: str) -> Checked:
    """Every stored file of one backup, read whole where it is its own. OSError as the place's own."""
    raw = b"".join(bytes(one) for one in place.blocks(f"{top}/{label}/backup.manifest", MOST_INFO))
    found = sections(raw)
    ending = _ENDINGS.get(found.get("backup:option", {}).get("option-compress-type", "gz"), "")
    sizes: dict[str, dict[str, int]] = {}
    files = own = size = missing = differ = unchecked = elsewhere = 0
    names: list[str] = []
    for one in _stored(found, label, ending):
        files += 1
        there = _sizes(place, top, one.label, sizes)
        held = there.get(one.path)
        if held is None:
            missing += one.label == label
            elsewhere += one.label != label
        elif one.label != label:
            elsewhere += held != one.size and not one.bundled
            continue
        else:
            own, size = own + 1, size + one.size
            word = _compare(place, f"{top}/{label}/{one.path}", held, one)
            differ, unchecked = differ + (word == "differ"), unchecked + (word == "unchecked")
            if word != "differ":
                continue
        if len(names) < _MOST_NAMES:
            names.append(shown(one.path if one.label == label else f"{one.label}/{one.path}"))
    return Checked(files, own, size, missing, differ, unchecked, elsewhere, tuple(names))


def _sizes(place: Place, top: str, label: str, known: dict[str, dict[str, int]]) -> dict[str, int]:
    if label not in known:
        made: dict[str, int] = {}
        folder = f"{top}/{label}"
        try:
            for entry in place.walk(folder):
                if entry.kind == "file":
                    made[entry.path[len(folder) + 1 :]] = entry.size
        except FileNotFoundError:
            made = {}
        known[label] = made
    return known[label]


def _stored(found: Mapping[str, Mapping[str, Any]], label: str, ending: str) -> Iterator[_Stored]:
    default = found.get("target:file:default", {})
    for name, one in found.get("target:file", {}).items():
        size = int(one.get("repo-size", one.get("size", 0)))
        checksum = one.get("rck") or (one.get("checksum", "") if not ending else "")
        held_by = str(one.get("reference") or default.get("reference") or label)
        bundle = one.get("bni")
        bundles = bundle is not None or found.get("backup:option", {}).get("option-bundle")
        if bundles and not one.get("size") and not one.get("repo-size"):
            continue  # nothing is stored of an empty file
        if bundle is not None:
            yield _Stored(f"bundle/{bundle}", held_by, int(one.get("bno", 0)), size, checksum, True)
        else:
            yield _Stored(_name(name, one, ending), held_by, 0, size, checksum, False)


def _name(name: str, one: Mapping[str, Any], ending: str) -> str:
    # Files kept as blocks of earlier ones have a map of their own.
    return name + (".pgbi" if "bims" in one else ending)


def _compare(place: Place, path: str, held: int, one: _Stored) -> str:
    if (held < one.offset + one.size) if one.bundled else (held != one.size):
        return "differ"
    if not one.sha1:
        return "unchecked"
    made = sha1(usedforsecurity=False)
    if one.bundled:
        for at in range(one.offset, one.offset + one.size, 1 << 20):
            made.update(place.block(path, at, min(1 << 20, one.offset + one.size - at)))
    else:
        for block in place.blocks(path, held + 1):
            made.update(block)
    return "same" if made.hexdigest() == one.sha1 else "differ"


@dataclass(frozen=True, slots=True)
class Said:
    """What `verify` printed: `status` of the stanza, words by label; log segments it could not use."""

    status: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    bad_segments: int = 0


_STATUS = re.compile(r"status: (\w+)")
_BACKUP = re.compile(r"  backup: (\S+), status: ([\w -]+)")
_ARCHIVE = re.compile(r"  archiveId: (\S+), total WAL checked: (\d+), total valid WAL: (\d+)")


def read_said(text: str) -> Said:
    """Parse `verify --output=text --verbose`."""
    status, labels, bad = "", {}, 0
    for line in text.splitlines():
        if found := _STATUS.fullmatch(line.strip()):
            status = found[1]
        elif found := _BACKUP.match(line):
            labels[found[1]] = found[2].strip().replace(" ", "_").replace("-", "_")
        elif found := _ARCHIVE.match(line):
            bad += int(found[2]) - int(found[3])
    return Said(status, labels, bad)


def stanzas(place: Place, top: str) -> list[str]:
    """Stanzas of a repository, by their directories."""
    made: set[str] = set()
    for kind in ("backup", "archive"):
        try:
            made |= set(folders(place, f"{top}/{kind}"))
        except (FileNotFoundError, NotADirectoryError):
            continue
    return sorted(made)


def folders(place: Place, top: str) -> list[str]:
    """Directories below."""
    return [one for one in place.names(top) if place.stat(f"{top}/{one}").kind == "directory"]


def standing_labels(place: Place, folder: str) -> list[str]:
    """Directories that look like backups, listed or not."""
    try:
        return sorted(one for one in place.names(folder) if LABEL.fullmatch(one))
    except FileNotFoundError:
        return []


def info_of(place: Place, folder: str, name: str) -> bytes:
    """backup.info, or its copy, whichever is whole."""
    last: OSError | None = None
    for path in (posixpath.join(folder, name), posixpath.join(folder, f"{name}.copy")):
        try:
            raw = place.block(path, 0, MOST_INFO)
            sections(raw)
        except OSError as problem:
            last = problem
        except GarbledError:
            continue
        except SealedError:
            return raw
        else:
            return raw
    if last is not None:
        raise last
    raise GarbledError(f"{name} and its copy are damaged")
