"""An inspection record as headings, facts and tables: what pages, docx, xlsx and pdf all show."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Protocol

from checks.api import Reading, State, Unit
from checks.recurrence import zone as named_zone
from collector.documents.tables import Column, EmptyRecordError, Kind, Table, at
from collector.inspection import record as records
from collector.inspection.due import when_of
from collector.inspection.human import NOT_DONE, PREFIX
from collector.inspection.limits import Limit
from collector.inspection.record import ItemReading, MachineItem, Missing, Place, ProblemItem, Record
from collector.reports.human_view import Human, named
from collector.reports.record_beside import NOTHING, Beside
from collector.words import limits, wording
from collector.words.record import text

_PROBLEMS = (
    Column("state", Kind.STATE),
    Column("target"),
    Column("check"),
    Column("reading"),
    Column("value"),
    Column("reason"),
    Column("first_seen"),
    Column("evidence"),
)
_CARRIED = (
    Column("target"),
    Column("check"),
    Column("reading"),
    Column("was", Kind.STATE),
    Column("became"),
    Column("first_seen"),
)
_MISSING = (Column("target"), Column("check"), Column("agent"), Column("why"), Column("evidence"))
_ITEMS = (
    Column("target"),
    Column("check"),
    Column("state", Kind.STATE),
    Column("readings"),
    Column("when", Kind.WHEN),
    Column("timely"),
    Column("judged"),
    Column("evidence"),
)
_FINDINGS = (Column("target"), Column("check"), Column("judged"), Column("detail"), Column("evidence"))
_READINGS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Source:
    """Where the record stands: which log, which entry, reached at which address."""

    origin: str
    vkey: str
    url: str
    entry: int
    digest: str
    kind: str = "week"


class Paper(Protocol):
    """What a document is made of: a record in words of one language."""

    @property
    def lang(self) -> str:
        """zh or en."""

    @property
    def zone(self) -> tzinfo:
        """Zone of its instants."""

    @property
    def title(self) -> str:
        """What it is."""

    @property
    def overview_title(self) -> str:
        """Heading of its facts."""

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Label and value; the first names it on every page."""

    @property
    def tables(self) -> tuple[Table, ...]:
        """All parts in their order."""

    @property
    def proof_title(self) -> str:
        """Heading of its evidence."""

    @property
    def proof(self) -> tuple[tuple[str, str], ...]:
        """Label and value."""

    @property
    def qr(self) -> str:
        """Where its entry stands."""

    @property
    def signers(self) -> tuple[str, ...]:
        """Who signs it."""

    @property
    def wide(self) -> bool:
        """Whether its pages lie on their side, and its instants name the year."""


SIGNERS = ("inspector", "reviewer", "buyer")


@dataclass(frozen=True, slots=True)
class DocumentPaper:
    """A document, or the record of backups, in words of one language: a `Paper`."""

    lang: str
    zone: tzinfo
    title: str
    overview_title: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    proof_title: str
    proof: tuple[tuple[str, str], ...]
    qr: str
    signers: tuple[str, ...] = SIGNERS
    wide: bool = True


@dataclass(frozen=True, slots=True)
class View:
    """The record in words of one language."""

    lang: str
    zone: tzinfo
    title: str
    facts: tuple[tuple[str, str], ...]
    problems: Table
    unclear: Table
    carried: Table
    missing: Table
    items: Table
    findings: Table
    human: Table
    people: tuple[Table, ...]
    proof: tuple[tuple[str, str], ...]
    qr: str
    signers: tuple[str, ...] = SIGNERS
    wide: bool = False

    @property
    def overview_title(self) -> str:
        """Heading of its facts."""
        return text("record.overview", self.lang)

    @property
    def proof_title(self) -> str:
        """Heading of its evidence."""
        return text("record.proof", self.lang)

    @property
    def tables(self) -> tuple[Table, ...]:
        """All parts in their order; `people`: what else there is of theirs, only where there is any."""
        return (
            self.problems,
            self.unclear,
            self.carried,
            self.missing,
            self.items,
            self.findings,
            self.human,
            *self.people,
        )


def view(
    record: Record, source: Source | None, lang: str, evidence_url: str = "", beside: Beside = NOTHING
) -> View:
    """The record in words; no `source`: it is not closed. EmptyRecordError if it holds nothing."""
    if not record.overview.due or not (record.items or record.not_inspected or record.human.items):
        raise EmptyRecordError(f"{record.window.id}: nothing was due, so there is nothing to record")
    # Before its last hour has passed nothing is missed, and what is not closed concludes nothing.
    running = source is None and record.closed_ms < record.window.until_ms
    human = Human(record.human, lang, lambda entry, line: at(entry, line, evidence_url), beside.names)
    words = _Words(lang, evidence_url, "open" if running else "none", human, beside)
    zone = named_zone(record.timezone)
    return View(
        lang=lang,
        zone=zone,
        title=text(f"record.title.{source.kind if source else 'week'}", lang),
        facts=tuple(_facts(record, zone, lang, closed=source is not None, running=running)) + human.facts(),
        problems=words.table("problems", _PROBLEMS, map(words.problem, record.problems)),
        unclear=words.table("unclear", _PROBLEMS, map(words.problem, record.unclear)),
        carried=words.table("carried", _CARRIED, map(words.carried, record.carried_over)),
        missing=words.table("missing", _MISSING, map(words.missing, record.not_inspected)),
        items=words.table("items", _ITEMS, map(words.item, record.items)),
        findings=words.table("findings", _FINDINGS, map(words.finding, record.findings)),
        human=human.table(),
        people=tuple(human.more()),
        proof=tuple(_proof(record, source, lang)),
        qr="" if source is None else f"{source.url}/evidence/{source.entry}?digest={source.digest}",
    )


def _clock(ms: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(ms / 1000, zone).strftime("%Y-%m-%d %H:%M")


def _facts(
    record: Record, zone: tzinfo, lang: str, *, closed: bool, running: bool
) -> Iterator[tuple[str, str]]:
    counts = record.overview
    name = record.name if record.name not in ("", record.round) else ""
    span = f"{_clock(record.window.from_ms, zone)} – {_clock(record.window.to_ms, zone)}"
    states = {"ok": counts.ok, "warn": counts.warn, "unknown": counts.unknown, "crit": counts.crit}
    said = {
        "round": f"{name} {record.window.id}".strip(),
        "window": span,
        **({"closed": _clock(record.closed_ms, zone)} if closed else {}),
        "due": str(counts.due),
        "done": str(counts.done),
        "late": str(counts.late),
        "outstanding" if running else "missed": str(counts.missed),
        "errors": str(counts.errors),
        "states": text("record.fact.states.of", lang, **states),
        "problems": text("record.fact.problems.of", lang, **_bad(record)),
    }
    for key, value in said.items():
        yield text(f"record.fact.{key}", lang), value


def _bad(record: Record) -> dict[str, int]:
    """Readings by state, as the lists of problems and of what is unclear have them."""
    found = [one.reading.state for one in (*record.problems, *record.unclear)]
    return {state: found.count(state) for state in ("warn", "crit", "unknown")}


def _proof(record: Record, source: Source | None, lang: str) -> Iterator[tuple[str, str]]:
    said = {"zone": record.timezone, "estate": record.estate}
    if source is not None:
        said = {
            "log": source.origin,
            "entry": f"#{source.entry}",
            "digest": source.digest,
            "previous": record.previous or "–",
            **said,
            "vkey": source.vkey,
        }
    method = text("record.fact.method.of", lang, version=record.v)
    said["method"] = method + (text("record.fact.method.human", lang) if record.human.items else "")
    for key, value in said.items():
        yield text(f"record.fact.{key}", lang), value


class _Words:
    """Rows in one language; evidence as links where pages want them."""

    def __init__(self, lang: str, evidence_url: str, mood: str, human: Human, beside: Beside) -> None:
        self.lang = lang
        self.human = human
        self.mood = mood  # "open": it still runs; "none": nothing more can come
        self.evidence_url = evidence_url
        self.beside = beside

    def table(self, part: str, columns: tuple[Column, ...], rows: Iterable[tuple[object, ...]]) -> Table:
        """One part of the record."""
        heading = "record.outstanding" if (part, self.mood) == ("missing", "open") else f"record.{part}"
        title, empty = text(heading, self.lang), text(f"record.{part}.{self.mood}", self.lang)
        return Table(f"record-{part}", title, columns, tuple(rows), empty)

    def check(self, check: str, target: str) -> str:
        """What was looked at: the title of a check, or what a checklist asks."""
        return self.human.title(check, target) or wording.check(check, self.lang)

    def target(self, target: str, asset: str | None = None) -> str:
        """What was looked at, with the asset's name."""
        return named(target, self.beside.names, asset)

    def place(self, place: Place | None) -> object:
        """Entry and line."""
        return None if place is None else at(place.entry, place.line, self.evidence_url)

    def problem(self, one: ProblemItem) -> tuple[object, ...]:
        """A reading that is not good."""
        reading = one.reading
        said = self.human.said(one.check, one.target)
        name, value, why = said or (
            wording.reading(reading.name, self.lang),
            self.value(reading),
            self.why(one) or None,
        )
        return (
            reading.state,
            self.target(one.target, one.asset),
            self.check(one.check, one.target),
            name,
            value,
            why,
            when_of(one.since),
            self.place(one.evidence),
        )

    def why(self, one: ProblemItem) -> str:
        """The reason that was signed, and the limit that was passed."""
        reading = one.reading
        limit = self.beside.limits.get((one.check, one.target, reading.name))
        unit = " %" if reading.unit == Unit.PERCENT else ""
        parts = [
            wording.reason(reading.reason, self.lang) if reading.reason else "",
            self.limit(one.check, limit, unit) if limit else "",
        ]
        return ("；" if self.lang == "zh" else "; ").join(filter(None, parts))

    def limit(self, check: str, limit: Limit, unit: str) -> str:
        """Which limit was passed, and what it limits."""
        of = limits.limit(check, limit.name, self.lang)
        return text("record.limit", self.lang, of=of, limit=f"{limit.sign} {limit.number}{unit}")

    def value(self, reading: ItemReading) -> str:
        """The number with its unit."""
        plain = Reading(reading.name, reading.value, Unit(reading.unit), State(reading.state))
        return wording.value(plain, self.lang)

    def carried(self, one: records.CarriedItem) -> tuple[object, ...]:
        """A problem of the record before."""
        by_person = one.check.startswith(PREFIX)
        name = text("record.human.seen", self.lang) if by_person else wording.reading(one.name, self.lang)
        waits = one.now == "not_inspected" and self.mood == "open"
        became = text("record.now.outstanding" if waits else f"record.now.{one.now}", self.lang)
        return (
            self.target(one.target),
            self.check(one.check, one.target),
            name,
            one.state,
            became,
            when_of(one.since),
        )

    def missing(self, one: Missing) -> tuple[object, ...]:
        """A look that gave no reading."""
        if one.error is not None:
            why = f"{wording.state('error', self.lang)}: {wording.reason(one.error, self.lang)}"
        elif self.mood == "open" and one.reason in ("missing", NOT_DONE):
            person = one.reason == NOT_DONE
            why = text("record.why.not_done.outstanding" if person else "record.why.outstanding", self.lang)
        else:
            why = text(f"record.why.{one.reason}", self.lang)
        who = one.agent or text("record.human.people", self.lang)
        return (
            self.target(one.target, one.asset),
            self.check(one.check, one.target),
            who,
            why,
            self.place(one.evidence),
        )

    def item(self, one: MachineItem) -> tuple[object, ...]:
        """One look with its worst readings first."""
        ranked = sorted(one.readings, key=lambda reading: -State(reading.state).rank)
        parts = [f"{wording.reading(r.name, self.lang)} {self.value(r)}" for r in ranked[:_READINGS_SHOWN]]
        more = [f"(+{len(ranked) - _READINGS_SHOWN})"] if len(ranked) > _READINGS_SHOWN else []
        return (
            self.target(one.target, one.asset),
            wording.check(one.check, self.lang),
            one.state,
            ("；" if self.lang == "zh" else "; ").join([*parts, *more]),
            one.t_ms,
            text("record.late" if one.late else "record.intime", self.lang),
            text(f"record.judged.{one.judged}", self.lang),
            self.place(one.evidence),
        )

    def finding(self, one: records.Finding) -> tuple[object, ...]:
        """A difference between then and now."""
        kind = text(f"record.judged.{one.kind}", self.lang)
        target = self.target(one.target)
        return target, wording.check(one.check, self.lang), kind, one.detail, self.place(one.evidence)
