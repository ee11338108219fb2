"""Every level, outcome and reason of backups is said in both languages."""

from checks.artefacts.levels import REASONS, UNTOLD, Level, Outcome
from collector.backups import ledger
from collector.backups.ledger import CopyWord, DayState, SlotState
from collector.backups.policy import ObjectKind, Pick, Role
from collector.web import charts_backup
from collector.web.pages import LOOKS
from collector.words import codes, record


def test_every_reason_of_a_verdict_has_words():
    assert {*REASONS, *UNTOLD} - codes.REASONS.keys() == set()


def test_every_level_and_outcome_has_words():
    assert {level.word for level in Level} - codes.READINGS.keys() == set()
    assert {str(outcome) for outcome in Outcome} - codes.OTHER.keys() == set()


def test_every_state_of_the_ledger_has_a_word_a_look_and_a_colour():
    enums = (SlotState, DayState, CopyWord, ledger.Outcome)
    states = {f"b_{state}" for enum in enums for state in enum}
    states |= {f"b_{word}" for word in ("never", "due", "missed", "good", "bad", "done", "excused")}
    assert states - codes.STATES.keys() == set()
    assert states - LOOKS.keys() == set()
    shown = {f"b_{state}" for enum in (SlotState, DayState) for state in enum}
    assert {word for word in shown if charts_backup.group_of(word) not in charts_backup.GROUPS} == set()


def test_every_role_kind_and_pick_has_words():
    groups = {"role": [*Role, "differential", "log", "snapshot"], "kind": ObjectKind, "pick": Pick}
    wanted = {f"backup.{group}.{word}" for group, words_ in groups.items() for word in words_}
    assert wanted - record.RECORD.keys() == set()
