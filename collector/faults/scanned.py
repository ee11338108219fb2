"""Flaws that scanners' reports show, from first to last: each series of one tool and scope, read in the
order in which its reports were taken. Pure.

What the reports of a series tell is remembered: a new one is read on top of those before it, however many
those are. One that came late, or was taken before others, has those after it read again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from threading import Lock
from typing import NamedTuple

from collector.faults.clocks import Told
from collector.faults.ground import Report
from collector.faults.terms import VulnerabilityTerms
from collector.scans.lifecycle import Import, Life, State, tells
from collector.scans.model import Finding, Severity
from collector.scoring.model import Proof

Key = tuple[str, str, str]
_MOST_SERIES, _MOST_OF_ONE = 256, 4


@dataclass(slots=True)
class Episode:
    """A flaw from the report that showed it to the look that ended it. Instants UTC ms."""

    key: Key
    finding: Finding
    found_ms: int
    found_by: str
    settings: str
    looked_ms: int
    number: int = 1
    ended_ms: int | None = None
    ended_by: str = ""
    title: str = ""
    proofs: tuple[Proof, ...] = ()
    about: str = ""
    severity: str = ""
    ended_told: Told | None = None
    """The report that says so: a file is dated by whoever makes it, and counts from its receipt on."""


_Book = dict[Key, list[Episode]]
_MEMBERS = attrgetter(*(one.name for one in fields(Episode)))


def _copied(book: Mapping[Key, Sequence[Episode]]) -> _Book:
    """Episodes of one's own: who asks changes them."""
    return {key: [Episode(*_MEMBERS(one)) for one in held] for key, held in book.items()}


class _Read(NamedTuple):
    """Reports in the order of reading, and what they tell together: nobody changes it."""

    reports: tuple[Report, ...]
    book: _Book


READ: dict[tuple[str, str], tuple[_Read, ...]] = {}
"""By series, and from when flaws count: the newest readings last. Held against the reports at each use."""
_LOCK = Lock()


def scanned(terms: VulnerabilityTerms, reports: Iterable[Report], as_of_ms: int) -> list[Episode]:
    """Episodes of every series, as received by then; the same flaw in two series is one."""
    series: dict[str, list[Report]] = {}
    for report in reports:
        if report.imported.received <= as_of_ms:
            series.setdefault(report.series, []).append(report)
    found: _Book = {}
    for name, held in series.items():
        for key, episodes in episodes_of(name, held, terms).items():
            found.setdefault(key, []).extend(episodes)
    return [one for key, episodes in sorted(found.items()) for one in _united(episodes)]


def episodes_of(name: str, reports: Sequence[Report], terms: VulnerabilityTerms) -> _Book:
    """Episodes that the reports of one series tell."""
    ordered = tuple(sorted(reports, key=lambda one: (_taken(one.imported), one.imported.idx)))
    key = name, terms.found_from
    known = READ.get(key, ())
    before = max(
        (one for one in known if ordered[: len(one.reports)] == one.reports),
        key=lambda one: len(one.reports),
        default=_Read((), {}),
    )
    if len(before.reports) == len(ordered):
        return _copied(before.book)
    book = _copied(before.book)
    for report in ordered[len(before.reports) :]:
        _read(book, report, terms)
    with _LOCK:
        while len(READ) >= _MOST_SERIES:
            READ.pop(next(iter(READ)))
        READ[key] = (*READ.pop(key, ())[1 - _MOST_OF_ONE :], _Read(ordered, book))
    return _copied(book)


def _read(book: _Book, report: Report, terms: VulnerabilityTerms) -> None:
    """One report more."""
    shown: dict[Key, Finding] = {}
    for finding in report.imported.scan.findings:
        if finding.severity is not Severity.INFO and (
            finding.key not in shown or shown[finding.key].mitigated
        ):
            shown[finding.key] = finding
    for key, finding in shown.items():
        _show(book.setdefault(key, []), finding, report, terms)
    for key, episodes in book.items():
        open_ = bool(episodes) and key not in shown and episodes[-1].ended_ms is None
        if open_ and _gone(episodes[-1], report.imported):
            _end(episodes[-1], report, "rescan")


def _show(episodes: list[Episode], finding: Finding, report: Report, terms: VulnerabilityTerms) -> None:
    one = report.imported
    last = episodes[-1] if episodes else None
    if last is None or last.ended_ms is not None:
        if finding.mitigated:
            return
        at = one.received if terms.found_from == "received" else _taken(one)
        proofs = (report.proof,) if report.proof is not None else ()
        episodes.append(
            Episode(
                finding.key,
                finding,
                at,
                report.found_by,
                one.scan.settings,
                _taken(one),
                title=finding.title,
                proofs=proofs,
                about=finding.host,
                severity=str(finding.severity),
            )
        )
        return
    last.finding, last.settings, last.looked_ms = finding, one.scan.settings, _taken(one)
    last.severity = str(finding.severity)
    if finding.mitigated:
        _end(last, report, "scan_mitigated")


def _taken(one: Import) -> int:
    """When a report was taken; one dated later than it came has its scanner's clock wrong."""
    return min(one.time, one.received)


def _gone(episode: Episode, one: Import) -> bool:
    life = Life(episode.finding, State.OPEN, 0, 0, 0, (), episode.settings)
    return tells(one.scan, life)


def _end(episode: Episode, report: Report, how: str) -> None:
    """A flaw was gone when the report was taken, not when somebody brought it."""
    episode.ended_ms, episode.ended_by = _taken(report.imported), how
    episode.looked_ms = _taken(report.imported)
    one = report.imported
    episode.ended_told = Told(_taken(one), one.received, False, one.idx)
    if report.proof is not None:
        episode.proofs = (*episode.proofs, report.proof)


def _united(episodes: list[Episode]) -> list[Episode]:
    """Episodes of one flaw that overlap are one: from the first sight to the last end."""
    made: list[Episode] = []
    for one in sorted(episodes, key=lambda e: e.found_ms):
        last = made[-1] if made else None
        if last is not None and (last.ended_ms is None or one.found_ms < last.ended_ms):
            if last.ended_ms is not None and (one.ended_ms is None or one.ended_ms > last.ended_ms):
                last.ended_ms, last.ended_by = one.ended_ms, one.ended_by
                last.ended_told = one.ended_told
            last.looked_ms = max(last.looked_ms, one.looked_ms)
            last.proofs = (*last.proofs, *one.proofs)
            continue
        one.number = len(made) + 1
        made.append(one)
    return made
