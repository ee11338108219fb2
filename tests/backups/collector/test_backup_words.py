"""Every level, outcome and reason of backups is said in both languages."""

from checks.artefacts.levels import REASONS, UNTOLD, Level, Outcome
from collector.reports import words


def test_every_reason_of_a_verdict_has_words():
    assert {*REASONS, *UNTOLD} - words.REASONS.keys() == set()


def test_every_level_and_outcome_has_words():
    assert {level.word for level in Level} - words.READINGS.keys() == set()
    assert {str(outcome) for outcome in Outcome} - words.OTHER.keys() == set()
