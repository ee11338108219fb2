"""What verdicts mean for restoring: a backup that all may read breaks a contract, and restores all the same.

The grade of the design counts everything. For points, paths and days only what bears on restoring counts:
reasons in ASIDE are left out, those in DOUBT end the grade without calling it broken, every other bad word
is broken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from checks.artefacts.levels import Level, Outcome, Verdict, reached
from collector.backups.observed import Record

# Bad, and no less restorable: rights, transport, privacy, time, the copy beside it.
ASIDE_LEVELS = frozenset({Level.FRESH, Level.PLACED})
ASIDE = frozenset({"not_sealed", "weak_seal", "recipient_missing", "opens_for_anybody", "not_in_policy"})
ASIDE |= {"vanished", "retention_short", "eating_good", "unsafe_names", "stale_lock", "log_stopped"}
ASIDE |= {"globals_missing", "not_drilled", "wrong_target", "rolled_back", "wrong_answer", "overran"}
ASIDE |= {"no_approval", "no_room", "busy"}
_BY_RESTORE = frozenset({Level.WELL_FORMED, Level.SEALED, Level.CONNECTED})
# Nothing is known to be broken, and less is proven than should be.
DOUBT = frozenset({"manifest_missing", "no_fingerprint", "no_checksum", "no_integrity", "shrunk", "grown"})


@dataclass(frozen=True, slots=True)
class Grade:
    """`level` by the design, `restore` by what bears on restoring; `good`: None where unproven."""

    level: int
    restore: int
    good: bool | None


def breaks(verdict: Verdict) -> bool:
    """Whether what it speaks of can't be restored, or not as what it should be."""
    if verdict.outcome is not Outcome.BAD:
        return False
    if verdict.level in ASIDE_LEVELS:
        # The bytes of another day are no backup of this one.
        return verdict.reason == "same_as_before"
    return verdict.reason not in ASIDE and verdict.reason not in DOUBT


def grade(verdicts: Sequence[Verdict], required: int) -> Grade:
    """What one look, or all looks together, give."""
    restore = reached(one for one in verdicts if not _aside(one))
    broken = any(breaks(one) for one in verdicts)
    proven = restore >= required and _asked(verdicts, required)
    return Grade(reached(verdicts), restore, False if broken else proven or None)


def _asked(verdicts: Sequence[Verdict], required: int) -> bool:
    """Whether anybody looked at the level that is demanded: a good one above it does not stand for it, save
    that what was restored was opened, read to its end, and had all it builds on. (`unchanged` asks for less
    than every artefact is asked for by itself: its end was read.)"""
    if required < Level.WELL_FORMED or any(one.level == required for one in verdicts):
        return True
    restored = any(one.level is Level.RESTORABLE and one.outcome is Outcome.GOOD for one in verdicts)
    return restored and required in _BY_RESTORE


def _aside(verdict: Verdict) -> bool:
    bad = verdict.outcome is Outcome.BAD
    return verdict.level in ASIDE_LEVELS or (bad and verdict.reason in ASIDE)


class Standing(NamedTuple):
    """How a run, or its whole path, stands for restoring. `good`: as `Grade.good`, False when it is gone;
    `ever`: whether it was good at any time; `lost_ms`: since when it provably is not, `maybe_ms`: its last
    good reading before; `gone`: lost by absence; `cause`: the run that broke it, -1 nobody knows which.

    (A tuple: there are as many as backups, and most of two years are gone.)
    """

    good: bool | None
    ever: bool
    lost_ms: int | None = None
    maybe_ms: int | None = None
    gone: bool = False
    cause: int = -1


def standing(record: Record, good: bool | None, run: int) -> Standing:
    """How the record of a run stands, by its grade."""
    if good is True:
        if record.gone_ms is None:
            return Standing(True, True)
        return Standing(False, True, record.gone_ms, record.last_ms, True, run)
    if good is None:
        return Standing(None if record.gone_ms is None else False, False, cause=run)
    return _broken(record, run)


def _broken(record: Record, run: int) -> Standing:
    broken = {one.level for one in record.verdicts if breaks(one)}
    newest = {turn.verdict.level: turn for turn in record.turns if turn.verdict.level in broken}
    first = min(newest.values(), key=lambda turn: turn.at_ms, default=None)
    if first is None or record.read_ms is None or first.at_ms <= record.read_ms:
        return Standing(False, False, cause=run)  # bad when it was first read
    if record.gone_ms is not None and record.gone_ms <= first.at_ms:
        return Standing(False, True, record.gone_ms, record.last_ms, True, run)
    return Standing(False, True, first.at_ms, first.last_good_ms, False, run)
