"""From the store to what pages and documents of judging show."""

from sqlalchemy import Connection

from collector.documents.judged import Judged
from collector.documents.scorecard_tables import about, judged_by
from collector.jobs.as_of import applied, applied_at
from collector.jobs.said import all_said
from collector.jobs.scorecards import Made
from collector.judging import judge
from collector.judging.units import units_of
from collector.packs.archive import Archive, ArchiveAsked, archive
from collector.packs.model import Pack
from collector.scoring.model import PackPeriod

__all__ = ["about", "archive_of", "judged_by", "judged_of", "judging_pack"]


def judged_of(conn: Connection, made: Made) -> Judged:
    """A scorecard with the names of what it speaks of, by the pack that judged it."""
    card, facts = made.scorecard, made.facts
    return judged_by(judging_pack(conn, card.pack_digest, made.size), card, facts)


def judging_pack(conn: Connection, digest: str, size: int) -> Pack | None:
    """The pack of this digest, from the newest estate that names it."""
    for one in reversed(applied(conn, size)):
        if one.terms.contract is not None and one.terms.contract.compiled:
            pack = judge.pack_of(one)
            if pack.digest == digest:
                return pack.pack
    return None


def archive_of(conn: Connection, period: PackPeriod, as_of_ms: int) -> Archive | None:
    """The archive of a period as of an instant; None where the pack lists no documents."""
    held = applied_at(conn, as_of_ms)
    chosen = judge.chosen(held, period.name, as_of_ms)
    terms = chosen.pack.pack.archive
    if terms is None:
        return None
    said = all_said(conn, as_of_ms)
    units = units_of(held, period, as_of_ms, said)
    asked = ArchiveAsked(period, as_of_ms, judge.asked(chosen, as_of_ms).options)
    return archive(terms, asked, units, said)
