"""Tables about backups in words of one language: pages and the record show the same ones.

Verdicts, slots and days come as state words `b_…` (`words.backup.STATES`). Evidence is an entry and its line.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from checks.api import Unit
from checks.recurrence import zone
from collector.backups.ledger import (
    CopyState,
    DrillDue,
    ObjectLedger,
    Outcome,
    Point,
    Problem,
    Rto,
    Slot,
    SlotState,
    Success,
)
from collector.documents.tables import Column, Link, Table, at
from collector.jobs.backups import Account
from collector.reports import backup_columns as columns
from collector.words import wording
from collector.words.record import RECORD, text

_OVER = (SlotState.ON_TIME, SlotState.LATE, SlotState.MISSED, SlotState.DOUBLE, SlotState.UNSEEN)
_ROLES = ("full", "incremental", "differential", "event", "log", "snapshot")
Place = Callable[[str], str]  # object -> address of its page


def _b(word: object) -> str:
    return f"b_{word}"


def level_words(level: int) -> str:
    """`L7`, a dash where not even L0 was reached."""
    return f"L{level}" if level >= 0 else "–"


def verdict(good: bool | None) -> str | None:
    """State word of a slot's or a point's verdict."""
    return None if good is None else _b("good" if good else "bad")


def slot_word(slot: Slot) -> str:
    """What a slot shows in a calendar: what came, and bad where what came is no good."""
    came = (SlotState.ON_TIME, SlotState.LATE, SlotState.DOUBLE)
    if slot.state in came and slot.good is not True:
        return _b("bad") if slot.good is False else _b("unproven")
    return _b(slot.state)


@dataclass(frozen=True, slots=True)
class Words:
    """Rows in one language; objects and evidence as links where pages want them."""

    account: Account
    lang: str
    evidence_url: str = ""
    href: Place | None = None

    def table(self, part: str, heads: tuple[Column, ...], rows: Iterable[Sequence[object]]) -> Table:
        """One part, named after it."""
        title, empty = text(f"backup.{part}", self.lang), text(f"backup.{part}.none", self.lang)
        return Table(f"backup-{part}", title, heads, tuple(tuple(row) for row in rows), empty)

    def thing(self, name: str) -> object:
        """Its id and name, as a link where pages want one."""
        called = self.account.of(name).name
        shown = f"{name} {called}" if called else name
        return Link(shown, self.href(name)) if self.href and name else shown

    def said(self, group: str, word: str) -> str:
        """A word of the record's texts; as it is where there is none."""
        return text(f"backup.{group}.{word}", self.lang) if word else "–"

    def role(self, word: str) -> str:
        """Full, incremental …"""
        return self.said("role", word) if word in _ROLES else word or "–"

    def evidence(self, name: str, artefact: str) -> object:
        """Entry and line of the newest look that read an artefact."""
        found = self.account.entries.get((name, artefact))
        return None if found is None else at(*found, self.evidence_url)

    def drill_evidence(self, drill: str) -> object:
        """Entry of a drill: `12/3`, or of a recovery's statement."""
        entry, _, line = drill.removeprefix("recovery-").partition("/")
        if not entry.isdigit():
            return None
        number = line.partition("/")[0]
        return at(int(entry), int(number) if number else None, self.evidence_url)

    def clock(self, ms: int, form: str = "%m-%d %H:%M") -> str:
        """An instant in the estate's zone."""
        return datetime.fromtimestamp(ms / 1000, zone(self.account.terms.timezone)).strftime(form)

    def objects(
        self, found: Iterable[ObjectLedger], slots: Callable[[ObjectLedger], Sequence[Slot]]
    ) -> Table:
        """One row an object; slots of the period in question."""
        return self.table("objects", columns.OBJECTS, (self._object(one, slots(one)) for one in found))

    def _object(self, one: ObjectLedger, slots: Sequence[Slot]) -> tuple[object, ...]:
        states = Counter(slot.state for slot in slots)
        kept = one.retention
        return (
            self.thing(one.name),
            sum(states[word] for word in _OVER),
            sum(slot.good is True for slot in slots),
            states[SlotState.LATE],
            states[SlotState.MISSED],
            states[SlotState.UNSEEN],
            level_words(newest_level(one)),
            newest_copy(one),
            f"{kept.restorable_days} / {kept.promised_days}",
            one.rpo.ms,
            _b(one.tested) if self._drilled(one.name) else _b("not_asked"),
            len(standing(one.problems)),
        )

    def _drilled(self, name: str) -> bool:
        found = next((o for o in self.account.policies.objects if o.name == name), None)
        return found is not None and found.policies[-1].drill is not None

    def slots(self, found: Iterable[tuple[str, Sequence[Slot]]]) -> Table:
        """Every slot, newest first."""
        rows = (self._slot(name, slot) for name, slots in found for slot in reversed(slots))
        return self.table("slots", columns.SLOTS, rows)

    def _slot(self, name: str, slot: Slot) -> tuple[object, ...]:
        artefact = slot.artefacts[0] if slot.artefacts else ""
        return (
            self.thing(name),
            slot.day,
            self.role(slot.role),
            _b(slot.state),
            verdict(slot.good),
            level_words(slot.level),
            f"{self.clock(slot.opens_ms)} – {self.clock(slot.closes_ms)}",
            slot.run_ms,
            artefact or None,
            self.evidence(name, artefact),
        )

    def points(self, name: str, points: Sequence[Point]) -> Table:
        """Artefacts of an object, newest first, each with the way back to its full."""
        return self.table("points", columns.POINTS, (self._point(name, one) for one in reversed(points)))

    def _point(self, name: str, one: Point) -> tuple[object, ...]:
        path = text("backup.path.broken", self.lang) if one.path is None else " ← ".join(one.path)
        return (
            one.name,
            self.role(one.kind),
            one.start_ms,
            _size(one.bytes, self.lang),
            verdict(one.good),
            level_words(one.level),
            level_words(one.restore_level),
            path,
            ", ".join(one.places) or None,
            one.gone_ms,
            self.evidence(name, one.name),
        )

    def copies(self, found: Iterable[tuple[str, Sequence[CopyState]]]) -> Table:
        """Second copies, newest first."""
        rows = (
            (self.thing(name), one.artefact, one.place, _b(one.state), one.due_ms, one.seen_ms)
            for name, copies in found
            for one in reversed(copies)
        )
        return self.table("copies", columns.COPIES, rows)

    def levels(self, found: Iterable[tuple[str, Sequence[Point]]]) -> Table:
        """How many artefacts reach each level."""
        rows = []
        for name, points in found:
            counts = Counter(one.level for one in points)
            rows.append((self.thing(name), *(counts[level] for level in range(-1, 10))))
        return self.table("levels", columns.LEVELS, rows)

    def retention(self, found: Iterable[ObjectLedger]) -> Table:
        """The promise about the past, as restorable days."""
        return self.table("retention", columns.RETENTION, map(self._retention, found))

    def _retention(self, one: ObjectLedger) -> tuple[object, ...]:
        kept = one.retention
        return (
            self.thing(one.name),
            f"{kept.restorable_days} / {kept.promised_days}",
            kept.oldest or None,
            kept.short_days,
            f"{kept.fulls_have} / {kept.fulls_needed}",
            one.rpo.artefact or None,
            one.rpo.ms,
        )

    def drills(self, found: Iterable[tuple[ObjectLedger, Sequence[DrillDue]]]) -> Table:
        """Due drills with what became of them; real recoveries behind."""
        rows = [self._drill(one, due) for one, dues in found for due in reversed(dues)]
        return self.table("drills", columns.DRILLS, rows)

    def _drill(self, one: ObjectLedger, due: DrillDue) -> tuple[object, ...]:
        drill = due.drills[0] if due.drills else ""
        rto = next((r for r in one.rto if r.drill == drill), None)
        rpo = next((r for r in one.rpo_at_drills if r.drill == drill), None)
        done = next((d for d in self.account.observed.drills if d.id == drill), None)
        pick = self.said("pick", due.pick)
        if due.chosen_by:
            pick += f" ({self.said('by', due.chosen_by)})"
        return (
            self.thing(one.name),
            due.period,
            _b(due.state),
            _b(due.outcome) if due.outcome else None,
            pick,
            (done.artefact if done else "") or due.wanted or None,
            self.rto(rto) if rto else None,
            self._allowed(rto) if rto else None,
            rpo.ms if rpo else None,
            self.phases(drill) or None,
            self.drill_evidence(drill),
        )

    def rto(self, rto: Rto) -> str:
        """How long it took, said to be an estimate where it is one."""
        if rto.ms is None:
            return "–"
        span = wording.duration(rto.ms, self.lang)
        shown = text("backup.estimate", self.lang, span=span) if rto.estimate else span
        return f"{shown} ({text('backup.real', self.lang)})" if rto.real else shown

    def _allowed(self, rto: Rto) -> str:
        span, reaction = (wording.duration(ms, self.lang) for ms in (rto.allowed_ms, rto.reaction_ms))
        return text("backup.allowance", self.lang, span=span, reaction=reaction)

    def phases(self, drill: str) -> str:
        """Each phase with how long it took."""
        found = self.account.phases.get(drill, ())
        joint = "，" if self.lang == "zh" else ", "
        return joint.join(f"{self._phase(name)} {wording.duration(ms, self.lang)}" for name, ms in found)

    def _phase(self, name: str) -> str:
        key = f"backup.phase.{name}"
        return text(key, self.lang) if key in RECORD else name

    def problems(self, found: Iterable[Problem]) -> Table:
        """What is bad or unproven: standing ones first, the bad before the unproven, then the newest."""

        def rank(one: Problem) -> tuple[object, ...]:
            return one.until_ms is not None, list(Outcome).index(one.outcome), -one.first_provable_ms

        ranked = sorted(found, key=rank)
        return self.table("problems", columns.PROBLEMS, map(self._problem, ranked))

    def _problem(self, one: Problem) -> tuple[object, ...]:
        about = " · ".join(part for part in (self._turn(one.slot), one.artefact, one.place) if part)
        return (
            _b(one.outcome),
            f"L{one.level}",
            self.thing(one.object),
            self.reason(one),
            about or None,
            one.first_provable_ms,
            one.last_good_ms,
            one.until_ms,
            " ".join(one.clause) or None,
        )

    def _turn(self, slot: str) -> str:
        """A slot in words: `full/2026-03-01` is 全量 2026-03-01; the drill that was never made has no day."""
        role, _, day = slot.partition("/")
        key = f"backup.role.{role}"
        if key not in RECORD:
            return slot
        return text(key, self.lang) if day == "never" else f"{text(key, self.lang)} {day}"

    def awaited(self, name: str, slot: Slot) -> tuple[object, ...]:
        """A window that is over, and nothing came so far: as a row among the problems."""
        late = wording.reason("late", self.lang)
        return (
            _b("warn"),
            "L0",
            self.thing(name),
            late,
            self._turn(slot.id),
            slot.closes_ms,
            None,
            None,
            None,
        )

    def reason(self, one: Problem) -> str:
        """The reason in words, with its figures."""
        said = wording.reason(one.reason, self.lang)
        joint = "，" if self.lang == "zh" else ", "
        numbers = joint.join(self._number(name, number) for name, number in one.numbers)
        return f"{said} ({numbers})" if numbers else said

    def _number(self, name: str, number: int) -> str:
        key = f"backup.number.{name}"
        if key not in RECORD:
            return f"{name} {number}"
        return text(key, self.lang, n=number)

    def clauses(self, names: Iterable[str]) -> Table:
        """Each clause that policies of these objects cite: kept, broken since when, by which days."""
        wanted = set(names)
        return self.table("clauses", columns.CLAUSES, self._clauses(wanted))

    def _clauses(self, wanted: set[str]) -> Iterator[tuple[object, ...]]:
        objects = [one for one in self.account.ledger.objects if one.name in wanted]
        lost = {one.name: one.counts["day_none"] + one.counts["day_lost"] for one in objects}
        for clause in sorted({clause for one in objects for clause in one.clause}):
            bound = [one.name for one in objects if clause in one.clause]
            found = [
                p for p in self.account.ledger.problems if clause in p.clause and p.object in ("", *bound)
            ]
            bad = [p for p in found if p.outcome is Outcome.BAD]
            untold = sum(p.outcome is Outcome.COULD_NOT_TELL and p.until_ms is None for p in found)
            yield (
                clause,
                _b("bad" if bad else "could_not_tell" if untold else "good"),
                sum(p.until_ms is None for p in bad),
                untold,
                min((p.first_provable_ms for p in bad), default=None),
                sum(lost[name] for name in bound),
                ", ".join(bound),
            )

    def success(self, found: Iterable[Success]) -> Table:
        """The rate of each period with its bound."""
        return self.table("success", columns.SUCCESS, map(self._success, found))

    def _success(self, one: Success) -> tuple[object, ...]:
        form = "%Y-%m-%d"
        return (
            f"{self.clock(one.from_ms, form)} – {self.clock(one.to_ms - 1, form)}",
            one.begun,
            one.good,
            one.failed,
            one.untold,
            one.excused,
            one.retries,
            one.rate,
            one.lower,
            one.at_least,
            verdict(one.holds),
        )

    def weeks(self, found: Iterable[ObjectLedger]) -> Table:
        """The backup path per system and week, as it has to be submitted."""
        return self.table("weeks", columns.WEEKS, (row for one in found for row in self._weeks(one)))

    def _weeks(self, one: ObjectLedger) -> Iterator[tuple[object, ...]]:
        named = self.account.of(one.name)
        points = {point.name: point for point in one.points}
        for week in reversed(one.weeks):
            point = points.get(week.artefacts[-1]) if week.artefacts else None
            where = f"{one.place}:{point.name}" if point else None
            yield (
                named.system_name or None,
                week.week,
                self.thing(one.name),
                where,
                _size(point.bytes, self.lang) if point else None,
                point.sha256 or None if point else None,
                level_words(point.level) if point else None,
                self.evidence(one.name, point.name) if point else None,
            )

    def media(self, names: set[str], span: tuple[int, int]) -> Table:
        """Media that people tried to read."""
        rows = []
        for one in self.account.media:
            h = one.header
            if one.object in names and span[0] <= h["at"] < span[1]:
                made = at(one.idx, None, self.evidence_url)
                row = (self.thing(one.object), h["medium"], h["at"], _b(h["outcome"]), h.get("note"), made)
                rows.append(row)
        return self.table("media", columns.MEDIA, rows)


def _size(amount: int, lang: str) -> str:
    return wording.number(amount, Unit.BYTES, lang)


def standing(problems: Iterable[Problem]) -> list[Problem]:
    """What stands against an object now: bad, or not proven."""
    return [one for one in problems if one.until_ms is None and one.outcome is not Outcome.WARN]


def newest_level(one: ObjectLedger) -> int:
    """Level of the newest artefact that still stands; -1 without any."""
    return next((point.level for point in reversed(one.points) if point.gone_ms is None), -1)


def newest_copy(one: ObjectLedger) -> str:
    """State word of the newest second copy that is due."""
    due = [copy for copy in one.copies if copy.state != "waiting"] or list(one.copies)
    return _b(due[-1].state) if due else _b("not_asked")
