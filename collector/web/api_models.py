"""What the API is asked and answers, as pydantic models; answers are made of the core's own dataclasses.

A model of a dataclass has the form that `checks.codec.to_json` writes: ratios as pairs, days and yuan as
texts. So the description cannot tell of another shape than the answers have.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, RootModel, create_model, model_validator

from collector.faults.model import Fault, Finding, Incident, Vulnerability
from collector.faults.reports import Draft
from collector.judging.outlook import Risk
from collector.judging.paid import Paid
from collector.judging.sealed import Change, Sealed
from collector.packs.archive import Place
from collector.scoring.model import Gap, Item, Line, Money, Other, Sum, Unit
from collector.statements.model import Said

Model = type[BaseModel]
Ratio = Annotated[list[int | str], Field(min_length=2, max_length=2, description="A ratio: [num, den].")]
Points = Annotated[str, Field(description="A decimal text, at most six places, cut off.")]
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]
Yuan = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="Yuan as a decimal text.")]
_PLAIN: dict[Any, Any] = {Fraction: Ratio, Decimal: Yuan, date: Day, NoneType: None}
_KNOWN = ConfigDict(extra="forbid")


def answer(name: str, parts: Mapping[str, Any]) -> Model:
    """A model of an object with exactly these keys."""
    given: dict[str, Any] = {key: (kind, ...) for key, kind in parts.items()}
    return create_model(name, __config__=_KNOWN, **given)


def listed(name: str, part: Any) -> Model:
    """A model of a list."""
    return create_model(name, __base__=RootModel[list[part]])


@cache
def model_of(kind: type) -> Model:
    """The model of a dataclass, as it is written as JSON."""
    return answer(kind.__name__, _parts(kind))


def many(kind: type) -> Any:
    """The type of a list of these dataclasses."""
    return each(model_of(kind))


def each(model: Model) -> Any:
    """The type of a list of these."""
    return list[model]  # type: ignore[valid-type]  # made at run time


def _parts(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {one.name: _json(hints[one.name]) for one in fields(kind)}


def _json(hint: Any) -> Any:
    """The type of what a value of this type is written as."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return Union[tuple(_json(one) for one in args)]  # noqa: UP007 - made at run time
    if origin is not None:
        return _held(origin, args)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Literal[tuple(one.value for one in hint)]
    return model_of(hint) if isinstance(hint, type) and is_dataclass(hint) else hint


def _held(origin: Any, args: tuple[Any, ...]) -> Any:
    """What a collection is written as."""
    if issubclass(origin, Mapping):
        return dict[str, _json(args[1])]  # type: ignore[misc]  # made at run time
    parts = tuple(dict.fromkeys(_json(one) for one in args if one is not Ellipsis))
    return list[Union[parts]]  # type: ignore[valid-type]  # noqa: UP007 - made at run time


# -- what is asked ------------------------------------------------------------------------------

_INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?$"


class Asked(BaseModel):
    """Nothing but these; `option.KEY` is read where it is asked for."""

    model_config = _KNOWN

    @model_validator(mode="before")
    @classmethod
    def _readings(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "option" not in cls.model_fields:
            return given
        return {key: value for key, value in given.items() if not key.startswith("option.")}


class AsOf(Asked):
    """As of when."""

    as_of: str = Field(
        "",
        pattern=_INSTANT,
        description="As the log stood then: ISO 8601, in the contract's zone where it names none; else now.",
    )


class ScorecardAsked(AsOf):
    """Other readings than those agreed, and what is supposed."""

    option: list[str] = Field([], max_length=40, description="KEY=VALUE: another reading of the contract.")
    what_if: list[str] = Field(
        [], max_length=10, description="KIND:field=value,… as if it had been stated now."
    )


class LineAsked(AsOf):
    """The same for one line."""

    option: list[str] = Field([], max_length=40, description="KEY=VALUE: another reading of the contract.")
    unit: str = Field("", description="Of this unit only.")


class PeriodAsked(AsOf):
    """Of which period."""

    period: str = Field("", description="Its name or number; else all that is known, or the running one.")


class LedgerAsked(AsOf):
    """Of which period of the ledger."""

    period: str = Field("", description="Its name or number, or `term`; else the running one.")


class FindingsAsked(AsOf):
    """Which findings or vulnerabilities."""

    all: bool = Field(False, description="Also those that are closed.")


class StatementsAsked(AsOf):
    """Which statements."""

    kind: str = Field("", description="Of this kind only.")
    all: bool = Field(False, description="Also what was replaced, or waits for a second person.")


class RoundsAsked(Asked):
    """How far around now."""

    days: int = Field(7, ge=1, le=400, description="So many days back and as many to come.")


class PeriodPath(BaseModel):
    """A period by name or number."""

    period: str = Field(min_length=1)


class LinePath(PeriodPath):
    """A line of its scorecard."""

    line: str = Field(min_length=1)


class IdPath(BaseModel):
    """One of several, by its id."""

    id: str = Field(min_length=1)


# -- what is answered ---------------------------------------------------------------------------

Failed = answer("Failed", {"status": str, "detail": str})
_Seal = answer("Seal", {"entry": int, "number": int, "digest": str})
Period = answer(
    "Period",
    {"name": str, "number": int, "from": int, "to": int, "first": Day, "end": Day, "sealed": each(_Seal)},
)
Periods = listed("Periods", Period)
_SHOWN = dict.fromkeys(("full", "high"), Points) | dict.fromkeys(
    ("points", "low", "required", "counted", "missing"), Points | None
)
_LINE = {
    **_parts(Line),
    **_SHOWN,
    "options": dict[str, str],
    "exact": Ratio | None,
    "entries": list[int],
    "signers": list[str],
    "grades": list[str],
}
_Line = answer("ShownLine", _LINE)
Lines = listed(
    "Lines",
    answer(
        "LineWithEvidence",
        {**_LINE, "counted_items": many(Item), "open_gaps": many(Gap)},
    ),
)
_Other = answer("ShownOther", {**_parts(Other), "total": Points | None})
_Risk = answer(
    "ShownRisk", {**_parts(Risk), "low": Points | None, "high": Points, "acts": list[list[str | int | None]]}
)
_Outlook = answer(
    "ShownOutlook",
    {**dict.fromkeys(("full", "sure", "at_risk", "lost"), Points), "risks": each(_Risk)},
)
_Supposed = answer("Supposed", {"said": str, "changes": many(Change)})
Scorecard = answer(
    "ScorecardNow",
    {
        "pack": str,
        "pack_digest": str,
        "estate": str,
        "size": int,
        "period": Period,
        "as_of": int,
        "status": Literal["provisional", "over", "sealed"],
        "changed_since": many(Change),
        "judging": int,
        "sealed_judging": int | None,
        "lines": each(_Line),
        "sums": many(Sum),
        "deducted": Points,
        "total": Points | None,
        "low": Points | None,
        "high": Points,
        "grade": str | None,
        "vetoes": list[str],
        "money": many(Money),
        "options": dict[str, str],
        "others": each(_Other),
        "outlook": _Outlook,
        "units": many(Unit),
        "facts": answer("Counted", {"items": many(Item), "gaps": many(Gap)}),
        "what_if": each(_Supposed),
    },
)
SealedCards = listed(
    "SealedCards",
    answer("SealedCard", {"entry": int, "received": int, "by": str, "digest": str, **_parts(Sealed)}),
)
_Step = answer("Step", {"id": str, "clause": str, **dict.fromkeys(("yuan", "low", "high"), Yuan | None)})
_SETTLED = {
    "name": str,
    "pack": str,
    "digest": str,
    "periods": list[str],
    "awaited": list[str],
    "final": bool,
    "money": each(_Step),
    "options": dict[str, str],
}
SealedPayments = listed(
    "SealedPayments",
    answer("SealedPayment", {"entry": int, "received": int, "by": str, "digest": str, **_parts(Paid)}),
)
Settlements = listed("Settlements", answer("ShownSettlement", _SETTLED))
_ROW = {
    "id": str,
    "what": list[str],
    "unit": str | None,
    "system": str | None,
    "from": int,
    "due": int,
    "last_day": Day,
    "needed": int,
    "counted": int,
    "state": str,
    "reason": str,
    "days_late": int,
    "arrived_late": bool,
    "provisional": bool,
    "waiver": int | None,
    "late_waivers": list[int],
    "partial": each(answer("Partial", {"entry": int, "reason": str})),
    "act_by": int | None,
    "who": str,
    "entries": list[int],
}
_LEDGER = {
    "pack": str,
    "pack_digest": str,
    "estate": str,
    "period": answer("Span", {"name": str, "from": int, "to": int}),
    "as_of": int,
    "size": int,
}
_Filed = answer(
    "FiledPaper", {"entry": int, "kind": str, "digest": str, "by": str, "received": int, "late": bool}
)
_Obligation = answer(
    "ShownObligation",
    {
        **dict.fromkeys(("id", "clause", "page", "zh", "en", "tag", "limit", "who", "form"), str),
        "line": str | None,
        "standing": str,
        "counts": dict[str, int],
        "act_by": int | None,
        "out_of_reach": int,
        "provisional": bool,
        "entries": list[int],
        "filed": each(_Filed),
        "rows": each(answer("Row", _ROW)),
    },
)
Obligations = answer("Obligations", {**_LEDGER, "obligations": each(_Obligation)})
Calendar = answer(
    "Calendar",
    {**_LEDGER, "rows": each(answer("CalendarRow", {"obligation": str, "clause": str, **_ROW}))},
)
FaultWithDraft = answer("FaultWithDraft", {**_parts(Fault), "draft": model_of(Draft)})
Faults = answer(
    "Faults",
    {
        "pack": str,
        "period": str | None,
        "as_of": int,
        "faults": each(FaultWithDraft),
        "incidents": many(Incident),
        "hazards": list[Any],
        "blips": int,
        "stray": list[Any],
    },
)
_TOLD = {"pack": str, "as_of": int, "stray": list[Any]}
Findings = answer("Findings", {**_TOLD, "findings": many(Finding)})
Vulnerabilities = answer(
    "Vulnerabilities",
    {**_TOLD, "vulnerabilities": many(Vulnerability)},
)
Statement = model_of(Said)
Statements = listed("Statements", Statement)
_Field = answer("StatementField", {"name": str, "type": str, "required": bool, "choices": list[str]})
Kinds = listed(
    "StatementKinds",
    answer(
        "StatementKind",
        {
            **dict.fromkeys(("kind", "zh", "en", "document"), str),
            "who": list[str],
            "two": bool,
            "fields": each(_Field),
        },
    ),
)
Archive = answer(
    "ArchiveOfPeriod",
    {
        "period": str,
        "as_of": int,
        "places": each(answer("ShownPlace", {**_parts(Place), "missing": int})),
    },
)
Rounds = listed(
    "Rounds",
    answer(
        "RoundWindow",
        {
            **dict.fromkeys(("round", "window", "state"), str),
            **dict.fromkeys(("from", "to", "until", "due", "done", "errors", "missed"), int),
            "entry": int | None,
        },
    ),
)
