"""Parts of judging's documents about faults, vulnerabilities and findings."""

from collections.abc import Iterator, Mapping, Sequence

from collector.documents.matter import Matter
from collector.documents.parts import clock, table
from collector.documents.tables import Column, Kind, Table
from collector.faults.model import Clock, Event, Fault, Finding, ReportDue, Vulnerability
from collector.faults.said import onset_of
from collector.words import wording
from collector.words.document import doc, doc_or
from collector.words.judging import text, word


def level_words(found: int | None, lang: str) -> str:
    """A level; a dash where there is none."""
    return "–" if found is None else doc("doc.level", lang, n=found)


def levels_words(one: Fault, lang: str) -> str:
    """All levels that the evidence allows."""
    join = text("judging.part", lang)
    return join.join(level_words(level, lang) for level in one.judged.levels) or "–"


def fault_words(ident: str, name: str, material: Matter, lang: str) -> str:
    """A fault by its system's name and the time it began."""
    named = onset_of(ident)
    if named is None:
        return ident
    return text("judging.fault.of", lang, name=name, when=clock(named[1], material, "%m-%d %H:%M:%S"))


def clock_words(one: Clock, lang: str) -> str:
    """A clock's name."""
    return doc_or(f"doc.clock.{one.id}", one.id, lang)


def faults(material: Matter, lang: str) -> Iterator[Table]:
    """Faults that began in the period."""
    columns = (
        Column("j_fault"),
        Column("j_system"),
        Column("j_from", Kind.WHEN),
        Column("j_to", Kind.WHEN),
        Column("j_span", Kind.SPAN),
        Column("j_proposed"),
        Column("j_level"),
        Column("j_clock"),
        Column("j_asked"),
        Column("j_evidence"),
    )
    yield table("faults", columns, [_fault(material, one, lang) for one in material.in_period], lang)


def _fault(material: Matter, one: Fault, lang: str) -> tuple[object, ...]:
    late = text("judging.part", lang).join(clock_words(clock, lang) for clock in one.late)
    end = one.to_ms
    stated = one.judged.level_by is not None
    return (
        fault_words(one.id, material.called(one.system, lang), material, lang),
        material.called(one.system, lang),
        one.moments.onset_ms,
        end,
        None if end is None else end - one.moments.onset_ms,
        levels_words(one, lang),
        level_words(one.judged.level, lang) if stated else doc("doc.not_stated", lang),
        doc("doc.late_of", lang, what=late) if late else doc("doc.no_late", lang),
        text("judging.part", lang).join(doc_or(f"doc.ask.{kind}", kind, lang) for kind in one.judged.asked)
        or "–",
        _evidence(one, lang),
    )


def fault_sum(material: Matter, lang: str) -> Iterator[Table]:
    """Faults by level and cause (PD-26)."""
    columns = (
        Column("j_level"),
        Column("j_kind"),
        Column("j_count", Kind.NUMBER),
        Column("j_span", Kind.SPAN),
    )
    sums: dict[tuple[str, str], list[int]] = {}
    for one in material.in_period:
        key = level_words(one.judged.level, lang), one.judged.cause or doc("doc.not_stated", lang)
        found = sums.setdefault(key, [0, 0])
        found[0] += 1
        found[1] += (one.to_ms or material.span.as_of_ms) - one.moments.onset_ms
    still = any(one.to_ms is None for one in material.in_period)
    title = doc("doc.part.fault-sum", lang) + (doc("doc.sum.provisional", lang) if still else "")
    rows = [(*key, *value) for key, value in sorted(sums.items())]
    yield table("fault-sum", columns, rows, lang, title)


def nine(material: Matter, lang: str) -> Iterator[Table]:
    """The nine fields of a fault's record (PD-26): what evidence knows, and a blank for what it doesn't."""
    one = material.fault
    if one is None:
        return
    yield table(
        "nine",
        (Column("j_field"), Column("j_content"), Column("j_source"), Column("j_evidence")),
        list(_nine(material, one, lang)),
        lang,
    )


def _nine(material: Matter, one: Fault, lang: str) -> Iterator[tuple[object, ...]]:
    by_machine, by_people = doc("doc.by_machine", lang), doc("doc.by_people", lang)
    blank = doc("doc.blank", lang)
    evidence = _evidence(one, lang)

    def row(key: str, value: str, measured: bool) -> tuple[object, ...]:
        by = by_machine if measured else by_people
        if measured and key == "handling" and any(event.by for event in one.timeline):
            by += text("judging.join", lang) + by_people
        people = references(_said(one, _SAID_BY[key]) or _said(one, _ELSE_BY.get(key, ())), lang)
        said = value + _doubt(one, _SAID_BY[key], lang) if value else blank
        return doc(f"doc.nine.{key}", lang), said, by, evidence if measured else people

    judged, measured = one.judged, one.measured
    name = material.called(one.system, lang)
    symptom = one.title
    if measured is not None:
        down, slow = (wording.duration(ms, lang) for ms in (measured.down_ms, measured.degraded_ms))
        symptom = doc("doc.symptom", lang, name=name, down=down, degraded=slow)
    yield row("symptom", symptom, measured is not None)
    yield row("type", judged.cause, False)
    yield row("start", clock(one.moments.onset_ms, material, "%Y-%m-%d %H:%M:%S"), measured is not None)
    end = one.moments.recovered_ms or one.to_ms
    shown = clock(end, material, "%Y-%m-%d %H:%M:%S") if end is not None else doc("doc.still", lang)
    yield row("repaired", shown, measured is not None)
    lasted = (end or material.span.as_of_ms) - one.moments.onset_ms
    provisional = doc("doc.sum.provisional", lang) if end is None else ""
    yield row("duration", wording.duration(lasted, lang) + provisional, measured is not None)
    yield row("cause", judged.cause_text, False)
    yield row("handling", _handling(material, one, lang), measured is not None)
    blame = {None: "", True: doc("doc.vendor", lang), False: doc("doc.not_vendor", lang)}[judged.vendor_cause]
    yield row("responsibility", blame, False)
    impact = {None: "", True: doc("doc.serious", lang), False: doc("doc.not_serious", lang)}[judged.impact]
    by_machine_only = measured is not None and judged.level_by is None
    yield row("level", f"{levels_words(one, lang)} {impact}".strip(), by_machine_only)


# Which statements a field of the record rests on where people know it; none named: all of them.
_SAID_BY: Mapping[str, tuple[str, ...]] = {
    "symptom": ("reported",),
    "type": ("cause",),
    "start": ("reported",),
    "repaired": ("fault_recovered",),
    "duration": ("reported", "fault_recovered"),
    "cause": ("cause",),
    "handling": (),
    "responsibility": ("vendor_cause",),
    "level": ("level", "impact"),
}


# What a report or a cause may say as well.
_ELSE_BY = {"responsibility": ("cause", "reported"), "level": ("reported",), "cause": ("-",), "type": ("-",)}


def _said(one: Fault, kinds: tuple[str, ...]) -> list[int]:
    """Entries of what people said of it, but for what the other side's word stands against."""
    found = [event for event in one.timeline if event.entry is not None and event.by and not event.disputed]
    return [event.entry for event in found if event.entry is not None and (not kinds or event.what in kinds)]


def _doubt(one: Fault, kinds: tuple[str, ...], lang: str) -> str:
    """That the sides say different things, or that the buyer has not confirmed it yet."""
    if any(kind in kinds for kind, _ in one.judged.disputed):
        entries = [entry for kind, entry in one.judged.disputed if kind in kinds]
        return doc("doc.disputed_by", lang, what=references(entries, lang))
    return doc("doc.unconfirmed", lang) if set(kinds) & set(one.judged.unconfirmed) else ""


def _evidence(one: Fault, lang: str) -> str:
    """The first entries behind a fault."""
    return references([proof.entry for proof in one.proofs], lang)


def references(entries: Sequence[int], lang: str) -> str:
    """The first few entries, and how many more there are."""
    places = list(dict.fromkeys(f"#{entry}" for entry in entries))
    more = text("judging.more", lang, n=len(places) - 3) if len(places) > 3 else ""
    return (text("judging.part", lang).join(places[:3]) or "–") + more


def _handling(material: Matter, one: Fault, lang: str) -> str:
    steps = [
        f"{clock(event.at_ms, material, '%m-%d %H:%M')} {event_words(event, lang)[0]}"
        + (f" ({event.by})" if event.by else "")
        for event in one.timeline
        if event.what not in _RECKONED
    ]
    return text("judging.join", lang).join(steps)


def timeline(material: Matter, lang: str) -> Iterator[Table]:
    """A fault's events in order, each with its entry."""
    one = material.fault
    if one is None:
        return
    columns = (
        Column("j_when", Kind.WHEN),
        Column("j_event"),
        Column("j_by"),
        Column("j_title"),
        Column("j_evidence"),
    )
    rows = [
        (
            event.at_ms,
            event_words(event, lang)[0],
            event.by or doc(SOURCES.get(event.what, "doc.by_machine"), lang),
            event_words(event, lang)[1],
            "–" if event.entry is None else f"#{event.entry}",
        )
        for event in one.timeline
    ]
    yield table("timeline", columns, rows, lang)


# What follows from the contract's limits: nobody did it, and nothing measured it.
_RECKONED = ("limit", "escalate")
SOURCES = {**dict.fromkeys(_RECKONED, "doc.by_contract"), "announced": "doc.by_collector"}
CLOCKS = (
    Column("j_clock"),
    Column("j_clause"),
    Column("j_limit"),
    Column("j_until", Kind.WHEN),
    Column("j_done", Kind.WHEN),
    Column("j_took", Kind.SPAN),
    Column("j_state", Kind.STATE),
)


def limit_words(limit: str, lang: str) -> str:
    """`4 hours`, `1 hour` in the language."""
    count, gap, unit = limit.partition(" ")
    known = doc_or(f"doc.unit.{unit}", unit.replace("_", " "), lang)
    if lang != "zh" and count == "1":
        known = known.removesuffix("s")
    return f"{count}{'' if lang == 'zh' else gap}{known}"


def event_words(one: Event, lang: str) -> tuple[str, str]:
    """What happened, and its detail; of a limit which clock."""
    what = doc_or(f"doc.event.{one.what}", one.what, lang)
    if one.what == "limit":
        return what, doc_or(f"doc.clock.{one.detail}", one.detail, lang)
    if one.what == "escalate":
        return what, doc("doc.step", lang, n=one.detail)
    marked = doc("doc.disputed", lang) if one.disputed else ""
    return what + marked, one.detail or "–"


def clock_row(one: Clock, lang: str) -> tuple[object, ...]:
    """A clock: its limit, when it ends, what became of it."""
    took = one.stop_ms - one.start_ms if one.stop_ms is not None and one.start_ms is not None else None
    return (
        clock_words(one, lang),
        one.clause,
        limit_words(one.limit, lang),
        one.due_ms,
        one.stop_ms,
        took,
        f"j_c_{one.state.value}",
    )


def report_row(one: ReportDue, lang: str) -> tuple[object, ...]:
    """The report's own limit, as a clock."""
    name = doc_or(f"doc.clock.{one.id}", doc("doc.clock.report", lang), lang)
    late = f" ({doc('doc.days_late', lang, n=one.late_days)})" if one.late_days else ""
    return name + late, one.clause, "–", one.due_ms, one.filed_ms, None, f"j_c_{one.state.value}"


def clocks(material: Matter, lang: str) -> Iterator[Table]:
    """A fault's clocks and its report's."""
    one = material.fault
    if one is None:
        return
    rows = [clock_row(clock, lang) for clock in one.clocks] + [report_row(due, lang) for due in one.reports]
    yield table("clocks", CLOCKS, rows, lang)


def vulnerabilities(material: Matter, lang: str) -> Iterator[Table]:
    """Vulnerabilities that were open in the period."""
    columns = (
        Column("j_finding"),
        Column("j_severity"),
        Column("j_place"),
        Column("j_opened", Kind.WHEN),
        Column("j_until", Kind.WHEN),
        Column("j_closed", Kind.WHEN),
        Column("j_state", Kind.STATE),
        Column("j_evidence"),
    )
    found = material.found.faults.vulnerabilities if material.found.faults is not None else ()
    yield table(
        "vulnerabilities",
        columns,
        [_vulnerability(one, lang) for one in found if _lives(material, one.found_ms, one.ended_ms)],
        lang,
    )


def _vulnerability(one: Vulnerability, lang: str) -> tuple[object, ...]:
    due = [clock.due_ms for clock in one.clocks if clock.due_ms is not None]
    late = any(clock.state.value == "late" for clock in one.clocks)
    state = "j_c_late" if late else f"j_s_{one.stage.value}"
    shown = f"#{one.proofs[0].entry}" if one.proofs else "–"
    times = one.found_ms, min(due, default=None), one.ended_ms
    return one.title, word("word", one.severity, lang), one.host, *times, state, shown


def _lives(material: Matter, opened: int, closed: int | None) -> bool:
    return opened < material.span.to_ms and (closed is None or closed >= material.span.from_ms)


def findings(material: Matter, lang: str) -> Iterator[Table]:
    """Findings (隐患) that were open in the period."""
    columns = (
        Column("j_finding"),
        Column("j_place"),
        Column("j_owner"),
        Column("j_opened", Kind.WHEN),
        Column("j_until", Kind.WHEN),
        Column("j_closed", Kind.WHEN),
        Column("j_state", Kind.STATE),
        Column("j_times", Kind.NUMBER),
        Column("j_evidence"),
    )
    found = material.found.faults.findings if material.found.faults is not None else ()
    rows = [_finding(material, one, lang) for one in found if _lives(material, one.opened_ms, one.closed_ms)]
    yield table("findings", columns, rows, lang)


def _finding(material: Matter, one: Finding, lang: str) -> tuple[object, ...]:
    late = one.clock is not None and one.clock.state.value == "late"
    return (
        wording.looked_at(one.check, one.name, lang),
        material.names.get(one.target, one.target),
        one.owner or "–",
        one.opened_ms,
        one.due_ms,
        one.closed_ms,
        "j_c_late" if late else f"j_s_{one.stage.value}",
        len(one.records),
        f"#{one.proofs[0].entry}" if one.proofs else "–",
    )
