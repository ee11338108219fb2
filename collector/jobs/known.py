"""What a statement may be about: units, systems, assets, windows, objects of the estate in force; faults and
findings that the log shows; entries that are statements."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from collector.faults.said import Extent, matching, onset_of
from collector.jobs import faults as judged
from collector.judging import judge
from collector.judging.fits import Frame, misfits
from collector.judging.ground import Applied
from collector.packs.model import Pack, PackDataError, read_back
from collector.packs.options import OptionError
from collector.statements.fields import Field, Type
from collector.statements.kind import Kind
from collector.statements.kinds import TARGETS
from collector.statements.lateness import NO_SPANS, Spans
from collector.statements.model import Said, Scalar
from collector.statements.terms import StatementsTerms
from collector.store import estates


@dataclass(frozen=True, slots=True)
class Known:
    """Ids that may be named, and the statements that another may name by its entry. `faults` None: nobody
    can say which there are."""

    units: frozenset[str] = frozenset()
    systems: frozenset[str] = frozenset()
    assets: frozenset[str] = frozenset()
    objects: frozenset[str] = frozenset()
    windows: frozenset[str] = frozenset()
    faults: tuple[Extent, ...] | None = None
    said: Mapping[int, Said] = field(default_factory=dict)


def known(conn: Connection, said: Mapping[int, Said], faults: tuple[Extent, ...] | None = None) -> Known:
    """From the estate in force."""
    applied = estates.newest(conn)
    if applied is None:
        return Known(said=said)
    terms, estate = estates.terms(conn, applied.idx), estates.loaded(conn, applied.idx).estate
    return Known(
        units=frozenset(one.id for one in estate.units),
        systems=frozenset(one.id for one in estate.systems),
        assets=frozenset(one.id for one in estate.assets),
        objects=frozenset(one.name for one in terms.backups.objects) if terms.backups else frozenset(),
        windows=frozenset(one.window.id for one in terms.windows),
        faults=faults,
        said=said,
    )


def pack_of(conn: Connection) -> Pack | None:
    """The pack of the estate in force; None without a contract."""
    applied = estates.newest(conn)
    contract = None if applied is None else estates.terms(conn, applied.idx).contract
    if contract is None or not contract.compiled:
        return None
    try:
        return read_back(contract.compiled.encode()).pack
    except PackDataError:
        return None


def terms_of(conn: Connection) -> StatementsTerms | None:
    """What the contract in force says of statements."""
    pack = pack_of(conn)
    return None if pack is None else pack.statements


def governing(conn: Connection, at_ms: int | None = None) -> Applied | None:
    """The estate in force (then) with its contract pack."""
    applied = estates.newest(conn, at_ms)
    if applied is None:
        return None
    return Applied(applied.idx, applied.applied_ms, estates.terms(conn, applied.idx))


def frame_of(conn: Connection, now_ms: int, *, about: Scalar = None, ahead: bool = False) -> Frame | None:
    """What a statement that is made now (about a period) has to fit; None where no contract is in force."""
    held = _every(conn)
    try:
        return judge.frame(held, max([now_ms, *(one.at_ms for one in held[-1:])]), about=about, ahead=ahead)
    except (PackDataError, OptionError):
        return None


def spans_of(conn: Connection) -> Spans:
    """Periods by the names that they have in the contracts so far."""
    try:
        return judge.spans(_every(conn))
    except (PackDataError, OptionError):
        return NO_SPANS


def _every(conn: Connection) -> tuple[Applied, ...]:
    return tuple(
        Applied(one.idx, one.applied_ms, estates.terms(conn, one.idx)) for one in estates.every(conn)
    )


def unfit(
    conn: Connection,
    kind: Kind,
    fields: Mapping[str, Scalar],
    said: Mapping[int, Said],
    now_ms: int,
    *,
    ahead: bool = False,
) -> Iterator[tuple[str, str, str]]:
    """(code, field, detail) of all in which a statement does not fit the estate, the log or the pack."""
    refs = [str(fields[name]) for name in ("fault", "of") if fields.get(name) is not None]
    faults = faults_of(conn, now_ms, refs) if refs else None
    yield from unknown(kind, fields, known(conn, said, faults))
    yield from _ended(kind, fields, faults)
    yield from _findings(conn, kind, fields, now_ms)
    held = frame_of(conn, now_ms, about=fields.get("period"), ahead=ahead)
    if held is not None:
        yield from misfits(kind, fields, held)


def unknown(kind: Kind, fields: Mapping[str, Scalar], held: Known) -> Iterator[tuple[str, str, str]]:
    """(code, field, detail) for each field that names what is not there."""
    sets = {
        Type.UNIT: held.units,
        Type.SYSTEM: held.systems,
        Type.ASSET: held.assets,
        Type.OBJECT: held.objects,
        Type.WINDOW: held.windows,
    }
    for one in kind.fields:
        value = fields.get(one.name)
        if value is None:
            continue
        if one.type in sets and value not in sets[one.type]:
            yield f"unknown_{one.type}", one.name, f"the estate has no {one.type} {value}"
        elif one.type is Type.FAULT:
            yield from _fault(one, str(value), held)
        elif one.type is Type.ENTRY:
            yield from _entry(kind, one, value, held)


def _fault(one: Field, value: str, held: Known) -> Iterator[tuple[str, str, str]]:
    named = onset_of(value)
    if named is None or named[0] not in held.systems | held.units | {"-"}:
        yield (
            "unknown_fault",
            one.name,
            f"{value} is no fault of a system: SYSTEM@2026-07-03T02:15:30Z is wanted",
        )
    elif held.faults is not None and matching(value, held.faults) is None:
        yield "unknown_fault", one.name, f"{named[0]} had no fault then that is known"


def faults_of(conn: Connection, now: int, refs: Iterable[str]) -> tuple[Extent, ...] | None:
    """Faults, measured and reported, that these ids may mean; None where no contract says what is one."""
    try:
        return judged.near(conn, now, refs)
    except LookupError:
        return None


def _ended(
    kind: Kind, fields: Mapping[str, Scalar], faults: tuple[Extent, ...] | None
) -> Iterator[tuple[str, str, str]]:
    """A recovery before the fault began is a slip of the pen."""
    at, fault = fields.get("at"), fields.get("fault")
    held = matching(str(fault), faults) if faults and fault is not None else None
    if kind.name == "fault_recovered" and held is not None and isinstance(at, int) and at < held.from_ms:
        yield "before_fault", "at", f"{held.id} had not begun"


def _findings(
    conn: Connection, kind: Kind, fields: Mapping[str, Scalar], now_ms: int
) -> Iterator[tuple[str, str, str]]:
    value = fields.get("finding")
    if value is None or kind.field("finding") is None:
        return
    try:
        found = judged.named(conn, now_ms)
    except LookupError:
        return
    if str(value).partition("#")[0] not in found:
        yield "unknown_finding", "finding", f"{value} is no finding or vulnerability that is known"


def _entry(kind: Kind, one: Field, value: Scalar, held: Known) -> Iterator[tuple[str, str, str]]:
    found = held.said.get(value) if type(value) is int else None
    wanted = TARGETS.get(kind.name, ())
    if found is None:
        yield "unknown_entry", one.name, f"entry {value} is no statement"
    elif wanted and found.kind not in wanted:
        yield "unknown_entry", one.name, f"entry {value} is of kind {found.kind}, not {' or '.join(wanted)}"
