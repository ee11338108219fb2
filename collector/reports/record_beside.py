"""What a record's views show beside it, from log entries it cites: assets' names, limits that were passed.

The record names objects by id and readings as they were signed. Names stand in the estate whose digest it
cites, parameters in the plans that were in force: both are in the log, so whoever has it makes this again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from checks import result as results
from checks.codec import FieldError
from checks.wire.errors import WireError
from collector.inspection.limits import Limit, passed
from collector.inspection.record import Record
from collector.jobs import rounds
from collector.jobs.batches import lines_of
from collector.store import estates
from collector.store.evidence import Damaged

Key = tuple[str, str, str]  # check, target, name of the reading


@dataclass(frozen=True, slots=True)
class Beside:
    """Names by asset id; limits by check, target and reading."""

    names: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[Key, Limit] = field(default_factory=dict)


NOTHING = Beside()


def beside(conn: Connection, record: Record) -> Beside:
    """Read back from the log; what passed no readable limit has none. Damaged: the estate is gone."""
    return Beside(_names(conn, record.estate), dict(_limits(conn, record)))


def _names(conn: Connection, digest: str) -> dict[str, str]:
    idx = max((one.idx for one in estates.every(conn) if one.digest == digest), default=None)
    if idx is None:
        return {}
    return {one.id: one.name for one in estates.loaded(conn, idx).estate.assets if one.name}


def _lines(conn: Connection, idx: int) -> list[bytes]:
    try:
        return lines_of(conn, idx)
    except (Damaged, WireError):
        return []  # the record itself is read and shown all the same; fsck says what is wrong


def _limits(conn: Connection, record: Record) -> Iterator[tuple[Key, Limit]]:
    places = {(one.check, one.target): one.evidence for one in record.problems}
    if not places:
        return
    lines: dict[int, list[bytes]] = {}
    for look in rounds.owed_in(conn, record.round, record.window):
        place, check = places.get((look.check, look.target)), rounds.lookup(look.check)
        if place is None or check is None:
            continue
        if place.entry not in lines:
            lines[place.entry] = _lines(conn, place.entry)
        try:
            result = results.decode(lines[place.entry][place.line])
        except (IndexError, WireError, FieldError):
            continue
        if result.params == look.digest:
            found = passed(check, result, look.params)
            yield from (((look.check, look.target, name), limit) for name, limit in found.items())
