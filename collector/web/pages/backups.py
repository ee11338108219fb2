"""Backups: what is due, what is proven of it, what can be restored; an object with its calendar and chain."""

import calendar
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from flask import abort, g, request

from checks.recurrence import day_of
from collector.backups.ledger import ObjectLedger, Outcome, Slot, SlotState
from collector.documents.tables import Column, Kind, Table
from collector.inspection.capacity import Place
from collector.jobs import capacity
from collector.jobs.backups import Account
from collector.reports.backup_view import slot_word, standing
from collector.reports.record import TYPES
from collector.store.accounts import Role
from collector.web import charts_backup as charts
from collector.web import i18n
from collector.web.backup_facts import facts
from collector.web.backups_now import account, href, whole, words_of
from collector.web.charts_backup import Box
from collector.web.pages.base import Answer, context, render, route, t, table, zone
from collector.web.pages.rounds import month_of
from collector.words import wording

STRIP_DAYS, TABLE_DAYS, CAPACITY_DAYS = 35, 90, 60
_MOST, _MOST_WEEKS, _RECENT = 40, 2, 40
_FULL = (
    Column("b_place"),
    Column("target"),
    Column("b_used", Kind.SHARE),
    Column("b_full"),
)


def _titled(made: Table, name: str, title: str, *args: tuple[str, str]) -> Table:
    """The same rows under the page's own heading and the name that saves it."""
    return Table(name, title, made.columns, made.rows, made.empty, args)


def _since(days: int) -> Callable[[ObjectLedger], Sequence[Slot]]:
    """Slots of the last days."""
    first = (day_of(context().now(), zone()) - timedelta(days=days - 1)).isoformat()
    return lambda one: [slot for slot in one.slots if slot.day >= first]


def _one(found: Account, name: str) -> ObjectLedger:
    try:
        return found.ledger.object(name)
    except KeyError:
        abort(404)


@table("backups", Role.VIEWER)
def backups_table(_args: Mapping[str, str]) -> Table:
    """Every object with what stands for and against it."""
    found = whole()
    made = words_of(found).objects(found.ledger.objects, _since(TABLE_DAYS))
    return _titled(made, "backups", t("backups.objects", days=TABLE_DAYS))


@table("backup-problems", Role.VIEWER)
def problems_table(args: Mapping[str, str]) -> Table:
    """What is bad or not proven, of one object or of all."""
    found, name = whole(), args.get("object", "")
    of = found.ledger.problems if not name else _one(found, name).problems
    chosen = standing(of) if not name else of
    return _titled(words_of(found).problems(chosen), "backup-problems", t("backups.problems"), *_args(name))


def _args(name: str) -> tuple[tuple[str, str], ...]:
    return (("object", name),) if name else ()


@table("backup-alerts", Role.VIEWER)
def alerts_table(_args: Mapping[str, str]) -> Table:
    """What somebody should look after now: windows that are over without a backup, then what stands open."""
    found = whole()
    words, now = words_of(found), found.ledger.now_ms
    awaited = [
        (one.name, slot)
        for one in found.ledger.objects
        for slot in one.recent(_RECENT, SlotState.DUE)
        if slot.closes_ms <= now
    ]
    made = words.problems(standing(found.ledger.problems))
    rows = [words.awaited(name, slot) for name, slot in awaited]
    return Table("backup-alerts", t("backups.problems"), made.columns, (*rows, *made.rows), made.empty)


def alerts() -> Table | None:
    """The same for the first page; None where no estate asks for backups."""
    return None if account() is None else alerts_table({})


@table("backup-clauses", Role.VIEWER)
def clauses_table(_args: Mapping[str, str]) -> Table:
    """Each clause with what breaks it."""
    found = whole()
    made = words_of(found).clauses(one.name for one in found.ledger.objects)
    return _titled(made, "backup-clauses", t("backups.clauses"))


@table("backup-success", Role.VIEWER)
def success_table(_args: Mapping[str, str]) -> Table:
    """The success rate of each period."""
    found = whole()
    return _titled(words_of(found).success(found.ledger.success), "backup-success", t("backups.success"))


@table("backup-weeks", Role.VIEWER)
def weeks_table(args: Mapping[str, str]) -> Table:
    """Backup paths per system and week."""
    found, name = whole(), args.get("object", "")
    chosen = [one for one in found.ledger.objects if name in ("", one.name)]
    made = words_of(found).weeks(chosen)
    return _titled(made, "backup-weeks", made.title, *_args(name))


@table("backup-slots", Role.VIEWER)
def slots_table(args: Mapping[str, str]) -> Table:
    """The slots of an object in a month."""
    found, name = whole(), args.get("object", "")
    month = f"{month_of(args.get('month', '')):%Y-%m}"
    slots = [slot for slot in _one(found, name).slots if slot.day.startswith(month)]
    made = words_of(found).slots([(name, slots)])
    return _titled(made, "backup-slots", t("backups.slots"), ("object", name), ("month", month))


@table("backup-points", Role.VIEWER)
def points_table(args: Mapping[str, str]) -> Table:
    """The artefacts of an object with their paths."""
    found, name = whole(), args.get("object", "")
    made = words_of(found).points(name, _one(found, name).points)
    return _titled(made, "backup-points", made.title, ("object", name))


@table("backup-copies", Role.VIEWER)
def copies_table(args: Mapping[str, str]) -> Table:
    """The second copies of an object."""
    found, name = whole(), args.get("object", "")
    made = words_of(found).copies([(name, _one(found, name).copies)])
    return _titled(made, "backup-copies", t("backups.copies"), ("object", name))


@table("backup-drills", Role.VIEWER)
def drills_table(args: Mapping[str, str]) -> Table:
    """Restore drills of one object or of all."""
    found, name = whole(), args.get("object", "")
    chosen = [(one, one.drills) for one in found.ledger.objects if name in ("", one.name)]
    return _titled(words_of(found).drills(chosen), "backup-drills", t("backups.drills"), *_args(name))


@table("backup-full", Role.VIEWER)
def full_table(_args: Mapping[str, str]) -> Table:
    """Days until the file systems of places are full."""
    found = whole()
    rows = []
    for asset in dict.fromkeys(found.of(one.name).asset for one in found.ledger.objects):
        with context().read() as conn:
            places = capacity.outlooks(conn, context().now(), CAPACITY_DAYS, asset) if asset else []
        rows += [(asset, one.name, *_outlook(one)) for one in places]
    made = words_of(found).table("full", _FULL, rows)
    return _titled(made, "backup-full", made.title)


def _outlook(one: Place) -> tuple[object, ...]:
    newest, made = one.values[-1], one.outlook
    share = Fraction(newest.used, newest.total) if newest.total > 0 else None
    if made.days is None:
        words = t("backup.no_claim" if made.outlook == "no_claim" else "backup.not_filling")
    else:
        words = f"{made.days}" + (f" ({made.earliest} – {made.latest or '…'})" if made.earliest else "")
    return share, words


@dataclass(frozen=True, slots=True)
class Row:
    """An object's line in the calendar of all."""

    name: str
    called: str
    href: str
    strip: object
    bad: int


@route("/backups", Role.VIEWER)
def backups() -> Answer:
    """All objects."""
    found = account()
    if found is None:
        return render("backups.html", "backups", found=None, why=t(f"backups.{g.backups_why}"))
    open_ = standing(found.ledger.problems)
    return render(
        "backups.html",
        "backups",
        found=found,
        rows=[_row(found, one) for one in found.ledger.objects],
        month=f"{month_of(''):%Y-%m}",
        kinds=tuple(TYPES),
        strip_days=STRIP_DAYS,
        bad=sum(one.outcome is Outcome.BAD for one in open_),
        untold=sum(one.outcome is Outcome.COULD_NOT_TELL for one in open_),
        have=sum(one.retention.restorable_days for one in found.ledger.objects),
        need=sum(one.retention.promised_days for one in found.ledger.objects),
        rate=found.ledger.success[-1] if found.ledger.success else None,
        objects=backups_table({}),
        problems=problems_table({}),
        success=success_table({}),
        clauses=clauses_table({}),
        weeks=_last_weeks(weeks_table({})),
        full=full_table({}),
        groups=charts.GROUPS,
        swatch=charts.swatch,
    )


def _cut(made: Table) -> Table:
    """What a page shows of a long table; saved as xlsx it is whole."""
    return Table(made.name, made.title, made.columns, made.rows[:_MOST], made.empty, made.args)


def _last_weeks(made: Table) -> Table:
    """The same for the last weeks only."""
    newest = sorted({str(row[1]) for row in made.rows}, reverse=True)[:_MOST_WEEKS]
    rows = [row for row in made.rows if row[1] in newest]
    return Table(made.name, made.title, made.columns, rows, made.empty, made.args)


def _alone(made: Table) -> Table:
    """Without the column that says the same in every row: it is the page's own object."""
    keep = [i for i, column in enumerate(made.columns) if column.key not in ("b_object", "b_system")]
    columns = tuple(made.columns[i] for i in keep)
    rows = [tuple(row[i] for i in keep) for row in made.rows]
    return Table(made.name, made.title, columns, rows, made.empty, made.args)


def _row(found: Account, one: ObjectLedger) -> Row:
    boxes = [_box(slot) for slot in _since(STRIP_DAYS)(one)]
    label = _label(one.name, boxes)
    return Row(
        one.name,
        found.of(one.name).name,
        href(one.name),
        charts.strip(boxes, label),
        len(standing(one.problems)),
    )


def _box(slot: Slot) -> Box:
    word = slot_word(slot)
    level = f" L{slot.level}" if slot.level >= 0 else ""
    role = t(f"backup.role.{slot.role}")
    return Box(word, f"{slot.day} {role}: {wording.state(word, i18n.language())}{level}")


def _label(name: str, boxes: Sequence[Box]) -> str:
    if not boxes:
        return f"{name}: {t('backups.strip.none')}"
    groups = [charts.group_of(box.word) for box in boxes]
    return t(
        "backups.strip.label",
        name=name,
        n=len(groups),
        good=groups.count(charts.OK) + groups.count(charts.WARN),
        bad=groups.count(charts.BAD),
        unknown=groups.count(charts.UNKNOWN),
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of an object's calendar."""

    day: int
    inside: bool
    today: bool
    slots: tuple[tuple[str, str, str], ...]  # state word, role, level


@route("/backups/<path:name>", Role.VIEWER)
def backup(name: str) -> Answer:
    """One object."""
    found = whole()
    one = _one(found, name)
    first = month_of(request.args.get("month", ""))
    before = date(first.year - (first.month == 1), (first.month - 2) % 12 + 1, 1)
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    policy = next(o for o in found.policies.objects if o.name == name).policies[-1]
    return render(
        "backup.html",
        "backups",
        found=found,
        one=one,
        named=found.of(name),
        policy=policy,
        facts=facts(found, one),
        month=f"{first:%Y-%m}",
        before=f"{before:%Y-%m}",
        after=f"{after:%Y-%m}",
        weeks=_weeks(first, one),
        days=_days(one),
        first_day=one.retention.from_day,
        open=len(standing(one.problems)),
        slots=_alone(slots_table({"object": name, "month": f"{first:%Y-%m}"})),
        points=_cut(points_table({"object": name})),
        copies=_cut(_alone(copies_table({"object": name}))),
        drills=_cut(_alone(drills_table({"object": name}))),
        problems=_cut(_alone(problems_table({"object": name}))),
        submitted=_cut(_alone(weeks_table({"object": name}))),
        groups=charts.GROUPS,
        swatch=charts.swatch,
    )


def _weeks(first: date, one: ObjectLedger) -> list[list[Cell]]:
    month = f"{first:%Y-%m}"
    by_day: dict[str, list[tuple[str, str, str]]] = {}
    for slot in one.slots:
        if slot.day.startswith(month):
            level = f"L{slot.level}" if slot.level >= 0 else ""
            shown = (slot_word(slot), t(f"backup.role.{slot.role}"), level)
            by_day.setdefault(slot.day, []).append(shown)
    today = day_of(context().now(), zone())
    return [
        [
            Cell(day.day, day.month == first.month, day == today, tuple(by_day.get(day.isoformat(), ())))
            for day in week
        ]
        for week in calendar.Calendar().monthdatescalendar(first.year, first.month)
    ]


def _days(one: ObjectLedger) -> object:
    """The promised days as a strip."""
    promised = [day for day in one.days if day.day >= one.retention.from_day]
    lang = i18n.language()
    boxes = [
        Box(f"b_{day.state}", f"{day.day}: {wording.state(f'b_{day.state}', lang)} {day.by}".strip())
        for day in promised
    ]
    groups = [charts.group_of(box.word) for box in boxes]
    label = t(
        "backups.days.label",
        n=len(boxes),
        good=groups.count(charts.OK),
        bad=groups.count(charts.BAD),
        unknown=groups.count(charts.UNKNOWN),
    )
    return charts.strip(boxes, label)
