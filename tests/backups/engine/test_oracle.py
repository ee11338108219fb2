"""The engine against a second implementation in a few lines, on random histories."""

from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from checks.artefacts.levels import bad

DAYS = 21
EVENTS = st.lists(
    st.tuples(st.integers(0, DAYS - 1), st.integers(1, DAYS), st.sampled_from(["purge", "spoil"])), max_size=6
)


def naive(days, missed, gone, spoiled):
    """A day is restorable if it and everything back to its full stands and is good."""
    found = {}
    line = []
    for number, day in enumerate(days):
        if number in missed:
            found[day] = "none"
            continue
        if datetime.fromisoformat(day).weekday() == 6:
            line = []
        line.append(number)
        broken = any(one in gone or one in spoiled for one in line)
        found[day] = "lost" if broken else "restorable"
    return found


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.sets(st.integers(1, DAYS - 1), max_size=3))
def test_restorable_days_are_those_whose_whole_line_stands_and_is_good(kit, events, missed):
    world = kit.World(kit.entry(full=kit.WEEKLY, incremental=kit.DAILY))
    days = list(kit.each_day("2026-03-01", "2026-03-21"))
    sundays = {n for n, day in enumerate(days) if datetime.fromisoformat(day).weekday() == 6}
    missed -= sundays
    before, names, gone, spoiled = "", {}, set(), set()
    for number, day in enumerate(days):
        if number in missed:
            continue
        kind = "full" if number in sundays else "incremental"
        world.add(day, f"{day} 23:00", kind, id=day, parent="" if kind == "full" else before)
        before = names[number] = day
    for number, after, what in events:
        if number not in names or number in gone | spoiled:
            continue
        # Two days later at the earliest: it was seen good once.
        at = days[min(number + 1 + after, DAYS - 1)] if number + 2 < DAYS else None
        if at is None or at <= days[number + 1]:
            continue
        if what == "purge":
            world.purge(days[number], at)
            gone.add(number)
        else:
            world.judge(days[number], at, bad("changed"))
            spoiled.add(number)
    account = world.account("2026-03-22 13:00")
    assert kit.day_states(account) == naive(days, missed, gone, spoiled)
    for most in (1, 2, 5, DAYS, 2 * DAYS):
        last = account.slots[-most:]
        assert account.recent(most) == last
        states = {one.state for one in account.slots}
        assert all(account.recent(most, s) == tuple(o for o in last if o.state is s) for s in states)
    lost = [one for one in account.days if one.state == "lost"]
    assert all(one.maybe_ms is not None and one.maybe_ms < one.lost_ms for one in lost)
    assert account.retention.short_days == len(lost)
    # Every lost day has a finding that explains it, and nothing is found where nothing is lost.
    explained = bool([r for r in kit.reasons(account) if r != "missing"])
    assert explained == bool(lost)
