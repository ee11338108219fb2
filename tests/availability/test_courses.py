"""A service whose terms changed: each stretch by its own terms, added in milliseconds."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from collector.availability.classes import Buckets, TimeClass
from collector.availability.courses import Around, Part, course, joined, together
from collector.availability.engine import evaluate
from collector.availability.runs import Observation, Outcome, fold
from collector.availability.terms import HoursTerms, LeafTerms, ServiceTerms, spec
from collector.availability.windows import Window, WindowKind

MINUTE = 60_000
END = 24 * 60 * MINUTE
LEAF = LeafTerms("service.tcp", "web", 25 * MINUTE)
TERMS = ServiceTerms("portal", "portal", "web", {"web": LEAF}, Fraction(999, 1000))
LOOSE = replace(TERMS, leaves={"web": replace(LEAF, hold_ms=90 * MINUTE, confirm=6)}, target=Fraction(1, 2))
HOURS = replace(TERMS, hours=HoursTerms("Asia/Shanghai", (0, 1, 2, 3), ((9 * 60, 17 * 60),)))
KINDS = (TERMS, LOOSE, HOURS)
WORDS = (Outcome.OK, Outcome.OK, Outcome.OK, Outcome.FAIL, Outcome.DEGRADED, None)


def seen(words):
    """A look each ten minutes: what it said, None for none."""
    looks = [Observation(i * 10 * MINUTE, word, i) for i, word in enumerate(words) if word is not None]
    return {("service.tcp", "web"): {"a": fold(looks, 25 * MINUTE)}}


def window(start, end, approved=0):
    return Window("w", WindowKind.MAINTENANCE, start * MINUTE, end * MINUTE, approved)


days = st.lists(st.sampled_from(WORDS), min_size=144, max_size=144)
cuts = st.lists(st.integers(0, END), max_size=4)


SHORT = [Outcome.OK, Outcome.OK, Outcome.DEGRADED, Outcome.FAIL, *[Outcome.OK] * 140]


@settings(max_examples=60, deadline=None)
@given(days, cuts, st.sampled_from(KINDS))
@example(SHORT, [20 * MINUTE + 1], TERMS)
def test_cutting_a_time_under_the_same_terms_changes_nothing_of_it(words, at, terms):
    runs, around = seen(words), Around((window(300, 500),))
    capped = replace(terms, maintenance_cap_ms=90 * MINUTE)
    parts = [Part(a, b, capped) for a, b in pairwise(sorted({0, END, *at}))]
    made = course(parts, runs, (0, END), around)
    whole = evaluate(spec(capped, runs, period=(0, END), windows=around.windows))
    assert made.scenarios == whole.scenarios
    assert (made.sums, made.ratios.known, made.ratios.low) == (
        whole.buckets,
        whole.ratios.known,
        whole.ratios.low,
    )
    assert joined(parts) == (Part(0, END, capped),)


@settings(max_examples=60, deadline=None)
@given(days, st.lists(st.tuples(st.integers(0, END), st.sampled_from(KINDS)), max_size=4))
def test_each_stretch_has_its_own_terms_and_the_milliseconds_are_added(words, changes):
    runs = seen(words)
    edges = sorted({0: TERMS, **dict(changes)}.items())
    stretches = [(a, b, terms) for (a, terms), (b, _) in pairwise([*edges, (END, TERMS)]) if a < b]
    made = course([Part(*one) for one in stretches], runs, (0, END), Around())
    alone = [evaluate(spec(terms, runs, period=(a, b))).buckets for a, b, terms in stretches]
    assert made.sums == Buckets(
        *(sum(getattr(one, name) for one in alone) for name in Buckets.__dataclass_fields__)
    )


def test_where_no_terms_were_in_force_the_time_is_nobodys():
    runs = seen([Outcome.FAIL] * 144)
    made = course([Part(END // 4, END // 2, TERMS)], runs, (0, END), Around())
    assert (made.sums.down, made.sums.not_in_service) == (END // 4, 3 * END // 4)
    assert course([], runs, (0, END), Around()).ratios.known is None


def test_a_new_part_brings_no_new_allowance_of_maintenance():
    terms = replace(TERMS, maintenance_cap_ms=60 * MINUTE)
    parts = [Part(0, 360 * MINUTE, terms), Part(360 * MINUTE, END, replace(terms, name="again"))]
    made = course(parts, seen([Outcome.FAIL] * 144), (0, END), Around((window(300, 420),)))
    assert made.sums.maintenance == 60 * MINUTE


def test_a_failure_across_a_change_is_one_outage_and_services_together_are_down_while_one_is():
    runs = seen([Outcome.FAIL if 30 <= i < 60 else Outcome.OK for i in range(144)])
    half = 450 * MINUTE
    made = course([Part(0, half, TERMS), Part(half, END, LOOSE)], runs, (0, END), Around())
    (outage,) = made.outages(MINUTE, 2 * MINUTE)
    assert (outage.from_ms, outage.to_ms, outage.down_ms) == (300 * MINUTE, 600 * MINUTE, 300 * MINUTE)
    other = course([Part(half, END, TERMS)], seen([Outcome.OK] * 144), (0, END), Around())
    both = together([made, other])
    assert both.sums.down == made.sums.down == 300 * MINUTE
    assert {word for _, _, word in both.segments} == {TimeClass.UP, TimeClass.DOWN}
    assert together([]) is None
