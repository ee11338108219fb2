"""The record of backups of a period as data: what of the account belongs into it (for the verifier too).

Body of its entry (kind `record`, header with `backups`, `object`, `from`, `to`, `estate`):
{"v":1,"backups": period,"object": name or "","from","to","now": ms,"size": n,"estate": digest,
 "objects":[…as in the ledger, slots, points, days, weeks, copies, drills of the period…],
 "success":[…],"problems":[…],"evidence":{"OBJECT":{"ARTEFACT":[entry,line]}},"phases":{"DRILL":[[name,ms]]}}
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checks.codec import to_json
from collector.backups.ledger import DrillDue, Ledger, ObjectLedger, Point, Problem, Slot, as_json
from collector.backups.lines import Rows
from collector.backups.observed import Drill
from collector.evidence.bundle import Period

VERSION = 1


@dataclass(frozen=True, slots=True)
class Cut:
    """What belongs into a period, of one object or of all. `estate`: digest of the newest that was applied;
    `drills`: all that were observed."""

    ledger: Ledger
    rows: Rows
    drills_seen: tuple[Drill, ...]
    estate: str
    period: Period
    object: str = ""

    @property
    def empty(self) -> bool:
        """Whether no backup was due in it: a document of nothing would look like a proof."""
        return not any(self.slots(one) for one in self.objects)

    @property
    def objects(self) -> tuple[ObjectLedger, ...]:
        """The objects."""
        return tuple(one for one in self.ledger.objects if self.object in ("", one.name))

    def inside(self, ms: int) -> bool:
        """Whether an instant lies in the period."""
        return self.period.from_ms <= ms < self.period.to_ms

    def slots(self, one: ObjectLedger) -> list[Slot]:
        """Slots that open in it and whose time has come."""
        now = self.ledger.now_ms
        return [slot for slot in one.slots if self.inside(slot.opens_ms) and slot.opens_ms <= now]

    def points(self, one: ObjectLedger) -> list[Point]:
        """Artefacts of these slots, and others made in the period."""
        names = {name for slot in self.slots(one) for name in slot.artefacts}
        return [p for p in one.points if p.name in names or (p.start_ms and self.inside(p.start_ms))]

    def problems(self) -> list[Problem]:
        """What was wrong at any time in it, as far as it is known now."""
        end = min(self.period.to_ms, self.ledger.now_ms + 1)
        return [
            one
            for one in self.ledger.problems
            if self.object in ("", one.object)
            and one.first_provable_ms < end
            and (one.until_ms is None or one.until_ms >= self.period.from_ms)
        ]

    def drills(self, one: ObjectLedger) -> list[DrillDue]:
        """Drills due or begun in it."""
        begun = {d.id: d.begun_ms for d in self.drills_seen}
        return [
            due
            for due in one.drills
            if self.inside(due.due_ms - 1) or any(self.inside(begun.get(d, -1)) for d in due.drills)
        ]

    def body(self, size: int) -> dict[str, Any]:
        """The record, made of the log's first `size` entries."""
        names = [one.name for one in self.objects]
        whole: Any = as_json(self.ledger, objects=names)
        objects = [self._object(one, raw) for one, raw in zip(self.objects, whole["objects"], strict=True)]
        drills = {d for one in self.objects for due in self.drills(one) for d in due.drills}
        return {
            "v": VERSION,
            "backups": self.period.name,
            "object": self.object,
            "from": self.period.from_ms,
            "to": self.period.to_ms,
            "now": self.ledger.now_ms,
            "size": size,
            "estate": self.estate,
            "objects": objects,
            "success": whole["success"],
            "problems": [to_json(one) for one in self.problems()],
            "evidence": {one.name: dict(self._evidence(one)) for one in self.objects},
            "phases": {d: to_json(self.rows.phases[d]) for d in sorted(drills & self.rows.phases.keys())},
        }

    def _object(self, one: ObjectLedger, raw: Mapping[str, Any]) -> dict[str, Any]:
        points = self.points(one)
        names = {point.name for point in points}
        days = {slot.day for slot in self.slots(one)}
        return {
            **raw,
            "slots": [to_json(slot) for slot in self.slots(one)],
            "points": [to_json(point) for point in points],
            "days": [day for day in raw["days"] if day["day"] in days],
            "weeks": [week for week in raw["weeks"] if names & set(week["artefacts"])],
            "copies": [to_json(copy) for copy in one.copies if copy.artefact in names],
            "drills": [to_json(due) for due in self.drills(one)],
            "problems": [to_json(p) for p in self.problems() if p.object == one.name],
        }

    def _evidence(self, one: ObjectLedger) -> Iterator[tuple[str, list[int]]]:
        for point in self.points(one):
            if (found := self.rows.entries.get((one.name, point.name))) is not None:
                yield point.name, list(found)
