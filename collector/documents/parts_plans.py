"""Parts of judging's documents for what is to be done: actions, statistics of service, satisfaction."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from collector.documents.matter import Matter
from collector.documents.parts import table
from collector.documents.parts_faults import references
from collector.documents.tables import Column, Kind, Table
from collector.faults.model import Clock, Finding, Stage, Vulnerability
from collector.packs.form_terms import Survey
from collector.statements.kind import ROWS
from collector.statements.model import Said
from collector.statements.standing import beside
from collector.words import wording
from collector.words.document import doc
from collector.words.judging import text, word

_DASH = "–"
_ANSWERS = ("satisfied", "mostly", "not_satisfied")  # as the pack's form has them, in its order
_ENDED = frozenset({Stage.FIXED, Stage.MITIGATED})


def actions(material: Matter, lang: str) -> Iterator[Table]:
    """What was still open at the end: each with its limit, its owner, and a blank for what will be done."""
    columns = (
        Column("j_number"),
        Column("j_problem"),
        Column("j_place"),
        Column("j_gravity"),
        Column("j_state", Kind.STATE),
        Column("j_opened", Kind.WHEN),
        Column("j_until", Kind.WHEN),
        Column("j_owner"),
        Column("j_measure_by_hand"),
        Column("j_evidence"),
    )
    found = material.found.faults
    open_: list[_Action] = []
    if found is not None:
        open_ += [_finding(material, one, lang) for one in found.findings if _open(material, one.closed_ms)]
        open_ += [_flaw(one, lang) for one in found.vulnerabilities if _open(material, one.ended_ms)]
    end = min(material.span.to_ms, material.span.as_of_ms + 1)
    mine = sorted((one for one in open_ if one.opened_ms < end), key=lambda one: (not one.late, *one[3:5]))
    rows = [(str(n), *_row(one, lang)) for n, one in enumerate(mine, 1)]
    yield table("actions", columns, rows, lang)


class _Action(NamedTuple):
    problem: str
    place: str
    gravity: str
    due_ms: int
    opened_ms: int
    late: bool
    state: str
    owner: str
    proofs: tuple[int, ...]


_NEVER = 1 << 62  # without a limit: behind those with one


def _row(one: _Action, lang: str) -> tuple[object, ...]:
    due = None if one.due_ms == _NEVER else one.due_ms
    said = one.problem, one.place, one.gravity, one.state, one.opened_ms, due, one.owner
    return *said, doc("doc.blank", lang), references(one.proofs, lang)


def _open(material: Matter, closed: int | None) -> bool:
    return closed is None or closed >= material.span.to_ms


def _finding(material: Matter, one: Finding, lang: str) -> _Action:
    late = one.clock is not None and _late((one.clock,))
    return _Action(
        wording.looked_at(one.check, one.name, lang),
        material.device(one.target),
        wording.state(one.state, lang),
        _NEVER if one.due_ms is None else one.due_ms,
        one.opened_ms,
        late,
        "j_c_late" if late else f"j_s_{one.stage.value}",
        one.owner or doc("doc.blank", lang),
        tuple(proof.entry for proof in one.proofs),
    )


def _flaw(one: Vulnerability, lang: str) -> _Action:
    due = [made.due_ms for made in one.clocks if made.due_ms is not None]
    late = _late(one.clocks)
    return _Action(
        one.title,
        one.host,
        word("word", one.severity, lang),
        min(due, default=_NEVER),
        one.found_ms,
        late,
        "j_c_late" if late else f"j_s_{one.stage.value}",
        doc("doc.blank", lang),
        tuple(proof.entry for proof in one.proofs),
    )


def _late(clocks: Sequence[Clock]) -> bool:
    return any(one.state.value == "late" for one in clocks)


# -- statistics of events, problems, configuration, changes (PD-30)


def statistics(material: Matter, lang: str) -> Iterator[Table]:
    """Events, problems, vulnerabilities, changes of configuration: how many, done, late or unapproved."""
    columns = (
        Column("j_stat"),
        Column("j_count", Kind.NUMBER),
        Column("j_finished", Kind.NUMBER),
        Column("j_amiss", Kind.NUMBER),
        Column("j_share_amiss"),
        Column("j_detail"),
        Column("j_evidence"),
    )
    rows = list(_statistics(material, lang))
    rows += [_release(lang)] if rows else []
    yield table("statistics", columns, rows, lang)


def _statistics(material: Matter, lang: str) -> Iterator[tuple[object, ...]]:
    found = material.found.faults
    if found is not None:
        begun = material.in_period
        lengths = [one.to_ms - one.moments.onset_ms for one in begun if one.to_ms is not None]
        mean = wording.duration(sum(lengths) // len(lengths), lang) if lengths else _DASH
        proofs = [one.proofs[0].entry for one in begun if one.proofs]
        counts = len(begun), len(lengths), sum(bool(one.late) for one in begun)
        yield _line("event", counts, doc("doc.stat.mean", lang, mean=mean), proofs, lang)
        held = [one for one in found.findings if _lived(material, one.opened_ms, one.closed_ms)]
        closed = sum(not _open(material, one.closed_ms) for one in held)
        late = sum(one.clock is not None and _late((one.clock,)) for one in held)
        proofs = [one.proofs[0].entry for one in held if one.proofs]
        yield _line("problem", (len(held), closed, late), doc("doc.stat.findings", lang), proofs, lang)
        flaws = [one for one in found.vulnerabilities if _lived(material, one.found_ms, one.ended_ms)]
        counts = (
            len(flaws),
            sum(one.stage in _ENDED for one in flaws),
            sum(_late(one.clocks) for one in flaws),
        )
        proofs = [one.proofs[0].entry for one in flaws if one.proofs]
        yield _line("flaw", counts, doc("doc.stat.flaws", lang), proofs, lang)
    changed = material.changes
    if changed is not None:
        drifts, bad = changed.drifts, changed.unapproved
        counts = len(drifts), len(drifts) - len(bad), len(bad)
        proofs = [one.entries[0] for one in drifts if one.entries]
        yield _line("configuration", counts, doc("doc.stat.drifts", lang), proofs, lang)
        asked, approved = _asked(material)
        counts = len(asked), len(asked & approved), len(asked - approved)
        yield _line("change", counts, doc("doc.stat.changes", lang), sorted(asked), lang)


def _line(
    name: str, counts: tuple[int, int, int], detail: str, proofs: Sequence[int], lang: str
) -> tuple[object, ...]:
    every, _, amiss = counts
    share = _DASH if not every else f"{wording.decimals(Fraction(100 * amiss, every), 1)} %"
    return doc(f"doc.stat.{name}", lang), *counts, share, detail, references(sorted(set(proofs)), lang)


def _release(lang: str) -> tuple[object, ...]:
    """What no machine sees."""
    blank = doc("doc.blank", lang)
    return doc("doc.stat.release", lang), blank, blank, blank, _DASH, doc("doc.not_measured", lang), _DASH


def _lived(material: Matter, opened: int, closed: int | None) -> bool:
    return opened < material.span.to_ms and (closed is None or closed >= material.span.from_ms)


def _asked(material: Matter) -> tuple[set[int], set[int]]:
    """Changes that somebody asked for in the period, and all that were approved, by entry."""
    span = material.span
    asked = {
        one.entry
        for one in material.said
        if one.kind == "change_requested" and span.from_ms <= one.received_ms < span.to_ms
    }
    approved = {
        entry
        for one in material.said
        if one.kind == "change_approved" and one.fields.get("approved") is True
        if isinstance(entry := one.fields.get("entry"), int)
    }
    return asked, approved


# -- satisfaction


def survey(material: Matter, lang: str) -> Iterator[Table]:
    """The form of satisfaction of each unit, row by row as somebody filed it; who filed none says so."""
    columns = (
        Column("j_unit"),
        Column("j_number"),
        Column("j_task"),
        Column("j_answer"),
        Column("j_filer"),
        Column("j_filed", Kind.WHEN),
        Column("j_remark"),
        Column("j_evidence"),
    )
    filed = _filed(material)
    units = _units(material, filed) if filed else []
    rows = [row for unit in units for row in _form(material, unit, filed.get(unit), lang)]
    yield table("survey", columns, rows, lang)


def _filed(material: Matter) -> dict[str, Said]:
    """Unit ("": the contract) -> the form that counts."""
    mine = [
        one
        for one in material.said
        if one.kind == "satisfaction" and one.fields.get("period") == material.span.name
    ]
    counting = beside(mine)
    held = [one for one in mine if one.entry not in counting or counting[one.entry].counts == one.entry]
    return {str(one.fields.get("unit") or ""): one for one in held}


def _units(material: Matter, filed: dict[str, Said]) -> list[str]:
    """Every unit that is scored for its satisfaction, then whoever else filed a form."""
    judged = material.found.judged
    scored = [] if judged is None else [one.unit for one in judged.card.lines if one.id == "satisfaction"]
    return list(dict.fromkeys([*(one or "" for one in scored), *filed]))


def _form(material: Matter, unit: str, one: Said | None, lang: str) -> Iterator[tuple[object, ...]]:
    judged = material.found.judged
    terms = judged.form.survey if judged is not None and judged.form is not None else None
    name = material.called(unit or None, lang)
    if one is None:
        yield (
            name,
            None,
            doc("doc.survey.form", lang),
            doc("doc.survey.none", lang),
            _DASH,
            None,
            _DASH,
            _DASH,
        )
        return
    late = text("judging.part", lang).join(
        filter(None, (doc("doc.survey.late", lang) if one.late else "", str(one.fields.get("text") or "")))
    )
    place = f"#{one.entry}"
    who = one.by, one.received_ms, late or _DASH, place
    for number, row in enumerate(ROWS):
        if row in one.fields:
            question, answer = _question(terms, number, str(one.fields[row]), lang)
            yield name, str(number + 1), question, answer, *who
    for key in ("points", "percent"):
        if one.fields.get(key) is not None:
            unit_of = " %" if key == "percent" else ""
            yield name, None, doc(f"doc.survey.{key}", lang), f"{one.fields[key]}{unit_of}", *who


def _question(terms: Survey | None, number: int, answer: str, lang: str) -> tuple[str, str]:
    """A row of the form in the pack's words, and what was answered."""
    zh = lang == "zh"
    questions = () if terms is None else terms.questions if zh else terms.questions_en
    answers = () if terms is None else terms.answers if zh else terms.answers_en
    asked = questions[number] if number < len(questions) else doc("doc.survey.row", lang, n=number + 1)
    place = _ANSWERS.index(answer) if answer in _ANSWERS else len(answers)
    return asked, answers[place] if place < len(answers) else word("word", answer, lang)
