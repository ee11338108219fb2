"""What people stated, as items: each kind of statement that a rule may count (pure).

Kinds that belong to faults, vulnerabilities and the archive are read where those are made.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from collector.judging.asked import Asked
from collector.judging.ground import day
from collector.scoring.model import Gap, Item, PackPeriod, Proof, Scalar, Unit
from collector.statements.lateness import instant_of
from collector.statements.model import Said

Facts = Mapping[str, Scalar]
_HIGHER = ("province", "country")
# Statement -> item, where it is counted one by one and nothing of it is asked but when it was.
_PLAIN = {
    "visit": "visit",
    "emergency_drill": "emergency_drill",
    "training": "training",
    "reprimand": "reprimand",
    "refusal": "refusal",
    "unreachable": "unreachable",
    "late_optimisation": "late_optimisation",
}
_BY_PERIOD = {
    "defect_report": "defect_report",
    "process_missing": "process_missing",
    "plan_missing": "plan_missing",
}


def statements(said: Sequence[Said], units: Mapping[str, str], asked: Asked) -> Iterator[Item]:
    """Items of the statements that belong to a period: by the period they name, else by the time they speak
    of, else by when they came."""
    for one in said:
        made = _ITEMS.get(one.kind)
        if made is not None and belongs(one, asked.span(one.kind)):
            yield from made(one, units)


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


def _item(one: Said, kind: str, units: Mapping[str, str], value: Fraction, facts: Facts) -> Item:
    system, unit = _text(one, "system"), _text(one, "unit")
    return Item(
        kind=kind,
        value=value,
        day=day(_at(one)),
        at_ms=_at(one),
        unit=unit or units.get(system or ""),
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


def _plain(kind: str) -> Callable[[Said, Mapping[str, str]], Iterator[Item]]:
    def made(one: Said, units: Mapping[str, str]) -> Iterator[Item]:
        item = one.fields.get("item") or one.fields.get("scenario")
        facts: Facts = {"item": str(item)} if item and kind in ("process_missing", "plan_missing") else {}
        yield _item(one, kind, units, Fraction(1), facts)

    return made


def _satisfaction(one: Said, units: Mapping[str, str]) -> Iterator[Item]:
    value = number(one.fields.get("points"))
    value = number(one.fields.get("percent")) if value is None else value
    if value is not None:
        yield _item(one, "satisfaction", units, value, {})


def _absence(one: Said, units: Mapping[str, str]) -> Iterator[Item]:
    count = one.fields.get("count")
    for _ in range(count if type(count) is int else 1):
        yield _item(one, "absence", units, Fraction(1), {})


def _deduction(one: Said, units: Mapping[str, str]) -> Iterator[Item]:
    value = number(one.fields.get("points"))
    if value is not None:
        yield _item(one, "deduction", units, value, {"item": str(one.fields.get("item", ""))})


def _complaint(one: Said, units: Mapping[str, str]) -> Iterator[Item]:
    value = number(one.fields.get("points"))
    if one.fields.get("justified") is True and value is not None:
        yield _item(one, "deduction", units, value, {"item": "complaint"})


def _notice(one: Said, units: Mapping[str, str]) -> Iterator[Item]:
    word = "notice_province" if one.fields.get("from_whom") in _HIGHER else "notice_city"
    yield _item(one, "deduction", units, Fraction(0), {"item": word, "by_rule": True})


def _fine(one: Said, units: Mapping[str, str]) -> Iterator[Item]:
    share = number(one.fields.get("percent"))
    value = number(one.fields.get("yuan")) if share is None else share
    facts: Facts = {"item": str(one.fields.get("item", "")), "percent": share is not None}
    yield _item(one, "fine", units, Fraction(0) if value is None else value, facts)


def _veto(one: Said, units: Mapping[str, str]) -> Iterator[Item]:
    yield _item(one, "veto", units, Fraction(1), {"item": str(one.fields.get("item", ""))})


def _promise(one: Said, units: Mapping[str, str]) -> Iterator[Item]:
    yield _item(one, "promise_missed", units, Fraction(1), {"promise": str(one.fields.get("promise", ""))})


_ITEMS: Mapping[str, Callable[[Said, Mapping[str, str]], Iterator[Item]]] = {
    **{name: _plain(kind) for name, kind in {**_PLAIN, **_BY_PERIOD}.items()},
    "satisfaction": _satisfaction,
    "absence": _absence,
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
    yield from _half(said, period)


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


def _half(said: Sequence[Said], period: PackPeriod) -> Iterator[Gap]:
    """Justified complaints to which nobody gave points yet."""
    for one in said:
        justified = one.kind == "complaint" and one.fields.get("justified") is True
        if justified and belongs(one, period) and number(one.fields.get("points")) is None:
            facts: Facts = {"item": "complaint"}
            yield Gap(
                "deduction", "points_not_given", _text(one, "unit"), at_most=1, facts=facts, who="buyer"
            )
