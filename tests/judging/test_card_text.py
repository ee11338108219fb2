"""Numbers as people read them: points, percentages and yuan of a scorecard, in text and words, per pack."""

import re
from fractions import Fraction

import pytest

from collector.cli_card import card_lines
from collector.documents.judging_view import Words
from collector.documents.numbers import percent, points, shortened
from collector.jobs import scorecards
from collector.reports.judging_found import judged_of

STARTS = {
    "luohe-2026": ("2026-06-10", "2026-07"),
    "pingdingshan-2024": ("2026-06-01", "cycle-1"),
    "pingdingshan-2025": ("2026-06-01", "cycle-1"),
    "huaian-2025": ("2025-08-29", "year-1"),
}
LONG = re.compile(r"\d\.\d{5,}")
BARE = re.compile(r"\b\d{4,}\.\d\d\b")  # yuan without separators


@pytest.mark.parametrize("pack", STARTS)
def test_no_text_of_a_scorecard_has_six_decimals_or_a_negative_nought(site, estate, pack):
    start, period = STARTS[pack]
    contract = f"pack: {pack}, start: {start}"
    site.apply(estate.replace("pack: luohe-2026, start: 2026-06-10", contract))
    site.inspect("2026-07-06")
    site.probe(("2026-07-14T08:00", True), ("2026-07-14T10:00", False), ("2026-07-14T11:40", True))
    site.probe(("2026-07-14T11:40", True), ("2026-07-14T15:00", True))
    site.go("2026-09-03T01:00")
    site.settle()
    made = scorecards.scorecard(site.context, period)
    with site.context.read() as conn:
        judged, status = judged_of(conn, made), scorecards.status(conn, made)
    lines = list(card_lines(made, status, judged))
    cells = [
        str(cell)
        for lang in ("zh", "en")
        for words in (Words(judged, lang),)
        for table in (words.lines(made.scorecard.lines), words.money(), words.others())
        for row in table.rows
        for cell in row
    ]
    for text in (*lines[2:], *cells):
        assert not LONG.search(text) and not BARE.search(text), text
        assert not re.search(r"-0(?![\d.])", text), text
    if pack == "huaian-2025":
        (shown,) = [one for one in lines if one.startswith("  availability\t")]
        assert re.search(r"of 99\.9 %, counted [\d.]+ %, missing [\d.]+ %", shown), shown
        (critical,) = [one for one in lines if "critical_interruption\t" in one]
        assert "[no points off]" in critical and "/ 0" not in critical
        assert "不扣分" in cells


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Fraction("89.996"), "89.99"),
        (Fraction("90.004"), "90.01"),
        (Fraction("90.126"), "90.13"),
        (Fraction(255, 10), "25.5"),
        (Fraction(-1, 3), "-0.33"),
        (Fraction("-0.001"), "-0.01"),
        (Fraction(0), "0"),
        (None, "–"),
    ],
)
def test_points_are_never_shown_as_a_whole_number_that_they_are_not(value, shown):
    assert points(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Fraction("99.89999999"), "99.8999 %"),
        (Fraction("99.9"), "99.9 %"),
        (Fraction(1, 10**6), "< 0.0001 %"),
        (Fraction(0), "0 %"),
        (Fraction(100), "100 %"),
        (None, "–"),
    ],
)
def test_a_percentage_that_misses_its_target_is_never_shown_as_it(value, shown):
    assert percent(value) == shown


def test_numbers_of_a_cause_are_shortened_and_words_left():
    given = {"value": "99.788754", "target": "99.9", "points": "2", "title": "1.2.3", "each": "0.333333"}
    made = shortened(given, True)
    assert made == {"value": "99.7887 %", "target": "99.9 %", "points": "2", "title": "1.2.3", "each": "0.33"}
