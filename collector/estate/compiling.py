"""From an estate to one plan per agent: all written out, in one order, so that it can be judged again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from checks.plan import Plan, PlanItem, RoundItem, RoundPlan, Window
from checks.recurrence import instant, zone
from collector.availability.calendar_cn import Calendar
from collector.estate.holidays import known_until, occurrences
from collector.estate.loading import Loaded
from collector.estate.looks import Look
from collector.estate.model import Round

FLUSH_PROBES_MS = 10_000
FLUSH_MS = 60_000


@dataclass(frozen=True, slots=True)
class Issue:
    """Whom a plan is for and what it cites."""

    log: str
    agent: str
    epoch: int
    made_ms: int


Extra = Mapping[str, tuple[Window, ...]]  # windows of rounds run by hand, by round


@dataclass(frozen=True, slots=True)
class Share:
    """What an estate wants of one agent."""

    regular: tuple[Look, ...] = ()
    rounds: Mapping[str, tuple[Look, ...]] = field(default_factory=dict)


def shares(loaded: Loaded) -> dict[str, Share]:
    """Each agent's share, in the order of its plan."""
    regular: dict[str, list[Look]] = {}
    for look in sorted(loaded.regular, key=_order):
        regular.setdefault(look.agent, []).append(look)
    owed: dict[str, dict[str, list[Look]]] = {}
    for part in loaded.estate.rounds:
        for look in sorted(loaded.rounds[part.id], key=_order):
            owed.setdefault(look.agent, {}).setdefault(part.id, []).append(look)
    return {
        agent: Share(
            tuple(regular.get(agent, ())),
            {part: tuple(looks) for part, looks in owed.get(agent, {}).items()},
        )
        for agent in {*regular, *owed}
    }


def plan_for(
    loaded: Loaded, issue: Issue, calendar: Calendar, extra: Extra | None = None, share: Share | None = None
) -> Plan:
    """The plan of one agent; empty where the estate wants nothing of it. `share`: its own, if at hand."""
    share = share if share is not None else shares(loaded).get(issue.agent, Share())
    mine = share.regular
    items = tuple(_item(look) for look in mine)
    return Plan(
        v=1,
        log=issue.log,
        agent=issue.agent,
        epoch=issue.epoch,
        made_ms=issue.made_ms,
        estate=loaded.digest,
        timezone=loaded.estate.timezone,
        flush_ms=FLUSH_PROBES_MS if any(look.probe for look in mine) else FLUSH_MS,
        items=items,
        rounds=tuple(_rounds(loaded, share, calendar, extra or {})),
    )


def _order(look: Look) -> tuple[bool, str, str]:
    return (look.probe, look.target, look.check.id)


def _item(look: Look) -> PlanItem:
    return PlanItem(
        kind="probe" if look.probe else "regular",
        check=look.check.id,
        version=look.check.version,
        target=look.target,
        asset=look.asset,
        params=look.params,
        every_ms=look.every_ms,
        deadline_ms=look.deadline_ms,
        hold_ms=look.hold_ms,
        confirm=look.confirm,
        canary=look.canary,
    )


def _rounds(loaded: Loaded, share: Share, calendar: Calendar, extra: Extra) -> list[RoundPlan]:
    made = []
    for part in loaded.estate.rounds:
        owed = share.rounds.get(part.id)
        if owed:
            items = tuple(_round_item(look) for look in owed)
            explicit = special_windows(part, loaded.estate.timezone, calendar)
            made.append(
                RoundPlan(
                    id=part.id,
                    items=items,
                    every=part.every or "",
                    on=part.on or "",
                    window=part.window or "",
                    windows=(*explicit, *extra.get(part.id, ())),
                )
            )
    return made


def _round_item(look: Look) -> RoundItem:
    return RoundItem(
        check=look.check.id,
        version=look.check.version,
        target=look.target,
        asset=look.asset,
        params=look.params,
        deadline_ms=look.deadline_ms,
    )


def special_windows(part: Round, timezone: str, calendar: Calendar) -> tuple[Window, ...]:
    """Windows before holidays: the `days` before the first free day; late until the next such window.

    The last one stays open until the calendar's data end. Windows that overlap (two holidays close to
    each other) end where the next begins.
    """
    tz = zone(timezone)
    # A stretch that is two holidays at once owes one round.
    found = {h.first: h for name in part.before for h in occurrences(calendar, name)}

    def midnight(day_offset: int, holiday_first: datetime) -> int:
        return instant(holiday_first + timedelta(days=day_offset), tz)

    starts = [datetime(day.year, day.month, day.day) for day in sorted(found)]
    end = known_until(calendar)
    edges = [midnight(-(part.days or 0), day) for day in starts]
    edges.append(instant(datetime(end.year, end.month, end.day), tz))
    return tuple(
        Window(
            f"{part.id}/{day.date().isoformat()}", edges[i], min(midnight(0, day), edges[i + 1]), edges[i + 1]
        )
        for i, day in enumerate(starts)
    )


def provisional(loaded: Loaded, calendar: Calendar, until_ms: int) -> list[str]:
    """Rounds whose due dates rest on a calendar that ends before `until_ms` (ruling 12)."""
    end = known_until(calendar)
    edge = instant(datetime(end.year, end.month, end.day), zone(loaded.estate.timezone))
    if edge > until_ms:
        return []
    return [
        f"round {part.id}: no calendar for {end.year} yet; its due dates from then on are provisional"
        for part in loaded.estate.rounds
        if part.before
    ]
