"""A settlement (结算) as it is logged: made of sealed scorecards, and made anew from them. Pure.

Body of its entry (kind `record`, header with `settlement`, `number`, `pack`, `estate`, `as_of`, `previous`):
{"v":2,"name":…,"number": 0, then 1.. where a scorecard was amended,"estate": digest,"as_of":…,
 "parts":[{"period":…,"entry":…}, …],"settlement": Settlement,
 "judging": version (version.py; form 1 has none)}
It stands on the scorecards that its parts name and on nothing else: whoever has those can check the money.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.codec import FieldError, from_json, texts_for_big, to_json
from checks.wire import strict_json
from collector.judging import version
from collector.judging.ground import Applied
from collector.judging.judge import NoScorecard, texts
from collector.judging.payments import payments
from collector.judging.sealed import Sealed
from collector.judging.settling import Part, settled
from collector.scoring.model import Settlement

VERSION = version.FORM


@dataclass(frozen=True, slots=True)
class Sheet:
    """A period and the entry of the scorecard, or of its newest amendment, that is paid for."""

    period: str
    entry: int


@dataclass(frozen=True, slots=True)
class Paid:
    """The settlement of a payment (or of the term), every period of which is sealed."""

    v: int
    name: str
    number: int
    estate: str
    as_of: int
    parts: tuple[Sheet, ...]
    settlement: Settlement
    judging: int = version.UNNAMED


Seals = Mapping[str, tuple[int, Sealed]]
"""By period: the entry of its newest seal or amendment, and what it says."""


def make(held: Sequence[Applied], as_of_ms: int, seals: Seals, name: str, number: int) -> Paid:
    """The settlement of this name; NoScorecard where there is none, or a period of it is not sealed."""
    known = payments(held, as_of_ms)
    payment = next((one for one in known if one.group.name == name), None)
    if payment is None:
        names_ = ", ".join(one.group.name for one in known)
        raise NoScorecard("no_such_payment", f"there is no {name}; there are {names_}")
    group, chosen = payment.group, payment.chosen
    if lacking := [one.name for one in group.periods if one.name not in seals]:
        raise NoScorecard("not_sealed", f"{name}: not sealed yet: {', '.join(lacking)}")
    parts = {one.name: seals[one.name] for one in group.periods}
    cards = {period: Part(made.scorecard, made.facts, True) for period, (_, made) in parts.items()}
    try:
        (one,) = settled(chosen.pack, (group,), cards, chosen.options, texts(held))
    except ValueError as error:
        raise NoScorecard("other_pack", str(error)) from None
    sheets = tuple(Sheet(period, entry) for period, (entry, _) in parts.items())
    estate = chosen.applied.terms.estate
    return Paid(VERSION, name, number, estate, as_of_ms, sheets, one.settlement, version.JUDGING)


def names(held: Sequence[Applied], as_of_ms: int, sealed: Sequence[str]) -> tuple[str, ...]:
    """The payments of which every period is sealed; NoScorecard without a pack."""
    known = [one.group for one in payments(held, as_of_ms)]
    return tuple(one.name for one in known if all(p.name in sealed for p in one.periods))


def same(before: Paid, after: Paid) -> bool:
    """Whether nothing has changed: neither what it stands on nor what is paid."""
    return (before.parts, before.settlement) == (after.parts, after.settlement)


def encode(paid: Paid) -> bytes:
    """Canonical JSON: keys as declared, yuan as texts, ratios in pairs."""
    return strict_json.dumps(version.written(texts_for_big(to_json(paid))))


def parse(data: bytes) -> Paid:
    """WireError or FieldError for anything that is none."""
    made = from_json(Paid, strict_json.loads(data), "settlement")
    if not version.fits(made.v, made.judging):
        raise FieldError("settlement.v", f"form {made.v}, judging {made.judging} is not known here")
    return made


def header_of(paid: Paid, previous: int | None) -> dict[str, Any]:
    """What its entry's header says of it; `previous`: the settlement that it replaces."""
    made: dict[str, Any] = {
        "settlement": paid.name,
        "number": paid.number,
        "pack": paid.settlement.pack_digest,
        "estate": paid.estate,
        "as_of": paid.as_of,
    }
    made |= {"judging": paid.judging} if paid.judging else {}
    return made if previous is None else {**made, "previous": previous}
