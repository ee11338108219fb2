"""What the account of backups says of obligations: drills, and lines that policies cite. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from collector.backups.ledger import Ledger, Outcome, Problem
from collector.inspection.cadence_model import Breach, Deed, Event
from collector.notify.receipts import GRADE, Message, problem_id
from collector.notify.rules import BACKUP

_EVER = -(2**53)


def deeds(
    ledger: Ledger, systems: Mapping[str, str], entries: Mapping[str, int], as_of: int
) -> Iterator[Deed]:
    """Good drills, and for each contract line the backups that speak of it."""
    for one in ledger.objects:
        entry, system = entries.get(one.name, -1), systems.get(one.name)
        # Every one, whatever the policy's own plan asked for: a contract may want them more often.
        for at, outcome in one.drilled:
            made = Deed("restore_drill", at, at, entry, system=system)
            yield made if outcome == "good" else replace(made, counts=False, reason=outcome)
        for line in one.clause:
            for point in one.begun(_EVER, as_of + 1):
                yield Deed(f"backup_line:{line}", point.start_ms, point.start_ms, entry, system=system)


def restoring(ledger: Ledger) -> tuple[tuple[Breach, ...], bool]:
    """Periods in which too few drills were good (`restore_success`), and whether all could be told."""
    told = [one for one in ledger.success if one.holds is not None]
    failed = tuple(
        Breach("restore_success", one.to_ms - 1, one.to_ms - 1, -1, what=f"{one.good}/{one.begun}")
        for one in told
        if (one.good + one.untold) < one.at_least * one.begun  # those that could not be told may have been
    )
    return failed, bool(told) and not any(one.untold for one in told)


def breaches(ledger: Ledger, systems: Mapping[str, str], entries: Mapping[str, int]) -> Iterator[Breach]:
    """What breaks the contract lines that backup policies cite."""
    bad = (one for one in ledger.problems if one.outcome is Outcome.BAD)
    return (made for one in bad for made in _of_lines(one, systems, entries, one.until_ms))


def untold(ledger: Ledger, systems: Mapping[str, str], entries: Mapping[str, int]) -> Iterator[Breach]:
    """What may have broken them, and nobody can tell: backups that no look showed or none could read. Each is
    of the time from which on it could not be told."""
    dark = (one for one in ledger.problems if one.outcome is Outcome.COULD_NOT_TELL)
    return (made for one in dark for made in _of_lines(one, systems, entries, one.first_provable_ms))


def _of_lines(
    problem: Problem, systems: Mapping[str, str], entries: Mapping[str, int], until_ms: int | None
) -> Iterator[Breach]:
    for line in problem.clause:
        yield Breach(
            f"backup_line:{line}",
            problem.first_provable_ms,
            problem.first_provable_ms,
            entries.get(problem.object, -1),
            system=systems.get(problem.object),
            what=f"{problem.object} {problem.reason}",
            until_ms=until_ms,
        )


def troubles(ledger: Ledger, systems: Mapping[str, str], entries: Mapping[str, int]) -> Iterator[Event]:
    """Each thing that was wrong with a backup, from when on anybody could have known."""
    for one in ledger.problems:
        if one.outcome is Outcome.BAD:
            at = one.first_provable_ms
            where = entries.get(one.object, -1), None, systems.get(one.object)
            yield Event("backup_trouble", problem_id(one), at, at, *where)


def announced(messages: Iterable[Message]) -> Iterator[Deed]:
    """What people were told of that, by a channel that took it, when the log took its receipt."""
    for message in messages:
        for item in message.items:
            if message.accepted and item.kind == BACKUP:
                at = message.received_ms
                facts = {"event": item.id}
                yield Deed("backup_announced", at, at, message.entry, signer="log", grade=GRADE, facts=facts)
