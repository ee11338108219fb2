"""What the account of backups says of obligations: drills, and lines that policies cite. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from collector.backups.ledger import Ledger, Outcome
from collector.inspection.cadence_model import Breach, Deed


def deeds(
    ledger: Ledger, systems: Mapping[str, str], entries: Mapping[str, int], as_of: int
) -> Iterator[Deed]:
    """Good drills, and for each contract line the backups that speak of it."""
    for one in ledger.objects:
        times = {drill.drill: drill.at_ms for drill in one.rpo_at_drills}
        entry, system = entries.get(one.name, -1), systems.get(one.name)
        for turn in one.drills:
            at = next((times[name] for name in turn.drills if name in times), None)
            if at is not None:
                made = Deed("restore_drill", at, at, entry, system=system)
                yield made if turn.outcome == "good" else replace(made, counts=False, reason=turn.outcome)
        for line in one.clause:
            for point in one.points:
                if point.start_ms is not None and point.start_ms <= as_of:
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
    for problem in ledger.problems:
        if problem.outcome is Outcome.BAD:
            for line in problem.clause:
                yield Breach(
                    f"backup_line:{line}",
                    problem.first_provable_ms,
                    problem.first_provable_ms,
                    entries.get(problem.object, -1),
                    system=systems.get(problem.object),
                    what=f"{problem.object} {problem.reason}",
                    until_ms=problem.until_ms,
                )
