"""What lies beside a dump, and what its name and header tell of its time: fingerprint, roles, day."""

import contextlib
import re
from calendar import timegm
from hashlib import sha256

from checks.artefacts import copytext, fingerprint, standing
from checks.artefacts.dumps import Dump, DumpParams, Globals, Noted
from checks.artefacts.fingerprint import Fingerprint, FingerprintError
from checks.artefacts.layers import LayerError
from checks.artefacts.opening import opened
from checks.places import Backups, Place, shown

_QUARTER_MS = 15 * 60_000
_MOST_ZONE_MS = 14 * 3_600_000


def times(dump: Dump, noted: Noted, zone_min: int, modified: int) -> tuple[int | None, int | None]:
    """When it was begun and ended, in UTC. The header tells the wall's clock: where the fingerprint was taken
    along with it, that tells the zone."""
    if dump.begun is None:
        return (noted.started, noted.ended) if noted.state == "ok" else (None, None)
    if noted.state == "ok" and noted.mode == "snapshot" and noted.started is not None:
        zone = round((dump.begun - noted.started) / _QUARTER_MS) * _QUARTER_MS
        if abs(zone) <= _MOST_ZONE_MS:
            return dump.begun - zone, noted.ended
    start = dump.begun - zone_min * 60_000
    # Another zone than we were told: which one nobody says.
    odd = modified + _QUARTER_MS < start <= modified + _MOST_ZONE_MS
    return (None if odd else start), None


def noted_of(place: Place, path: str, told: str) -> tuple[Noted, Fingerprint | None]:
    beside = told or path.rstrip("/") + fingerprint.ENDING
    try:
        with contextlib.closing(place.open(beside)) as file:
            raw = file.read(fingerprint.MOST_BYTES + 1)
    except FileNotFoundError:
        return Noted(), None
    except OSError:
        return Noted("unreadable"), None
    own = sha256(raw).hexdigest()
    try:
        made = fingerprint.parse(raw)
    except FingerprintError as problem:
        return Noted(problem.reason, own), None
    mine = made.artefact if made.artefact and made.artefact.name == path.rpartition("/")[2] else None
    noted = Noted(
        "ok", own, made.root, made.kind, made.mode, made.database, made.system, made.started, made.ended,
        mine.bytes if mine else None, mine.sha256 if mine else "", made.roles, made.databases[:200],
    )  # fmt: skip
    return noted, made


_FIELD = {"Y": r"(?P<Y>\d{4})", "m": r"(?P<m>\d\d)", "d": r"(?P<d>\d\d)", "%": "%"}


def day_of(pattern: str, path: str, zone_min: int) -> int | None:
    """Noon of the day in an artefact's name, where the pattern has year, month and day."""
    if not all(f"%{one}" in pattern for one in "Ymd"):
        return None
    made, seen = "", set()
    for part in re.findall(r"%.|\*|\?|[^%*?]+", pattern):
        if part[0] == "%" and part[1:] in _FIELD and part not in seen:
            made += _FIELD[part[1:]]
            seen.add(part)
        else:
            made += {"*": "[^/]*", "?": "[^/]"}.get(part, r"\d+" if part[0] == "%" else re.escape(part))
    found = re.fullmatch(made, path)
    if found is None or not 1 <= int(found["m"]) <= 12 or not 1 <= int(found["d"]) <= 31:
        return None
    return timegm((int(found["Y"]), int(found["m"]), int(found["d"]), 12, 0, 0)) * 1000 - zone_min * 60_000


def globals_of(backups: Backups, place: Place, params: DumpParams) -> Globals:
    """The newest that fits, if it can be read."""
    fits = [one for one in place.match(standing.pattern_of(params.globals)) if one.kind == "file"]
    fits = [one for one in fits if not one.path.endswith((*standing.UNFINISHED, *standing.SIDECARS))]
    if not fits:
        return Globals()
    newest = max(fits, key=lambda one: (one.mtime_ns, one.path))
    name = shown(newest.path.rpartition("/")[2])
    modified = newest.mtime_ns // 1_000_000
    try:
        with opened(backups, place, newest.path, params.sealed, params.limits) as whole:
            told = copytext.read(whole.stream)
    except (OSError, LayerError):
        return Globals("unreadable", name, modified)
    return Globals("ok", name, modified, told.roles, told.complete and told.cluster)
