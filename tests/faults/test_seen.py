"""Outages of a window: whole whatever window is asked for, off hours left out, confirmed by a second look."""

from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from collector.availability import calendar_cn
from collector.availability.courses import Part
from collector.availability.runs import Observation, Outcome, fold
from collector.availability.terms import HoursTerms, LeafTerms, ServiceTerms
from collector.availability.windows import Window, WindowKind
from collector.faults.seen import Placed, Question
from collector.faults.seen import seen as seen_over
from collector.packs.loading import packaged

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
T = round(datetime.fromisoformat("2026-07-13T00:00+08:00").timestamp()) * 1000  # a Monday
TERMS = ServiceTerms(
    "portal", "portal", "web", {"web": LeafTerms("service.tcp", "web", 25 * MINUTE)}, Fraction(999, 1000)
)
FAULTS = packaged("pingdingshan-2024").pack.faults
END = 12 * DAY


def looks_of(observations):
    runs = [Placed(run, i, 0) for i, run in enumerate(fold(observations, 25 * MINUTE))]

    def looks(start, end):
        before = [one for one in runs if one.run.first_ms < start][-3:]
        inside = [one for one in runs if start <= one.run.first_ms < end]
        return {
            ("service.tcp", "web"): {"a": before + inside + [r for r in runs if r.run.first_ms >= end][:2]}
        }

    return looks


def seen(terms, looks, asked):
    """Outages under the same terms all the time."""
    return seen_over(terms.id, lambda a, b: (Part(a, b, terms),), lambda keys, a, b: looks(a, b), asked)


def question(start, end, **more):
    made = Question((T + start, T + end), T + END, T, FAULTS, calendar=calendar_cn.shipped())
    return replace(made, **more)


def observed(spans, gaps=()):
    """A look each ten minutes, bad in these spans (ms from T), none in the gaps."""

    def outcome(t):
        return Outcome.FAIL if any(a <= t < b for a, b in spans) else Outcome.OK

    times = [t for t in range(0, END, 10 * MINUTE) if not any(a <= t < b for a, b in gaps)]
    return [Observation(T + t, outcome(t)) for t in times]


def test_an_outage_of_days_is_found_whole_by_a_window_of_hours():
    looks = looks_of(observed([(2 * DAY, 7 * DAY)]))
    (found,) = seen(TERMS, looks, question(2 * DAY - HOUR, 2 * DAY + HOUR))
    assert (found.outage.from_ms, found.outage.to_ms) == (T + 2 * DAY, T + 7 * DAY)
    assert found.outage.recovered_ms == T + 7 * DAY
    assert seen(TERMS, looks, question(5 * DAY, 6 * DAY)) == ()
    assert (found.detected_ms, found.probes) == (T + 2 * DAY + 10 * MINUTE, 5 * 144)


def test_unknown_time_never_separates_so_the_onset_may_lie_days_back():
    looks = looks_of(observed([(DAY, DAY + HOUR), (6 * DAY, 6 * DAY + HOUR)], [(DAY + HOUR, 6 * DAY)]))
    assert seen(TERMS, looks, question(5 * DAY, 7 * DAY)) == ()
    (found,) = seen(TERMS, looks, question(0, 2 * DAY))
    assert found.outage.to_ms == T + 6 * DAY + HOUR


def test_what_happens_off_hours_is_no_fault_and_recovery_is_seen_there():
    hours = replace(TERMS, hours=HoursTerms("Asia/Shanghai", None, ((9 * 60, 17 * 60),)))
    night = looks_of(observed([(2 * HOUR, 5 * HOUR)]))
    assert seen(hours, night, question(0, DAY)) == ()
    evening = looks_of(observed([(16 * HOUR, 20 * HOUR)]))
    (found,) = seen(hours, evening, question(0, DAY))
    assert (found.outage.down_ms, found.outage.recovered_ms) == (HOUR, T + 20 * HOUR)


def test_an_approved_window_takes_the_time_out_and_an_unapproved_one_is_a_flag():
    looks = looks_of(observed([(2 * HOUR, 5 * HOUR)]))
    window = Window("w", WindowKind.MAINTENANCE, T + HOUR, T + 6 * HOUR)
    (found,) = seen(TERMS, looks, question(0, DAY, windows=(window,)))
    assert found.flags == ("window_never_approved:w",)
    late = replace(window, approved_at_ms=T + 4 * HOUR)
    (found,) = seen(TERMS, looks, question(0, DAY, windows=(late,)))
    assert (found.outage.down_ms, found.flags) == (2 * HOUR, ("window_approved_late:w",))
    assert seen(TERMS, looks, question(0, DAY, windows=(replace(window, approved_at_ms=T),))) == ()


def test_nothing_observed_is_no_outage():
    assert seen(TERMS, looks_of([]), question(0, DAY)) == ()


@settings(max_examples=25)
@given(st.integers(0, 10_000))
@example(654)  # two failures that one good look parts: at the most they were one
def test_windows_together_give_what_the_whole_gives(seed):
    dice = Random(seed)

    def spans(n):
        starts = [dice.randrange(END) for _ in range(n)]
        return [(a, a + dice.choice([10 * MINUTE, HOUR, 9 * HOUR, 3 * DAY])) for a in starts]

    looks = looks_of(observed(spans(dice.randrange(6)), spans(dice.randrange(3))))
    whole = seen(TERMS, looks, question(0, END))
    parts = [one for day in range(12) for one in seen(TERMS, looks, question(day * DAY, (day + 1) * DAY))]
    assert [one.outage for one in parts] == [one.outage for one in whole]
