"""The ground of faults, vulnerabilities and findings, from a bundle: as collector/jobs/faults.py makes it."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from checks.wire.numbers import EntryKind
from collector.availability.approvals import windows_for
from collector.availability.calendar_cn import shipped
from collector.availability.terms import ServiceTerms
from collector.faults import seen
from collector.faults.counted import terms_of
from collector.faults.gathered import IMPORTED, hosts
from collector.faults.ground import Ground, Report, Seen
from collector.faults.notices import inspected, looks
from collector.faults.seen import Looks, Placed
from collector.faults.terms import FaultTerms
from collector.faults.vulnerabilities import named_looks
from collector.inspection import record as records
from collector.inspection.record import Record
from collector.judging.asked import Asked
from collector.judging.judge import Chosen
from collector.judging.scope import Scope
from collector.scans import model as scans
from collector.scans.lifecycle import Import
from collector.scoring.model import Proof
from collector.statements.model import Said as Stated
from collector.verify.batches import Series, Track
from collector.verify.figures import looks_of
from collector.verify.history import Said
from collector.verify.statements import People, approvals

Tracks = Mapping[Series, Track]


def ground(
    chosen: Chosen,
    asked: Asked,
    said: Sequence[Said],
    stated: tuple[Stated, ...],
    held: tuple[Tracks, int, People],
) -> Ground:
    """What had been received; `said`: entries up to the instant, `stated`: what people stated in them,
    `held`: observations, the size of the log that they are taken from, and who said what."""
    document = chosen.applied.terms
    scope = document.scope or Scope()
    terms = terms_of(asked.pack, asked.options)
    reports = tuple(_reports(said)) if terms.vulnerabilities is not None else ()
    wanted = terms.findings is not None or terms.vulnerabilities is not None
    held_records = _records(said) if wanted else []
    pairs = named_looks([one for one in stated if one.kind == "fix_plan"])
    term = chosen.periods[0].from_ms, chosen.periods[-1].to_ms
    made: list[Seen] = []
    if terms.faults is not None:
        named = {one.id for one in scope.systems}
        for service in document.services:
            if service.id in named or (not named and "/" not in service.id):
                made += _of_system(service, terms.faults, (chosen, asked, term), held)
    return Ground(
        term=term,
        window=(asked.period.from_ms, asked.period.to_ms),
        scope=scope,
        core=frozenset(one.id for one in document.services if one.core),
        outages=tuple(made),
        said=stated,
        reports=tuple(report for report, _ in reports),
        records=inspected(held_records) if terms.findings is not None else (),
        looks=tuple(look for _, one in held_records for look in looks(one, pairs)) if pairs else (),
        hosts=hosts(reports, scope),
    )


def _of_system(
    service: ServiceTerms,
    faults: FaultTerms,
    given: tuple[Chosen, Asked, tuple[int, int]],
    held: tuple[Tracks, int, People],
) -> tuple[Seen, ...]:
    chosen, asked, term = given
    tracks, size, people = held
    question = seen.Question(
        window=(asked.period.from_ms, asked.period.to_ms),
        as_of_ms=asked.as_of_ms,
        since_ms=term[0],
        faults=faults,
        windows=windows_for(chosen.applied.terms, service.id, approvals(people, size, asked.as_of_ms)),
        calendar=shipped(),
    )
    return seen.seen(service, _looks(service, tracks, size), question)


def _looks(service: ServiceTerms, tracks: Tracks, size: int) -> Callable[[int, int], Looks]:
    every = looks_of(service, tracks, size)
    placed: Looks = {
        key: {
            vantage: [Placed(run, run.first_seq or 0, 0) for run, _ in found]
            for vantage, found in by_vantage.items()
        }
        for key, by_vantage in every.items()
    }

    def looks(from_ms: int, to_ms: int) -> Looks:
        return {
            key: {vantage: _around(found, from_ms, to_ms) for vantage, found in by_vantage.items()}
            for key, by_vantage in placed.items()
        }

    return looks


def _around(found: Sequence[Placed], from_ms: int, to_ms: int) -> list[Placed]:
    """Runs that touch a stretch, with the neighbours that the collector reads: three before, two behind."""
    before = [one for one in found if one.run.first_ms < from_ms][-3:]
    inside = [one for one in found if from_ms <= one.run.first_ms < to_ms]
    behind = [one for one in found if one.run.first_ms >= to_ms][:2]
    return [*before, *inside, *behind]


def _reports(said: Sequence[Said]) -> Iterator[tuple[Report, tuple[str, ...]]]:
    for one in said:
        header = one.header
        if one.kind is not EntryKind.STATEMENT or header.get("kind") != "scan" or one.document is None:
            continue
        whose = "buyer" if header.get("role") == "buyer" else "vendor"
        imported = Import(one.idx, one.received_ms, scans.from_body(one.document))
        proof = Proof(one.idx, str(header.get("by", "")), IMPORTED)
        assets = tuple(str(name) for name in header.get("assets", ()))
        yield Report(str(header["subject"]), imported, whose, proof), assets


def _records(said: Sequence[Said]) -> list[tuple[int, Record]]:
    """Every inspection record with its entry."""
    return [
        (one.idx, records.parse(one.document or b""))
        for one in said
        if one.kind is EntryKind.RECORD and "window" in one.header and one.document is not None
    ]
