"""Whether what somebody states fits the contract's pack: names that it has, periods, ranges of its clauses.

Pure: asked where a statement is made (a page, the command, a signed file, a what-if). What stands in a log
all the same is counted at the end of the range beyond which it lies, and marked (collector/judging/said.py).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from collector.judging.asked import kinds_of
from collector.packs.model import Pack
from collector.scoring import ranges
from collector.scoring.choices import Choices
from collector.scoring.model import PackPeriod
from collector.scoring.ranges import Bounds
from collector.scoring.terms import Value
from collector.statements.fields import Type
from collector.statements.kind import Kind
from collector.statements.lateness import instant_of
from collector.statements.model import Scalar

Fields = Mapping[str, Scalar]
Misfit = tuple[str, str, str]
"""(code, field, detail)."""
# Statements that are counted as items of another name.
COUNTED_AS = {
    "satisfaction": ("satisfaction",),
    "complaint": ("deduction",),
    "notice": ("deduction",),
    "deduction": ("deduction",),
    "refusal": ("refusal", "deduction"),
    "absence": ("absence",),
    "unreachable": ("unreachable",),
    "late_optimisation": ("late_optimisation",),
    "reprimand": ("reprimand",),
    "fine": ("fine",),
    "veto": ("veto",),
    "promise_unfulfilled": ("promise_missed",),
    "process_missing": ("process_missing",),
    "plan_missing": ("plan_missing",),
}
_BY_TIME = ("visit", "emergency_drill", "training")
DOABLE = ("visit", "inspection", "backup", "scan", "emergency_drill", "training", "defect_report")
"""Items that a line earns by being done: what `not_done` can be about."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a statement is held against: the pack, its options, its periods, now."""

    pack: Pack
    options: Mapping[str, Value]
    periods: Sequence[PackPeriod]
    now_ms: int
    ahead: bool = False
    """A what-if: what is not over yet may be told of."""

    @property
    def choices(self) -> Choices:
        """The readings chosen."""
        return Choices(self.options)


def misfits(kind: Kind, fields: Fields, frame: Frame) -> Iterator[Misfit]:
    """Everything in which a statement does not fit the pack."""
    yield from _uncounted(kind, frame.pack)
    yield from _names(kind, fields, frame)
    yield from _period(kind, fields, frame)
    yield from _term(kind, fields, frame)
    yield from _ranges(kind, fields, frame)


def period_of(value: Scalar, periods: Sequence[PackPeriod]) -> PackPeriod | None:
    """The period of the pack that a name, a number or dates mean."""
    if type(value) is not str:
        return None
    for one in periods:
        if value in (one.name, str(one.number)):
            return one
    return next((one for one in periods if same_dates(value, one)), None)


def same_dates(value: Scalar, period: PackPeriod) -> bool:
    """Whether a period by its dates is this one."""
    return (instant_of(value), instant_of(value, end=True)) == (period.from_ms, period.to_ms)


def _uncounted(kind: Kind, pack: Pack) -> Iterator[Misfit]:
    wanted = COUNTED_AS.get(kind.name)
    offered = pack.statements is not None and pack.statements.of(kind.name) is not None
    if wanted is not None and not offered and not kinds_of(pack) & set(wanted):
        yield "not_in_pack", "kind", f"{pack.pack} has no rule that counts {kind.name}"


# -- names -----------------------------------------------------------------------------------------


def _names(kind: Kind, fields: Fields, frame: Frame) -> Iterator[Misfit]:
    for (name, field), known in _KNOWN.items():
        value = fields.get(field)
        if name not in (kind.name, "") or value is None or kind.field(field) is None:
            continue
        found = known(frame.pack)
        if found is not None and str(value) not in found:
            there = ", ".join(found) if found else "none"
            yield (
                f"unknown_{field}",
                field,
                f"{frame.pack.pack} has no {field} {value} here; there are: {there}",
            )


def allowed(kind: str, field: str, pack: Pack) -> tuple[str, ...] | None:
    """What a field of a kind may name in this pack; None where the pack does not say."""
    known = _KNOWN.get((kind, field)) or _KNOWN.get(("", field))
    return None if known is None else known(pack)


_Known = Callable[[Pack], tuple[str, ...] | None]


def _items(kind: str) -> _Known:
    return lambda pack: ranges.items_of(pack.scoring, kind)


def _documents(pack: Pack) -> tuple[str, ...] | None:
    """What is wanted on file, and what an obligation calls by that name; None where no list is."""
    listed = () if pack.archive is None else tuple(one.id for one in pack.archive.documents)
    parts = () if pack.obligations is None else pack.obligations.obligations
    named = [what for one in parts for cadence in one.cadences for what in cadence.what]
    more = [what.partition(":")[2] for what in named if what.startswith(("document:", "signed:"))]
    return tuple(dict.fromkeys((*listed, *more))) or None


def _obligations(pack: Pack) -> tuple[str, ...] | None:
    return None if pack.obligations is None else tuple(one.id for one in pack.obligations.obligations)


def _levels(pack: Pack) -> tuple[str, ...] | None:
    return None if pack.faults is None else tuple(str(one) for one in range(1, pack.faults.lightest + 1))


def _grades(pack: Pack) -> tuple[str, ...] | None:
    return None if pack.faults is None else pack.faults.grades


def doable(pack: Pack) -> tuple[str, ...]:
    """Items that a line of the pack earns by being done."""
    counted = {
        part.count.kind
        for line in pack.scoring.lines
        for part in (line.earn, line.either)
        if part is not None
    }
    return tuple(one for one in DOABLE if one in counted)


_KNOWN: Mapping[tuple[str, str], _Known] = {
    ("deduction", "item"): _items("deduction"),
    ("fine", "item"): _items("fine"),
    ("veto", "item"): _items("veto"),
    ("document_filed", "item"): _documents,
    ("report_signed", "item"): _documents,
    ("not_done", "item"): doable,
    ("", "obligation"): _obligations,
    ("level", "level"): _levels,
    ("level", "class"): _grades,
    ("fault_reported", "level"): _levels,
}


# -- periods ---------------------------------------------------------------------------------------

_BY_MONTH = ("document_filed", "report_signed")


def _period(kind: Kind, fields: Fields, frame: Frame) -> Iterator[Misfit]:
    value = fields.get("period")
    field = kind.field("period")
    if value is None or field is None or field.type is not Type.PERIOD:
        return
    found = period_of(value, frame.periods)
    if found is None and kind.name in _BY_MONTH:
        found = _holding(value, frame.periods)
    if found is None:
        there = ", ".join(one.name for one in frame.periods)
        yield "unknown_period", "period", f"{frame.pack.pack} has no period {value}; there are: {there}"
    elif frame.now_ms < found.from_ms and not frame.ahead:
        yield "in_future", "period", f"{found.name} has not begun"
    elif kind.name == "not_done" and frame.now_ms < found.to_ms and not frame.ahead:
        yield "in_future", "period", f"{found.name} is not over: it may still be done"


def _term(kind: Kind, fields: Fields, frame: Frame) -> Iterator[Misfit]:
    """What is counted by the time it speaks of counts nowhere outside of the contract's term."""
    at = instant_of(fields.get(kind.when)) if kind.when and fields.get("period") is None else None
    if at is None or at > frame.now_ms or not frame.periods or kind.name not in (*COUNTED_AS, *_BY_TIME):
        return
    first, last = frame.periods[0], frame.periods[-1]
    begin, end = min(one.from_ms for one in frame.periods), max(one.to_ms for one in frame.periods)
    if not begin <= at < end:
        yield "out_of_term", kind.when, f"the term of {frame.pack.pack} is {first.first} to {last.end}"


def _holding(value: Scalar, periods: Sequence[PackPeriod]) -> PackPeriod | None:
    """The period that a calendar month or other dates begin in: documents are filed by months too."""
    at = instant_of(value)
    return next((one for one in periods if at is not None and one.from_ms <= at < one.to_ms), None)


# -- ranges ----------------------------------------------------------------------------------------


def bounds(kind: str, fields: Fields, frame: Frame) -> Iterator[tuple[str, Bounds | None]]:
    """(field, range) of each amount that somebody gives; None: in this unit it cannot be given."""
    scoring, item = frame.pack.scoring, str(fields.get("item") or "")
    if kind == "satisfaction":
        found = ranges.given(scoring, "satisfaction")
        for name in ("points", "percent"):
            yield name, found if found is not None and found.unit == name else None
    elif kind in _POINTS:
        yield "points", ranges.deduction(scoring, _POINTS[kind] or item, frame.choices)
    elif kind == "fine":
        for name in ("percent", "yuan"):
            yield name, ranges.fine(frame.pack, item, name == "percent", frame.choices)


_POINTS = {"deduction": "", "complaint": "complaint", "refusal": "refused_cooperation"}


def _ranges(kind: Kind, fields: Fields, frame: Frame) -> Iterator[Misfit]:
    if kind.name == "fine" and not fields.keys() & {"yuan", "percent"}:
        rule = ranges.fined_by(frame.pack.scoring, str(fields.get("item") or ""))
        if rule is not None and rule.yuan is None and rule.share is None:
            yield "missing_field", "yuan", f"{frame.pack.pack} fixes no sum for it: say how much"
    for name, found in bounds(kind.name, fields, frame):
        value = fields.get(name)
        named = kind.name not in ("deduction", "fine") or fields.get("item") in ranges.items_of(
            frame.pack.scoring, kind.name
        )
        if value is None or not named:
            continue
        if found is None:
            yield "out_of_range", name, f"{frame.pack.pack} does not take {name} here"
        elif found.clipped(Fraction(str(value))) != Fraction(str(value)):
            yield "out_of_range", name, f"{value} is not from {found}"
