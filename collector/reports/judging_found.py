"""From the store to what pages and documents of judging show."""

from sqlalchemy import Connection

from collector.jobs import scorecards
from collector.jobs.said import all_said
from collector.jobs.scorecards import Made
from collector.judging import judge
from collector.judging.units import units_of
from collector.packs.archive import Archive, Asked, archive
from collector.packs.model import Pack
from collector.reports.judging_prices import choices_of, english_of, fined, offs_of
from collector.reports.judging_view import Judged
from collector.scoring.model import PackPeriod, PeriodFacts, Scorecard
from collector.scoring.terms import Extra, Option


def judged_of(conn: Connection, made: Made) -> Judged:
    """A scorecard with the names of what it speaks of, by the pack that judged it."""
    card, facts = made.scorecard, made.facts
    return judged_by(judging_pack(conn, card.pack_digest, made.size), card, facts)


def judging_pack(conn: Connection, digest: str, size: int) -> Pack | None:
    """The pack of this digest, from the newest estate that names it."""
    for one in reversed(scorecards.applied(conn, size)):
        if one.terms.contract is not None and one.terms.contract.compiled:
            pack = judge.pack_of(one)
            if pack.digest == digest:
                return pack.pack
    return None


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
    )


def about(one: Option) -> tuple[str, str, str]:
    """Clause and meaning of an option in both languages."""
    return f"{one.clause} {one.page}".strip(), one.zh, one.en


def _extras(pack: Pack) -> tuple[Extra, ...]:
    rate = pack.scoring.money.rate
    return () if rate is None else rate.extras


def archive_of(conn: Connection, period: PackPeriod, as_of_ms: int) -> Archive | None:
    """The archive of a period as of an instant; None where the pack lists no documents."""
    held = scorecards.applied(conn, scorecards.size_at(conn, as_of_ms))
    chosen = judge.chosen(held, period.name, as_of_ms)
    terms = chosen.pack.pack.archive
    if terms is None:
        return None
    said = all_said(conn, as_of_ms)
    units = units_of(held, period, as_of_ms, said)
    asked = Asked(period, as_of_ms, judge.asked(chosen, as_of_ms).options)
    return archive(terms, asked, units, said)
