"""What is not in the log though its time has come: seals of periods that are over, records of rounds."""

from collections.abc import Iterator, Sequence
from itertools import islice

from checks.plan import Window
from checks.wire.numbers import EntryKind
from collector.inspection.due import Issued, governing, occurrences, owed
from collector.inspection.due import history as issued_history
from collector.inspection.human import governing as governing_people
from collector.judging import judge, pending
from collector.judging.ground import Applied
from collector.judging.judge import NoScorecard
from collector.verify.findings import Findings
from collector.verify.history import History
from collector.verify.judged import PROBLEMS

_MOST = 6
_UNSEALED = "over and not sealed: {0}; nothing is claimed of what no seal says"
_UNRECORDED = (
    "{0} rounds that are over have no record: {1}; what was due there and done stands under coverage"
)


def check_absent(history: History, span: tuple[int, int], findings: Findings) -> None:
    """Notices; `span`: the bundle's period up to its newest entry, UTC ms."""
    if over := _unsealed(history):
        findings.notice(_UNSEALED.format(_listed(over)))
    if rounds := sorted(_unrecorded(history, span), key=lambda one: one.from_ms):
        findings.notice(_UNRECORDED.format(len(rounds), _listed([one.id for one in rounds])))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(islice(names, _MOST)) + more


def _held(history: History) -> tuple[Applied, ...]:
    return tuple(Applied(one.idx, one.at_ms, one.terms) for one in history.estates)


def _unsealed(history: History) -> list[str]:
    """Periods of the log's contracts that ended before its newest entry, and of which it has no seal."""
    sealed = {one.header.get("scorecard") for one in history.said if one.kind is EntryKind.RECORD}
    try:
        every = judge.every_period(_held(history), history.last_ms)
    except (NoScorecard, *PROBLEMS):
        return []  # no contract; or a pack that cannot be read, which the scorecards say
    return [one.name for one in every if one.to_ms <= history.last_ms and one.name not in sealed]


def _unrecorded(history: History, span: tuple[int, int]) -> Iterator[Window]:
    """Windows of the span that nobody could answer any more, that owed something, and have no record."""
    closed = {one.header.get("window") for one in history.said if one.kind is EntryKind.RECORD}
    plans = [(one.idx, one.issued_ms, one.plan) for one in history.issues]
    issued = issued_history([Issued(one.plan, one.issued_ms) for one in history.issues])
    people = [(one.at_ms, one.terms.human) for one in history.estates]
    for name, rules in pending.rules_of(_held(history), plans).items():
        for window in occurrences(pending.spans(rules), *span) if span[0] < span[1] else ():
            if window.id in closed or history.last_ms < window.until_ms + pending.GRACE_MS:
                continue
            if owed(governing(name, window, issued)) or governing_people(name, window, people):
                yield window
