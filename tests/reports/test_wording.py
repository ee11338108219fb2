"""Code words and numbers in words."""

import ast
from fractions import Fraction
from pathlib import Path

import pytest

import checks
from checks import registry
from checks.api import ErrorKind, Reading, State, Unit
from checks.wire.header import Kind
from checks.wire.numbers import EntryKind
from collector.availability.classes import TimeClass
from collector.availability.figure import Verdict
from collector.availability.windows import FlagCode, WindowKind
from collector.inspection.due import when_of
from collector.words import wording
from collector.words.codes import AREAS, CLASSES, KINDS, OTHER, READINGS, REASONS, STATES


def test_a_code_word_without_wording_is_shown_and_not_dropped() -> None:
    assert wording.reason("never_heard_of", "zh") == "never_heard_of"
    assert wording.reading("/srv/数据", "zh") == "/srv/数据"
    assert wording.check("future.check", "en") == "future.check"


def test_what_is_no_number_is_a_dash_and_never_zero() -> None:
    assert wording.value(Reading("total", None, Unit.PERCENT, State.UNKNOWN), "zh") == "–"
    assert wording.share(None) == "–"


@pytest.mark.parametrize(
    ("amount", "unit", "shown"),
    [
        (Fraction(25, 2), Unit.PERCENT, "12.5 %"),
        (Fraction(99999, 1000), Unit.PERCENT, "99.99 %"),
        (Fraction(1, 3), Unit.COUNT, "0.33"),
        (1536, Unit.BYTES, "1.5 KiB"),
        (0, Unit.BYTES, "0 B"),
        (2**50 * 3, Unit.BYTES, "3 PiB"),
        (1_234_567, Unit.MICROSECONDS, "1234.56 ms"),
        (Fraction(90061), Unit.SECONDS, "1天 1小时"),
        (Fraction(1, 100), Unit.RATIO, "10000 ppm"),
        (-7, Unit.CELSIUS, "-7 °C"),
        (Fraction(-1, 3), Unit.COUNT, "-0.33"),
        (200, Unit.NONE, "200"),
    ],
)
def test_numbers_are_short_and_truncated(amount: int | Fraction, unit: Unit, shown: str) -> None:
    assert wording.number(amount, unit, "zh") == shown


def test_a_share_is_truncated_so_that_a_miss_never_prints_as_a_hit() -> None:
    assert wording.share(Fraction(999_999_999, 1_000_000_000)) == "99.999999 %"
    assert wording.share(Fraction(1)) == "100.000000 %"
    assert wording.share(Fraction(99_899_999, 100_000_000), 2) == "99.89 %"


def test_lengths_of_time_name_two_units_at_most() -> None:
    assert wording.duration(999, "en") == "999 ms"
    assert wording.duration(61_500, "en") == "1 min 1 s"
    assert wording.duration(3_600_000, "zh") == "1小时"
    assert wording.duration(-90_000, "zh") == "-1分 30秒"
    assert wording.duration(0, "zh") == "0秒"


def test_yes_and_no_are_words() -> None:
    assert wording.value(Reading("eth0:link", 0, Unit.NONE, State.CRIT), "zh") == "否"
    assert wording.reading("eth0:link", "zh") == "eth0 链路"


def test_every_state_class_verdict_and_error_has_its_words() -> None:
    assert not {str(one) for one in State} - STATES.keys()
    assert not {str(one) for one in TimeClass} - CLASSES.keys()
    assert not {str(one) for one in ErrorKind} - REASONS.keys()
    assert not {one.word for one in EntryKind} - KINDS.keys()
    assert not {str(one) for one in Kind} - KINDS.keys()
    for enum in (Verdict, FlagCode, WindowKind):
        assert not {str(one) for one in enum} - OTHER.keys()


@pytest.mark.parametrize("table", ["READINGS", "REASONS", "OTHER"])
def test_no_two_packages_say_the_same_word_differently(table: str) -> None:
    merged = {"READINGS": READINGS, "REASONS": REASONS, "OTHER": OTHER}[table]
    assert {
        (area.__name__, code)
        for area in AREAS
        for code, said in getattr(area, table).items()
        if merged[code] != said
    } == set()


def literals(at: int, keyword: str) -> set[tuple[str, str]]:
    """(file, text) of literal arguments of Reading( ) in all checks."""
    found = set()
    for path in Path(checks.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Reading"):
                continue
            given = [one.value for one in node.keywords if one.arg == keyword]
            given += node.args[at : at + 1]
            for one in given:
                texts = [one.body, one.orelse] if isinstance(one, ast.IfExp) else [one]
                found |= {
                    (path.name, text.value)
                    for text in texts
                    if isinstance(text, ast.Constant) and isinstance(text.value, str) and text.value
                }
    return found


def test_every_reason_written_in_a_check_has_words() -> None:
    assert {one for one in literals(4, "reason") if one[1] not in REASONS} == set()


def test_every_reading_named_in_a_check_has_words() -> None:
    assert {one for one in literals(0, "name") if one[1] not in READINGS} == set()


def test_every_installed_check_has_a_title_in_both_languages() -> None:
    for check_id in registry.ids():
        assert wording.check(check_id, "zh") != check_id
        assert wording.check(check_id, "en") != check_id


def test_a_round_that_was_run_by_hand_is_named_by_its_local_minute_and_nothing_breaks_on_odd_ids() -> None:
    assert when_of("weekly/2026-10-12") == "2026-10-12"
    assert when_of("weekly/run-1762153200000") == "2025-11-03 15:00"
    for odd in ("run-x", "run-", f"run-{'9' * 15}", "run-²", "weekly"):
        assert when_of(odd if odd == "weekly" else f"weekly/{odd}") == odd


def test_a_clock_that_is_off_is_told_in_seconds_and_other_events_as_they_are():
    assert wording.event("clock", "-3600000123") == "-3600.000 s"
    assert wording.event("clock", "None") == "None"
    assert wording.event("loss", "5-7 spool") == "5-7 spool"
    assert wording.other("plan", "en") == "new plan"
