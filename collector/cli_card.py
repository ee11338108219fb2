"""A scorecard in lines of text, for the terminal.

English; points with two decimals, percentages with four, yuan to the fen. The exact ones are in the JSON.
"""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from checks.recurrence import zone

if TYPE_CHECKING:
    from collector.documents.judged import Judged
    from collector.documents.judging_view import Words
    from collector.jobs.scorecards import Made, Status
    from collector.scoring.model import Line, Money

CHINA = zone("Asia/Shanghai")


def card_lines(made: "Made", status: "Status", judged: "Judged") -> Iterator[str]:
    from collector.documents.judging_view import Words

    words = Words(judged, "en")
    card = made.scorecard
    period = card.period
    yield f"{card.pack} {period.name} ({period.first} .. {period.end}, not included), {_status(status)}"
    yield f"as of {clock_text(card.as_of_ms)}, log size {made.size}, pack {card.pack_digest[:16]}"
    for line in card.lines:
        yield "  " + _line(line, made, words)
    if card.deducted:
        yield f"deducted {points_of(card.deducted)}"
    bounds = "" if card.total is not None else f" ({_span(card.low, card.high)})"
    yield f"total {points_of(card.total)}{bounds}, grade {words.grade(card.grade) or 'not proven'}"
    for veto in card.vetoes:
        yield f"veto: {veto}"
    for step in card.money:
        yield f"  {step.id}: {yuan(step)} [{step.clause}]"
    for other in card.others:
        money = ", ".join(f"{step.id} {yuan(step)}" for step in other.money)
        reading = f"other reading {other.option}={other.value} [{other.clause}]"
        yield f"{reading}: {points_of(other.total)}; {money}"
    yield from _changed(made)
    yield from _outlook(made)


def _changed(made: "Made") -> Iterator[str]:
    """What the estate, or somebody's statement of scope, changed in the period of what it is judged by."""
    from collector.judging.moves import KIND

    for one in made.facts.items:
        if one.kind == KIND:
            where = " ".join(filter(None, (one.unit, one.system)))
            names = f" ({one.facts['names']})" if one.facts["names"] not in ("", one.system) else ""
            yield f"changed in the period: {one.facts['what']} {where}{names}, entry {one.proofs[0].entry}"


def _status(status: "Status") -> str:
    if not status.entries:
        return {"over": "over, not sealed"}.get(status.word, status.word)
    newest = status.entries[-1]
    word = "sealed" if newest.number == 0 else f"sealed, amendment {newest.number}"
    since = f", {len(status.changes)} values differ since: seal it again" if status.changes else ""
    return f"{word} (entry {newest.idx}, {_judging(status.judging)}){since}"


def _judging(sealed: int) -> str:
    """By which version it was sealed, and whether this program would judge by another."""
    from collector.judging.version import JUDGING, told

    return f"judging version {sealed}" if sealed == JUDGING else told(sealed)


def _line(line: "Line", made: "Made", words: "Words") -> str:
    from collector.judging.outlook import grades

    counts = [
        f"{word} {words.count(line, value)}"
        for word, value in (("of", line.required), ("counted", line.counted), ("missing", line.missing))
        if value is not None
    ]
    where = f"{line.unit}\t" if line.unit else ""
    used = " ".join(f"{key}={value}" for key, value in line.options)
    entries = sorted({p.entry for place in line.items for p in made.facts.items[place].proofs})
    shown = ",".join(str(one) for one in entries[:6]) + ("…" if len(entries) > 6 else "")
    parts = [f"{where}{line.id}\t{_got(line, words)}", ", ".join(counts), used]
    parts.append(f"grade {''.join(grades(line, made.facts)) or '-'}")
    if shown:
        parts.append(f"entries {shown}")
    return "\t".join(part for part in (*parts, f"[{line.clause}]") if part)


def _got(line: "Line", words: "Words") -> str:
    """Points of those there are; of what takes off, what came off and what each costs."""
    from collector.documents.judging_view import is_off

    open_ = line.points is None or line.state == "not_proven"
    if not is_off(line):
        points = points_of(line.points)
        if line.points is None:
            points = f"not proven ({_span(line.low, line.high)})"
        return f"{'not proven' if open_ and line.points is not None else points} / {points_of(line.full)}"
    price = words.full_of(line)
    if line.id.startswith("veto."):
        return "not proven" if open_ else "vetoed" if line.items else "not vetoed"
    if line.id.startswith("fine."):
        return f"{words.points_of(line)} [{price}]"
    off = f"{points_of(line.points)} points" if not open_ else "not proven"
    if open_ and line.low != line.high:
        off = f"not proven ({_span(line.low, line.high)})"
    return f"{off} [{price}]"


def _outlook(made: "Made") -> Iterator[str]:
    from collector.judging.outlook import outlook

    found = outlook(made.scorecard, made.facts, made.weights)
    yield f"sure {points_of(found.sure)}, at risk {points_of(found.at_risk)}, lost {points_of(found.lost)}"
    for risk in found.risks:
        where = f" {risk.unit}" if risk.unit else ""
        until = f" by {clock_text(risk.until_ms)}" if risk.until_ms is not None else ""
        what = ", ".join(sorted({f"{kind} {reason}" for kind, reason, *_ in risk.acts})) or "-"
        stake = "without a limit" if risk.low is None else points_of(risk.high - risk.low)
        yield f"  {risk.line}{where}: {stake} points: {what}{until}"


def points_of(value: Fraction | None) -> str:
    """Points, or that nothing proves them."""
    from collector.documents.numbers import points

    return "not proven" if value is None else points(value)


def yuan(step: "Money") -> str:
    """Money with separators and its unit, or the range that is open."""
    if step.yuan is not None:
        return f"{step.yuan:,.2f} yuan"
    low = "no lower bound" if step.low is None else f"{step.low:,.2f}"
    high = "no upper bound" if step.high is None else f"{step.high:,.2f} yuan"
    return f"not proven ({low} .. {high})"


def _span(low: Fraction | None, high: Fraction) -> str:
    return f"{'no lower bound' if low is None else points_of(low)} .. {points_of(high)}"


def clock_text(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, CHINA).isoformat(timespec="milliseconds")
