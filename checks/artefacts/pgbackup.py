"""What a physical backup of PostgreSQL says of itself: backup_label, backup_manifest, pg_control.

Formats: PostgreSQL 13 to 18 (manifest version 1; 2 since 17, with the system identifier). Times are UTC epoch
milliseconds, log positions integers; `lsn()` and `shown_lsn()` go between them and `0/2000028`.
"""

import hashlib
import json
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

_LSN = re.compile(r"([0-9A-F]{1,8})/([0-9A-F]{1,8})")
_STATES = (
    *("starting_up", "shut_down", "shut_down_in_recovery", "shutting_down"),
    *("in_crash_recovery", "in_archive_recovery", "in_production"),
)


class GarbledError(ValueError):
    """Not what its name says; the text is for people."""


def lsn(text: str) -> int | None:
    """`0/2000028` as an integer; None where it is none."""
    found = _LSN.fullmatch(text.strip())
    return int(found[1], 16) << 32 | int(found[2], 16) if found else None


def shown_lsn(value: int) -> str:
    """As PostgreSQL writes it."""
    return f"{value >> 32:X}/{value & 0xFFFFFFFF:X}"


@dataclass(frozen=True, slots=True)
class Label:
    """backup_label. `start`: where recovery begins; `parent`: START of the backup it is incremental to."""

    start: int
    timeline: int
    segment: str = ""
    started: str = ""
    said: str = ""
    parent: int | None = None
    parent_timeline: int | None = None


def read_label(raw: bytes) -> Label:
    """Parse backup_label; GarbledError where it names no start."""
    found: dict[str, str] = {}
    for line in raw.decode("utf-8", "replace").splitlines():
        key, colon, value = line.partition(": ")
        if colon:
            found.setdefault(key, value.strip())
    where = re.match(r"(\S+) \(file ([0-9A-F]{24})\)", found.get("START WAL LOCATION", ""))
    start = lsn(where[1]) if where else None
    if where is None or start is None:
        raise GarbledError("backup_label names no START WAL LOCATION")
    timeline = _number(found.get("START TIMELINE")) or int(where[2][:8], 16)
    parent = lsn(found.get("INCREMENTAL FROM LSN", ""))
    return Label(
        start,
        timeline,
        where[2],
        found.get("START TIME", ""),
        found.get("LABEL", ""),
        parent,
        _number(found.get("INCREMENTAL FROM TLI")),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else None


@dataclass(frozen=True, slots=True)
class Control:
    """pg_control: `system` identifier, `version` of the file, `state` by name ("" unknown)."""

    system: str
    version: int
    state: str


def read_control(raw: bytes) -> Control:
    """Parse the head of global/pg_control, of either byte order; GarbledError where it is none."""
    if len(raw) < 32:
        raise GarbledError("pg_control is too short")
    for order in ("<", ">"):
        system, version, _catalogue, state = struct.unpack_from(f"{order}QIIi", raw)
        if 900 <= version <= 9900:
            word = _STATES[state] if 0 <= state < len(_STATES) else ""
            return Control(str(system), version, word)
    raise GarbledError("pg_control has no version that is known")


@dataclass(frozen=True, slots=True)
class Listing:
    """One file of a manifest. `checksum` "" and `algorithm` NONE where it has none."""

    path: str
    size: int
    algorithm: str
    checksum: str
    modified: int | None


@dataclass(frozen=True, slots=True)
class WalRange:
    """Log that a backup needs to become consistent."""

    timeline: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """backup_manifest. `sha256` of all its bytes; `intact`: its own checksum over the rest is right."""

    version: int
    system: str
    files: tuple[Listing, ...]
    ranges: tuple[WalRange, ...]
    sha256: str
    intact: bool

    @property
    def algorithm(self) -> str:
        """The checksums' algorithm, NONE where a file has none."""
        kinds = sorted({one.algorithm for one in self.files if one.algorithm != "NONE"})
        return "+".join(kinds) or "NONE"

    @property
    def bytes(self) -> int:
        """Of the files it lists."""
        return sum(one.size for one in self.files)

    def started(self) -> int | None:
        """When backup_label was made: the start, in UTC (the label itself names a zone by its initials)."""
        return next((one.modified for one in self.files if one.path == "backup_label"), None)

    def ended(self) -> int | None:
        """The newest of its files."""
        return max((one.modified for one in self.files if one.modified is not None), default=None)


def read_manifest(lines: Iterable[bytes]) -> Manifest:
    """Parse backup_manifest, line by line; GarbledError where it is none or was cut."""
    whole, before_last, last = hashlib.sha256(), hashlib.sha256(), b""
    version, system = 0, ""
    files: list[Listing] = []
    ranges: list[WalRange] = []
    for line in lines:
        whole.update(line)
        if line.startswith(b'"Manifest-Checksum"'):
            last = line
        else:
            before_last.update(line)
        if line.startswith((b'{ "Path"', b'{ "Encoded-Path"')):
            files.append(_listing(_object(line)))
        elif line.startswith(b'{ "Timeline"'):
            ranges.append(_range(_object(line)))
        elif line.startswith(b'{ "PostgreSQL-Backup-Manifest-Version"'):
            version = int(re.sub(rb"\D", b"", line.partition(b":")[2]) or b"0")
        elif line.startswith(b'"System-Identifier"'):
            system = re.sub(rb"\D", b"", line).decode()
    if not version or not last:
        raise GarbledError("backup_manifest has no head or no end")
    claimed = re.search(rb'"([0-9a-f]{64})"', last)
    intact = claimed is not None and claimed[1].decode() == before_last.hexdigest()
    return Manifest(version, system, tuple(files), tuple(ranges), whole.hexdigest(), intact)


def _object(line: bytes) -> dict[str, object]:
    try:
        found = json.loads(line.strip().rstrip(b","))
    except ValueError as error:
        raise GarbledError("backup_manifest has a line that does not parse") from error
    if not isinstance(found, dict):
        raise GarbledError("backup_manifest has a line that is no object")
    return found


def _listing(found: dict[str, object]) -> Listing:
    path, size = found.get("Path"), found.get("Size")
    if path is None:
        # Names that are no UTF-8 are written in hexadecimal.
        path = _hex(found.get("Encoded-Path")).decode("utf-8", "surrogateescape")
    if not isinstance(path, str) or not isinstance(size, int) or size < 0 or _outside(path):
        raise GarbledError("backup_manifest lists a file without a name or size")
    algorithm, checksum = found.get("Checksum-Algorithm", "NONE"), found.get("Checksum", "")
    return Listing(
        path, size, str(algorithm).upper(), str(checksum).lower(), _moment(found.get("Last-Modified"))
    )


def _hex(text: object) -> bytes:
    try:
        return bytes.fromhex(str(text))
    except ValueError as error:
        raise GarbledError("backup_manifest has a name that does not parse") from error


def _outside(path: str) -> bool:
    return path.startswith("/") or "\0" in path or ".." in path.split("/")


def _moment(text: object) -> int | None:
    try:
        found = datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(found.timestamp()) * 1000


def _range(found: dict[str, object]) -> WalRange:
    start, end = lsn(str(found.get("Start-LSN"))), lsn(str(found.get("End-LSN")))
    timeline = found.get("Timeline")
    if start is None or end is None or not isinstance(timeline, int):
        raise GarbledError("backup_manifest has a range of the log that does not parse")
    return WalRange(timeline, start, end)


def not_listed(path: str) -> bool:
    """Whether a manifest leaves a file out on purpose: itself, the log, what a server writes at its start."""
    return path in _LEFT_OUT or path.startswith("pg_wal/")


_LEFT_OUT = frozenset(
    ("backup_manifest", "postgresql.auto.conf", "recovery.signal", "standby.signal", "pg_wal")
)


# Initials that mean one zone where this is used; any other tells nothing.
_ZONES = {"UTC": 0, "GMT": 0, "CST": 480, "+08": 480, "HKT": 480}


def started(text: str) -> int | None:
    """START TIME of a label, UTC epoch milliseconds."""
    when, _, zone = text.rpartition(" ")
    try:
        found = datetime.strptime(when, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(found.timestamp()) * 1000 - _ZONES[zone] * 60_000 if zone in _ZONES else None
