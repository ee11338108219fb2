"""Parts of judging's documents about obligations, the archive, and the tool itself."""

from collections.abc import Iterator, Sequence

from checks.wire.numbers import EntryKind
from collector.documents.archive_view import ArchiveWords
from collector.documents.matter import Matter
from collector.documents.parts import table
from collector.documents.tables import Column, Kind, Table
from collector.inspection.cadence_model import State
from collector.inspection.obligations import ObligationLine
from collector.words import wording
from collector.words.document import doc_or
from collector.words.judging import text

LEDGER = (
    Column("j_obligation"),
    Column("j_what"),
    Column("j_clause"),
    Column("j_state", Kind.STATE),
    *(Column(f"j_n_{state.value}", Kind.NUMBER) for state in State),
    Column("j_until", Kind.WHEN),
    Column("j_evidence"),
)


def ledger_row(one: ObligationLine, lang: str) -> tuple[object, ...]:
    """An obligation with its counts."""
    return (
        one.obligation.id,
        one.obligation.zh if lang == "zh" else one.obligation.en,
        one.obligation.clause,
        f"j_o_{one.standing.value}",
        *(one.counts.get(state.value, 0) for state in State),
        one.act_by_ms,
        _some(one.entries, lang),
    )


def ledger(material: Matter, lang: str) -> Iterator[Table]:
    """Obligations of the period: how many were due, done, late, missed, excused, not proven."""
    rows = [ledger_row(one, lang) for one in material.found.ledger or () if one.rows]
    yield table("ledger", LEDGER, rows, lang)


def _some(entries: Sequence[int], lang: str) -> str:
    places = list(dict.fromkeys(entries))
    more = text("judging.more", lang, n=len(places) - 3) if len(places) > 3 else ""
    return (text("judging.part", lang).join(f"#{idx}" for idx in places[:3]) or "–") + more


def archive(material: Matter, lang: str) -> Iterator[Table]:
    """Documents on file and missing."""
    if material.found.archive is None:
        return
    words = ArchiveWords(material.found.archive, material.names, lang, short=True)
    yield words.sums(material.found.archive.places, "archive")
    made = words.filings()
    yield table("archive-files", made.columns, made.rows, lang, made.title)


def usage(material: Matter, lang: str) -> Iterator[Table]:
    """The tool's own log: what people did with it (PD-29)."""
    columns = (
        Column("j_event"),
        Column("j_account"),
        Column("j_times", Kind.NUMBER),
        Column("j_last", Kind.WHEN),
        Column("j_evidence"),
    )
    made: dict[tuple[str, str], list[int]] = {}
    for act in material.acts():
        who = str(act.header.get("account") or act.header.get("by") or "–")
        kept = made.setdefault((str(act.header.get("event", "–")), who), [0, 0, 0])
        kept[0], kept[1], kept[2] = kept[0] + 1, act.received, act.idx
    rows = [
        (doc_or(f"doc.usage.{event}", event, lang), who, *kept[:2], f"#{kept[2]}")
        for (event, who), kept in sorted(made.items())
    ]
    yield table("usage", columns, rows, lang)


def log(material: Matter, lang: str) -> Iterator[Table]:
    """What the log took in during the period, by kind (the tool's self-assessment)."""
    columns = (Column("j_kind"), Column("j_count", Kind.NUMBER), Column("j_first"), Column("j_last"))
    rows = [
        (wording.kind(EntryKind(kind).name.lower(), lang), len(found), f"#{min(found)}", f"#{max(found)}")
        for kind, found in sorted(material.taken().items())
    ]
    yield table("log", columns, rows, lang)
