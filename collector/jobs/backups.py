"""What is proven of backups: looks in the derived table, statements, applied estates, through the engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from checks.recurrence import day_of, zone
from collector.availability.estate_terms import EstateTerms
from collector.backups import engine
from collector.backups.ledger import Ledger
from collector.backups.observed import Observed
from collector.backups.policy import BackupObject, Policies, Policy
from collector.estate.errors import EstateError
from collector.jobs import backup_statements as people
from collector.jobs.backup_rows import Rows, rows
from collector.jobs.backup_statements import Said
from collector.store import backups, estates, statements
from collector.store.estates import Applied

FRESH_MS = 20_000  # an account made so long ago is still shown


class NoBackups(LookupError):
    """There is nothing to account for: stable `code`, detail for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Named:
    """An object as the estate names it: itself, its system (id, name), the asset of its first place."""

    name: str = ""
    system: str = ""
    system_name: str = ""
    asset: str = ""


NOBODY = Named()


@dataclass(frozen=True, slots=True)
class Account:
    """The ledger at an instant, with what it stands on. `estate`: the newest that was applied then."""

    ledger: Ledger
    policies: Policies
    observed: Observed
    estate: Applied
    terms: EstateTerms
    entries: Mapping[tuple[str, str], tuple[int, int]]
    """(object, artefact) -> entry and line of the newest look that read it."""
    phases: Mapping[str, tuple[tuple[str, int], ...]]
    """Drill -> its phases with how long each took (ms)."""
    named: Mapping[str, Named]
    media: tuple[Said, ...] = ()

    def of(self, name: str) -> Named:
        """What the estate says about an object."""
        return self.named.get(name, NOBODY)


def account(conn: Connection, now: int, as_of: int | None = None) -> Account:
    """The account now, or as the log stood at an instant; NoBackups where no estate asks for any."""
    at = now if as_of is None else as_of
    applied = [one for one in estates.every(conn) if one.applied_ms <= at]
    if not applied:
        raise NoBackups("no_estate", "no estate has been applied")
    versions = [(one, estates.terms(conn, one.idx)) for one in applied]
    policies = policies_of(versions)
    if not policies.objects:
        raise NoBackups("no_backups", "the estate asks for no backups")
    read = rows(conn, as_of)
    observed = _observed(conn, read, as_of, policies)
    ledger = engine.evaluate(policies, observed, at)
    return Account(
        ledger=ledger,
        policies=policies,
        observed=observed,
        estate=versions[-1][0],
        terms=versions[-1][1],
        entries=read.entries,
        phases=read.phases,
        named=_named(conn, applied[-1].idx),
        media=tuple(people.said(conn, "media_tested", as_of)),
    )


def _named(conn: Connection, idx: int) -> dict[str, Named]:
    try:
        estate = estates.loaded(conn, idx).estate
    except EstateError:
        return {}  # an older version's checks took other parameters
    systems = {one.id: one.name or one.id for one in estate.systems}
    places = {one.id: one.asset for one in estate.places}
    return {
        one.id: Named(
            one.name,
            one.system or "",
            systems.get(one.system or "", ""),
            places.get(one.place or "", one.asset or ""),
        )
        for one in estate.objects
    }


def mark(conn: Connection) -> tuple[int, ...]:
    """What an account depends on besides the time: it is another one whenever this is."""
    applied = estates.newest(conn)
    said = max((one.idx for kind in people.KINDS for one in statements.of_kind(conn, kind)), default=-1)
    return (-1 if applied is None else applied.idx, said, *backups.newest(conn))


def policies_of(versions: Sequence[tuple[Applied, EstateTerms]]) -> Policies:
    """One set of policies from all applied estates, oldest first: each object keeps every version of its own,
    from when its entry was logged; one that an estate no longer names owes nothing from then on."""
    made: dict[str, BackupObject] = {}
    success, ignored = None, tuple[tuple[str, str], ...]()
    for applied, terms in versions:
        given = terms.backups or Policies(())
        named = {one.name for one in given.objects}
        for one in given.objects:
            made[one.name] = _followed(made.get(one.name), one, applied.applied_ms)
        for name in made.keys() - named:
            made[name] = _ended(made[name], applied.applied_ms)
        if terms.backups is not None:
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


def _observed(conn: Connection, read: Rows, as_of: int | None, policies: Policies) -> Observed:
    return Observed(
        places=read.places,
        fingerprints=read.fingerprints,
        drills=(*read.drills, *people.recoveries(conn, as_of)),
        excuses=tuple(people.excuses(conn, as_of)),
        changes=tuple(people.changes(conn, as_of)),
        epochs=tuple(people.epochs(conn, as_of)),
        seeds=_Seeds(policies),
    )


class _Seeds(dict[str, tuple[str, str]]):
    """Seeds of drawn drills: while no witness notes them they are chosen by the collector, and called so."""

    def __init__(self, policies: Policies) -> None:
        super().__init__()
        self._name = "\0".join(one.name for one in policies.objects).encode()

    def __missing__(self, period: str) -> tuple[str, str]:
        return sha256(self._name + b"\0" + period.encode()).hexdigest(), "collector"

    def get(self, period: str, default: Any = None) -> Any:
        """Never nothing."""
        return self[period]


def day(ms: int, timezone: str) -> str:
    """The local day of an instant, ISO."""
    return day_of(ms, zone(timezone)).isoformat()
