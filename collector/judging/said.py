"""What people stated, as items: each kind of statement that a rule may count (pure).

Kinds that belong to faults, vulnerabilities and the archive are read where those are made. An amount beyond
the range of its clause counts as the end of the range, and says what was `stated`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from collector.judging import fits
from collector.judging.asked import Asked
from collector.judging.ground import day
from collector.packs.model import Pack
from collector.scoring import ranges
from collector.scoring.model import Gap, Item, PackPeriod, Proof, Scalar, Unit
from collector.scoring.rules import number as shown
from collector.statements.kind import ROWS
from collector.statements.lateness import instant_of
from collector.statements.model import Said
from collector.statements.sides import set_aside

Facts = Mapping[str, Scalar]
_HIGHER = ("province", "country")
REFUSED = "refused_cooperation"
MAJOR = "major_impact"
# Statement -> item, where it is counted one by one and nothing of it is asked but when it was.
_PLAIN = {
    "visit": "visit",
    "emergency_drill": "emergency_drill",
    "training": "training",
    "reprimand": "reprimand",
    "unreachable": "unreachable",
    "late_optimisation": "late_optimisation",
}
_BY_PERIOD = {
    "defect_report": "defect_report",
    "process_missing": "process_missing",
    "plan_missing": "plan_missing",
}


@dataclass(frozen=True, slots=True)
class About:
    """What items are made under: units by system, and what is asked."""

    units: Mapping[str, str]
    asked: Asked

    @property
    def frame(self) -> fits.Frame:
        """What ranges are read from."""
        asked = self.asked
        return fits.Frame(asked.pack, asked.options, (asked.period,), asked.as_of_ms)

    def amount(self, one: Said, name: str) -> tuple[Fraction | None, dict[str, Scalar]]:
        """What was given in a field, within its clause's range; None: nothing, or in a unit it has not."""
        value = number(one.fields.get(name))
        if value is None:
            return None, {}
        found = dict(fits.bounds(one.kind, one.fields, self.frame))
        if name not in found or (found[name] is None and one.kind != "satisfaction"):
            return value, {}  # no rule of the pack names it
        held = found[name]
        if held is None:
            return None, {}
        kept = held.clipped(value)
        return kept, ({} if kept == value else {"stated": shown(value)})


def statements(said: Sequence[Said], units: Mapping[str, str], asked: Asked) -> Iterator[Item]:
    """Items of the statements that belong to a period: by the period they name, else by the time they speak
    of, else by when they came."""
    about = About(units, asked)
    mine = [one for one in said if one.kind in _ITEMS and belongs(one, asked.span(one.kind))]
    forms = [one for one in mine if one.kind == "satisfaction"]
    aside = set_aside(forms, lambda one: one.fields.get("unit"))
    made = [item for one in mine if one.entry not in aside for item in _ITEMS[one.kind](one, about)]
    timely = {item.unit for item in made if item.kind == "satisfaction" and not item.facts.get("late")}
    for item in made:
        if not (item.facts.get("late") and item.kind == "satisfaction" and item.unit in timely):
            yield item


def belongs(one: Said, period: PackPeriod) -> bool:
    """Whether a statement is about a period."""
    named = one.fields.get("period")
    if isinstance(named, str) and named:
        if named in (period.name, str(period.number)):
            return True
        return (instant_of(named), instant_of(named, end=True)) == (period.from_ms, period.to_ms)
    return period.from_ms <= _at(one) < period.to_ms


def _at(one: Said) -> int:
    return one.received_ms if one.at_ms is None else one.at_ms


def _item(one: Said, kind: str, about: About, value: Fraction, facts: Facts) -> Item:
    system, unit = _text(one, "system"), _text(one, "unit")
    return Item(
        kind=kind,
        value=value,
        day=day(_at(one)),
        at_ms=_at(one),
        unit=unit or about.units.get(system or ""),
        system=system,
        facts=facts,
        proofs=tuple(Proof(entry, one.by, one.grade) for entry in (one.entry, *one.seconds)),
        title=str(one.fields.get("text") or ""),
    )


def _text(one: Said, name: str) -> str | None:
    value = one.fields.get(name)
    return value if isinstance(value, str) and value else None


def number(value: Scalar) -> Fraction | None:
    """A decimal as people write it, exact; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return Fraction(value)
    except (ValueError, ZeroDivisionError):
        return None


Maker = Callable[[Said, About], Iterator[Item]]


def _plain(kind: str) -> Maker:
    def made(one: Said, about: About) -> Iterator[Item]:
        item = one.fields.get("item") or one.fields.get("scenario")
        facts: Facts = {"item": str(item)} if item and kind in ("process_missing", "plan_missing") else {}
        yield _item(one, kind, about, Fraction(1), facts)

    return made


def _satisfaction(one: Said, about: About) -> Iterator[Item]:
    """The points of a form. One that came too late is deemed satisfied, where the contract says so."""
    value, facts = _form(one, about)
    if value is None:
        return
    deemed = _deemed(about.asked)
    if one.begun_late and deemed is not None:
        yield _item(one, "satisfaction", about, deemed, {"late": True, "stated": shown(value)})
        return
    yield _item(one, "satisfaction", about, value, facts)


def _form(one: Said, about: About) -> tuple[Fraction | None, dict[str, Scalar]]:
    by_rows = about.asked.options.get("satisfaction.map") == "rows"
    mapped = _rows(one, about) if by_rows else None
    if mapped is not None:
        return mapped, {}
    value, facts = about.amount(one, "points")
    return about.amount(one, "percent") if value is None else (value, facts)


_SHARES = {"satisfied": Fraction(1), "mostly": Fraction(4, 5), "not_satisfied": Fraction(0)}


def _rows(one: Said, about: About) -> Fraction | None:
    """Five rows at a fifth of the line's points each: all, four fifths or nothing of it (6 / 4.8 / 0)."""
    held = ranges.given(about.asked.pack.scoring, "satisfaction")
    words = [str(one.fields[name]) for name in ROWS if one.fields.get(name) in _SHARES]
    if held is None or held.unit != "points" or len(words) != len(ROWS):
        return None
    return sum((held.most / len(ROWS) * _SHARES[word] for word in words), Fraction(0))


def _deemed(asked: Asked) -> Fraction | None:
    """What a form that came too late counts as; None: what it says."""
    if asked.options.get("satisfaction.late") != "deemed":
        return None
    lines = [one.given for one in asked.pack.scoring.lines if one.given is not None]
    default = next((one.default for one in lines if one.kind == "satisfaction"), None)
    return default if isinstance(default, Fraction) else None


def _absence(one: Said, about: About) -> Iterator[Item]:
    count = one.fields.get("count")
    for number_ in range(1, count + 1 if type(count) is int else 2):
        yield _item(one, "absence", about, Fraction(1), {"number": number_})  # each is one of its own


def _deduction(one: Said, about: About) -> Iterator[Item]:
    value, facts = about.amount(one, "points")
    if value is not None:
        yield _item(one, "deduction", about, value, {"item": str(one.fields.get("item", "")), **facts})


def _complaint(one: Said, about: About) -> Iterator[Item]:
    value, facts = about.amount(one, "points")
    if one.fields.get("justified") is True and value is not None:
        yield _item(one, "deduction", about, value, {"item": "complaint", **facts})


def _refusal(one: Said, about: About) -> Iterator[Item]:
    """Counted one by one, or with the points that somebody gave, as the pack has it."""
    if "refusal" in about.asked.kinds:
        yield _item(one, "refusal", about, Fraction(1), {})
        return
    value, facts = about.amount(one, "points")
    if value is not None:
        yield _item(one, "deduction", about, value, {"item": REFUSED, **facts})


def _notice(one: Said, about: About) -> Iterator[Item]:
    word = "notice_province" if one.fields.get("from_whom") in _HIGHER else "notice_city"
    yield _item(one, "deduction", about, Fraction(0), {"item": word, "by_rule": True})


def _fine(one: Said, about: About) -> Iterator[Item]:
    percent = one.fields.get("percent") is not None
    if not percent and one.fields.get("yuan") is None:
        # Who states it need not know what the contract fixes; what it does not fix waits for a sum (`_half`).
        if _fixed(one, about.asked.pack):
            facts: Facts = {"item": str(one.fields.get("item", "")), "by_rule": True}
            yield _item(one, "fine", about, Fraction(0), facts)
        return
    value, more = about.amount(one, "percent" if percent else "yuan")
    facts = {"item": str(one.fields.get("item", "")), "percent": percent, **more}
    yield _item(one, "fine", about, Fraction(0) if value is None else value, facts)


def _fixed(one: Said, pack: Pack) -> bool:
    rule = ranges.fined_by(pack.scoring, str(one.fields.get("item") or ""))
    return rule is not None and (rule.yuan is not None or rule.share is not None)


def _veto(one: Said, about: About) -> Iterator[Item]:
    yield _item(one, "veto", about, Fraction(1), {"item": str(one.fields.get("item", ""))})


def _promise(one: Said, about: About) -> Iterator[Item]:
    yield _item(one, "promise_missed", about, Fraction(1), {"promise": str(one.fields.get("promise", ""))})


_ITEMS: Mapping[str, Maker] = {
    **{name: _plain(kind) for name, kind in {**_PLAIN, **_BY_PERIOD}.items()},
    "satisfaction": _satisfaction,
    "absence": _absence,
    "refusal": _refusal,
    "deduction": _deduction,
    "complaint": _complaint,
    "notice": _notice,
    "fine": _fine,
    "veto": _veto,
    "promise_unfulfilled": _promise,
}


def unproven(
    said: Sequence[Said], made: Sequence[Item], wanted: "Wanted", period: PackPeriod, as_of_ms: int
) -> Iterator[Gap]:
    """What nobody has stated: visits, satisfaction of each unit, drills, trainings, analysis reports.

    A form that was not given in time has its own rule in the pack, so only a running period waits for it.
    """
    open_ = as_of_ms < period.to_ms
    reason = "period_open" if open_ else "no_statement"
    told = {(item.kind, item.unit) for item in made}
    for kind, unit, who in wanted.forms():
        missing = (kind, unit) not in told and (kind, None) not in told
        if missing and (open_ or kind != "satisfaction"):
            yield Gap(kind, reason, unit, who=who, until_ms=period.to_ms)
    yield from _half(said, wanted, {unit for kind, unit in told if kind == "satisfaction"}, period)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Kinds of items that the pack counts, and the units that give forms."""

    kinds: frozenset[str]
    units: tuple[Unit, ...]

    def forms(self) -> Iterator[tuple[str, str | None, str]]:
        """(kind, unit, who) of each form that somebody gives."""
        units: list[str | None] = [unit.id for unit in self.units]
        for kind, who in (("visit", "operator"), ("satisfaction", "buyer")):
            if kind in self.kinds:
                yield from ((kind, unit, who) for unit in units or [None])
        for kind in ("emergency_drill", "training", "defect_report"):
            if kind in self.kinds:
                yield kind, None, "manager"


def _half(
    said: Sequence[Said], wanted: "Wanted", read: Collection[str | None], period: PackPeriod
) -> Iterator[Gap]:
    """What was stated without points that count: justified complaints, refusals, forms of satisfaction (but
    of units whose form could be `read`)."""
    for one in said:
        if not belongs(one, period) or number(one.fields.get("points")) is not None:
            continue
        if one.kind == "complaint" and one.fields.get("justified") is True:
            yield _pointless(one, "complaint")
        elif one.kind == "refusal" and "refusal" not in wanted.kinds and "deduction" in wanted.kinds:
            yield _pointless(one, REFUSED)
        elif one.kind == "satisfaction" and not one.begun_late and _text(one, "unit") not in read:
            yield Gap("satisfaction", "points_not_given", _text(one, "unit"), who="buyer")


def unpriced(said: Sequence[Said], pack: Pack, period: PackPeriod) -> Iterator[Gap]:
    """Fines that were stated without a sum, where the contract fixes none."""
    for one in said:
        bare = one.kind == "fine" and not one.fields.keys() & {"yuan", "percent"}
        if bare and belongs(one, period) and not _fixed(one, pack):
            facts: Facts = {"item": str(one.fields.get("item", ""))}
            yield Gap("fine", "points_not_given", at_most=1, facts=facts, who="buyer")


def _pointless(one: Said, item: str) -> Gap:
    facts: Facts = {"item": item}
    return Gap("deduction", "points_not_given", _text(one, "unit"), at_most=1, facts=facts, who="buyer")


def weighty(items: Sequence[Item], asked: Asked) -> Iterator[Gap]:
    """Faults that somebody says had major impact leave their line for a deduction whose points the buyer
    gives: until he has, it is open."""
    scoring = asked.pack.scoring
    by_range = asked.options.get("major_impact") == "own_range" and MAJOR in ranges.items_of(
        scoring, "deduction"
    )
    if not by_range:
        return
    given = sum(1 for one in items if one.kind == "deduction" and one.facts.get("item") == MAJOR)
    grave = [one for one in items if one.kind == "fault" and one.facts.get("major_impact") is True]
    for one in [one for one in grave if one.facts.get("late") is True][given:]:
        facts: Facts = {"item": MAJOR, "fault": one.facts.get("fault")}
        yield Gap("deduction", "points_not_given", one.unit, one.system, 1, facts, "buyer")
