"""Levels of proof a backup reaches, and the verdict at each (design: levels L0-L9).

An artefact's grade is the highest level below which nothing is missing or bad. `could not tell` never
counts as good and never as bad: it ends the grade there, and is unknown as a reading.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from checks.api import Reading, State, Unit


class Level(IntEnum):
    """What is asked of an artefact, in this order."""

    PRESENT = 0  # a complete artefact stands where one is due
    FRESH = 1  # made in its window, for this period, no re-labelled copy
    PLACED = 2  # right place, owner, mode; second copy; transport
    UNCHANGED = 3  # the bytes are those recorded when it was made
    WELL_FORMED = 4  # parses to its end
    SEALED = 5  # encrypted for the right people, and opens
    CONNECTED = 6  # parents, WAL, binlog
    TRUE = 7  # rows or files equal the source's at backup time
    RESTORABLE = 8  # loads into a throwaway instance, every page and row can be read
    USABLE = 9  # the application's questions get the right answers in time

    @property
    def word(self) -> str:
        """Its name in readings and JSON: `well_formed`."""
        return self.name.lower()


class Outcome(StrEnum):
    """Verdict words."""

    GOOD = "good"
    BAD = "bad"
    COULD_NOT_TELL = "could_not_tell"


# Every reason a verdict may carry, with the level it belongs to. Stable words: others script them.
REASONS: dict[str, Level] = {
    # L0
    "missing": Level.PRESENT,
    "empty": Level.PRESENT,
    "nothing_inside": Level.PRESENT,  # an envelope or compression around nothing
    "unfinished": Level.PRESENT,  # only under a temporary name
    "part_missing": Level.PRESENT,
    "not_in_policy": Level.PRESENT,  # something on the wire that no policy names
    "job_failed": Level.PRESENT,  # whoever makes it says so himself
    "vanished": Level.PRESENT,  # gone before its time
    "retention_short": Level.PRESENT,  # a promised day has no path
    "eating_good": Level.PRESENT,  # good points are purged while the newest ones are bad
    # L1
    "same_as_before": Level.FRESH,
    "old_inside": Level.FRESH,
    "from_the_future": Level.FRESH,
    "late": Level.FRESH,
    # L2
    "copy_missing": Level.PLACED,
    "copy_differs": Level.PLACED,
    "copy_not_elsewhere": Level.PLACED,
    "copy_behind": Level.PLACED,
    "open_to_others": Level.PLACED,
    "parent_writable": Level.PLACED,
    "wrong_owner": Level.PLACED,
    "deletable": Level.PLACED,  # an account that must be refused was not
    "plain_transport": Level.PLACED,
    # L3
    "changed": Level.UNCHANGED,
    "manifest_edited": Level.UNCHANGED,
    "manifest_missing": Level.UNCHANGED,
    "shrunk": Level.UNCHANGED,
    "grown": Level.UNCHANGED,
    # L4
    "truncated": Level.WELL_FORMED,
    "damaged": Level.WELL_FORMED,
    "trailing_bytes": Level.WELL_FORMED,
    "several_members": Level.WELL_FORMED,
    "error_text": Level.WELL_FORMED,
    "no_end_mark": Level.WELL_FORMED,
    "unknown_format": Level.WELL_FORMED,
    "too_new": Level.WELL_FORMED,
    "unsafe_names": Level.WELL_FORMED,
    "no_checksum": Level.WELL_FORMED,
    # L5
    "not_sealed": Level.SEALED,
    "weak_seal": Level.SEALED,
    "no_integrity": Level.SEALED,  # sealed without integrity
    "recipient_missing": Level.SEALED,
    "does_not_open": Level.SEALED,
    "opens_for_anybody": Level.SEALED,
    "inner_empty": Level.SEALED,
    "inner_damaged": Level.SEALED,
    # L6
    "orphan": Level.CONNECTED,
    "wrong_parent": Level.CONNECTED,
    "link_damaged": Level.CONNECTED,
    "gap": Level.CONNECTED,
    "log_stopped": Level.CONNECTED,
    "not_a_backup": Level.CONNECTED,  # a copy of a running data directory
    "wrong_repository": Level.CONNECTED,
    "stale_lock": Level.CONNECTED,
    # L7
    "no_fingerprint": Level.TRUE,
    "fingerprint_edited": Level.TRUE,
    "wrong_source": Level.TRUE,
    "nothing_in_it": Level.TRUE,  # a database without tables
    "no_rows_at_all": Level.TRUE,  # schema only
    "table_missing": Level.TRUE,
    "table_extra": Level.TRUE,
    "rows_missing": Level.TRUE,
    "rows_extra": Level.TRUE,
    "rows_differ": Level.TRUE,
    "large_objects_missing": Level.TRUE,
    "large_objects_differ": Level.TRUE,
    "globals_missing": Level.TRUE,
    "files_missing": Level.TRUE,
    "files_extra": Level.TRUE,
    "files_differ": Level.TRUE,
    "deletion_not_carried": Level.TRUE,
    "not_consistent": Level.TRUE,  # tables without transactions in a dump that relies on one
    # L8
    "restore_failed": Level.RESTORABLE,
    "unreadable_after_restore": Level.RESTORABLE,
    "pages_damaged": Level.RESTORABLE,
    "rolled_back": Level.RESTORABLE,
    "wrong_target": Level.RESTORABLE,
    "not_drilled": Level.RESTORABLE,
    "no_approval": Level.RESTORABLE,  # a restore that needed one, without
    # L9
    "wrong_answer": Level.USABLE,
    "overran": Level.USABLE,
}
# Reasons why nothing can be said (any level).
UNTOLD = frozenset(
    {
        *("not_read", "no_key", "no_tool", "needs_extension", "needs_licence", "denied", "timeout"),
        *("unreachable", "too_much", "moving", "unsupported", "not_recorded", "no_baseline"),
        *("unknown_word", "no_network_cut", "not_followed", "not_a_file"),
        *("no_room", "busy"),  # of a drill: disk or quota full; another one under way
    }
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One verdict at one level. `reason` is a word of REASONS (bad) or UNTOLD or REASONS (could not tell),
    "" where it is good; `subject` names the table, file or segment it is about."""

    level: Level
    outcome: Outcome
    reason: str = ""
    subject: str = ""


def good(level: Level) -> Verdict:
    """Nothing wrong at this level."""
    return Verdict(level, Outcome.GOOD)


def bad(reason: str, subject: str = "") -> Verdict:
    """Bad, at the level the reason belongs to."""
    return Verdict(REASONS[reason], Outcome.BAD, reason, subject)


def untold(level: Level, reason: str, subject: str = "") -> Verdict:
    """Could not tell."""
    if reason not in UNTOLD and reason not in REASONS:
        raise ValueError(f"unknown reason {reason!r}")
    return Verdict(level, Outcome.COULD_NOT_TELL, reason, subject)


def told(word: str) -> str:
    """A word out of facts as a reason for `untold`: `not_read` where it is none of ours."""
    return word if word in UNTOLD or word in REASONS else "not_read"


def first(names: Sequence[str]) -> str:
    """The first of the names that facts hold, "" where they hold none."""
    return names[0] if names else ""


_RANK = {Outcome.GOOD: 0, Outcome.COULD_NOT_TELL: 1, Outcome.BAD: 2}
_STATES = {Outcome.GOOD: State.OK, Outcome.BAD: State.CRIT, Outcome.COULD_NOT_TELL: State.UNKNOWN}


def by_level(verdicts: Iterable[Verdict]) -> dict[Level, Verdict]:
    """The worst verdict of each level that was asked at all (the first of equals)."""
    found: dict[Level, Verdict] = {}
    for one in verdicts:
        held = found.get(one.level)
        if held is None or _RANK[one.outcome] > _RANK[held.outcome]:
            found[one.level] = one
    return dict(sorted(found.items()))


def reached(verdicts: Iterable[Verdict], *, of: Sequence[Level] | None = None) -> int:
    """Grade: the highest level asked below which (itself included) nothing is bad or untold; -1 for none.

    `of`: levels that the policy demands; one of them that nobody asked ends the grade as well.
    """
    worst = by_level(verdicts)
    grade = -1
    for level in sorted({*worst, *(of or ())}):
        if level not in worst or worst[level].outcome is not Outcome.GOOD:
            break
        grade = int(level)
    return grade


def readings(artefact: str, verdicts: Iterable[Verdict]) -> Iterator[Reading]:
    """`ARTEFACT:LEVEL` for each level asked (1 good, 0 bad, None could not tell), then `ARTEFACT:level`."""
    worst = by_level(verdicts)
    numbers = {Outcome.GOOD: 1, Outcome.BAD: 0, Outcome.COULD_NOT_TELL: None}
    for level, one in worst.items():
        yield Reading(
            f"{artefact}:{level.word}", numbers[one.outcome], Unit.NONE, _STATES[one.outcome], one.reason
        )
    # The grade itself is no second alarm: state and reason are those of the worst level.
    lead = max(worst.values(), key=lambda one: (_RANK[one.outcome], -one.level), default=None)
    state, reason = (_STATES[lead.outcome], lead.reason) if lead else (State.UNKNOWN, "not_read")
    grade = reached(worst.values())
    yield Reading(f"{artefact}:level", grade if grade >= 0 else None, Unit.NONE, state, reason)
