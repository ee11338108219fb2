"""What the tables of documents are made of, from a bundle: faults, records, archive, imports, the log."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from checks.wire.numbers import EntryKind
from collector.availability.calendar_cn import shipped
from collector.documents.matter import Matter
from collector.faults.counted import counted, days_of, terms_of
from collector.faults.model import Account, Fault
from collector.inspection import record as records
from collector.inspection.record import Record
from collector.judging import judge
from collector.judging.ground import Applied, Ground
from collector.judging.judge import Chosen
from collector.judging.scope import AssetScope
from collector.judging.units import units_of
from collector.packs.archive import Archive, ArchiveAsked, archive
from collector.packs.model import Pack
from collector.verify.history import Said
from collector.verify.scorecards import Evidence, ground_of


@dataclass(frozen=True, slots=True)
class About:
    """A document's period of the pack, its instant, how much of the log it is made of; `until_ms`: up to when
    records of rounds were read, a moment later than its instant."""

    period: str
    as_of_ms: int
    size: int
    until_ms: int


class Facts:
    """Everything that the first entries of the log give of a period; each is made when it is asked for."""

    def __init__(self, evidence: Evidence, about: About) -> None:
        self.evidence, self.about = evidence, about
        self.matters: dict[object, Matter] = {}
        """What documents were filled from, by what they are about: several of one instant share it."""
        history = evidence.history
        self.held = tuple(
            Applied(one.idx, one.at_ms, one.terms) for one in history.estates if one.idx < about.size
        )
        self.chosen: Chosen = judge.chosen(self.held, about.period, about.as_of_ms)
        self.from_ms, self.to_ms = self.chosen.period.from_ms, self.chosen.period.to_ms

    @property
    def end_ms(self) -> int:
        """Up to when something of the period can have come."""
        return min(self.to_ms, self.about.as_of_ms + 1)

    @cached_property
    def said(self) -> tuple[Said, ...]:
        """The collector's own entries so far."""
        about = self.about
        found = self.evidence.history.said
        return tuple(one for one in found if one.idx < about.size and one.received_ms <= about.until_ms)

    @cached_property
    def ground(self) -> Ground:
        """What scorecards are counted from."""
        asked = judge.asked(self.chosen, self.about.as_of_ms)
        return ground_of(self.chosen, asked, self.held, self.about.size, self.evidence)

    @cached_property
    def account(self) -> Account:
        """Faults, vulnerabilities and findings of the period; LookupError where the pack asks for none."""
        pack = self.chosen.pack.pack
        if self.ground.troubles is None:
            raise LookupError("the pack judges no faults")
        terms, days = terms_of(pack, self.chosen.options), days_of(pack, shipped())
        return counted(terms, self.ground.troubles, self.chosen.period, self.about.as_of_ms, days)[0]

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Those that began in the period."""
        known = self.account.faults
        return tuple(one for one in known if self.from_ms <= one.moments.onset_ms < self.to_ms)

    def fault(self, subject: str) -> Fault | None:
        """The one of this id."""
        return next((one for one in self.account.faults if one.id == subject), None)

    def pack_of(self, digest: str) -> Pack | None:
        """The pack of this digest, from the newest estate that names it."""
        held = (one for one in reversed(self.held) if one.terms.contract and one.terms.contract.compiled)
        packs = (judge.pack_of(one) for one in held)
        return next((one.pack for one in packs if one.digest == digest), None)

    @cached_property
    def records(self) -> tuple[tuple[int, Record], ...]:
        """Records of rounds that opened in the period, each with its entry."""
        return self.records_in(self.from_ms, min(self.to_ms, self.about.as_of_ms))

    def records_in(self, from_ms: int, to_ms: int) -> tuple[tuple[int, Record], ...]:
        """Records of rounds that opened in [from, to), each with its entry."""
        made = (pair for pair in self._records if from_ms <= pair[1].window.from_ms < to_ms)
        return tuple(sorted(made, key=lambda pair: (pair[1].window.from_ms, pair[1].window.id)))

    @cached_property
    def _records(self) -> tuple[tuple[int, Record], ...]:
        made: dict[str, tuple[int, Record]] = {}
        for one in self.said:
            if one.kind is EntryKind.RECORD and "window" in one.header and one.document is not None:
                record = records.parse(one.document)
                made.setdefault(record.window.id, (one.idx, record))
        return tuple(made.values())

    @property
    def assets(self) -> tuple[AssetScope, ...]:
        """Of the estate in force; LookupError where it names no contract."""
        scope = self.held[-1].terms.scope
        if scope is None:
            raise LookupError("the estate says nothing of its assets in the log")
        return scope.assets

    @cached_property
    def archive(self) -> Archive:
        """Documents on file and missing; LookupError where the pack lists none."""
        terms = self.chosen.pack.pack.archive
        if terms is None:
            raise LookupError("the pack lists no documents")
        period, as_of = self.chosen.period, self.about.as_of_ms
        units = units_of(self.held, period, as_of, self.ground.said)
        options = judge.asked(self.chosen, as_of).options
        return archive(terms, ArchiveAsked(period, as_of, options), units, self.ground.said)

    def imports(self) -> Iterator[Said]:
        """Scan reports that came in the period."""
        for one in self.said:
            scan = one.kind is EntryKind.STATEMENT and one.header.get("kind") == "scan"
            if scan and self.from_ms <= one.received_ms < self.end_ms:
                yield one

    def taken(self) -> Mapping[EntryKind, list[int]]:
        """Entries that the log took in during the period, by kind."""
        history = self.evidence.history
        made: dict[EntryKind, list[int]] = {}
        for idx in range(history.begin, self.about.size):
            if self.from_ms <= history.came(idx) < self.end_ms:
                made.setdefault(EntryKind(history.kinds[idx - history.begin]), []).append(idx)
        return made

    def acts(self) -> Iterator[Said]:
        """What people did with the tool, as the log has it."""
        for one in self.said:
            if one.kind is EntryKind.COLLECTOR and self.from_ms <= one.received_ms < self.end_ms:
                yield one
