"""What a document of judging says: a description for each kind, its parts and its overview.

Standard library only: the verifier makes them anew.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from checks.recurrence import zone
from collector.documents import (
    parts,
    parts_duties,
    parts_faults,
    parts_measures,
    parts_plans,
    parts_term,
    parts_trend,
)
from collector.documents.form_view import FormWords, form_of
from collector.documents.judging_view import Words, last
from collector.documents.matter import Matter, cell
from collector.documents.numbers import points, spanned, yuan
from collector.documents.scorecard_tables import HANDS, hands
from collector.documents.tables import EmptyRecordError, Table
from collector.words.document import doc, numbered

WORDED = 8
"""From this version of documents on whoever verifies makes their words anew with their numbers."""

PARTS: Mapping[str, Callable[[Matter, str], Iterator[Table]]] = {
    "form": parts.form,
    "money": parts.money,
    "todo": parts.todo,
    "lines": parts.lines,
    "rounds": parts.rounds,
    "problems": parts.problems,
    "missing": parts.missing,
    "devices": parts.devices,
    "availability": parts.availability,
    "capacity": parts.capacity,
    "backups": parts.backups,
    "scans": parts.scans,
    "ledger": parts_duties.ledger,
    "archive": parts_duties.archive,
    "usage": parts_duties.usage,
    "log": parts_duties.log,
    "faults": parts_faults.faults,
    "fault-sum": parts_faults.fault_sum,
    "nine": parts_faults.nine,
    "timeline": parts_faults.timeline,
    "clocks": parts_faults.clocks,
    "vulnerabilities": parts_faults.vulnerabilities,
    "findings": parts_faults.findings,
    "measures": parts_measures.measures,
    "sheet": parts_measures.sheet,
    "actions": parts_plans.actions,
    "statistics": parts_plans.statistics,
    "survey": parts_plans.survey,
    "term-sums": parts_term.term_sums,
    "term-spans": parts_term.term_spans,
    "summary": parts_trend.summary,
    "months": parts_trend.months,
}
"""What documents are put together from, by name: tables of what is known, in a language (zh, en)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A document: its parts in order, what people fill in, who signs. `subject`: what it is about (a fault).

    `judged`: it is nothing without a scorecard. `proves`: parts of which one must hold something. `special`:
    of special rounds alone.
    """

    id: str
    parts: tuple[str, ...]
    hands: tuple[str, ...] = ()
    signers: tuple[str, ...] = ("author", "manager", "buyer")
    subject: str = ""
    judged: bool = False
    proves: tuple[str, ...] = ()
    special: bool = False


_INSPECTED = ("rounds", "problems", "missing", "devices")
_RUNNING = ("availability", "capacity", "backups", "scans")
_KINDS = (
    Kind(
        "scorecard",
        ("form", "money", "todo"),
        HANDS,
        ("vendor", "unit", "assessor"),
        judged=True,
    ),
    Kind(
        "fault",
        ("nine", "clocks", "timeline"),
        ("impact", "solution", "prevention"),
        subject="fault",
        proves=("nine",),
    ),
    Kind(
        "major-fault",
        ("nine", "clocks", "timeline"),
        ("impact", "analysis", "solution", "plan", "prevention"),
        ("author", "manager", "assessor"),
        subject="fault",
        proves=("nine",),
    ),
    Kind(
        "monthly-inspection",
        ("summary", *_INSPECTED, "findings", *_RUNNING, "faults", "months"),
        ("cleaning", "conclusion", "advice"),
        proves=_INSPECTED[:1],
    ),
    Kind(
        "special-inspection",
        ("summary", *_INSPECTED, "availability", "capacity"),
        ("occasion", "duty", "cleaning", "conclusion"),
        proves=_INSPECTED[:1],
        special=True,
    ),
    Kind(
        "defects",
        ("findings", "problems", "vulnerabilities", "fault-sum", "capacity", "actions"),
        ("analysis", "plan", "due"),
        proves=("findings", "problems", "vulnerabilities", "capacity"),
    ),
    Kind(
        "quarterly-operation",
        (
            "summary",
            "months",
            *_RUNNING,
            "measures",
            "fault-sum",
            "faults",
            "findings",
            "vulnerabilities",
            "ledger",
        ),
        ("analysis", "advice"),
        proves=("availability", "backups", "scans"),
    ),
    Kind(
        "performance",
        ("measures", "capacity", "problems", "availability", "devices"),
        ("analysis", "tuning", "advice"),
        proves=("measures", "capacity", "problems", "availability"),
    ),
    Kind(
        "rectification",
        ("actions", "findings", "vulnerabilities", "problems", "faults", "lines"),
        ("risk", "plan", "due", "advice"),
        proves=("findings", "vulnerabilities", "problems", "faults"),
    ),
    Kind(
        "device-year",
        ("sheet", "problems", "capacity", "months"),
        ("forecast", "advice"),
        proves=("sheet",),
    ),
    Kind(
        "service-year",
        ("summary", "months", "lines", "ledger", *_RUNNING, "fault-sum", "faults", "findings", "archive"),
        ("training", "security", "conclusion", "advice"),
        ("author", "manager", "assessor"),
        proves=("availability", "ledger", "backups", "archive"),
    ),
    Kind("fault-statistics", ("fault-sum", "faults"), ("analysis",), proves=("faults",)),
    Kind("tool-usage", ("usage", "log"), ("conclusion",), proves=("usage", "log")),
    Kind(
        "self-assessment",
        (
            "summary",
            "lines",
            "ledger",
            "availability",
            "statistics",
            "fault-sum",
            "findings",
            "vulnerabilities",
            "log",
            "usage",
        ),
        ("change", "conclusion", "plan"),
        proves=("lines", "ledger", "log"),
    ),
    Kind(
        "term",
        ("term-sums", "term-spans"),
        ("cause", "objection", "answer"),
        ("vendor", "manager", "assessor"),
        proves=("term-sums",),
    ),
    Kind("satisfaction", ("survey",), ("advice",), ("unit", "assessor"), proves=("survey",)),
)
KINDS = {one.id: one for one in _KINDS}


class NoDocumentError(LookupError):
    """There is no such document; `code` says why: unknown_kind, no_scorecard, no_such_fault."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Draft:
    """What a document says, before it is logged."""

    kind: Kind
    title: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    signers: tuple[str, ...] = ()


def draft(kind_id: str, material: Matter, lang: str) -> Draft:
    """The parts of a document. NoDocumentError; EmptyRecordError where evidence fills none of them."""
    kind = KINDS.get(kind_id)
    if kind is None:
        raise NoDocumentError("unknown_kind", f"{kind_id!r} is none of {', '.join(KINDS)}")
    if kind.judged and material.found.judged is None:
        raise NoDocumentError("no_scorecard", "no contract pack of the estate in force scores this period")
    if kind.subject == "fault" and material.fault is None:
        told = f"no fault {material.subject!r} is known" if material.subject else "name one: --fault ID"
        raise NoDocumentError("no_such_fault", told)
    material = material.of_special() if kind.special else material
    made = [(name, table) for name in kind.parts for table in PARTS[name](material, lang)]
    filled = {name for name, table in made if table.rows}
    if (kind.proves and not filled & set(kind.proves)) or (kind.judged and "form" not in filled):
        raise EmptyRecordError(f"{material.span.name}: there is no evidence to fill this document with")
    tables = [table for _, table in made] + ([hands(kind.hands, lang)] if kind.hands else [])
    titled = [replace(one, title=numbered(n, one.title, lang)) for n, one in enumerate(tables, 2)]
    signers = form.terms.signers if (form := _form(kind, material, lang)) is not None else kind.signers
    title = form.title() if form is not None else doc(f"doc.title.{kind.id}", lang)
    return Draft(kind, title, tuple(facts(kind, material, lang)), tuple(titled), signers)


def _form(kind: Kind, material: Matter, lang: str) -> FormWords | None:
    """The contract's own form, for the document that is one."""
    judged = material.found.judged
    return form_of(Words(judged, lang)) if kind.judged and judged is not None else None


def _clock(ms: int, material: Matter) -> str:
    return datetime.fromtimestamp(ms / 1000, zone(material.timezone)).strftime("%Y-%m-%d %H:%M:%S")


def period_words(name: str, lang: str) -> str:
    """A period's name in words: `cycle-1`, `year-1`; any other as it is."""
    word, _, number = name.rpartition("-")
    known = word in ("cycle", "year") and number.isdigit()
    return doc(f"doc.period.{word}", lang, n=number) if known else name


def _days(material: Matter, lang: str) -> str:
    """First and last day where the period is of whole days, else both instants."""
    at = material.span
    begin, end = (datetime.fromtimestamp(ms / 1000, zone(material.timezone)) for ms in (at.from_ms, at.to_ms))
    if begin.time() != time.min or end.time() != time.min:
        return f"{_clock(at.from_ms, material)} – {_clock(at.to_ms, material)}"
    last = end - timedelta(days=1)
    return doc("doc.days_of", lang, first=f"{begin:%Y-%m-%d}", last=f"{last:%Y-%m-%d}", n=(end - begin).days)


def facts(kind: Kind, material: Matter, lang: str) -> Iterator[tuple[str, str]]:
    at = material.span
    said = {"period": period_words(at.name, lang)}
    if project := material.project(lang):
        said["project"] = project
    said |= {"days": _days(material, lang)}
    if "term-sums" in kind.parts:
        said["term"] = str(cell(lambda: _listed(material, lang)))
    said["asof"] = _clock(at.as_of_ms, material)
    if kind.subject:
        said["subject"] = material.subject
        said["draft"] = doc("doc.draft", lang)
    if kind.judged:
        said |= _scored(material, lang)
    elif "rounds" in kind.parts:
        said["rounds"] = str(cell(lambda: f"{len(material.records)} / {len(material.occasions)}"))
        said["problems"] = str(len(material.problems))
    for key, value in said.items():
        yield doc(f"doc.fact.{key}", lang), value


def _listed(material: Matter, lang: str) -> str:
    """First and last day of the term that are listed."""
    days = [part for one in material.term for part in one.stretches]
    first, end = min(one.first for one in days), max(one.end for one in days)
    return doc("doc.days_of", lang, first=first, last=end - timedelta(days=1), n=(end - first).days)


def _scored(material: Matter, lang: str) -> dict[str, str]:
    judged = material.found.judged
    if judged is None:
        return {}
    card = judged.card
    words = Words(judged, lang)
    total = points(card.total) if card.total is not None else words.range_of(card.low, card.high)
    mark = "" if card.total is not None else f" ({doc('doc.not_proven', lang)})"
    paid = last(card.money)
    amount = "–"
    if paid is not None:
        low_high = spanned(paid.low, paid.high, lang)
        amount = f"{words.step(paid.id)} {yuan(paid.yuan) if paid.yuan is not None else low_high}"
    seal = material.found.seal
    sealed = (
        ""
        if seal is None
        else doc("doc.sealed" if not seal[1] else "doc.amended", lang, entry=seal[0], n=seal[1])
    )
    return {
        "scheme": f"{card.pack} ({card.pack_digest[:16]})",
        "status": sealed or doc("doc.provisional", lang),
        "total": total + mark,
        "grade": words.grade(card.grade) or doc("doc.not_proven", lang),
        "payable": amount,
        "veto": "; ".join(card.vetoes) or doc("doc.none", lang),
    }
