"""What is proven of backups: looks in the derived table, statements, applied estates, through the engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection

from checks.recurrence import day_of, zone
from collector.availability.estate_terms import EstateTerms
from collector.backups import engine
from collector.backups.ledger import Ledger
from collector.backups.lines import Rows
from collector.backups.observed import Observed
from collector.backups.policy import Policies
from collector.backups.remembered import Memory
from collector.backups.said import Said, cited, observed_of
from collector.backups.versions import policies_of
from collector.estate.errors import EstateError
from collector.jobs import backup_statements as people
from collector.jobs.backup_rows import rows
from collector.store import backups, estates, series, statements
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
    rows: Rows
    size: int
    """What it stands on: the first so many entries of the log."""
    document: bytes
    """The estate's, as it was logged."""
    media: tuple[Said, ...] = ()

    @property
    def entries(self) -> Mapping[tuple[str, str], tuple[int, int]]:
        """(object, artefact) -> entry and line of the newest look that read it."""
        return self.rows.entries

    @property
    def phases(self) -> Mapping[str, tuple[tuple[str, int], ...]]:
        """Drill -> its phases with how long each took (ms)."""
        return self.rows.phases

    def of(self, name: str) -> Named:
        """What the estate says about an object."""
        return _named(self.document).get(name, NOBODY)


def account_at(conn: Connection, as_of: int, size: int) -> Account:
    """The account at an instant at which the log held `size` entries; NoBackups."""
    return account(conn, as_of, _as_of(conn, as_of, size))


def _as_of(conn: Connection, as_of: int, size: int) -> int | None:
    # Where nothing came since, what was read of each object is still in memory.
    return None if size == series.cursor(conn) else as_of


@dataclass(frozen=True, slots=True)
class Seen:
    """As much of the account as scorecards count; `entries` as Account has it."""

    account: engine.Seen
    entries: Mapping[tuple[str, str], tuple[int, int]]


def seen_at(conn: Connection, as_of: int, size: int) -> Seen:
    """What scorecards count of the account at an instant at which the log held `size` entries; NoBackups."""
    read = _read(conn, as_of, _as_of(conn, as_of, size))
    return Seen(engine.seen(read.policies, read.observed, as_of, read.memory), read.rows.entries)


@dataclass(frozen=True, slots=True)
class _Read:
    """What an account is made of."""

    policies: Policies
    observed: Observed
    versions: Sequence[tuple[Applied, EstateTerms]]
    rows: Rows
    size: int
    said: Sequence[Said]
    memory: Memory | None
    """Of what is asked as it is known now: what an earlier log held is read anew, and not remembered."""


def _read(conn: Connection, now: int, as_of: int | None) -> _Read:
    at = now if as_of is None else as_of
    # Looks are derived up to here, so nothing behind it counts: the verifier must come to the same.
    size = series.cursor(conn)
    applied = [one for one in estates.every(conn) if one.applied_ms <= at and one.idx < size]
    if not applied:
        raise NoBackups("no_estate", "no estate has been applied")
    versions = [(one, estates.terms(conn, one.idx)) for one in applied]
    policies = policies_of([(one.applied_ms, terms.backups) for one, terms in versions])
    if not policies.objects:
        raise NoBackups("no_backups", "the estate asks for no backups")
    said = [one for one in people.every(conn, as_of) if one.idx < size]
    policies = cited(policies, said)
    found = rows(conn, as_of)
    memory = _memory(str(conn.engine.url)) if as_of is None else None
    return _Read(policies, observed_of(found, said, policies), versions, found, size, said, memory)


@lru_cache(maxsize=8)
def _memory(_database: str) -> Memory:
    return Memory()


def account(conn: Connection, now: int, as_of: int | None = None) -> Account:
    """The account now, or as the log stood at an instant; NoBackups where no estate asks for any."""
    read = _read(conn, now, as_of)
    newest, terms = read.versions[-1]
    return Account(
        ledger=engine.evaluate(read.policies, read.observed, now if as_of is None else as_of, read.memory),
        policies=read.policies,
        observed=read.observed,
        estate=newest,
        terms=terms,
        rows=read.rows,
        size=read.size,
        document=estates.document(conn, newest.idx),
        media=tuple(one for one in read.said if one.header["kind"] == "media_tested"),
    )


@lru_cache(maxsize=4)
def _named(document: bytes) -> Mapping[str, Named]:
    """What the estate says of its objects: read when somebody asks, for it needs all checks."""
    try:
        estate = estates.loaded_of(document).estate
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
    behind = series.cursor(conn) <= max(said, -1 if applied is None else applied.idx)
    return (-1 if applied is None else applied.idx, said, int(behind), backups.newest(conn))


def day(ms: int, timezone: str) -> str:
    """The local day of an instant, ISO."""
    return day_of(ms, zone(timezone)).isoformat()
