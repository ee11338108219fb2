"""Daily values of what can be full, read back from the log on demand, and their outlook.

The deriver cuts runs at China's midnight: a run's last look is its day's last, and one line of the log a day
and series is enough. Nothing is kept; a body that was pruned is a day without a value.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, or_, select

from checks.china import DAY_MS, day_of
from checks.codec import FieldError, from_json
from checks.host import filesystem
from checks.network import storage
from checks.result import Result, decode
from checks.virtual import ceph, datastores, lvm, pools, zfs
from checks.wire import lines
from checks.wire.errors import WireError
from collector.availability.runs import Outcome
from collector.inspection.capacity import MOST_DAYS, Day, Place, forecast
from collector.store import packs
from collector.store.content import content
from collector.store.evidence import Damaged
from collector.store.runs import run_table
from collector.store.series import series_table

Amounts = Iterator[tuple[str, int, int]]  # name, used, whole


def _filesystems(facts: Mapping[str, Any]) -> Amounts:
    ignored = filesystem.Params().ignore_kinds
    for mount in from_json(filesystem.Facts, facts, "facts").mounts:
        # Of what root alone may still write a user's program sees nothing: full is where `df` says 100 %.
        if mount.kind not in ignored and not mount.read_only and mount.used is not None and mount.usable:
            yield mount.path, mount.used, mount.usable


def _areas(facts: Mapping[str, Any]) -> Amounts:
    """Tablespaces and databases that have a limit."""
    for area in facts["space"]["areas"]:
        if type(area["bytes"]) is int and type(area["limit"]) is int:
            yield f"{area['kind']}/{area['name']}", area["bytes"], area["limit"]


def _pools(facts: Mapping[str, Any]) -> Amounts:
    """Storage pools of libvirt; one that does not run has no size."""
    for pool in from_json(pools.Facts, facts, "facts").pools:
        if pool.allocated is not None and pool.capacity is not None:
            yield f"pool/{pool.name}", pool.allocated, pool.capacity


def _zfs(facts: Mapping[str, Any]) -> Amounts:
    for pool in from_json(zfs.Facts, facts, "facts").pools:
        if pool.allocated is not None and pool.size is not None:
            yield f"pool/{pool.name}", pool.allocated, pool.size


def _ceph(facts: Mapping[str, Any]) -> Amounts:
    """Raw space of the whole cluster, while somebody counts it."""
    cluster = from_json(ceph.Facts, facts, "facts")
    if cluster.manager is not False and cluster.used is not None and cluster.total is not None:
        yield "cluster", cluster.used, cluster.total


def _lvm(facts: Mapping[str, Any]) -> Amounts:
    """Thin pools and snapshots, in hundredths of a per cent: LVM tells shares of them. Groups are meant to be
    given away to the last byte and are no matter of time."""
    for volume in from_json(lvm.Facts, facts, "facts").volumes:
        if volume.data is not None:
            yield f"volume/{volume.name}", volume.data, 10_000


def _datastores(facts: Mapping[str, Any]) -> Amounts:
    for one in from_json(datastores.Facts, facts, "facts").datastores:
        if one.accessible is not False and one.capacity is not None and one.free is not None:
            yield f"datastore/{one.name}", one.capacity - one.free, one.capacity


def _stores(facts: Mapping[str, Any]) -> Amounts:
    """Disks and volumes that a device tells of by SNMP; of some only the share in use is known."""
    for name, one in storage.named(from_json(storage.Facts, facts, "facts").stores):
        if one.used is not None and one.total is not None:
            yield name, one.used, one.total
        elif one.share is not None:
            yield name, one.share, 10_000


# Checks whose facts hold amounts that can be full.
AMOUNTS: Mapping[str, Callable[[Mapping[str, Any]], Amounts]] = {
    "host.filesystem": _filesystems,
    "database.space": _areas,
    "virtual.pools": _pools,
    "virtual.zfs": _zfs,
    "virtual.ceph": _ceph,
    "virtual.lvm": _lvm,
    "virtual.datastores": _datastores,
    "network.storage": _stores,
}


def outlooks(conn: Connection, now: int, days: int, asset: str | None = None) -> list[Place]:
    """Everything that can be full on `asset` (None: on all), by the last `days` days up to `now` (UTC ms).

    The deriver must have caught up. Sorted by asset, check, target and name.
    """
    first = now - min(max(days, 1), MOST_DAYS) * DAY_MS
    found: dict[tuple[str, str, str, str, str], dict[int, Day]] = {}
    for key, day, result in _last_looks(conn, first, now, asset):
        for name, used, total in _amounts(result):
            found.setdefault((*key, name), {})[day] = Day(day, used, total)
    return [_place(key, values) for key, values in sorted(found.items())]


def _place(key: tuple[str, str, str, str, str], values: dict[int, Day]) -> Place:
    made = tuple(values[day] for day in sorted(values))
    return Place(*key, made, forecast(made))


def _amounts(result: Result) -> list[tuple[str, int, int]]:
    try:
        return list(AMOUNTS[result.check](result.facts or {}))
    except (FieldError, LookupError, TypeError):
        return []  # facts of a version that held something else


def _last_looks(
    conn: Connection, first: int, now: int, asset: str | None
) -> Iterator[tuple[tuple[str, str, str, str], int, Result]]:
    """(asset, check, target, vantage), China's day, and the last look of that day which brought facts."""
    last: dict[tuple[int, int], tuple[int, int, tuple[str, str, str, str]]] = {}
    for row in conn.execute(_wanted(first, now, asset)):
        series, at, idx, line, *names = row
        check, target, vantage, of = names
        # Later runs of the day come later: the last one stands.
        last[(series, day_of(at))] = (idx, line, (of or target, check, target, vantage))
    bodies: dict[int, list[bytes]] = {}
    for (_, day), (idx, line, key) in sorted(last.items(), key=lambda item: item[1][:2]):
        if idx not in bodies:
            bodies = {idx: _lines(conn, idx)}  # in order of the log: no body is opened twice
        result = _result(bodies[idx], line)
        if result is not None:
            yield key, day, result


def _wanted(first: int, now: int, asset: str | None) -> Any:
    run, series = run_table.c, series_table.c
    wanted = (
        select(
            run.series,
            run.last,
            run.last_idx,
            run.last_line,
            series.check,
            series.target,
            series.vantage,
            series.asset,
        )
        .join(series_table, series.id == run.series)
        .where(
            series.check.in_(list(AMOUNTS)),
            run.last >= first,
            run.last <= now,
            run.outcome != Outcome.ERROR.value,
        )
        .order_by(run.series, run.last)
    )
    return wanted if asset is None else wanted.where(or_(series.asset == asset, series.target == asset))


def _lines(conn: Connection, idx: int) -> list[bytes]:
    body = packs.body(conn, idx)
    try:
        return [] if body is None else lines.split(content(body))
    except (Damaged, WireError):
        return []


def _result(found: list[bytes], line: int) -> Result | None:
    try:
        return decode(found[line])
    except (IndexError, WireError, FieldError):
        return None
