"""Parts of the end-of-term sheet (LH-23): what was operated on how many days of the term, and when not."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from collector.documents.matter import Matter
from collector.documents.numbers import percent
from collector.documents.parts import table
from collector.documents.tables import Column, Kind, Table
from collector.judging.term import (
    OPERATED,
    OUT_OF_SCOPE,
    OUT_OF_SERVICE,
    STATES,
    UNSEEN,
    Stretch,
    TermLine,
)
from collector.words.document import doc

_MANY = 3  # stretches that nobody saw of one thing, of which each has a row of a document
SUMS = (
    Column("j_t_kind"),
    Column("j_t_thing"),
    Column("j_t_owner"),
    Column("j_t_all", Kind.NUMBER),
    *(Column(f"j_t_{state}", Kind.NUMBER) for state in STATES),
    Column("j_t_share", Kind.NUMBER),
)
SPANS = (
    Column("j_t_kind"),
    Column("j_t_thing"),
    Column("j_state", Kind.STATE),
    Column("j_t_first"),
    Column("j_t_last"),
    Column("j_t_days", Kind.NUMBER),
    Column("j_evidence"),
)


def sums(lines: Sequence[TermLine], lang: str, *, whole: bool = False) -> Table:
    """A row for each system and asset: its days by state, and the share that it was not operated."""
    return table("term-sums", SUMS, [_sum(one, lang) for one in lines], lang, whole=whole)


def _sum(one: TermLine, lang: str) -> tuple[object, ...]:
    days = [one.days(state) for state in STATES]
    whole, out = sum(days), one.days(OUT_OF_SERVICE) + one.days(OUT_OF_SCOPE)
    return (
        doc(f"doc.term.{one.kind}", lang),
        _called(one),
        one.owner or doc("doc.term.no_owner", lang),
        whole,
        *days,
        percent(Fraction(100 * out, whole)) if whole else "–",
    )


def spans(lines: Sequence[TermLine], lang: str, *, whole: bool = False) -> Table:
    """A row for each stretch that was not operated, or that nobody saw, with what says so.

    Of a thing that is looked at now and then a document has one row for all that nobody saw; pages show the
    `whole`.
    """
    rows = [row for one in lines for row in _rows(one, lang, whole=whole)]
    made = table("term-spans", SPANS, rows, lang, whole=whole)
    # Of no day it cannot be said that each was looked at.
    seen = any(one.stretches for one in lines)
    return made if seen else replace(made, empty=doc("doc.none.term-sums", lang))


def _rows(one: TermLine, lang: str, *, whole: bool) -> Iterator[tuple[object, ...]]:
    unseen = [held for held in one.stretches if held.state == UNSEEN]
    together = not whole and len(unseen) > _MANY
    if together:
        longest = max(unseen, key=lambda held: held.days)
        first, last = _ends(longest)
        said = doc("doc.term.nobody.of", lang, n=len(unseen), days=longest.days, first=first, last=last)
        named = _ends(unseen[0])[0], _ends(unseen[-1])[1]
        yield *_head(one, UNSEEN, lang), *named, one.days(UNSEEN), said
    for held in one.stretches:
        if held.state != OPERATED and not (together and held.state == UNSEEN):
            said = doc("doc.term.nobody", lang) if held.entry is None else f"#{held.entry} ({held.grade})"
            yield *_head(one, held.state, lang), *_ends(held), held.days, said


def _head(one: TermLine, state: str, lang: str) -> tuple[str, str, str]:
    return doc(f"doc.term.{one.kind}", lang), _called(one), f"j_t_{state}"


def _ends(held: Stretch) -> tuple[str, str]:
    """First and last day."""
    return str(held.first), str(held.end - timedelta(days=1))


def _called(one: TermLine) -> str:
    return one.id if one.name == one.id else f"{one.name} ({one.id})"


def term_sums(material: Matter, lang: str) -> Iterator[Table]:
    """Days by state."""
    yield sums(material.term, lang)


def term_spans(material: Matter, lang: str) -> Iterator[Table]:
    """When it was not operated."""
    yield spans(material.term, lang)
