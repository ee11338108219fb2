"""What Barman keeps of a server: backup.info of each backup, xlog.db of its log, identity.json.

backup.info holds lines `key=value`, values as Python writes them; times carry their offset.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from checks.artefacts.wal import segment_name

ID = re.compile(r"\d{8}T\d{6}")
RUNNING = frozenset(("EMPTY", "STARTED", "SYNCING", "WAITING_FOR_WALS"))
ENDED = frozenset(("DONE", "WAITING_FOR_WALS"))
KNOWN = RUNNING | {"DONE", "FAILED", "RETRIEVED"}


@dataclass(frozen=True, slots=True)
class Backup:
    """backup.info. `status` as Barman says it; `parent`: id of the backup it is incremental to ("" none)."""

    id: str
    status: str
    mode: str
    started: int | None
    ended: int | None
    first_segment: str
    last_segment: str
    system: str
    size: int
    error: bool
    parent: str = ""
    compression: str = ""
    encryption: str = ""


def read_info(label: str, raw: bytes) -> Backup | None:
    """Parse backup.info; None where it says no status."""
    found: dict[str, str] = {}
    for line in raw.decode("utf-8", "replace").splitlines():
        key, sign, value = line.partition("=")
        if sign:
            found[key.strip()] = "" if value.strip() == "None" else value.strip()
    if not found.get("status"):
        return None
    return Backup(
        label,
        found["status"][:40],
        found.get("mode", "")[:40],
        _moment(found.get("begin_time", "")),
        _moment(found.get("end_time", "")),
        _segment(found.get("begin_wal", "")),
        _segment(found.get("end_wal", "")),
        found.get("systemid", "") if found.get("systemid", "").isdigit() else "",
        _number(found, "size"),
        bool(found.get("error")),
        found.get("parent_backup_id", "") if ID.fullmatch(found.get("parent_backup_id", "")) else "",
        found.get("compression", "")[:20],
        found.get("encryption", "")[:20],
    )


def _number(found: Mapping[str, str], key: str) -> int:
    text = found.get(key, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _segment(text: str) -> str:
    return text if segment_name(text) is not None else ""


def _moment(text: str) -> int | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    # Older ones wrote no offset; that was the local time of the server, which nothing here tells.
    return int(found.astimezone(UTC).timestamp() * 1000) if found.tzinfo is not None else None


def logged(raw: bytes) -> list[str]:
    """Names of segments that xlog.db has."""
    names = (line.split(b"\t")[0].decode("ascii", "replace") for line in raw.splitlines())
    return [one for one in names if segment_name(one) is not None]


def identity(raw: bytes) -> str:
    """System identifier out of identity.json, "" where it tells none."""
    try:
        found = json.loads(raw)
    except ValueError:
        return ""
    return str(found.get("systemid", "")) if isinstance(found, dict) else ""
