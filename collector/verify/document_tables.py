"""Tables of documents beside the scorecard's own: every number, time, state and entry in them made anew.

Their words are not: they depend on the release that worded them. Cells are compared by the column's key.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector.documents.judging_view import Words, state_of
from collector.documents.scorecard_tables import judged_by
from collector.faults.model import Fault
from collector.inspection.record import Record
from collector.packs.archive import Filing, Place
from collector.scoring.model import PeriodFacts, Scorecard
from collector.verify.document_facts import Facts

MOST = 1000  # rows; longer tables are cut, and say so
NONE = "–"
_GRAVITY = {"crit": 0, "unknown": 1, "warn": 2}


@dataclass(frozen=True, slots=True)
class About:
    """The fault that a document is about, and the scorecard that it prints."""

    fault: Fault | None
    judged: tuple[Scorecard, PeriodFacts]


class _Any:
    """A cell in words: as it is."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # it equals everything


class _Either:
    """A cell in words that hold a number: as one of the languages has it."""

    def __init__(self, known: Iterable[object]) -> None:
        self.known = frozenset(known)

    def __eq__(self, other: object) -> bool:
        return other in self.known

    __hash__ = None  # type: ignore[assignment]  # it equals each of several


WORDS = _Any()
Row = tuple[object, ...]
Maker = Callable[[Facts, About], Iterator[Row]]
TABLES: dict[str, tuple[tuple[str, ...], Maker]] = {}
"""By table: the keys of the columns that are compared, and the rows as the evidence gives them."""
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "faults": (
        "j_fault",
        "j_system",
        "j_from",
        "j_to",
        "j_span",
        "j_proposed",
        "j_level",
        "j_clock",
        "j_asked",
        "j_evidence",
    ),
    "fault-sum": ("j_level", "j_kind", "j_count", "j_span"),
    "clocks": ("j_clock", "j_clause", "j_limit", "j_until", "j_done", "j_took", "j_state"),
    "timeline": ("j_when", "j_event", "j_by", "j_title", "j_evidence"),
    "vulnerabilities": (
        "j_finding",
        "j_severity",
        "j_place",
        "j_opened",
        "j_until",
        "j_closed",
        "j_state",
        "j_evidence",
    ),
    "findings": (
        "j_finding",
        "j_place",
        "j_owner",
        "j_opened",
        "j_until",
        "j_closed",
        "j_state",
        "j_times",
        "j_evidence",
    ),
    "rounds": ("j_round", "j_from", "j_state", "j_counts", "j_problems", "j_evidence"),
    "problems": (
        "j_state",
        "j_place",
        "j_check",
        "j_value",
        "j_reason",
        "j_times",
        "j_first",
        "j_last",
        "j_evidence",
    ),
    "devices": ("j_asset", "j_kind", "j_system", "j_looks", "j_bad", "j_evidence"),
    "lines": ("j_unit", "j_line", "j_full", "j_points", "j_state"),
    "archive-files": (
        "j_document",
        "j_where",
        "j_file",
        "j_digest",
        "j_filer",
        "j_filed",
        "j_expiry",
        "j_state",
        "j_entry",
    ),
    "scans": ("j_tool", "j_filed", "j_state", "j_left", "j_evidence"),
    "log": ("j_kind", "j_count", "j_first", "j_last"),
    "usage": ("j_event", "j_account", "j_times", "j_last", "j_evidence"),
}
FORMER: Mapping[str, tuple[str, ...]] = {"scans": ("j_tool", "j_filed", "j_kind", "j_count", "j_evidence")}
"""Columns that a table had in versions of documents before this one (8)."""
"""By table: the keys of all its columns; another one, or one that comes twice, is not of its kind."""
UNORDERED = frozenset({"problems", "fault-sum"})  # in the order of their words
WANTED: Mapping[str, frozenset[str]] = {
    "fault": frozenset({"clocks", "timeline"}),
    "major-fault": frozenset({"clocks", "timeline"}),
    "monthly-inspection": frozenset({"rounds", "problems", "findings", "scans", "faults"}),
    "defects": frozenset({"findings", "problems", "vulnerabilities", "fault-sum"}),
    "quarterly-operation": frozenset({"scans", "fault-sum", "faults", "findings", "vulnerabilities"}),
    "performance": frozenset({"problems", "devices"}),
    "rectification": frozenset({"findings", "vulnerabilities", "problems", "faults", "lines"}),
    "device-year": frozenset({"problems"}),
    "service-year": frozenset({"lines", "scans", "fault-sum", "faults", "findings"}),
    "fault-statistics": frozenset({"fault-sum", "faults"}),
    "tool-usage": frozenset({"usage", "log"}),
    "self-assessment": frozenset({"lines", "fault-sum", "findings", "vulnerabilities", "log", "usage"}),
}
"""Tables that a document of this kind may not leave out; tests hold them against what each is made of."""
OF_ROUNDS = frozenset({"rounds", "problems", "missing", "devices"})


def differing(body: Mapping[str, Any], facts: Facts, about: About) -> tuple[list[str], list[str], list[str]]:
    """Names of tables: not what the evidence gives (or left out), made anew, and those that were not."""
    kind = body["document"]
    odd: list[str] = []
    same: list[str] = []
    left: list[str] = []
    for table in body["tables"]:
        name = str(table["name"]).removeprefix("doc-")
        found = fits(kind, table, facts, about)
        (left if found is None else same if found else odd).append(name)
    odd += sorted(WANTED.get(kind, frozenset()) - {*odd, *same, *left})
    return odd, same, [one for one in left if one != "hands"]


def fits(kind: str, table: Mapping[str, Any], facts: Facts, about: About) -> bool | None:
    """Whether a table's numbers are those that the evidence gives; None where they are not made anew."""
    name = str(table["name"]).removeprefix("doc-")
    # A special round's document is of some of the rounds only, by a rule that its program has.
    if name not in TABLES or (kind == "special-inspection" and name in OF_ROUNDS):
        return None
    columns, maker = TABLES[name]
    try:
        wanted = list(maker(facts, about))
    except LookupError:
        return None
    known = tuple(table["columns"]) in (COLUMNS[name], FORMER.get(name))
    return known and fitting(name, table, columns, wanted)


def fitting(name: str, table: Mapping[str, Any], columns: Sequence[str], wanted: Sequence[Row]) -> bool:
    """Whether a table's compared cells are those wanted; of a long one the first rows, and a row that says
    how many are left out."""
    at = [table["columns"].index(key) for key in columns]
    rows = table["rows"]
    cut = len(rows) == MOST + 1
    found = [tuple(row[place] for place in at) for row in (rows[:MOST] if cut else rows)]
    if len(found) > MOST:
        return False
    if name == "rounds":
        return _rounds_fit(found, wanted, cut)
    if cut != (len(wanted) > MOST):
        return False
    if name in UNORDERED:
        return _among(found, wanted, cut) and (not cut or name != "problems" or _gravest(found, wanted))
    return found == list(wanted[:MOST])


def _rounds_fit(found: Sequence[Row], wanted: Sequence[Row], cut: bool) -> bool:
    """One without a record goes on: what it has is not made anew. All that have one stand there, or begin
    behind the last that is shown."""
    closed = [row for row in found if row[-1] != NONE]
    if not cut:
        return closed == list(wanted)
    left = wanted[len(closed) :]
    return closed == list(wanted[: len(closed)]) and (
        not left or _number(left[0][0]) >= _number(found[-1][0])
    )


def _number(cell: object) -> int:
    return cell if type(cell) is int else -1


def _among(found: Sequence[Row], wanted: Sequence[Row], cut: bool) -> bool:
    if cut:
        return Counter(found) <= Counter(wanted)
    return sorted(found, key=repr) == sorted(wanted, key=repr)


def _gravest(found: Sequence[Row], wanted: Sequence[Row]) -> bool:
    """Problems are cut behind the gravest and most frequent."""

    def key(row: Row) -> tuple[int, int]:
        return _GRAVITY.get(str(row[0]), 9), -_number(row[1])

    return [key(row) for row in found] == sorted(key(row) for row in wanted)[: len(found)]


def table(name: str, *columns: str) -> Callable[[Maker], Maker]:
    """Enter a table with the columns that are compared."""

    def enter(made: Maker) -> Maker:
        TABLES[name] = columns, made
        return made

    return enter


def _entry(entry: int | None, line: int | None = None) -> str:
    if entry is None:
        return NONE
    return f"#{entry}" if line is None else f"#{entry}/{line}"


# -- faults, vulnerabilities, findings


@table("faults", "j_from", "j_to", "j_span")
def _faults(facts: Facts, _: About) -> Iterator[Row]:
    for one in facts.faults:
        onset, end = one.moments.onset_ms, one.to_ms
        yield onset, end, None if end is None else end - onset


@table("fault-sum", "j_count", "j_span")
def _fault_sum(facts: Facts, _: About) -> Iterator[Row]:
    sums: dict[tuple[int | None, str], list[int]] = {}
    for one in facts.faults:
        found = sums.setdefault((one.judged.level, one.judged.cause or ""), [0, 0])
        found[0] += 1
        found[1] += (one.to_ms or facts.about.as_of_ms) - one.moments.onset_ms
    yield from (tuple(one) for one in sums.values())


@table("clocks", "j_clause", "j_until", "j_done", "j_took", "j_state")
def _clocks(_: Facts, about: About) -> Iterator[Row]:
    one = about.fault
    for clock in one.clocks if one is not None else ():
        began, ended = clock.start_ms, clock.stop_ms
        took = ended - began if ended is not None and began is not None else None
        yield clock.clause, clock.due_ms, ended, took, f"j_c_{clock.state.value}"
    for due in one.reports if one is not None else ():
        yield due.clause, due.due_ms, due.filed_ms, None, f"j_c_{due.state.value}"


@table("timeline", "j_when", "j_evidence")
def _timeline(_: Facts, about: About) -> Iterator[Row]:
    for event in about.fault.timeline if about.fault is not None else ():
        yield event.at_ms, _entry(event.entry)


def _lives(facts: Facts, opened: int, closed: int | None) -> bool:
    return opened < facts.to_ms and (closed is None or closed >= facts.from_ms)


@table("vulnerabilities", "j_place", "j_opened", "j_until", "j_closed", "j_state", "j_evidence")
def _vulnerabilities(facts: Facts, _: About) -> Iterator[Row]:
    for one in facts.account.vulnerabilities:
        if _lives(facts, one.found_ms, one.ended_ms):
            due = [clock.due_ms for clock in one.clocks if clock.due_ms is not None]
            late = any(clock.state.value == "late" for clock in one.clocks)
            state = "j_c_late" if late else f"j_s_{one.stage.value}"
            times = one.found_ms, min(due, default=None), one.ended_ms
            yield one.host, *times, state, _entry(one.proofs[0].entry if one.proofs else None)


@table("findings", "j_opened", "j_until", "j_closed", "j_state", "j_times", "j_evidence")
def _findings(facts: Facts, _: About) -> Iterator[Row]:
    for one in facts.account.findings:
        if _lives(facts, one.opened_ms, one.closed_ms):
            late = one.clock is not None and one.clock.state.value == "late"
            state = "j_c_late" if late else f"j_s_{one.stage.value}"
            times = one.opened_ms, one.due_ms, one.closed_ms
            yield *times, state, len(one.records), _entry(one.proofs[0].entry if one.proofs else None)


# -- rounds


@table("rounds", "j_from", "j_state", "j_counts", "j_problems", "j_evidence")
def _rounds(facts: Facts, _: About) -> Iterator[Row]:
    for idx, record in facts.records:
        counts = record.overview
        shown = f"{counts.due} / {counts.done} / {counts.missed}"
        yield record.window.from_ms, _round_state(record), shown, counts.problems, _entry(idx)


def _round_state(record: Record) -> str:
    counts = record.overview
    if counts.missed or counts.errors:
        return "missed" if counts.done == 0 else "incomplete"
    return "late" if counts.late else "done"


@table("problems", "j_state", "j_times", "j_evidence")
def _problems(facts: Facts, _: About) -> Iterator[Row]:
    made: dict[tuple[str, str, str], tuple[str, int, str]] = {}
    for _idx, record in facts.records:
        for item in (*record.problems, *record.unclear):
            key = item.target, item.check, item.reading.name
            state, times = item.reading.state, 1
            if key in made:
                before, times = made[key][0], made[key][1] + 1
                state = min(before, state, key=lambda one: _GRAVITY.get(one, 9))
            made[key] = state, times, _entry(item.evidence.entry, item.evidence.line)
    yield from made.values()


@table("devices", "j_looks", "j_bad")
def _devices(facts: Facts, _: About) -> Iterator[Row]:
    sums: dict[str, dict[str, int]] = {}
    for _idx, record in facts.records:
        for item in record.items:
            mine = sums.setdefault(item.asset or item.target, {})
            mine["looks"] = mine.get("looks", 0) + 1
            mine[item.state] = mine.get(item.state, 0) + 1
    for one in facts.assets:
        mine = sums.get(one.id, {})
        bad = " / ".join(str(mine.get(state, 0)) for state in ("crit", "warn", "unknown"))
        yield mine.get("looks", 0), bad if mine else WORDS


# -- the scorecard in short, the archive, imports, the tool's own log


@table("lines", "j_points", "j_state")
def _lines(facts: Facts, about: About) -> Iterator[Row]:
    card, period = about.judged
    judgement = judged_by(facts.chosen.pack.pack, card, period)
    words = [Words(judgement, lang) for lang in ("zh", "en")]
    for one in card.lines:
        # A range or a price stands in the words of a language.
        yield _Either(each.points_of(one) for each in words), state_of(one)


@table("archive-files", "j_digest", "j_filed", "j_state", "j_entry")
def _archive(facts: Facts, _: About) -> Iterator[Row]:
    pairs = [(place, one) for place in facts.archive.places for one in place.filed]
    for place, one in sorted(pairs, key=lambda pair: -pair[1].entry):
        yield f"{one.digest[:16]}…" if one.digest else None, one.filed_ms, _filing(place, one), one.entry


def _filing(place: Place, one: Filing) -> str:
    if one.expires is not None and place.state.value == "expired":
        return "j_expired"
    return "j_late" if one.late else "j_present"


@table("scans", "j_tool", "j_filed", "j_evidence")
def _scans(facts: Facts, _: About) -> Iterator[Row]:
    for one in facts.imports():
        yield str(one.header["subject"]), one.received_ms, _entry(one.idx)


@table("log", "j_count", "j_first", "j_last")
def _log(facts: Facts, _: About) -> Iterator[Row]:
    for _kind, found in sorted(facts.taken().items()):
        yield len(found), _entry(min(found)), _entry(max(found))


@table("usage", "j_account", "j_times", "j_last", "j_evidence")
def _usage(facts: Facts, _: About) -> Iterator[Row]:
    made: dict[tuple[str, str], list[int]] = {}
    for one in facts.acts():
        who = str(one.header.get("account") or one.header.get("by") or NONE)
        kept = made.setdefault((str(one.header.get("event", NONE)), who), [0, 0, 0])
        kept[0], kept[1], kept[2] = kept[0] + 1, one.received_ms, one.idx
    for (_event, who), kept in sorted(made.items()):
        yield who, kept[0], kept[1], _entry(kept[2])
