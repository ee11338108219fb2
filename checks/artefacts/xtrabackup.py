"""What mariabackup and xtrabackup leave beside the data files: where it began and ended, and how.

xtrabackup_checkpoints   backup_type, from_lsn, to_lsn, last_lsn      (MariaDB 11: mariadb_backup_…)
xtrabackup_info          uuid, times (local), versions, position in the binary log
the log, wherever the job keeps it; its last line says `completed OK!`
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from checks.artefacts.mysqldump import moment
from checks.places import Place, shown

CHECKPOINTS = ("xtrabackup_checkpoints", "mariadb_backup_checkpoints")
INFO = ("xtrabackup_info", "mariadb_backup_info")
_LOG = re.compile(r".*\.log(\.\d+)?|.*backup_log|.*_log", re.IGNORECASE)
_SMALL = 64 * 1024
_MOST_FILES = 2_000_000
# Files of which one is nothing without the other.
_TWINS = (
    (".MYD", ".MYI"),
    (".MAD", ".MAI"),
    (".CSV", ".CSM"),
    (".delta", ".meta"),
    (".ibd.delta", ".ibd.meta"),
)
_PAIRS = {**dict(_TWINS), **{two: one for one, two in _TWINS}}
# Byte 3 of a .frm is the engine: what its table must have besides (InnoDB: .new is a table just made).
_ENGINES = {9: (".MYD",), 12: (".ibd", ".new", ".ibd.delta", ".isl"), 42: (".MAD",), 17: (".CSV",)}


@dataclass(frozen=True, slots=True)
class Spans:
    """Where a backup begins and ends in the redo log. `kind`: full-backuped, incremental, full-prepared …"""

    kind: str
    start: int
    end: int
    last: int


def pairs(raw: bytes) -> dict[str, str]:
    """Lines `key = value`."""
    found = (line.partition("=") for line in raw.decode("utf-8", "replace").splitlines())
    return {key.strip(): value.strip() for key, sign, value in found if sign}


def read_spans(raw: bytes) -> Spans | None:
    """xtrabackup_checkpoints; None where it is none."""
    found = pairs(raw)
    numbers = [found.get(name, "") for name in ("from_lsn", "to_lsn", "last_lsn")]
    if not found.get("backup_type") or not all(one.isascii() and one.isdigit() for one in numbers):
        return None
    return Spans(found["backup_type"], *(int(one) for one in numbers))


@dataclass(frozen=True, slots=True)
class Told:
    """xtrabackup_info. `position`: file and offset in the binary log, or the GTID."""

    uuid: str = ""
    tool: str = ""
    server: str = ""
    started: int | None = None
    ended: int | None = None
    partial: bool = False
    compressed: bool = False
    position: str = ""


def read_info(raw: bytes, zone_min: int) -> Told:
    """Parse it; times become UTC."""
    found = pairs(raw)
    return Told(
        found.get("uuid", ""),
        f"{found.get('tool_name', '')} {found.get('tool_version', '')}".strip(),
        found.get("server_version", ""),
        moment(found.get("start_time", ""), zone_min),
        moment(found.get("end_time", ""), zone_min),
        found.get("partial", "N") == "Y",
        found.get("compressed", "N") not in ("N", ""),
        shown(found.get("binlog_pos", ""))[:200],
    )


@dataclass(frozen=True, slots=True)
class Files:
    """What lies in the directory. `missing`: parts of tables that are not there though others are."""

    count: int = 0
    bytes: int = 0
    missing_count: int = 0
    missing: tuple[str, ...] = ()
    redo: bool = False
    system: bool = False


@dataclass
class _Names:
    count: int = 0
    bytes: int = 0
    by_stem: dict[str, set[str]] = field(default_factory=dict)
    engines: dict[str, int] = field(default_factory=dict)


def read_files(place: Place, top: str) -> Files:
    """Names of all files, and which ought to be there besides. OSError as the place's own."""
    seen = _Names()
    for entry in place.walk(top):
        if entry.kind != "file":
            continue
        seen.count, seen.bytes = seen.count + 1, seen.bytes + entry.size
        name = entry.path[len(top) + 1 :]
        stem, ending = _split(name)
        if seen.count <= _MOST_FILES:
            seen.by_stem.setdefault(stem, set()).add(ending)
        if ending == ".frm":
            begins = place.block(entry.path, 0, 4)
            seen.engines[stem] = begins[3] if begins[:2] == b"\xfe\x01" and len(begins) == 4 else 0
    lacking = sorted(_lacking(seen))
    roots = {name for name in seen.by_stem if "/" not in name}
    return Files(
        seen.count,
        seen.bytes,
        len(lacking),
        tuple(shown(one) for one in lacking[:10]),
        bool(roots & {"ib_logfile0", "xtrabackup_logfile", "#innodb_redo"}) or _below(seen, "#innodb_redo/"),
        bool(roots & {"ibdata1"}),
    )


def _below(seen: _Names, folder: str) -> bool:
    return any(name.startswith(folder) for name in seen.by_stem)


def _split(name: str) -> tuple[str, str]:
    stem, ending = posixpath.splitext(name)
    if ending in (".delta", ".meta") and stem.endswith(".ibd"):
        return stem[:-4], f".ibd{ending}"
    return stem, ending


def _lacking(seen: _Names) -> Iterator[str]:
    for stem, endings in seen.by_stem.items():
        for one in endings:
            if one in _PAIRS and _PAIRS[one] not in endings:
                yield stem + _PAIRS[one]
        wanted = _ENGINES.get(seen.engines.get(stem, 0), ())
        if wanted and not endings & set(wanted):
            yield stem + wanted[0]
        # MySQL 8 keeps no .frm at all; partitions have theirs under the table's own name.
        table = "/" in stem and "#" not in posixpath.basename(stem)
        if table and seen.engines and endings & {".ibd", ".new"} and stem not in seen.engines:
            yield f"{stem}.frm"


def log_end(place: Place, top: str) -> str:
    """How the job's log ends: `completed`, `failed`, "" where none is found in the directory or beside it."""
    own, folder = posixpath.basename(top), posixpath.dirname(top)
    paths = [f"{top}/{one}" for one in _listed(place, top) if _LOG.fullmatch(one)]
    paths += [
        f"{folder}/{one}" for one in _listed(place, folder) if one.startswith(own) and _LOG.fullmatch(one)
    ]
    for path in paths:
        entry = place.stat(path)
        if entry.kind != "file" or not entry.size:
            continue
        said = place.block(path, max(entry.size - 4096, 0), 4096)
        if b"completed OK!" in said.strip().rpartition(b"\n")[2]:
            return "completed"
        if b"ackup" in said or b"lsn" in said.lower():
            return "failed"
    return ""


def _listed(place: Place, folder: str) -> Iterable[str]:
    try:
        return place.names(folder)
    except OSError:
        return ()


def first_of(place: Place, top: str, names: Iterable[str]) -> bytes:
    """Content of the first of these that is there; b"" for none."""
    for name in names:
        try:
            return place.block(f"{top}/{name}", 0, _SMALL)
        except FileNotFoundError:
            continue
    return b""


def system_of(place: Place, top: str) -> str:
    """Whose data it is: Aria's uuid of this data directory (MariaDB), or the server's (xtrabackup)."""
    aria = first_of(place, top, ("aria_log_control",))
    if aria.startswith(b"\xfe\xfe\x0c") and len(aria) >= 20:
        return aria[4:20].hex()
    return pairs(first_of(place, top, ("backup-my.cnf",))).get("server_uuid", "")
