"""What scorecards count of backups is what the whole account says, on random histories."""

from hypothesis import given, settings
from hypothesis import strategies as st

from checks.artefacts.levels import bad
from collector.backups.engine import seen

DAYS = 21
EVENTS = st.lists(
    st.tuples(st.integers(0, DAYS - 1), st.integers(1, DAYS), st.sampled_from(["purge", "spoil", "blind"])),
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(EVENTS, st.sets(st.integers(0, DAYS - 1), max_size=4), st.integers(1, DAYS))
def test_what_was_begun_and_what_nobody_saw_are_those_of_the_account(kit, events, missed, days):
    world = kit.World(kit.entry(full=kit.WEEKLY, incremental=kit.DAILY))
    every = list(kit.each_day("2026-03-01", "2026-03-21"))
    world.weekly("2026-03-01", "2026-03-21")
    world.made = [one for n, one in enumerate(world.made) if n not in missed]
    names = {one["seen"].name for one in world.made}
    for number, after, what in events:
        day = every[min(number + after, DAYS - 1)]
        name = next((one for one in sorted(names) if one.endswith(every[number])), None)
        if what == "blind":
            world.off.append((kit.at(f"{every[number]} 00:00"), kit.at(f"{day} 12:30")))
        elif name is not None and day > every[number]:
            if what == "purge":
                world.purge(name, f"{day} 06:00")
            else:
                world.judge(name, f"{day} 06:00", bad("changed"))
    now = kit.at(f"{every[days - 1]} 13:00")
    observed = world.observed(now)
    whole, part = world.ledger(now), seen(world.policies, observed, now)
    spans = [(0, 2**53), (kit.at("2026-03-04 00:00"), kit.at("2026-03-11 00:00"))]
    assert [one.name for one in part.objects] == [one.name for one in whole.objects]
    for one, other in zip(part.objects, whole.objects, strict=True):
        for span in spans:
            assert list(one.begun(*span)) == list(other.begun(*span))
            assert list(one.unseen(*span)) == list(other.unseen(*span))
