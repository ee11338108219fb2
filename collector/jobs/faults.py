"""Faults, vulnerabilities and findings from the tables and the log: the ground that collector/faults judges.

Only what a window needs is read: the runs around it, the reports, and of each inspection record the few rows
that say something of findings (store/faults.py). A report that was read once stays in memory.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection

from collector.availability import calendar_cn
from collector.faults import seen
from collector.faults.account import account as judged
from collector.faults.counted import counted, days_of, terms_of
from collector.faults.gathered import IMPORTED, hosts, later
from collector.faults.ground import Ground, Report, Seen
from collector.faults.model import Account, Fault
from collector.faults.notices import Look, looks
from collector.faults.said import Extent, onset_of
from collector.faults.seen import Keys, Looks, Placed
from collector.faults.terms import FaultTerms, Terms
from collector.faults.vulnerabilities import LATEST_MS, named_looks
from collector.jobs import as_of, scans
from collector.jobs.said import approvals, every_said
from collector.judging import judge
from collector.judging.estates import Estates
from collector.judging.ground import Applied
from collector.packs.model import Pack
from collector.scans.lifecycle import Import
from collector.scans.model import Scan
from collector.scoring.model import Gap, Item, PackPeriod, Proof
from collector.statements.model import Said
from collector.store import faults as store
from collector.store import messages, runs
from collector.store.rounds import records

BEFORE_MS, AFTER_MS = 2 * 86_400_000, 86_400_000
"""So far around the instant that an id names its fault may have begun: late evidence moves an onset."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: by which estate and pack, of which window of which term (UTC ms), as of when, of how
    much of the log. `supposed`: statements that nobody has made (a what-if)."""

    applied: Applied
    pack: Pack
    options: Mapping[str, object]
    term: tuple[int, int]
    window: tuple[int, int]
    as_of_ms: int
    size: int
    supposed: tuple[Said, ...] = ()
    only: str | None = None
    """A system: outages of no other one are looked for."""
    latest: bool = False
    """Units as they were named last, not as the window found them: for what is shown of a whole term."""


Counted = tuple[Account, Sequence[Item], Sequence[Gap]]


def account(conn: Connection, asked: Asked, period: PackPeriod) -> Counted:
    """The account of a window, and what a period's scorecard counts of it."""
    terms = terms_of(asked.pack, asked.options)
    days = days_of(asked.pack, calendar_cn.shipped())
    return counted(terms, ground(conn, asked, terms), period, asked.as_of_ms, days)


@dataclass(frozen=True, slots=True)
class Told:
    """The account of a contract's period, or (no period) of its whole term up to now."""

    account: Account
    pack: Pack
    timezone: str
    period: PackPeriod | None
    items: Sequence[Item]
    gaps: Sequence[Gap]


def told(conn: Connection, as_of_ms: int, period: str | None = None) -> Told:
    """What is known of faults, vulnerabilities and findings; NoScorecard without a pack or such a period."""
    size = as_of.size_at(conn, as_of_ms)
    applied = as_of.applied(conn, size)
    every = judge.periods(applied, as_of_ms)
    running = [one for one in every if one.from_ms <= as_of_ms]
    chosen = judge.chosen(applied, period or (running or every)[-1].name, as_of_ms)
    named = chosen.period if period is not None else None
    term = chosen.periods[0].from_ms, chosen.periods[-1].to_ms
    window = term if named is None else (named.from_ms, named.to_ms)
    asked = Asked(
        chosen.applied,
        chosen.pack.pack,
        chosen.options,
        term,
        window,
        as_of_ms,
        size,
        latest=named is None,
    )
    made, items, gaps = account(conn, asked, chosen.period)
    return Told(made, chosen.pack.pack, chosen.applied.terms.timezone, named, items, gaps)


def near(conn: Connection, as_of_ms: int, refs: Iterable[str]) -> tuple[Extent, ...]:
    """The faults that ids may mean, without a look at anything else; NoScorecard without a pack."""
    size = as_of.size_at(conn, as_of_ms)
    applied = as_of.applied(conn, size)
    every = judge.periods(applied, as_of_ms)
    term = every[0].from_ms, every[-1].to_ms
    found: list[Fault] = []
    for system, at in filter(None, map(onset_of, refs)):
        running = [one for one in every if one.from_ms <= at] or every
        chosen = judge.chosen(applied, running[-1].name, as_of_ms)
        pack, window = chosen.pack.pack, (at - BEFORE_MS, at + AFTER_MS)
        asked = Asked(chosen.applied, pack, chosen.options, term, window, as_of_ms, size, only=system)
        terms = Terms(terms_of(pack, chosen.options).faults)
        days = days_of(pack, calendar_cn.shipped())
        found += judged(terms, ground(conn, asked, terms), as_of_ms, days).faults
    return tuple(
        Extent(one.id, one.id.rpartition("@")[0], one.moments.onset_ms, one.moments.recovered_ms)
        for one in found
    )


def named(conn: Connection, as_of_ms: int) -> frozenset[str]:
    """Ids of every finding and vulnerability of the term, without episodes; NoScorecard without a pack."""
    size = as_of.size_at(conn, as_of_ms)
    applied = as_of.applied(conn, size)
    every = judge.periods(applied, as_of_ms)
    term = every[0].from_ms, every[-1].to_ms
    running = [one for one in every if one.from_ms <= as_of_ms] or every
    chosen = judge.chosen(applied, running[-1].name, as_of_ms)
    pack = chosen.pack.pack
    terms = replace(terms_of(pack, chosen.options), faults=None)
    asked = Asked(chosen.applied, pack, chosen.options, term, term, as_of_ms, size)
    made = judged(terms, ground(conn, asked, terms), as_of_ms, days_of(pack, calendar_cn.shipped()))
    names = [*(one.id for one in made.findings), *(one.id for one in made.vulnerabilities)]
    return frozenset(name.partition("#")[0] for name in names)


def ground(conn: Connection, asked: Asked, terms: Terms) -> Ground:
    """Everything that was received of the window by then; of what is not the window's the whole term."""
    estates = Estates.of(as_of.applied(conn, asked.size), as_of.said_of(conn, asked.as_of_ms, asked.size))
    scope = estates.scope(*asked.window, latest=asked.latest)
    reports = tuple(_reports(conn, asked)) if terms.vulnerabilities is not None else ()
    said = (*(one for one in every_said(conn, asked.as_of_ms) if one.entry < asked.size), *asked.supposed)
    return Ground(
        term=asked.term,
        window=asked.window,
        scope=scope,
        outages=_outages(conn, asked, terms.faults, estates) if terms.faults is not None else (),
        said=said,
        messages=messages.every(conn, asked.as_of_ms, asked.size) if terms.faults is not None else (),
        reports=tuple(report for report, _ in reports),
        records=store.inspected(conn, asked.as_of_ms, asked.size) if terms.findings is not None else (),
        looks=_looks(conn, asked, said) if terms.vulnerabilities is not None else (),
        hosts=hosts(reports, scope),
        later=later(reports, estates.newest()),
    )


def _outages(conn: Connection, asked: Asked, terms: FaultTerms, estates: Estates) -> tuple[Seen, ...]:
    """Outages of every system that was in an estate in force in the window, each stretch by its own."""
    made: list[Seen] = []
    signed, calendar = approvals(conn, asked.size), calendar_cn.shipped()
    begin, end = asked.window
    systems = estates.systems(begin, min(end, max(asked.as_of_ms, begin + 1)))
    whole = seen.Question(asked.window, asked.as_of_ms, asked.term[0], terms, (), calendar)
    mine = {one: estates.windows(one, signed, end) for one in systems if asked.only in (None, one)}
    span = seen.first_read(whole)
    parts = [part for one in mine if span[0] < span[1] for part in estates.parts(one, *span)]
    first = runs.for_leaves(conn, seen.keys_of(parts), *span)  # of all systems at once: most need no more

    def looks_at(keys: Keys, from_ms: int, to_ms: int) -> Looks:
        known = (from_ms, to_ms) == span
        found = {key: first[key] for key in keys} if known else runs.for_leaves(conn, keys, from_ms, to_ms)
        return {
            key: {
                vantage: [
                    Placed(row.run, row.first_idx, row.first_line) for row in rows if row.lo_idx < asked.size
                ]
                for vantage, rows in by_vantage.items()
            }
            for key, by_vantage in found.items()
        }

    for system, windows in mine.items():
        question = replace(whole, windows=windows)
        made += seen.seen(system, partial(estates.parts, system), looks_at, question)
    return tuple(made)


def _reports(conn: Connection, asked: Asked) -> Iterable[tuple[Report, tuple[str, ...]]]:
    """Scan reports with the assets that they were imported for; a report of the term or before it."""
    for one in scans.logged(conn):
        if one.idx >= asked.size or one.received > asked.as_of_ms:
            continue
        scan = _read(conn, one)
        if scan is None:
            continue
        whose = "buyer" if one.header.get("role") == "buyer" else "vendor"
        by = str(one.header.get("by", ""))
        assets = tuple(str(name) for name in one.header.get("assets", ()))
        imported = Import(one.idx, one.received, scan)
        yield Report(one.series, imported, whose, Proof(one.idx, by, IMPORTED)), assets


def _read(conn: Connection, one: scans.Logged) -> Scan | None:
    """A report, from the log; by its digest, for an entry never changes."""
    key = (one.idx, str(one.header.get("digest", "")))
    if key not in _SCANS:
        found = scans.read(conn, one.idx)
        if found is None:
            return None
        if len(_SCANS) >= _MOST_SCANS:
            _SCANS.clear()
        _SCANS[key] = found
    return _SCANS[key]


_SCANS: dict[tuple[int, str], Scan] = {}
_MOST_SCANS = 1000


def _looks(conn: Connection, asked: Asked, said: Iterable[Said]) -> tuple[Look, ...]:
    """Looks that plans for flaws name, from the records after the first such plan; mostly there are none."""
    plans = [one for one in said if one.kind == "fix_plan"]
    pairs = named_looks(plans)
    if not pairs:
        return ()
    from collector.jobs import rounds  # mostly there are none, and it loads what closes rounds

    since = min(one.received_ms for one in plans) - LATEST_MS
    rows = [row for row in records(conn) if row.idx < asked.size and row.closed >= since]
    return tuple(look for row in rows for look in looks(rounds.read_record(conn, row), pairs))
