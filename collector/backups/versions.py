"""Promises over time: an applied estate begins new versions of what it changes, and touches nothing older."""

from collections.abc import Sequence
from dataclasses import replace

from collector.backups.policy import BackupObject, Policies, Policy


def policies_of(versions: Sequence[tuple[int, Policies | None]]) -> Policies:
    """One set of policies from all applied estates (when each was logged, what it promises), oldest first.

    Each object keeps every version of its own, from when its entry was logged; one that an estate no longer
    names owes nothing from then on.
    """
    made: dict[str, BackupObject] = {}
    success, ignored = None, tuple[tuple[str, str], ...]()
    for at, said in versions:
        given = said or Policies(())
        named = {one.name for one in given.objects}
        for one in given.objects:
            made[one.name] = _followed(made.get(one.name), one, at)
        for name in made.keys() - named:
            made[name] = _ended(made[name], at)
        if said is not None:
            success, ignored = given.success, given.ignored
    if success is not None and not success.since_ms:
        success = replace(success, since_ms=min((one.since_ms for one in made.values()), default=0))
    return Policies(tuple(made[name] for name in sorted(made)), success, ignored)


def _followed(held: BackupObject | None, given: BackupObject, at: int) -> BackupObject:
    """The object with every version of its policy so far; none begins before its entry was logged, but the
    first one, which the start of service is taken for."""
    since = held.since_ms if held else min(given.since_ms or at, at)
    made = [one for one in held.policies if one.from_ms <= at] if held else []
    for policy in given.policies:
        begins = max(policy.from_ms, at) if made else max(policy.from_ms, since)
        if made and replace(policy, version=made[-1].version, from_ms=made[-1].from_ms) == made[-1]:
            continue
        if made and made[-1].from_ms == begins and (held is None or made[-1].from_ms == at):
            made.pop()  # it was over before it began
        made.append(replace(policy, version=made[-1].version + 1 if made else 1, from_ms=begins))
    return replace(given, since_ms=since, policies=tuple(made))


def _ended(held: BackupObject, at: int) -> BackupObject:
    last = held.policies[-1]
    if not last.schedules and last.drill is None:
        return held
    return replace(held, policies=(*held.policies, Policy(last.version + 1, at, (), last.clause)))
