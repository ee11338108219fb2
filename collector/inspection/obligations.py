"""The obligation ledger: every obligation of a contract in a span: kept, broken, not proven, and by what.

It is the account of those that no scorecard line prices, and shows the priced ones beside them. Pure; points
and money are the scorecard's affair, which counts the same rows as items.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from collector.inspection.cadence import rows_of
from collector.inspection.cadence_deeds import Index
from collector.inspection.cadence_model import Breach, Frame, Observed, Row, Span, State
from collector.inspection.cadence_terms import Obligation, ObligationTerms
from collector.inspection.deadlines import day_of
from collector.scoring.model import Gap, Item, Proof, Scalar
from collector.statements.model import Said


class Standing(StrEnum):
    """How an obligation stands in a span."""

    KEPT = "kept"
    BROKEN = "broken"
    NOT_PROVEN = "not_proven"
    OPEN = "open"  # nothing of it is over yet
    NOTHING_DUE = "nothing_due"  # no event, no occasion


@dataclass(frozen=True, slots=True)
class Filed:
    """What somebody handed in: entry, kind of statement, SHA-256 of the document ("" none), who, when."""

    entry: int
    kind: str
    digest: str
    by: str
    received_ms: int
    late: bool


@dataclass(frozen=True, slots=True)
class ObligationLine:
    """One obligation. `counts`: rows by state; `entries`: all evidence; `filed`: what people handed in.

    `act_by_ms`: the first last responsible moment of what is open; `lost`: open, and out of reach already.
    """

    obligation: Obligation
    standing: Standing
    counts: Mapping[str, int]
    rows: tuple[Row, ...]
    entries: tuple[int, ...]
    filed: tuple[Filed, ...]
    act_by_ms: int | None
    lost: int
    provisional: bool


def ledger(
    terms: ObligationTerms,
    observed: Observed,
    frame: Frame,
    span: Span,
    said: Sequence[Said] = (),
    only: Iterable[str] | None = None,
) -> tuple[ObligationLine, ...]:
    """A line for every obligation (or these ids), in the pack's order; MissingYear as in `cadence.rows`."""
    index, by_entry = Index.of(observed), {one.entry: one for one in said}
    wanted = None if only is None else set(only)
    return tuple(
        _line(one, rows_of(one, terms, index, frame, span), by_entry)
        for one in terms.obligations
        if wanted is None or one.id in wanted
    )


def _line(one: Obligation, rows: list[Row], said: Mapping[int, Said]) -> ObligationLine:
    counts = {state.value: sum(row.state is state for row in rows) for state in State}
    entries = tuple(sorted({entry for row in rows for entry in row.entries}))
    acts = [row.act_by_ms for row in rows if row.act_by_ms is not None]
    return ObligationLine(
        obligation=one,
        standing=_standing(counts),
        counts=counts,
        rows=tuple(rows),
        entries=entries,
        filed=tuple(_filed(said[entry]) for entry in entries if entry in said),
        act_by_ms=min(acts, default=None),
        lost=sum(row.reason == "cannot_be_reached" for row in rows),
        provisional=any(row.turn.provisional for row in rows),
    )


def _standing(counts: Mapping[str, int]) -> Standing:
    if counts["missed"] or counts["late"]:
        return Standing.BROKEN
    if counts["not_proven"]:
        return Standing.NOT_PROVEN
    if counts["done"] or counts["excused"]:
        return Standing.KEPT
    return Standing.OPEN if counts["open"] else Standing.NOTHING_DUE


def _filed(one: Said) -> Filed:
    return Filed(one.entry, one.kind, one.document or "", one.by, one.received_ms, one.late)


# What the scorecard counts.

_KIND = {State.DONE: "done", State.LATE: "late", State.MISSED: "missed", State.EXCUSED: "excused"}


def items(lines: Iterable[ObligationLine], frame: Frame) -> Iterator[Item]:
    """`due` for each row, and what became of it; of a row that wanted several, `missed` is worth those that
    are missing. `what` is the first kind of deed that would have done it."""
    for line in lines:
        for row in line.rows:
            yield _item("due", row, frame, Fraction(max(row.turn.needed, 1)), {})
            if row.state in _KIND:
                missing = Fraction(max(row.turn.needed - row.counted, 1))
                value = missing if row.state is State.MISSED else Fraction(1)
                facts: dict[str, Scalar] = {"days": row.days_late} if row.state is State.LATE else {}
                yield _item(_KIND[row.state], row, frame, value, facts)


def lapse_items(observed: Observed, span: Span, frame: Frame) -> Iterator[Item]:
    """Systems that went so many months without something (LH-41), on the last day of those months."""
    for one in _lapses(observed.breaches, span):
        day = day_of(one.at_ms, frame.days.zone)
        facts: dict[str, Scalar] = {"what": one.what}
        yield Item("lapse", day=day, at_ms=one.at_ms, unit=one.unit, system=one.system, facts=facts)


def lapse_gaps(observed: Observed, span: Span, per: str) -> Iterator[Gap]:
    """Those that nobody could tell: of each system (or, `per` kind, of each kind of its work) as many as
    there are ends of months at which one may have been and none is proven; in a period of a month there is
    one such end."""
    of_kind = per == "kind"

    def key(one: Breach) -> tuple[str | None, str | None, str]:
        return one.unit, one.system, one.what if of_kind else ""

    proven = {(*key(one), one.at_ms) for one in _lapses(observed.breaches, span)}
    found: dict[tuple[str | None, str | None, str], list[Breach]] = {}
    for one in _lapses(observed.perhaps, span):
        if (*key(one), one.at_ms) not in proven:
            found.setdefault(key(one), []).append(one)
    for (unit, system, _), some in found.items():
        facts: dict[str, Scalar] = {"what": ", ".join(dict.fromkeys(one.what for one in some))}
        ends = len({one.at_ms for one in some})
        yield Gap("lapse", "not_told", unit, system, at_most=ends, facts=facts, who="operator")


def _lapses(breaches: Iterable[Breach], span: Span) -> Iterator[Breach]:
    return (one for one in breaches if one.kind == "lapse" and span[0] <= one.at_ms < span[1])


def gaps(lines: Iterable[ObligationLine]) -> Iterator[Gap]:
    """What may still be missed, and what nobody could tell: one gap for all such rows, with their sum."""
    for line in lines:
        found: dict[tuple[str, str, str, str], list[Row]] = {}
        for row in line.rows:
            if row.state in (State.OPEN, State.NOT_PROVEN):
                reason = "period_open" if row.state is State.OPEN else row.reason
                what = row.what[0] if row.what else ""
                found.setdefault((reason, what, row.turn.unit or "", row.turn.system or ""), []).append(row)
        for (reason, *_), rows in found.items():
            acts = [row.act_by_ms for row in rows if row.act_by_ms is not None]
            yield Gap(
                kind="missed",
                reason=reason,
                unit=rows[0].turn.unit,
                system=rows[0].turn.system,
                at_most=sum(max(row.turn.needed - row.counted, 1) for row in rows),
                facts=_facts(rows[0]),
                who=rows[0].who,
                until_ms=min(acts, default=None),
            )


def _facts(row: Row) -> dict[str, Scalar]:
    return {"obligation": row.obligation, "what": row.what[0] if row.what else ""}


def _item(kind: str, row: Row, frame: Frame, value: Fraction, facts: Mapping[str, Scalar]) -> Item:
    held = [one for one in row.deeds if one.entry >= 0]
    proofs = [Proof(one.entry, one.signer, one.grade, one.line) for one in held]
    proofs += [Proof(entry, one.signer, one.grade) for one in held for entry in one.also]
    return Item(
        kind=kind,
        value=value,
        day=day_of(row.turn.at_ms, frame.days.zone),
        at_ms=row.turn.at_ms,
        unit=row.turn.unit,
        system=row.turn.system,
        facts={**_facts(row), **facts},
        proofs=tuple(proofs),
    )
