"""The money of a term in words: period by period, payment by payment, and under other readings."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from collector.documents.judging_view import Words, last, table
from collector.documents.numbers import points, spanned
from collector.documents.tables import Column, Kind, Link, Table
from collector.judging.settling import Group, Part, Settled, settled
from collector.packs.model import Compiled, Pack
from collector.packs.options import OptionError, from_text
from collector.scoring.model import Money, Other, Scorecard
from collector.scoring.money import Range, fee_of, money, range_of, sum_of
from collector.scoring.terms import Value
from collector.words.judging import text

PERIODS = (
    Column("j_period"),
    Column("j_state", Kind.STATE),
    Column("j_total", Kind.NUMBER),
    Column("j_level_of"),
    Column("j_base", Kind.NUMBER),
    Column("j_cut", Kind.NUMBER),
    Column("j_fines", Kind.NUMBER),
    Column("j_net", Kind.NUMBER),
    Column("j_entry", Kind.ENTRY),
)
PAYMENTS = (
    Column("j_payment"),
    Column("j_period"),
    Column("j_state", Kind.STATE),
    Column("j_step"),
    Column("j_clause"),
    Column("j_yuan", Kind.NUMBER),
    Column("j_proof", Kind.STATE),
)
_READINGS = (
    Column("j_option"),
    Column("j_value"),
    Column("j_clause"),
    Column("j_payment"),
    Column("j_step"),
    Column("j_yuan", Kind.NUMBER),
    Column("j_difference", Kind.NUMBER),
)


@dataclass(frozen=True, slots=True)
class Settling:
    """A term's periods that have begun, and what settles them. `entries`: of seals, by period."""

    pack: Compiled
    groups: tuple[Group, ...]
    parts: Mapping[str, Part]
    options: Mapping[str, Value]
    entries: Mapping[str, int]
    packs: Mapping[str, Pack] = field(default_factory=dict)
    """Packs of seals that another text of the pack made, or another pack, from the log; by digest."""

    def pack_of(self, card: Scorecard) -> Pack:
        """What made a scorecard; the pack in force where the log has it not."""
        return self.packs.get(card.pack_digest, self.pack.pack)

    def made(self) -> tuple[Settled, ...]:
        """Every payment of which a period has begun, and that can be settled."""
        made: list[Settled] = []
        for group in self.groups:
            try:
                made += settled(self.pack, (group,), self.parts, self.options, self.packs)
            except ValueError:
                continue
        return tuple(made)

    def refused(self) -> tuple[Group, ...]:
        """Payments of which a period was sealed by another pack: they cannot be added up."""
        made = {one.name for one in self.made()}
        begun = (one for one in self.groups if any(period.name in self.parts for period in one.periods))
        return tuple(one for one in begun if one.name not in made)

    def readings(self) -> Iterator[tuple[Other, tuple[Settled, ...]]]:
        """The same where a contradiction is read the other way, in every period that it changes."""
        every = [one for part in self.parts.values() for one in part.scorecard.others]
        for option, value in dict.fromkeys((one.option, one.value) for one in every):
            first = next(one for one in every if (one.option, one.value) == (option, value))
            parts = {name: _read(part, option, value) for name, part in self.parts.items()}
            yield first, replace(self, parts=parts, options=self._under(option, value)).made()

    def _under(self, option: str, value: str) -> Mapping[str, Value]:
        """The options with one read the other way; as they are where only another text, by which a period was
        sealed, has it: then it changes that period alone."""
        known = next((one for one in self.pack.pack.options if one.key == option), None)
        if known is None:
            return self.options
        try:
            return {**self.options, option: from_text(known, value)}
        except OptionError:
            return self.options


def _read(part: Part, option: str, value: str) -> Part:
    """A period under another reading; as it is, where the reading changes nothing."""
    card = part.scorecard
    for one in card.others:
        if (one.option, one.value) == (option, value):
            return replace(part, scorecard=replace(card, total=one.total, grade=one.grade, money=one.money))
    return part


@dataclass(frozen=True, slots=True)
class SettlementWords:
    """Tables in one language. `period`: where a period is shown; `state`: how it stands."""

    found: Settling
    words: Words
    state: Callable[[str], str]
    period: Callable[[str], str] | None = None

    @property
    def lang(self) -> str:
        """The language."""
        return self.words.lang

    def _table(self, name: str, columns: tuple[Column, ...], rows: Sequence[Sequence[object]]) -> Table:
        return table(f"settlement-{name}", f"settlement.{name}", columns, rows, self.lang)

    def amount(self, one: Range) -> str:
        """Yuan, or from which to which."""
        made = money("", "", one)
        return spanned(made.low, made.high, self.lang)

    def periods(self) -> Table:
        """A row a period: grade, fee, deduction, fines, payable; all of them added up."""
        rows: list[Sequence[object]] = []
        sums: list[list[Range]] = [[], [], [], []]
        for name, part in self.found.parts.items():
            amounts = self._amounts(part.scorecard)
            for kept, one in zip(sums, amounts, strict=True):
                kept += [] if one is None else [one]
            rows.append(self._period(name, part, amounts))
        if len(rows) > 1:
            totals = [self.amount(sum_of(kept)) if kept else "–" for kept in sums]
            rows.append((text("judging.settlement.sum", self.lang), None, None, None, *totals, None))
        return self._table("periods", PERIODS, rows)

    def _period(self, name: str, part: Part, amounts: Sequence[Range | None]) -> Sequence[object]:
        card = part.scorecard
        total = points(card.total, 2) if card.total is not None else self.words.range_of(card.low, card.high)
        return (
            name if self.period is None else Link(name, self.period(name)),
            self.state(name),
            total,
            self._grade(card) or text("judging.open", self.lang),
            *("–" if one is None else self.amount(one) for one in amounts),
            self.found.entries.get(name),
        )

    def _grade(self, card: Scorecard) -> str:
        """A grade by its own pack's words."""
        bands = self.found.pack_of(card).scoring.grades
        english = {one.name: one.name_en for one in bands}
        return (card.grade and self.lang == "en" and english.get(card.grade)) or card.grade or ""

    def _amounts(self, card: Scorecard) -> tuple[Range | None, Range | None, Range | None, Range | None]:
        """What a period is worth in full, what its grade takes off, fines, what is left."""
        pack, steps = self.found.pack_of(card), {one.id: range_of(one) for one in card.money}
        rule = pack.scoring.money
        if rule.fee is not None:
            whole = _exactly(rule.fee.fee * card.period.share)
            return whole, whole - steps["fee_after_grade"], steps["fines"], steps["net"]
        if rule.rate is not None:
            return None, steps["deduct"], steps.get("fines"), None
        whole, payable = _exactly(fee_of(pack, card.period.share)), steps["payable_total"]
        fines = steps.get("fines")
        return whole, whole - payable if fines is None else whole - payable - fines, fines, payable

    def payments(self) -> Table:
        """Each payment's steps."""
        rows = [self._payment(one, step) for one in self.found.made() for step in one.settlement.money]
        rows += [self._refused(one) for one in self.found.refused()]
        return self._table("payments", PAYMENTS, rows)

    def _payment(self, one: Settled, step: Money) -> Sequence[object]:
        names = [*one.settlement.periods]
        if one.awaited:
            names.append(text("judging.settlement.awaited", self.lang, n=len(one.awaited)))
        return (
            self.payment_name(one.name),
            text("judging.part", self.lang).join(names),
            "j_final" if one.final else "j_provisional",
            self.words.step(step.id),
            step.clause,
            self.amount(range_of(step)),
            "j_proven" if step.yuan is not None else "j_not_proven",
        )

    def _refused(self, one: Group) -> Sequence[object]:
        """A payment that cannot be added up, and by which packs its periods were sealed."""
        cards = [
            self.found.parts[period.name].scorecard
            for period in one.periods
            if period.name in self.found.parts
        ]
        join = text("judging.part", self.lang)
        said = join.join(f"{card.period.name}: {card.pack} ({card.pack_digest[:16]})" for card in cards)
        why = text("judging.settlement.other_pack", self.lang, packs=said)
        names = join.join(card.period.name for card in cards)
        return self.payment_name(one.name), names, "j_not_calculated", why, "–", "–", "j_not_proven"

    def payment_name(self, name: str) -> str:
        """`payment-2`, `term`, `payment-2@pingdingshan-2025`."""
        own, _, contract = name.partition("@")  # of a later contract: its pack, or its first day
        number = own.rpartition("-")[2]
        key = "payment" if number.isdigit() else "term"
        return text(f"judging.settlement.{key}", self.lang, n=number) + (f" @{contract}" if contract else "")

    def readings(self) -> Table:
        """What is paid where the contract contradicts itself and is read the other way."""
        mine = {one.name: one for one in self.found.made()}
        rows = [
            self._reading(other, one, mine[one.name])
            for other, made in self.found.readings()
            for one in made
            if one.settlement.money != mine[one.name].settlement.money
        ]
        return self._table("readings", _READINGS, rows)

    def _reading(self, other: Other, one: Settled, mine: Settled) -> Sequence[object]:
        theirs, ours = paid(one), paid(mine)
        about = self.words.judged.about.get(other.option)
        gap = None if theirs.yuan is None or ours.yuan is None else theirs.yuan - ours.yuan
        return (
            other.option,
            other.value,
            other.clause or (about[0] if about else "–"),
            self.payment_name(one.name),
            self.words.step(theirs.id),
            self.amount(range_of(theirs)),
            "–" if gap is None else f"{gap:+,.2f}",
        )


def paid(one: Settled) -> Money:
    """What comes out of a settlement."""
    return paid_step(one.settlement.money)


def paid_step(found: Sequence[Money]) -> Money:
    """The step of a settlement that says what is paid."""
    by_id = {step.id: step for step in found}
    return by_id.get("paid_now") or by_id.get("period_payment") or last(found) or found[-1]


def _exactly(value: Fraction) -> Range:
    return Range(value, value)
