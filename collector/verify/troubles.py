"""The ground of faults, vulnerabilities and findings, from a bundle: as collector/jobs/faults.py makes it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial

from checks.codec import FieldError
from checks.wire.numbers import EntryKind
from collector.availability.approvals import Approval
from collector.availability.calendar_cn import shipped
from collector.faults import seen
from collector.faults.counted import terms_of
from collector.faults.gathered import IMPORTED, hosts, later
from collector.faults.ground import Ground, Report, Seen
from collector.faults.notices import Inspected, Key, Look, What, looks, notices
from collector.faults.seen import Keys, Looks, Placed
from collector.faults.terms import FaultTerms
from collector.faults.vulnerabilities import named_looks
from collector.inspection import record as records
from collector.judging.asked import Asked
from collector.judging.estates import Estates
from collector.judging.judge import Chosen
from collector.notify.receipts import Message, is_message, parse
from collector.scans import model as scans
from collector.scans.lifecycle import Import
from collector.scoring.model import Proof
from collector.statements.model import Said as Stated
from collector.verify.batches import Series, Track
from collector.verify.figures import looks_of
from collector.verify.history import Said


@dataclass(frozen=True, slots=True)
class Watched:
    """What outages are made of: observations in the first `size` entries, approvals of windows, estates."""

    tracks: Mapping[Series, Track]
    size: int
    approvals: tuple[Approval, ...]
    estates: Estates


def ground(
    chosen: Chosen,
    asked: Asked,
    said: Sequence[Said],
    stated: tuple[Stated, ...],
    watched: Watched,
) -> Ground:
    """What had been received; `said`: entries up to the instant, `stated`: what people stated in them."""
    terms = terms_of(asked.pack, asked.options)
    window = asked.period.from_ms, asked.period.to_ms
    scope = watched.estates.scope(*window)
    reports = tuple(_reports(said)) if terms.vulnerabilities is not None else ()
    wanted = terms.findings is not None or terms.vulnerabilities is not None
    held_records = [one for one in said if _is_record(one)] if wanted else []
    pairs = named_looks([one for one in stated if one.kind == "fix_plan"])
    term = chosen.periods[0].from_ms, chosen.periods[-1].to_ms
    return Ground(
        term=term,
        window=window,
        scope=scope,
        outages=tuple(_outages(asked, term, terms.faults, watched)) if terms.faults is not None else (),
        said=stated,
        messages=tuple(_messages(said)),
        reports=tuple(report for report, _ in reports),
        records=tuple(_inspected(held_records)) if terms.findings is not None else (),
        looks=tuple(_looked(held_records, pairs)) if pairs else (),
        hosts=hosts(reports, scope),
        later=later(reports, watched.estates.newest()),
    )


def _outages(asked: Asked, term: tuple[int, int], faults: FaultTerms, watched: Watched) -> Iterator[Seen]:
    begin, end = asked.period.from_ms, asked.period.to_ms
    for system in watched.estates.systems(begin, min(end, max(asked.as_of_ms, begin + 1))):
        question = seen.Question(
            window=(begin, end),
            as_of_ms=asked.as_of_ms,
            since_ms=term[0],
            faults=faults,
            windows=watched.estates.windows(system, watched.approvals, end),
            calendar=shipped(),
        )
        yield from seen.seen(system, partial(watched.estates.parts, system), _looks(watched), question)


def _looks(watched: Watched) -> Callable[[Keys, int, int], Looks]:
    """Runs around a stretch of time; those of a series are made once."""
    placed: dict[tuple[str, str], Mapping[str, Sequence[Placed]]] = {}

    def looks(keys: Keys, from_ms: int, to_ms: int) -> Looks:
        new = [key for key in keys if key not in placed]
        for key, by_vantage in looks_of(new, watched.tracks, watched.size).items():
            placed[key] = {
                vantage: [Placed(run, run.first_seq or 0, 0) for run, _ in found]
                for vantage, found in by_vantage.items()
            }
        return {
            key: {vantage: _around(found, from_ms, to_ms) for vantage, found in placed[key].items()}
            for key in keys
            if key in placed
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


def _messages(said: Sequence[Said]) -> Iterator[Message]:
    """What became of messages; one that is not as it should be (messages.py tells) announces nothing."""
    for one in said:
        if one.kind is EntryKind.COLLECTOR and is_message(one.header):
            with suppress(FieldError):
                yield parse(one.idx, one.received_ms, one.header)


def _is_record(one: Said) -> bool:
    return one.kind is EntryKind.RECORD and "window" in one.header and one.document is not None


def _looked(said: Sequence[Said], pairs: Collection[tuple[str, str]]) -> Iterator[Look]:
    for one in said:
        yield from looks(records.parse(one.document or b""), pairs)


def _inspected(said: Sequence[Said]) -> Iterator[Inspected]:
    """What every record says of findings, as collector/faults/notices.py has it, oldest entry first."""
    known: frozenset[Key] = frozenset()
    for one in sorted(said, key=lambda one: one.idx):
        made = _told(one.idx, one.document or b"", known)
        known |= {notice.key for notice in made.notices if notice.what is What.BAD}
        yield made


@lru_cache(maxsize=4096)  # each scorecard asks for all records of the term again, and none changes
def _told(entry: int, document: bytes, known: frozenset[Key]) -> Inspected:
    record = records.parse(document)
    return Inspected(entry, record.window.id, record.closed_ms, notices(record, known))
