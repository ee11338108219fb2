"""Scorecards as plain JSON, for the command and for the API: exact ratios, and the text that people read."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from checks.codec import to_json
from checks.wire import strict_json
from collector.jobs.scorecards import Made, Status
from collector.judging.outlook import outlook
from collector.judging.sealed import Sealed, changes, encode
from collector.judging.version import JUDGING
from collector.scoring.model import Line, PackPeriod
from collector.store.scorecards import SealedRow

Json = dict[str, Any]


def whole(made: Made, status: Status, supposed: Sequence[tuple[str, Made]] = ()) -> Json:
    """Everything of a scorecard; `facts` has the items and gaps that lines name by place."""
    card = made.scorecard
    return {
        "pack": card.pack,
        "pack_digest": card.pack_digest,
        "estate": made.estate,
        "size": made.size,
        "period": period(card.period, status.entries),
        "as_of": card.as_of_ms,
        "status": status.word,
        "changed_since": to_json(status.changes),
        "judging": JUDGING,
        "sealed_judging": status.judging if status.entries else None,
        "lines": [_line(line, made) for line in card.lines],
        "sums": to_json(card.sums),
        "deducted": text(card.deducted),
        "total": text(card.total),
        "low": text(card.low),
        "high": text(card.high),
        "grade": card.grade,
        "vetoes": list(card.vetoes),
        "money": to_json(card.money),
        "options": dict(card.options),
        "others": [{**to_json(one), "total": text(one.total)} for one in card.others],
        "outlook": _outlook(made),
        "units": to_json(made.facts.units),
        "facts": {"items": to_json(made.facts.items), "gaps": to_json(made.facts.gaps)},
        "what_if": [
            {"said": said, "changes": to_json(changes(card, other.scorecard))} for said, other in supposed
        ],
    }


def lines(made: Made, name: str, unit: str | None = None) -> list[Json]:
    """A line, of each unit or of one, with the items and gaps that it stands on."""
    return [
        {
            **_line(line, made),
            "counted_items": to_json([made.facts.items[place] for place in line.items]),
            "open_gaps": to_json([made.facts.gaps[place] for place in line.gaps]),
        }
        for line in made.scorecard.lines
        if line.id == name and unit in (None, line.unit)
    ]


def sealed(row: SealedRow, whole: Sealed) -> Json:
    """A seal or an amendment: its entry, and everything that was logged."""
    return {
        "entry": row.idx,
        "received": row.received,
        "by": row.by,
        "digest": row.digest,
        "judging": whole.judging,
        **strict_json.loads(encode(whole)),
    }


def _line(line: Line, made: Made) -> Json:
    proofs = [proof for place in line.items for proof in made.facts.items[place].proofs]
    raw: Json = to_json(line)
    numbers = ("full", "points", "low", "high", "required", "counted", "missing")
    shown = {name: text(getattr(line, name)) for name in numbers}
    return {
        **raw,
        **shown,
        "options": dict(line.options),
        "exact": None if line.points is None else to_json(line.points),
        "entries": sorted({proof.entry for proof in proofs}),
        "signers": sorted({proof.signer for proof in proofs}),
        "grades": sorted({proof.grade for proof in proofs}),
    }


def _outlook(made: Made) -> Json:
    found = outlook(made.scorecard, made.facts, made.weights)
    return {
        "full": text(found.full),
        "sure": text(found.sure),
        "at_risk": text(found.at_risk),
        "lost": text(found.lost),
        "risks": [
            {
                **to_json(one),
                "low": text(one.low),
                "high": text(one.high),
                "acts": [list(a) for a in one.acts],
            }
            for one in found.risks
        ],
    }


def period(one: PackPeriod, held: Sequence[SealedRow] = ()) -> Json:
    """A period with the entries of its seal and amendments."""
    return {
        "name": one.name,
        "number": one.number,
        "from": one.from_ms,
        "to": one.to_ms,
        "first": one.first.isoformat(),
        "end": one.end.isoformat(),
        "sealed": [{"entry": row.idx, "number": row.number, "digest": row.digest} for row in held],
    }


def text(value: Fraction | None) -> str | None:
    """At most six decimals, cut off: 2/3 -> "0.666666"; None stays None."""
    if value is None:
        return None
    micros = abs(value) * 10**6 // 1
    shown = f"{micros // 10**6}.{micros % 10**6:06d}".rstrip("0").rstrip(".")
    return f"-{shown}" if value < 0 and shown != "0" else shown
