"""Parts of judging's documents: each a table made from evidence, by name."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from fractions import Fraction

from checks.recurrence import zone
from collector.backups.ledger import Problem as Fault
from collector.documents import scorecard_tables
from collector.documents.judging_view import Words, state_of
from collector.documents.matter import Looked, Matter, Problem, Span
from collector.documents.numbers import points
from collector.documents.tables import Column, Kind, Table, at
from collector.inspection.due import when_of
from collector.words import wording
from collector.words.document import doc, doc_or
from collector.words.judging import text, word

MOST = 1000
# Where all rows of a part can be seen and saved.
_PAGES = {
    "lines": "/scorecard",
    "term-sums": "/term",
    "term-spans": "/term",
    "rounds": "/rounds",
    "missing": "/rounds",
    "problems": "/today",
    "devices": "/assets",
    "availability": "/systems",
    "backups": "/backups",
    "scans": "/scans",
    "faults": "/faults",
    "vulnerabilities": "/faults",
    "findings": "/findings",
    "ledger": "/obligations",
    "archive-files": "/archive",
}


def table(
    name: str,
    columns: tuple[Column, ...],
    rows: Sequence[Sequence[object]],
    lang: str,
    title: str = "",
    *,
    whole: bool = False,
) -> Table:
    """A part as a table; of a very long one (but for pages, which show the `whole`) the first rows, and how
    many are left out."""
    shown = list(rows if whole else rows[:MOST])
    if len(rows) > len(shown):
        left = doc("doc.left_out", lang, n=len(rows) - MOST, where=_PAGES.get(name, "/evidence"))
        shown.append((left, *(None for _ in columns[1:])))
    head = title or doc(f"doc.part.{name}", lang)
    return Table(f"doc-{name}", head, columns, shown, doc(f"doc.none.{name}", lang))


def clock(ms: int | None, material: Matter, form: str = "%Y-%m-%d %H:%M") -> str:
    """An instant in the estate's zone; a dash where there is none."""
    return "–" if ms is None else datetime.fromtimestamp(ms / 1000, zone(material.timezone)).strftime(form)


# -- the scorecard, in the form of its contract


def _words(material: Matter, lang: str) -> Words | None:
    judged = material.found.judged
    return None if judged is None else Words(judged, lang)


def form(material: Matter, lang: str) -> Iterator[Table]:
    """Every line where the contract's form has it, by unit where it is scored by unit, with its sums."""
    words = _words(material, lang)
    if words is not None:
        yield from scorecard_tables.form(words)


def money(material: Matter, lang: str) -> Iterator[Table]:
    """The settlement, other readings, options."""
    words = _words(material, lang)
    if words is not None:
        yield from scorecard_tables.money(words)


def todo(material: Matter, lang: str) -> Iterator[Table]:
    """What is not proven."""
    words = _words(material, lang)
    if words is not None:
        yield from scorecard_tables.todo(words)


def lines(material: Matter, lang: str) -> Iterator[Table]:
    """The lines in short, for reports that are about something else."""
    words = _words(material, lang)
    if words is None:
        return
    columns = (
        Column("j_unit"),
        Column("j_line"),
        Column("j_full", Kind.NUMBER),
        Column("j_points", Kind.NUMBER),
        Column("j_state", Kind.STATE),
    )
    rows = [
        (
            words.place(one.unit, None),
            words.line_name(one),
            points(one.full) if one.full else "–",
            words.points_of(one),
            state_of(one),
        )
        for one in words.judged.card.lines
    ]
    yield table("lines", columns, rows, lang)


# -- inspections


def rounds(material: Matter, lang: str) -> Iterator[Table]:
    """Windows of rounds with their records."""
    columns = (
        Column("j_round"),
        Column("j_from", Kind.WHEN),
        Column("j_state", Kind.STATE),
        Column("j_counts"),
        Column("j_problems", Kind.NUMBER),
        Column("j_evidence"),
    )
    rows = [
        (
            material.window(one.round, one.window.id),
            one.window.from_ms,
            one.state,
            f"{one.due} / {one.done} / {one.missed}",
            one.record.problems if one.record else None,
            at(one.record.idx, None, "") if one.record else "–",
        )
        for one in material.occasions
    ]
    yield table("rounds", columns, rows, lang)


def problems(material: Matter, lang: str) -> Iterator[Table]:
    """Readings that were not good, each once."""
    columns = (
        Column("j_state", Kind.STATE),
        Column("j_place"),
        Column("j_check"),
        Column("j_value"),
        Column("j_reason"),
        Column("j_times", Kind.NUMBER),
        Column("j_first"),
        Column("j_last"),
        Column("j_evidence"),
    )
    yield table("problems", columns, [_problem(material, one, lang) for one in material.problems], lang)


def _problem(material: Matter, one: Problem, lang: str) -> tuple[object, ...]:
    value = one.reading.value
    return (
        one.state,
        material.names.get(one.target, one.target),
        wording.looked_at(one.check, one.reading.name, lang),
        "–" if value is None else wording.decimals(value) + _unit(one.reading.unit),
        wording.reason(one.reading.reason, lang) if one.reading.reason else "–",
        one.times,
        when_of(one.first),
        when_of(one.last),
        at(one.entry, one.line, ""),
    )


def _unit(code: str) -> str:
    return {"percent": " %", "celsius": " °C", "ms": " ms"}.get(code, "")


def missing(material: Matter, lang: str) -> Iterator[Table]:
    """What was due and not inspected."""
    columns = (
        Column("j_place"),
        Column("j_check"),
        Column("j_reason"),
        Column("j_times", Kind.NUMBER),
        Column("j_last"),
    )
    made: dict[tuple[str, str, str], tuple[int, str]] = {}
    for _, record in material.records:
        for one in record.not_inspected:
            why = (
                wording.reason(one.error, lang)
                if one.error
                else doc_or(f"doc.why.{one.reason}", one.reason, lang)
            )
            key = material.names.get(one.target, one.target), wording.check(one.check, lang), why
            made[key] = made.get(key, (0, ""))[0] + 1, when_of(record.window.id)
    rows = [(*key, *value) for key, value in sorted(made.items(), key=lambda pair: (-pair[1][0], pair[0]))]
    yield table("missing", columns, rows, lang)


def devices(material: Matter, lang: str) -> Iterator[Table]:
    """Each asset: how often looked at, with what outcome."""
    columns = (
        Column("j_asset"),
        Column("j_kind"),
        Column("j_system"),
        Column("j_looks", Kind.NUMBER),
        Column("j_bad"),
        Column("j_evidence"),
    )
    found = {one.asset: one for one in material.looked}
    rows = [
        (
            f"{one.id} {one.name}".strip(),
            wording.kind(one.kind, lang),
            material.called(one.system, lang) if one.system else "–",
            *_looked(found.get(one.id), lang),
        )
        for one in material.devices
    ]
    yield table("devices", columns, rows, lang)


def _looked(one: Looked | None, lang: str) -> tuple[object, ...]:
    if one is None:
        return 0, doc("doc.not_measured", lang), "–"
    shown = text("judging.part", lang).join(f"#{idx}" for idx in one.entries[-3:])
    more = text("judging.more", lang, n=len(one.entries) - 3) if len(one.entries) > 3 else ""
    return one.looks, f"{one.crit} / {one.warn} / {one.unknown}", shown + more


# -- services, capacity, backups, scans


def availability(material: Matter, lang: str) -> Iterator[Table]:
    """Each system's figure: what is provable, what is claimable, how far evidence carries it."""
    columns = (
        Column("j_system"),
        Column("j_target"),
        Column("j_known", Kind.SHARE),
        Column("j_claimable", Kind.SHARE),
        Column("j_coverage", Kind.SHARE),
        Column("j_down", Kind.SPAN),
        Column("j_degraded", Kind.SPAN),
        Column("j_times", Kind.NUMBER),
        Column("j_evidence"),
    )
    rows: list[tuple[object, ...]] = []
    for _, name, made, why in material.services:
        if made is None:
            reason = doc_or(f"doc.why.{why}", doc("doc.not_measured", lang), lang)
            rows.append((name, reason, *(None for _ in columns[2:])))
            continue
        promise = "–" if made.target is None else f"{wording.decimals(made.target * 100, 6)} %"
        counts = made.low, made.score, made.coverage, made.down, made.degraded, made.faults
        ends = made.ends
        rows.append((name, promise, *counts, f"#{min(ends)} … #{max(ends)}" if ends else "–"))
    yield table("availability", columns, rows, lang)


def capacity(material: Matter, lang: str) -> Iterator[Table]:
    """What can be full, the fullest first."""
    columns = (Column("j_asset"), Column("j_place"), Column("j_used"), Column("j_days_full"))
    rows = []
    for one in material.capacity:
        newest = one.values[-1]
        share = Fraction(newest.used, newest.total) if newest.total else None
        days = "–" if one.outlook.days is None else doc("doc.days", lang, n=one.outlook.days)
        if one.outlook.days is None:
            days = doc_or(f"doc.outlook.{one.outlook.outlook}", str(one.outlook.outlook), lang)
        used = newest.used * 1000 // newest.total if newest.total else 0
        rows.append(
            (
                -used,
                (
                    material.device(one.asset),
                    one.name,
                    "–" if share is None else f"{wording.decimals(share * 100, 1)} %",
                    days,
                ),
            )
        )
    yield table("capacity", columns, [row for _, row in sorted(rows, key=lambda pair: pair[0])], lang)


def backups(material: Matter, lang: str) -> Iterator[Table]:
    """Each promised backup: slots and problems of the period, drills."""
    columns = (Column("j_place"), Column("j_slots"), Column("j_drills"), Column("j_amiss"))
    rows = []
    span, ledger = material.span, material.backups
    for one in ledger.objects if ledger is not None else ():
        days = [slot for slot in one.slots if span.from_ms <= slot.closes_ms < span.to_ms]
        states = Counter(str(slot.state) for slot in days)
        good = sum(slot.good is True for slot in days)
        slots = f"{len(days)} / {good} / {states['late']} / {states['missed']}"
        drills = [due for due in one.drills if str(due.state) == "done"]
        rows.append((one.name, slots, f"{len(drills)} / {len(one.drills)}", _amiss(one.problems, span, lang)))
    yield table("backups", columns, rows, lang)


# What is wrong with a slot is of the period it was due in; that it never came does not end.
_OF_SLOTS = ("missing", "late")


def _amiss(problems: Sequence[Fault], span: Span, lang: str) -> str:
    """What was wrong in a period, each reason once with how often."""
    found = Counter(
        one.reason
        for one in problems
        if one.first_provable_ms < span.to_ms
        and (one.until_ms is None or one.until_ms > span.from_ms)
        and (one.first_provable_ms >= span.from_ms or one.reason not in _OF_SLOTS)
    )
    said = (
        wording.reason(reason, lang) + (f" ×{count}" if count > 1 else "")
        for reason, count in sorted(found.items())
    )
    return text("judging.join", lang).join(said) or "–"


def scans(material: Matter, lang: str) -> Iterator[Table]:
    """Imported scans with the findings they leave open."""
    columns = (
        Column("j_tool"),
        Column("j_filed", Kind.WHEN),
        Column("j_state", Kind.STATE),
        Column("j_left"),
        Column("j_evidence"),
    )
    rows = []
    for logged in material.scans:
        lives = (one for one in logged.lives if str(one.state) in ("open", "reopened"))
        open_ = Counter(str(one.finding.severity) for one in lives)
        counts = (
            text("judging.part", lang).join(f"{word('word', key, lang)} {n}" for key, n in open_.items())
            or "0"
        )
        rows.append((logged.series, logged.received, logged.verdict, counts, f"#{logged.idx}"))
    yield table("scans", columns, rows, lang)
