"""What documents are filled from, read from a bundle: the collector's own parts are made of it anew.

What no bundle holds raises `Unmade`: the ledger of obligations, what can be full, models and places of
devices, and figures of times that were not over yet.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from checks.wire.numbers import EntryKind
from collector.availability.calendar_cn import shipped
from collector.availability.errors import AvailabilityError
from collector.availability.runs import Run
from collector.availability.terms import ServiceTerms
from collector.backups.ledger import Ledger
from collector.documents.judged import Judged
from collector.documents.matter import (
    Act,
    Closed,
    Device,
    Matter,
    Occasion,
    Scan,
    Served,
    Service,
    Span,
    Unmade,
)
from collector.documents.scorecard_tables import judged_by
from collector.faults.model import Account as Faults
from collector.inspection.capacity import Place
from collector.inspection.due import BY_HAND, occurrences
from collector.inspection.obligations import ObligationLine
from collector.inspection.record import Record
from collector.judging import judge, pending
from collector.judging.changes import Changes, changes
from collector.judging.estates import Estates
from collector.judging.scans import scan_of
from collector.judging.scope import Scope
from collector.judging.sealed import Sealed
from collector.judging.served import Question, served
from collector.judging.term import TermLine, Watched, sheet, so_far
from collector.packs.archive import Archive
from collector.scans import model as scans
from collector.scans.lifecycle import Import, lives
from collector.statements.fold import standing
from collector.statements.model import Said
from collector.verify import backups as verified_backups
from collector.verify.batches import Days
from collector.verify.document_facts import Facts
from collector.verify.figures import looks_of
from collector.verify.scorecards import rules_of
from collector.verify.statements import approvals, counting

_EVER = 2**62
_DAY_ONE = date(1970, 1, 1)
_ON_ITS_WAY_MS = 600_000  # until what an agent saw is surely told, beside its hold


@dataclass(frozen=True, slots=True)
class Told:
    """What judging found out, as far as a bundle says it. `of`: faults of the document's period, of another
    one, or of a time that nobody judged."""

    facts: Facts
    made: Sealed | None
    seal: tuple[int, int] | None = None
    of: str = "period"

    @property
    def judged(self) -> Judged | None:
        """The scorecard that it prints."""
        if self.made is None:
            return None
        pack = self.facts.pack_of(self.made.scorecard.pack_digest)
        return judged_by(pack, self.made.scorecard, self.made.facts)

    @property
    def archive(self) -> Archive | None:
        """Documents on file and missing."""
        terms = self.facts.chosen.pack.pack.archive
        return None if terms is None else self.facts.archive

    @property
    def ledger(self) -> tuple[ObligationLine, ...] | None:
        """It rests on every look of every check: not made anew."""
        raise Unmade("the ledger of obligations")

    @property
    def faults(self) -> Faults | None:
        """Faults, vulnerabilities and findings."""
        if self.of == "other":
            raise Unmade("faults of other periods")
        return None if self.of == "nobody" else self.facts.account

    @property
    def size(self) -> int:
        """Of the log that the scorecard was made of."""
        return 0 if self.made is None else self.made.size


class Bundled(Matter):
    """One document's material, as a bundle has it."""

    def __init__(
        self, facts: Facts, span: Span, found: Told, subject: str = "", special: bool = False
    ) -> None:
        self.facts, self.span, self.found, self.subject = facts, span, found, subject
        self.special = special

    def of_special(self) -> "Bundled":
        """The same, of special rounds alone."""
        return Bundled(self.facts, self.span, self.found, self.subject, special=True)

    def within(self, from_ms: int, to_ms: int) -> "Bundled":
        """A stretch of the period, with the period's faults."""
        span = Span("", from_ms, to_ms, self.span.as_of_ms)
        return Bundled(self.facts, span, Told(self.facts, None))

    @cached_property
    def before(self) -> "Bundled":
        """The stretch of the same length right before: its records and figures."""
        at = self.span
        span = Span("", 2 * at.from_ms - at.to_ms, at.from_ms, at.as_of_ms)
        first = judge.every_period(self.facts.held, at.as_of_ms)[0]
        found = Told(self.facts, None, of="other" if first.from_ms <= span.from_ms else "nobody")
        return Bundled(self.facts, span, found, "", self.special)

    @property
    def _scope(self) -> Scope:
        scope = self.facts.held[-1].terms.scope
        if scope is None:
            raise Unmade("the estate says nothing of its assets in the log")
        return scope

    @property
    def timezone(self) -> str:
        """The estate's zone."""
        return self.facts.held[-1].terms.timezone

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Names of units, systems and assets."""
        scope = self._scope
        return {
            one.id: one.name or one.id
            for group in (scope.units, scope.systems, scope.assets)
            for one in group
        }

    @cached_property
    def devices(self) -> Sequence[Device]:
        """The assets of the estate in force; their models, numbers and places are not in the log."""
        return [Device(one.id, one.kind, one.name, one.system) for one in self._scope.assets]

    def project(self, lang: str) -> str:
        """What the contract in force is called; "" without one."""
        newest = self.facts.held[-1]
        if newest.terms.contract is None:
            return ""
        pack = judge.pack_of(newest).pack
        return pack.title if lang == "zh" else pack.title_en or pack.title

    @cached_property
    def records(self) -> tuple[tuple[int, Record], ...]:
        """Closed records with their entries."""
        found = self.facts.records_in(self.span.from_ms, min(self.span.to_ms, self.span.as_of_ms))
        return tuple(pair for pair in found if not self.special or self._is_special(pair[1]))

    def _is_special(self, one: Record) -> bool:
        return one.round not in self._recurring or BY_HAND in one.window.id

    @cached_property
    def _rules(self) -> Mapping[str, Sequence[pending.Rule]]:
        return rules_of(self.facts.evidence.history, self.facts.held, self.facts.about.size)

    @cached_property
    def _recurring(self) -> frozenset[str]:
        return frozenset(
            name for name, held in self._rules.items() if any(one.plan and one.plan.every for one in held)
        )

    @cached_property
    def occasions(self) -> tuple[Occasion, ...]:
        """Windows of rounds that begin in the period; how one without a record stood cannot be told."""
        begin, end = self.span.from_ms, min(self.span.to_ms, self.span.as_of_ms)
        closed = {record.window.id for _, record in self.records}
        for name, rules in self._rules.items():
            wanted = not self.special or name not in self._recurring
            for window in occurrences(pending.spans(rules), begin, end) if wanted and begin < end else ():
                if begin <= window.from_ms < end and window.id not in closed:
                    raise Unmade("rounds without a record")
        return tuple(_occasion(idx, record) for idx, record in self.records)

    @cached_property
    def rounds(self) -> Mapping[str, str]:
        """Names of rounds."""
        named = {record.round: record.name for _, record in self.records if record.name}
        return {**self.facts.held[-1].terms.rounds, **named}

    @cached_property
    def services(self) -> tuple[Service, ...]:
        """Every system with its figure."""
        return tuple(self._service(one.id, one.name or one.id) for one in self._scope.systems)

    def _service(self, system: str, name: str) -> Service:
        terms = next((one for one in self.facts.held[-1].terms.services if one.id == system), None)
        if terms is None:
            return system, name, None, "no_such_service"
        slack = _ON_ITS_WAY_MS + max((leaf.hold_ms for leaf in terms.leaves.values()), default=0)
        if self.span.as_of_ms < self.span.to_ms + slack:
            raise Unmade("availability of a time that was not over")
        try:
            return system, name, self._served(terms), ""
        except AvailabilityError as error:
            return system, name, None, error.code

    def _served(self, terms: ServiceTerms) -> Served:
        facts, span = self.facts, (self.span.from_ms, self.span.to_ms)
        people, size = facts.evidence.people, facts.about.size
        question = Question(
            terms=terms,
            estates=Estates.of(facts.held, standing(counting(people, size), _EVER)),
            span=span,
            end_ms=self.span.as_of_ms,
            approvals=approvals(people, size),
            calendar=shipped(),
        )
        looks = looks_of(question.keys, facts.evidence.tracks, size)
        figure = served(
            question,
            lambda _: {
                key: {name: tuple(run for run, _ in found) for name, found in by_name.items()}
                for key, by_name in looks.items()
            },
        )
        shares, sums = figure.ratios, figure.buckets
        return Served(
            target=terms.target,
            low=shares.low,
            score=shares.score,
            coverage=shares.coverage,
            down=sums.down,
            degraded=sums.degraded,
            faults=len(figure.faults),
            ends=_ends(looks, span),
        )

    @property
    def capacity(self) -> tuple[Place, ...]:
        """An estimate from looks of sixty days, most of them outside rounds: not made anew."""
        raise Unmade("capacity")

    @cached_property
    def backups(self) -> Ledger | None:
        """The account of backups; None where none are promised."""
        if not any(one.terms.backups and one.terms.backups.objects for one in self.facts.held):
            return None
        evidence, about = self.facts.evidence, self.facts.about
        found = verified_backups.folded(evidence.history, evidence.backups, about.size, about.as_of_ms)
        return found[0]

    @cached_property
    def scans(self) -> tuple[Scan, ...]:
        """Imported scans of the period with the findings of their series."""
        return tuple(self._scans())

    @cached_property
    def term(self) -> Sequence[TermLine]:
        """The end-of-term sheet; it stands on looks of the whole term."""
        facts, span = self.facts, self.span
        if facts.evidence.begin:
            raise Unmade("looks from before this bundle")
        from_ms, to_ms = judge.term(facts.held, span.as_of_ms, span.name)
        people, size = facts.evidence.people, facts.about.size
        estates = Estates.of(facts.held, standing(counting(people, size), _EVER))
        end = min(span.as_of_ms, span.to_ms)
        return sheet(estates, _watched(facts.evidence.days, size), so_far(from_ms, to_ms, end))

    def _scans(self) -> Iterator[Scan]:
        end = min(self.span.to_ms, self.span.as_of_ms + 1)
        held: dict[str, list[Import]] = {}
        for one in self.facts.said:
            if (
                one.kind is not EntryKind.STATEMENT
                or one.header.get("kind") != "scan"
                or one.document is None
            ):
                continue
            series = str(one.header["subject"])
            mine = held.setdefault(series, [])
            mine.append(Import(one.idx, one.received_ms, scans.from_body(one.document)))
            if self.span.from_ms <= one.received_ms < end:
                verdict = scan_of(one.idx, one.received_ms, one.header).verdict
                yield Scan(series, one.received_ms, verdict, one.idx, lives(mine))

    @property
    def said(self) -> tuple[Said, ...]:
        """What stands of people's statements."""
        return tuple(self.facts.ground.said)

    @cached_property
    def changes(self) -> Changes | None:
        """Drifts of the period."""
        ground, account = self.facts.ground, self.facts.account
        return changes(account.findings, ground.said, ground.rounds, (self.span.from_ms, self.span.to_ms))

    def acts(self) -> Iterator[Act]:
        """What people did with the tool, as the log has it."""
        yield from (Act(one.received_ms, one.idx, one.header) for one in self.facts.acts())

    def taken(self) -> Mapping[int, Sequence[int]]:
        """Entries that the log took in during the period, by number of their kind."""
        return {int(kind): found for kind, found in self.facts.taken().items()}


def _occasion(idx: int, record: Record) -> Occasion:
    counts = record.overview
    word = "done"
    if counts.missed or counts.errors:
        word = "missed" if counts.done == 0 else "incomplete"
    elif counts.late:
        word = "late"
    numbers = counts.due, counts.done, counts.errors, counts.missed
    return Occasion(record.round, record.window, word, *numbers, Closed(idx, counts.problems))


def _ends(
    looks: Mapping[tuple[str, str], Mapping[str, Sequence[tuple[Run, int]]]], span: tuple[int, int]
) -> tuple[int, int] | None:
    """The first entry of the first series, and the last of the last one, in the order of their names."""
    made = []
    for _, by_vantage in sorted(looks.items()):
        for _, found in sorted(by_vantage.items()):
            inside = [run for run, _ in found if run.last_ms >= span[0] and run.first_ms < span[1]]
            if inside:
                made.append((inside[0].first_seq or 0, inside[-1].last_seq or 0))
    return (made[0][0], made[-1][1]) if made else None


def _watched(days: Days, size: int) -> dict[str, dict[date, Watched]]:
    """By target and day who looked, in the first `size` entries."""
    made: dict[str, dict[date, Watched]] = {}
    for (target, vantage, number), idx in days.items():
        if idx < size:
            when = _DAY_ONE + timedelta(days=number)
            held = made.setdefault(target, {})
            before = held.get(when)
            seen = frozenset({vantage}) if before is None else before.vantages | {vantage}
            held[when] = Watched(idx, seen)
    return made
