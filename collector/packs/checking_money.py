"""What a pack's fines, vetoes, weights and retention say about the rest of it: ranges, names, days."""

from collections.abc import Callable
from datetime import date
from difflib import get_close_matches

from collector.scoring.terms import Fine, Retention, Scoring, Veto

Path = tuple[str | int, ...]
Note = Callable[[Path, str], None]


def near(word: str, known: list[str], what: str) -> str:
    """That there is no such name, and which is meant perhaps."""
    found = get_close_matches(word, known, n=1)
    return f"no {what} named {word!r}" + (f"; did you mean {found[0]}?" if found else "")


def check_money(scoring: Scoring, path: Path, note: Note) -> None:
    """Note what is wrong with fines, vetoes, weights and retention."""
    for i, fine in enumerate(scoring.fines):
        _fine(fine, (*path, "fines", i), note)
    for i, veto in enumerate(scoring.vetoes):
        _veto(veto, scoring, (*path, "vetoes", i), note)
        _effect(veto, scoring, (*path, "vetoes", i), note)
    _weights(scoring, (*path, "weights"), note)
    if scoring.money.retention is not None:
        _retention(scoring.money.retention, (*path, "money", "retention"), note)


def _fine(fine: Fine, path: Path, note: Note) -> None:
    if fine.share is None:
        return
    if fine.yuan is not None or fine.least is not None or fine.most is not None:
        note((*path, "share"), "not both a share and an amount or a range")
    if fine.of not in ("fee", "price"):
        note((*path, "of"), f"{fine.of!r} is none of: fee, price")


def _veto(veto: Veto, scoring: Scoring, path: Path, note: Note) -> None:
    """What it goes by: items, a value of theirs, or the points of a line."""
    if (veto.count is None) == (not veto.line):
        said = "none is given" if veto.count is None else "not both"
        note(path, f"exactly one of count, line is wanted, {said}")
    if veto.of not in ("mean", "worst"):
        note((*path, "of"), f"{veto.of!r} is none of: mean, worst")
    if not veto.line:
        return
    line = next((one for one in scoring.lines if one.id == veto.line), None)
    if line is None:
        note((*path, "line"), near(veto.line, [one.id for one in scoring.lines], "line"))
    elif veto.below is None:
        note((*path, "below"), "missing: below how many points of the line")
    elif veto.below > line.full:
        note((*path, "below"), f"is more than the {line.full} points of {line.id}: it would always hold")


def _effect(veto: Veto, scoring: Scoring, path: Path, note: Note) -> None:
    names = [band.name for band in scoring.grades]
    if veto.grade and veto.grade not in names:
        note((*path, "grade"), near(veto.grade, names, "grade"))
    for name in ("pays", "loses"):
        share = getattr(veto, name)
        if share is not None and not 0 <= share <= 1:
            note((*path, name), "is between 0 and 1")
    if veto.loses is not None and scoring.money.retention is None:
        note((*path, "loses"), "there is no retention that could be lost")


def _weights(scoring: Scoring, path: Path, note: Note) -> None:
    weights = scoring.weights
    if weights is None:
        return
    for name in ("units", "kinds", "systems"):
        for key, weight in getattr(weights, name).items():
            if weight <= 0:
                note((*path, name, key), "must be more than 0")
    # An option may choose between the two.
    if all(line.per == "contract" for line in scoring.lines):
        note(path, "no line is scored by unit or system: there is no mean")


def _retention(rule: Retention, path: Path, note: Note) -> None:
    if not rule.clause:
        note((*path, "clause"), "must not be empty")
    if not 0 < rule.share <= 1:
        note((*path, "share"), "is more than 0 and at most 1")
    if rule.of not in ("payment", "price"):
        note((*path, "of"), f"{rule.of!r} is none of: payment, price")
    if (rule.months is None) == (not rule.until):
        note(path, "exactly one of months, until is wanted")
    if rule.months is not None and rule.months < 0:
        note((*path, "months"), "must not be negative")
    if rule.until:
        try:
            date.fromisoformat(rule.until)
        except ValueError:
            note((*path, "until"), f"{rule.until!r} is no day such as 2028-07-01")
