"""How long a good word is believed that no look can repeat.

An artefact that was read whole and good in March, and that since then nobody could open (the key is gone, the
directory may not be read), is what it was for a while; then nobody knows any more. A look that does not ask,
because nothing has moved and its turn has not come, takes nothing away.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from checks.artefacts.levels import Level, Outcome, Verdict
from collector.backups.observed import Record, Turn
from collector.backups.paths import Words
from collector.backups.runs import Runs

Believed = Sequence[tuple[int, int]]
"""(from_ms, for how long) by version of the policy, ascending."""


def lapse(runs: Runs, believed: Believed, words: Words, now: int) -> None:
    """Takes back what is in doubt for too long; the run's records become others. `words`: what drills say,
    who read all of it."""
    for run, record in enumerate(runs.records):
        if record.doubts:
            runs.records[run] = _lapsed(record, run, runs, believed, words, now)
    for run, mates in runs.mates.items():
        if any(one.doubts for one in mates):
            runs.mates[run] = [_lapsed(one, run, runs, believed, words, now) for one in mates]


def _lapsed(record: Record, run: int, runs: Runs, believed: Believed, words: Words, now: int) -> Record:
    held = _held(believed, runs.starts[run])
    drilled = max((word.at_ms for word in words.get(run, ()) if _whole(word.verdict)), default=0)
    end = now if record.gone_ms is None else min(now, record.gone_ms - 1)
    found = {turn.verdict.level: turn for turn in _turns(record, held, drilled) if turn.at_ms <= end}
    if not found:
        return record
    verdicts = tuple(found[one.level].verdict if one.level in found else one for one in record.verdicts)
    made = tuple(sorted(found.values(), key=lambda one: one.at_ms))
    return replace(record, verdicts=verdicts, turns=(*record.turns, *made), lapsed=made)


def _turns(record: Record, held: int, drilled: int) -> Iterator[Turn]:
    good = {one.level for one in record.verdicts if one.outcome is Outcome.GOOD}
    # Of two checks that speak of a level the earlier doubt counts.
    for doubt in sorted(record.doubts, key=lambda one: -one.good_ms):
        if doubt.verdict.level in good:
            last = max(doubt.good_ms, drilled)
            yield Turn(max(doubt.at_ms, last + held), doubt.verdict, last)


def _held(believed: Believed, start: int) -> int:
    held = believed[0][1]
    for from_ms, span in believed:
        if from_ms <= start:
            held = span
    return held


def _whole(verdict: Verdict) -> bool:
    return verdict.level is Level.RESTORABLE and verdict.outcome is Outcome.GOOD
