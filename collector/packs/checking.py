"""What the parts of a pack say about each other: names that exist, limits in order, numbers that add up."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from fractions import Fraction
from itertools import pairwise
from typing import Any

from collector.packs.checking_money import check_money
from collector.packs.model import Pack
from collector.scoring.kinds import KINDS
from collector.scoring.terms import (
    Deduction,
    Extra,
    Fine,
    LineRule,
    Named,
    Option,
    Scoring,
    Select,
    Term,
    Tiers,
    Value,
)

Path = tuple[str | int, ...]
Note = Callable[[Path, str], None]
_NAMING = (LineRule, Deduction, Fine)
RULES = ("earn", "given", "either", "deduct", "share", "steps", "tiers")
MONEY = ("fee", "rate", "ratio")
_WORDS = {
    "tag": ("AUTO", "SEMI", "MANUAL"),
    "per": ("contract", "unit", "system"),
}


def check(pack: Pack, note: Note) -> None:
    """Note every contradiction in a pack of the right shape."""
    keys = {option.key: option for option in pack.options}
    _options(pack.options, note)
    for path, part in walk(pack, ()):
        _names(part, path, keys, note)
        if isinstance(part, Select):
            _select(part, path, note)
        for where, reason in part.mistakes(pack) if hasattr(part, "mistakes") else ():
            note((*path, *where), reason)
    _scoring(pack.scoring, note)
    _periods(pack, note)


def walk(part: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Every dataclass in a pack with its path, outer ones first."""
    if is_dataclass(part):
        yield path, part
        for spec in fields(part):
            yield from walk(getattr(part, spec.name), (*path, spec.name))
    elif isinstance(part, tuple):
        for i, item in enumerate(part):
            yield from walk(item, (*path, i))
    elif isinstance(part, Mapping):
        for key, item in part.items():
            yield from walk(item, (*path, key))


def _near(word: str, known: Any, what: str) -> str:
    near = get_close_matches(word, list(known), n=1)
    return f"no {what} named {word!r}" + (f"; did you mean {near[0]}?" if near else "")


def _names(part: Any, path: Path, keys: Mapping[str, Option], note: Note) -> None:
    """Options that somebody names exist; words of a `map` are values of theirs."""
    named = part.options if isinstance(part, _NAMING) else ()
    for i, key in enumerate(named):
        if key not in keys:
            note((*path, "options", i), _near(key, keys, "option"))
    for key in part.when if isinstance(part, Term | Extra) else ():
        if key not in keys:
            note((*path, "when", key), _near(key, keys, "option"))
    if isinstance(part, Named):
        _named(part, path, keys, note)


def _named(part: Named, path: Path, keys: Mapping[str, Option], note: Note) -> None:
    if part.option not in keys:
        note((*path, "option"), _near(part.option, keys, "option"))
        return
    words = {str(word) for word in keys[part.option].allowed}
    for word in part.map:
        if words and word not in words:
            note((*path, "map", word), _near(word, words, f"value of {part.option}"))
    for word in sorted(words - set(part.map)) if part.map else ():
        note((*path, "map"), f"value {word!r} of {part.option} is missing")


def _select(select: Select, path: Path, note: Note) -> None:
    facts = KINDS.get(select.kind)
    if facts is None:
        note((*path, "kind"), _near(select.kind, KINDS, "kind of item"))
        return
    for name in ("where", "unless"):
        for fact in getattr(select, name):
            if fact not in facts:
                note((*path, name, fact), _near(fact, facts, f"fact of {select.kind}"))
    words = select.by.split("+") if isinstance(select.by, str) else []
    usual = {"item", "any", "value", "week", "day", "month", "unit", "system"}
    for word in words:
        if word not in usual | facts:
            note((*path, "by"), _near(word, usual | facts, "way to count"))
    if select.periods < 1:
        note((*path, "periods"), "at least 1")


def fits(option: Option, value: Value) -> str | None:
    """Why `value` is none of the option's; None if it is."""
    if isinstance(option.default, tuple):
        if not isinstance(value, tuple):
            return f"a list is wanted, not {value!r}"
        odd = [one for one in value if one not in option.allowed]
        return f"{odd[0]!r} is none of: {_listed(option)}" if odd else None
    if option.allowed:
        good = any(one == value and type(one) is type(value) for one in option.allowed)
        return None if good else f"{value!r} is none of: {_listed(option)}"
    if type(value) is not int:
        return f"a whole number is wanted, not {value!r}"
    low, high = option.least, option.most
    if (low is not None and value < low) or (high is not None and value > high):
        return f"{value} is not between {low} and {high}"
    return None


def _listed(option: Option) -> str:
    return ", ".join(str(one) for one in option.allowed)


def _options(options: tuple[Option, ...], note: Note) -> None:
    _doubled([option.key for option in options], ("options",), "key", note)
    for i, option in enumerate(options):
        path: Path = ("options", i)
        if option.least is not None and option.most is not None and option.least > option.most:
            note((*path, "least"), f"limits the wrong way round: {option.least} > {option.most}")
        elif not option.allowed and option.least is None:
            note((*path, "allowed"), "missing: allowed words, or least and most")
        elif wrong := fits(option, option.default):
            note((*path, "default"), wrong)
        for name in ("clause", "zh", "en"):
            if not getattr(option, name):
                note((*path, name), "must not be empty")


def _doubled(ids: list[str], path: Path, name: str, note: Note) -> None:
    for i, one in enumerate(ids):
        if one in ids[:i]:
            note((*path, i, name), f"{one} is used twice")


def _scoring(scoring: Scoring, note: Note) -> None:
    at: Path = ("scoring",)
    for name in ("lines", "deductions", "fines", "vetoes"):
        parts = getattr(scoring, name)
        _doubled([part.id for part in parts], (*at, name), "id", note)
        for i, part in enumerate(parts):
            _stated(part, (*at, name, i), note)
    for i, line in enumerate(scoring.lines):
        _line(line, (*at, "lines", i), note)
    check_money(scoring, at, note)
    total = sum((line.full for line in scoring.lines if not line.bonus), Fraction(0))
    if total != scoring.full:
        note((*at, "lines"), f"full points add up to {total}, not {scoring.full}")
    _bands(scoring, note)
    _one_of(scoring.money, MONEY, (*at, "money"), note)


def _stated(part: Any, path: Path, note: Note) -> None:
    """Clause, tag and range of a line, deduction, fine or veto."""
    if not part.clause:
        note((*path, "clause"), "must not be empty")
    for name, words in _WORDS.items():
        word = getattr(part, name, words[0])
        if isinstance(word, str) and word not in words:
            note((*path, name), f"{word!r} is none of: {', '.join(words)}")
    least, most = getattr(part, "least", None), getattr(part, "most", None)
    if least is not None and most is not None and least > most:
        note((*path, "least"), f"limits the wrong way round: {least} > {most}")


def _one_of(part: Any, names: tuple[str, ...], path: Path, note: Note) -> None:
    given = [name for name in names if getattr(part, name) is not None]
    if len(given) != 1:
        said = f"not both {' and '.join(given)}" if given else "none is given"
        note(path, f"exactly one of {', '.join(names)} is wanted, {said}")


def _line(line: LineRule, path: Path, note: Note) -> None:
    _one_of(line, RULES, path, note)
    if line.full < 0:
        note((*path, "full"), "must not be negative")
    steps = line.steps
    if steps is not None and steps.step <= 0:
        note((*path, "steps", "step"), "must be more than 0")
    for i, term in enumerate(line.deduct.terms if line.deduct else ()):
        if term.per < 1:
            note((*path, "deduct", "terms", i, "per"), "at least 1")
        if term.free < 0:
            note((*path, "deduct", "terms", i, "free"), "must not be negative")
    if line.tiers is not None:
        _tiers(line.tiers, line.full, (*path, "tiers", "tiers"), note)
    if line.given is not None and line.given.kind not in KINDS:
        note((*path, "given", "kind"), _near(line.given.kind, KINDS, "kind of item"))


def _tiers(rule: Tiers, full: Fraction, path: Path, note: Note) -> None:
    """Tiers go down, and give no more than the line has."""
    if not rule.tiers:
        note(path, "none is given")
    for i, (upper, lower) in enumerate(pairwise(rule.tiers)):
        if upper.at_least is None:
            note((*path, i, "at_least"), "only the last tier has none")
        elif lower.at_least is not None and lower.at_least >= upper.at_least:
            note((*path, i + 1, "at_least"), f"tiers go up: {lower.at_least} after {upper.at_least}")
    before = full
    for i, one in enumerate(rule.tiers):
        # What an option decides is only known when it is chosen.
        points = one.points if isinstance(one.points, Fraction) else before
        if not 0 <= points <= before:
            note((*path, i, "points"), f"is between 0 and {before}, what is given above it")
        before = points


def _bands(scoring: Scoring, note: Note) -> None:
    """Grades go down without overlap, the last one takes all that is below."""
    at: Path = ("scoring", "grades")
    bands = scoring.grades
    if not bands or bands[-1].at_least is not None:
        note(at, "the last grade takes all below: it has no at_least")
    _doubled([band.name for band in bands], at, "name", note)
    for i, (upper, lower) in enumerate(pairwise(bands)):
        if upper.at_least is None:
            note((*at, i, "at_least"), "only the last grade has none")
        elif lower.at_least is not None and lower.at_least >= upper.at_least:
            reason = f"grades overlap or go up: {lower.name} from {lower.at_least}, {upper.name} from "
            note((*at, i + 1, "at_least"), reason + str(upper.at_least))
    for i, band in enumerate(bands):
        if not 0 <= band.share <= 1:
            note((*at, i, "share"), "is between 0 and 1")
        if band.each_point is not None:
            _each_point(scoring, i, (*at, i, "each_point"), note)


def _each_point(scoring: Scoring, place: int, path: Path, note: Note) -> None:
    """What a grade takes off point by point never passes what the grade below takes off."""
    if place == 0:
        note(path, "there is no grade above, from which points could be short")
        return
    above, mine = scoring.grades[place - 1], scoring.grades[place]
    if mine.each_point is None or mine.each_point < 0 or above.at_least is None:
        note(path, "must not be negative")
        return
    if mine.at_least is None:
        return
    moved = mine.each_point * (above.at_least - mine.at_least)
    below = scoring.grades[place + 1].share if place + 1 < len(scoring.grades) else None
    off = scoring.money.rate is not None
    if below is not None and (mine.share + moved > below if off else mine.share - moved < below):
        note(path, "the lowest of this grade would be worse than the grade below it")


def _periods(pack: Pack, note: Note) -> None:
    if pack.periods.months < 1 or pack.periods.count < 1:
        note(("periods",), "months and count are at least 1")
    if pack.price <= 0:
        note(("price",), "must be more than 0")
