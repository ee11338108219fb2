"""The tables of a scorecard's document: its contract's form, the money, what is not proven.

Standard library only: the verifier makes them anew from the scorecard and the pack in the log.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from collector.documents.form_view import form_of
from collector.documents.judged import Judged
from collector.documents.judging_prices import choices_of, english_of, fined, offs_of, percents_of
from collector.documents.judging_view import Words
from collector.documents.tables import Column, Table
from collector.packs.model import Pack
from collector.scoring.choices import kinds_in
from collector.scoring.kinds import BY_LOOKING
from collector.scoring.model import PeriodFacts, Scorecard
from collector.scoring.terms import Extra, Option, Term
from collector.words.document import doc, numbered

HANDS = ("opinion",)
"""What people fill in."""


def tables(judged: Judged, lang: str) -> tuple[Table, ...]:
    """All of them, numbered as the document has them: behind its overview."""
    words = Words(judged, lang)
    made = [*form(words), *money(words), *todo(words), hands(HANDS, lang)]
    return tuple(replace(one, title=numbered(n, one.title, lang)) for n, one in enumerate(made, 2))


def form(words: Words) -> Iterator[Table]:
    """Every line where the contract's form has it, by unit where it is scored by unit, with its sums."""
    yield from form_of(words).tables()


def money(words: Words) -> Iterator[Table]:
    """The settlement, other readings, options."""
    yield words.money()
    if words.judged.card.others:
        yield words.others()
    yield words.options()


def todo(words: Words) -> Iterator[Table]:
    """What is not proven."""
    made = words.todo()
    if made.rows:
        yield made


def hands(fields: Sequence[str], lang: str) -> Table:
    """What people fill in: a blank for each, never a word of the machine's."""
    columns = (Column("j_field"), Column("j_handwritten"))
    rows = [(doc(f"doc.hand.{name}", lang), doc("doc.blank", lang)) for name in fields]
    return Table("doc-hands", doc("doc.part.hands", lang), columns, rows, doc("doc.hands.note", lang))


def judged_by(pack: Pack | None, card: Scorecard, facts: PeriodFacts) -> Judged:
    """The same from a pack at hand."""
    names = {unit.id: unit.name or unit.id for unit in facts.units}
    names |= {one.id: one.name or one.id for unit in facts.units for one in unit.systems}
    if pack is None:
        return Judged(card, facts, names)
    choices = choices_of(pack, card)
    return Judged(
        card,
        facts,
        names,
        english_of(pack),
        {one.key: about(one) for one in pack.options},
        {one.id: (one.title, one.title_en) for one in _extras(pack)},
        {one.id: (one.zh, one.en) for one in (pack.archive.documents if pack.archive else ())},
        tuple(offs_of(pack, choices)),
        fined(pack, card, facts, choices),
        pack.form,
        percents_of(pack),
        {one.name: one.name_en for one in pack.scoring.grades},
        pack.scoring.weights,
        {one.title: one.title_en for one in _terms(pack)},
        frozenset(one.id for one in pack.scoring.lines if kinds_in(one) & BY_LOOKING),
    )


def about(one: Option) -> tuple[str, str, str]:
    """Clause and meaning of an option in both languages."""
    return f"{one.clause} {one.page}".strip(), one.zh, one.en


def _terms(pack: Pack) -> Iterator[Term]:
    return (one for line in pack.scoring.lines if line.deduct is not None for one in line.deduct.terms)


def _extras(pack: Pack) -> tuple[Extra, ...]:
    rate = pack.scoring.money.rate
    return () if rate is None else rate.extras
