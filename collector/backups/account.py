"""Slots, points, days and weeks of one object, spelled out of the columns when somebody asks for them."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace

from checks.china import day_of
from collector.backups.assign import Series, looked_after
from collector.backups.calendar import iso, monday_of, week_of
from collector.backups.case import Case, slot_id
from collector.backups.days import word
from collector.backups.ledger import Begun, Day, DayState, Point, Slot, SlotState, Week
from collector.backups.runs import CHAINED, GOOD, LOST, where

_TIMELESS = frozenset({SlotState.DUE, SlotState.RUNNING})


@dataclass(frozen=True, slots=True)
class Account:
    """What an ObjectLedger is spelled out of."""

    case: Case

    def slots(self) -> Iterator[Slot]:
        """By opening, fulls first."""
        made = [
            self._slot(series, slot) for series in self.case.series for slot in range(len(series.table.opens))
        ]
        yield from sorted(made, key=lambda one: (one.opens_ms, one.role))

    def recent(self, most: int, state: SlotState | None = None) -> tuple[Slot, ...]:
        """The last so many of them (of these, those in a state), without spelling out the others."""
        near = [
            (series, slot)
            for series in self.case.series
            for slot in sorted(range(len(series.table.opens)), key=series.table.opens.__getitem__)[-most:]
        ]
        near.sort(key=lambda one: (one[0].table.opens[one[1]], one[0].role))
        return tuple(
            self._slot(series, slot)
            for series, slot in near[-most:]
            if state is None or series.states[slot] is state
        )

    def _slot(self, series: Series, slot: int) -> Slot:
        runs, run, state = self.case.runs, series.picks[slot], series.states[slot]
        opens, closes = series.table.opens[slot], series.table.closes[slot]
        stray = series.strays.get(slot)
        base = Slot(
            id=slot_id(series, slot),
            role=series.role,
            day=iso(series.table.days[slot]),
            opens_ms=opens,
            closes_ms=closes,
            deadline_ms=series.table.deadlines[slot],
            state=state,
            policy=series.policy.version,
            made_up="" if stray is None else runs.records[stray].name,
            known_ms=self._known(series, slot, run),
            amended=series.amended.get(slot),
        )
        if run < 0:
            return base
        record, start = runs.records[run], runs.starts[run]
        return replace(
            base,
            good=True if runs.ever(run) else runs.standing(run).good,
            artefacts=(record.name, *(runs.records[other].name for other in series.more.get(slot, ()))),
            run_ms=start,
            ended_ms=record.end,
            off_ms=min(start - opens, 0) or max(start - closes + 1, 0),
            timed_by="file" if record.start is None else "inside",
            offset_ms=record.offset_ms,
            level=runs.grades[run].level,
        )

    def _known(self, series: Series, slot: int, run: int) -> int | None:
        state = series.states[slot]
        if state in _TIMELESS:
            return None
        if run >= 0:
            return min(one.first_ms for one in self.case.runs.all_records(run))
        deadline = series.table.deadlines[slot]
        if state is SlotState.MISSED:
            return looked_after(self.case.looks, deadline)
        return deadline

    def points(self) -> Iterator[Point]:
        """Artefacts, by start."""
        runs = self.case.runs
        for run, record in enumerate(runs.records):
            path = runs.path(run)
            line = runs.ancestors(run)
            orphan = path.good is False and path.cause != run and record.kind in CHAINED
            yield Point(
                name=record.name,
                kind=record.kind,
                day=self._day(run),
                slot=self.case.slot_id(run),
                bytes=record.bytes,
                sha256=record.sha256,
                start_ms=record.start,
                level=runs.grades[run].level,
                restore_level=runs.grades[run].restore,
                good=path.good is True,
                path=None if line is None else tuple(runs.records[one].name for one in line),
                places=self._places(run),
                gone_ms=record.gone_ms,
                orphan_ms=(path.lost_ms or record.first_ms) if orphan else None,
                maybe_ms=path.maybe_ms,
                ever=path.ever,
            )

    def begun(self, from_ms: int, to_ms: int) -> Iterator[Begun]:
        """Artefacts that say themselves when they were begun, of those begun in [from, to), by start."""
        runs = self.case.runs
        for run in range(bisect_left(runs.starts, from_ms), bisect_left(runs.starts, to_ms)):
            record = runs.records[run]
            if record.start is not None:
                places = self._places(run)
                ever = runs.path(run).ever
                yield Begun(
                    record.name, record.start, runs.grades[run].level, ever, places[0] if places else ""
                )

    def unseen(self, from_ms: int, to_ms: int) -> Iterator[int]:
        """When the slots open, of those in [from, to), that nobody could look at since."""
        for series in self.case.series:
            opens = series.table.opens
            begin, end = bisect_left(opens, from_ms), bisect_left(opens, to_ms)
            yield from (opens[begin + n] for n in where(series.states[begin:end], SlotState.UNSEEN))

    def _places(self, run: int) -> tuple[str, ...]:
        if self.case.runs.path(run).good is False:
            return ()
        return tuple(one.place for one in self.case.runs.all_records(run) if one.gone_ms is None)

    def _day(self, run: int) -> str:
        held = self.case.slot_of(run)
        if held is not None:
            return iso(held[0].table.days[held[1]])
        return iso(day_of(self.case.runs.starts[run]))

    def days(self) -> Iterator[Day]:
        """By day."""
        held = self.case.days
        for day, code, run in zip(held.days, held.codes, held.runs, strict=True):
            yield self._one_day(day, code, run)

    def _one_day(self, day: int, code: int, run: int) -> Day:
        state = word(code)
        if run < 0:
            return Day(iso(day), state)
        path, name = self.case.runs.path(run), self.case.runs.records[run].name
        if state in (DayState.LOST, DayState.EXPIRED):
            return Day(iso(day), state, name, path.lost_ms, path.maybe_ms)
        return Day(iso(day), state, name)

    def weeks(self) -> Iterator[Week]:
        """By Monday."""
        found: dict[int, list[str]] = {}
        for series in self.case.series:
            for slot, day in enumerate(series.table.days):
                held = found.setdefault(monday_of(day), [])
                for run in (series.picks[slot], *series.more.get(slot, ())):
                    if run >= 0 and self.case.runs.codes[run] in (GOOD, LOST):
                        held.append(self.case.runs.records[run].name)
        for monday, names in sorted(found.items()):
            yield Week(week_of(monday), iso(monday), tuple(dict.fromkeys(names)))
