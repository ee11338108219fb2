"""What is proven of backups: looks in the derived table, statements, applied estates, through the engine."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from checks.api import ErrorKind, State
from checks.artefacts.levels import UNTOLD, Verdict
from checks.codec import FieldError
from checks.recurrence import day_of, zone
from checks.result import Result, of_rest
from checks.wire import strict_json
from collector.availability.clock import shift_ms
from collector.availability.estate_terms import EstateTerms
from collector.backups import engine
from collector.backups.fold import fold, look_of
from collector.backups.ledger import Ledger
from collector.backups.observed import Drill, Fingerprint, Look, Observed, Place
from collector.backups.policy import BackupObject, Policies, Policy
from collector.estate.backup_looks import parts_of
from collector.estate.errors import EstateError
from collector.jobs import backup_statements as people
from collector.jobs.backup_statements import Said
from collector.store import backups, estates, statements
from collector.store.backups import LookRow
from collector.store.estates import Applied

DRILL = "backup.drill"
FINGERPRINTS = ("backup.fingerprint", "backup.manifest")
FRESH_MS = 20_000  # an account made so long ago is still shown
_MOST_KEPT = 4


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
    rows = _rows(conn, as_of)
    observed = _observed(conn, rows, as_of, policies)
    ledger = engine.evaluate(policies, observed, at)
    return Account(
        ledger=ledger,
        policies=policies,
        observed=observed,
        estate=versions[-1][0],
        terms=versions[-1][1],
        entries=rows.entries,
        phases=rows.phases,
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


@dataclass(frozen=True, slots=True)
class _Rows:
    """Looks read from the table: what stood at places, and the lines that say something else."""

    places: Mapping[str, Mapping[str, Place]]
    fingerprints: tuple[Fingerprint, ...]
    drills: tuple[Drill, ...]
    entries: Mapping[tuple[str, str], tuple[int, int]]
    phases: Mapping[str, tuple[tuple[str, int], ...]]


_kept: dict[tuple[str, int, int], _Rows] = {}
_lock = threading.Lock()


def _rows(conn: Connection, as_of: int | None) -> _Rows:
    """All looks up to an instant; those up to now are read once for each new one."""
    if as_of is not None:
        return _read(backups.every(conn, as_of))
    key = (str(conn.engine.url), *backups.newest(conn))
    with _lock:
        found = _kept.get(key)
    if found is None:
        found = _read(backups.every(conn))
        with _lock:
            while len(_kept) >= _MOST_KEPT:
                _kept.pop(next(iter(_kept)))
            _kept[key] = found
    return found


def _read(rows: Iterable[LookRow]) -> _Rows:
    looks: list[Look] = []
    fingerprints: list[Fingerprint] = []
    drills: list[Drill] = []
    entries: dict[tuple[str, str], tuple[int, int]] = {}
    phases: dict[str, tuple[tuple[str, int], ...]] = {}
    for row in rows:
        name, place = parts_of(row.target)
        result = result_of(row)
        if not name or result is None:
            continue
        try:
            if row.check == DRILL:
                drills += _drills(row, name, place, result)
                phases[f"{row.idx}/{row.line}"] = _phases(result)
            elif row.check in FINGERPRINTS:
                fingerprints += _fingerprints(row, name, result)
            else:
                looks.append(_look(row, name, place, result))
        except (FieldError, LookupError, TypeError):
            continue  # facts of a version that held something else
        for artefact in _names(result):
            entries[name, artefact] = (row.idx, row.line)
    return _Rows(fold(looks), tuple(fingerprints), tuple(drills), entries, phases)


def result_of(row: LookRow) -> Result | None:
    """The line as far as it was kept; None where that cannot be read."""
    shift = shift_ms(row.offset_us)
    head = (row.check, 0, None, row.target, row.vantage, row.t, row.t + shift, row.t + shift, "")
    if row.error is not None:
        return Result(*head, None, (), State.UNKNOWN, ErrorKind(row.error))
    try:
        raw = strict_json.loads(row.seen.encode())
        readings, state = of_rest({**raw, "readings": [_plain(one) for one in raw["readings"]]})
    except (FieldError, LookupError, ValueError):
        return None
    return Result(*head, raw["facts"], readings, state)


def _plain(one: list[Any]) -> list[Any]:
    return one if one[4] else one[:4]


def _look(row: LookRow, name: str, place: str, result: Result) -> Look:
    shift = shift_ms(row.offset_us)
    return look_of(result, object=name, place=place, received_ms=row.received, offset_ms=shift)


def _names(result: Result) -> Iterator[str]:
    for one in (result.facts or {}).get("artefacts", ()):
        yield one["base"]["name"]


def _fingerprints(row: LookRow, name: str, result: Result) -> Iterator[Fingerprint]:
    """Roots that the source's own agent signed: of dumps' content, of trees' manifests."""
    facts: Mapping[str, Any] = result.facts or {}
    if row.check == "backup.manifest":
        for one in facts.get("artefacts", ()):
            base = one["base"]
            at = base["made"]["end"] or base["made"]["start"] or row.t
            if base["fingerprint"]:
                yield Fingerprint(name, at, base["fingerprint"], row.vantage)
    for one in facts.get("fingerprints", ()):
        yield Fingerprint(
            object=name,
            at_ms=one["at"],
            root=one["root"],
            vantage=row.vantage,
            artefact=one["artefact"],
            bytes=one["bytes"],
            changed=one["changed"],
            system=one["system"],
        )


def _drills(row: LookRow, name: str, place: str, result: Result) -> Iterator[Drill]:
    facts: Mapping[str, Any] = result.facts or {}
    for one in facts.get("artefacts", ()):
        base, decided = one["base"], one["decided"] - shift_ms(row.offset_us)
        for gone in one.get("aborted", ()):
            yield Drill(
                id=f"{row.idx}/{row.line}/{gone['attempt']}",
                object=name,
                begun_ms=gone["begun"],
                place=place,
                attempt=gone["attempt"],
                aborted="killed",
                received_ms=row.received,
            )
        yield _drill(row, (name, place), one, base["name"], decided, result)


def _drill(
    row: LookRow, where: tuple[str, str], one: Mapping[str, Any], artefact: str, decided: int, result: Result
) -> Drill:
    reason, restored = one.get("reason", ""), one.get("restored") or {}
    look = _look(row, *where, result)
    verdicts = next((s.verdicts for s in look.sightings if s.name == artefact), tuple[Verdict, ...]())
    rto = one.get("rto")
    return Drill(
        id=f"{row.idx}/{row.line}",
        object=where[0],
        begun_ms=decided,
        artefact=artefact,
        place=where[1],
        decided_ms=decided,
        answered_ms=None if rto is None else decided + rto,
        ended_ms=decided + one.get("took", 0),
        attempt=one.get("attempt", 1),
        verdicts=verdicts,
        bytes=restored.get("bytes", 0),
        whole=restored.get("bytes", 0),
        aborted=reason if reason in UNTOLD else "",
        target=(one.get("target") or {}).get("directory", ""),
        recovered=_recovered(one.get("against")),
        received_ms=row.received,
    )


def _phases(result: Result) -> tuple[tuple[str, int], ...]:
    facts: Mapping[str, Any] = result.facts or {}
    drilled = facts.get("artefacts") or [{}]
    return tuple((one["name"], one["end"] - one["start"]) for one in drilled[0].get("phases", ()))


def _recovered(against: Mapping[str, Any] | None) -> tuple[int, int] | None:
    """Rows (of a tree: files) proven to have come back as they were, of all that the source had."""
    found = (against or {}).get("compared") or {}
    rows = found.get("rows", 0)
    return (min(found.get("same_rows", 0), rows), rows) if rows else None


def _observed(conn: Connection, rows: _Rows, as_of: int | None, policies: Policies) -> Observed:
    return Observed(
        places=rows.places,
        fingerprints=rows.fingerprints,
        drills=(*rows.drills, *people.recoveries(conn, as_of)),
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
