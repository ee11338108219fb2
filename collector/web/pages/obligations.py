"""The ledger of obligations as a calendar: what was due and when, and what became of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import abort, request, url_for

from collector.documents.parts_duties import LEDGER, ledger_row
from collector.documents.tables import Column, Kind, Table
from collector.inspection.cadence_model import Row, State
from collector.inspection.obligations import ObligationLine, Standing
from collector.jobs import cadence as jobs
from collector.jobs.cadence import NoLedger, Told
from collector.judging.judge import NoScorecard
from collector.scoring.model import PackPeriod
from collector.statements.kinds import KINDS as STATEMENTS
from collector.store.accounts import Role
from collector.web import i18n, judging_now
from collector.web.pages import asking
from collector.web.pages.base import Answer, context, estate, render, route, t, table
from collector.web.pages.scorecard import Tile
from collector.words.judging import word

_MOST_DAYS = 100  # longer periods are shown by month
_ROWS = 400
_TERM = "term"  # as the command and the API call the whole of it
# The gravest first: it gives a cell its colour.
_GRAVITY = (State.MISSED, State.LATE, State.NOT_PROVEN, State.OPEN, State.EXCUSED, State.DONE)
_TURNS = (
    Column("j_where"),
    Column("j_from", Kind.WHEN),
    Column("j_until", Kind.WHEN),
    Column("j_state", Kind.STATE),
    Column("j_counted"),
    Column("j_done", Kind.WHEN),
    Column("j_reason"),
    Column("j_who"),
    Column("j_evidence"),
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A week or month on top of the calendar: its name, its first day, the day after its last."""

    name: str
    first: date
    end: date
    now: bool


@dataclass(frozen=True, slots=True)
class Box:
    """What fell due in a slot: its gravest state, how many of each, in words."""

    state: str
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Duty:
    """A row of the calendar."""

    id: str
    title: str
    href: str
    standing: str
    boxes: tuple[Box | None, ...]
    act_by_ms: int | None
    who: str


def told(name: str) -> Told | None:
    """The ledger of a period, or of the whole term; None where the pack names no obligations."""
    return judging_now.kept(("ledger", name), lambda: make(name), behind=True)


def make(name: str) -> Told | None:
    """The same anew."""
    with context().read() as conn:
        try:
            if name == _TERM:
                return jobs.ledger(conn, context().now(), whole_term=True)
            return jobs.ledger(conn, context().now(), name)
        except (NoScorecard, NoLedger):
            return None


def _asked(args: Mapping[str, str]) -> tuple[PackPeriod, Told]:
    name = args.get("period", "")
    if name != _TERM or not judging_now.periods():
        name = asking.period_asked(name).name
    found = told(name)
    if found is None:
        abort(404)
    return found.period, found


def called(period: PackPeriod) -> str:
    """A period's name; of the whole term in words."""
    return t("obligations.term") if period.name == _TERM else period.name


def slots_of(period: PackPeriod, today: date) -> tuple[Slot, ...]:
    """Weeks of a short period, months of a long one; the outer ones cut to it."""
    monthly = (period.end - period.first).days > _MOST_DAYS
    made: list[Slot] = []
    first = period.first
    while first < period.end:
        if monthly:
            end = date(first.year + first.month // 12, first.month % 12 + 1, 1)
            name = f"{first:%Y-%m}"
        else:
            end = first + timedelta(days=7 - first.weekday())
            name = f"{first:%m-%d}"
        end = min(end, period.end)
        made.append(Slot(name, first, end, first <= today < end))
        first = end
    return tuple(made)


def _box(rows: Sequence[Row]) -> Box | None:
    if not rows:
        return None
    counts = Counter(row.state for row in rows)
    worst = next(state for state in _GRAVITY if counts[state])
    words = [f"{word_of(state)} {counts[state]}" for state in _GRAVITY if counts[state]]
    shown = str(counts[worst]) if len(counts) == 1 else f"{counts[worst]}/{len(rows)}"
    return Box(f"j_l_{worst.value}", shown, t("judging.part").join(words))


def word_of(state: State) -> str:
    """A state of the ledger in words."""
    return t(f"col.j_n_{state.value}")


def title_of(one: ObligationLine) -> str:
    """What is to be done."""
    return one.obligation.zh if i18n.language() == "zh" else one.obligation.en


def _duty(one: ObligationLine, slots: Sequence[Slot], period: PackPeriod) -> Duty:
    by_slot: dict[int, list[Row]] = {}
    for row in one.rows:
        # What falls due outside the period stands in its first or last slot.
        day = min(max(row.turn.last, period.first), period.end - timedelta(days=1))
        place = next(n for n, slot in enumerate(slots) if slot.first <= day < slot.end)
        by_slot.setdefault(place, []).append(row)
    return Duty(
        one.obligation.id,
        title_of(one),
        url_for("pages.obligation", obligation=one.obligation.id, period=period.name),
        f"j_o_{one.standing.value}",
        tuple(_box(by_slot.get(n, [])) for n in range(len(slots))),
        one.act_by_ms,
        word("who", one.obligation.who, i18n.language()),
    )


@table("obligations", Role.VIEWER)
def obligations_table(args: Mapping[str, str]) -> Table:
    """Every obligation with its counts."""
    period, found = _asked(args)
    rows = [ledger_row(one, i18n.language()) for one in found.lines]
    empty = t("obligations.none")
    return Table("obligations", t("obligations.counts"), LEDGER, rows, empty, (("period", period.name),))


@route("/obligations", Role.VIEWER, asks=asking.PERIOD)
def obligations() -> Answer:
    """The calendar of a period."""
    period, found = _asked({"period": request.args.get("period", "")})
    today = judging_now.today()
    slots = slots_of(period, today)
    duties = [_duty(one, slots, period) for one in found.lines if one.rows]
    idle = [one for one in found.lines if not one.rows]
    counts: Counter[str] = Counter()
    for one in found.lines:
        counts.update(one.counts)
    before, after = (None, None) if period.name == _TERM else judging_now.beside(period)
    tones = {"missed": "bad", "late": "warn", "not_proven": "warn", "open": "note"}
    return render(
        "obligations.html",
        "obligations",
        period=period,
        called=called(period),
        as_of_ms=found.as_of_ms,
        term=_TERM,
        before=before,
        after=after,
        slots=slots,
        duties=duties,
        idle=[(one.obligation.id, title_of(one), one.obligation.why_not) for one in idle],
        tiles=[
            Tile(
                tones.get(state.value, "") if counts[state.value] else "ok",
                str(counts[state.value]),
                word_of(state),
            )
            for state in State
        ],
        states=[f"j_l_{state.value}" for state in _GRAVITY],
        table=obligations_table({"period": period.name}),
    )


def _line(args: Mapping[str, str]) -> tuple[PackPeriod, ObligationLine, int]:
    """The period, the line, as of when."""
    period, found = _asked(args)
    one = next((one for one in found.lines if one.obligation.id == args.get("obligation", "")), None)
    if one is None:
        abort(404)
    return period, one, found.as_of_ms


def _where(row: Row) -> str:
    loaded = estate()
    groups = (loaded.estate.units, loaded.estate.systems) if loaded is not None else ()
    names = {one.id: one.name or one.id for group in groups for one in group}
    found = [names.get(one, one) for one in (row.turn.unit, row.turn.system) if one]
    return " / ".join(found) or t("judging.lines.contract")


_DEEDS = frozenset(
    (
        "check",
        "clock",
        "document",
        "report",
        "record",
        "signed",
        "alert_rules",
        "escalation",
        "backup_line",
        "backup_announced",
        "restore_drill",
        "fault_announced",
        "fault_report",
        "fault_record",
    )
)
"""Sorts of deeds that machines tell of, with a word of their own (`deed.…`)."""


@table("obligation-turns", Role.VIEWER)
def turns_table(args: Mapping[str, str]) -> Table:
    """Every turn of an obligation with what was done."""
    period, one, _ = _line(args)
    lang = i18n.language()
    rows: list[tuple[object, ...]] = [
        (
            _where(row),
            row.turn.from_ms,
            row.turn.due_ms,
            f"j_l_{row.state.value}",
            f"{row.counted} / {row.turn.needed}",
            max((deed.at_ms for deed in row.deeds), default=None),
            t("judging.join").join(
                filter(None, (word("gap", row.reason, lang) if row.reason else "", *_partial(row)))
            )
            or "–",
            word("who", row.who or one.obligation.who, lang),
            t("judging.part").join(f"#{idx}" for idx in row.entries[:4]) or "–",
        )
        for row in one.rows[:_ROWS]
    ]
    more = (("period", period.name), ("obligation", one.obligation.id))
    columns = _TURNS
    if len({row.cadence for row in one.rows}) > 1:
        # Several rhythms: what each row asks for says more than who must act, which stands above them all.
        rows = [
            (*row[:1], _deeds(held), *row[1:7], row[8]) for row, held in zip(rows, one.rows, strict=False)
        ]
        columns = (_TURNS[0], Column("j_what"), *_TURNS[1:7], _TURNS[8])
    return Table("obligation-turns", t("obligations.turns"), columns, rows, t("obligations.turns.none"), more)


def _deeds(row: Row) -> str:
    """What a row asks for: kinds of statements by their names, what machines tell by the word of its sort."""
    place = 0 if i18n.language() == "zh" else 1
    said = []
    for kind in row.what:
        head = kind.partition(":")[0].rstrip("*")
        if head in STATEMENTS:
            said.append((STATEMENTS[head].zh, STATEMENTS[head].en)[place])
        elif head in _DEEDS:
            said.append(t(f"deed.{head}"))
        else:
            said.append(word("item", head, i18n.language()))
    return t("judging.part").join(dict.fromkeys(said)) or "–"


def _partial(row: Row) -> list[str]:
    return [t("obligations.partial", n=len(row.partial))] if row.partial else []


def _line_name(line: str | None) -> str:
    """The rule that prices an obligation, as its pack calls it."""
    pack = judging_now.pack()
    if not line or pack is None:
        return line or ""
    rules = pack.scoring
    found = next(
        (
            one
            for group in (rules.lines, rules.deductions, rules.fines, rules.vetoes)
            for one in group
            if one.id == line
        ),
        None,
    )
    if found is None:
        return line
    return found.title if i18n.language() == "zh" else found.title_en or found.title


@route("/obligations/<path:obligation>", Role.VIEWER, asks=asking.PERIOD)
def obligation(obligation: str) -> Answer:
    """One obligation: the clause, what proves it, each turn."""
    args = {"obligation": obligation, "period": request.args.get("period", "")}
    period, one, as_of_ms = _line(args)
    return render(
        "obligation.html",
        "obligations",
        one=one,
        name=title_of(one),
        line_name=_line_name(one.obligation.line),
        period=period,
        called=called(period),
        as_of_ms=as_of_ms,
        priced=period.name != _TERM,
        standing=f"j_o_{one.standing.value}",
        by=word("tag", one.obligation.tag, i18n.language()),
        who=word("who", one.obligation.who, i18n.language()),
        kept=one.standing is Standing.KEPT,
        turns=turns_table(args),
        filed=one.filed,
    )
