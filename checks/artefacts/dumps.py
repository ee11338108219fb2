"""Logical dumps of PostgreSQL and of what descends from it: facts, parameters, and what is judged of them.

`checks.artefacts.dumpread` reads them; backup.postgres and backup.kingbase are the checks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from checks.api import Reading, Seen, State, Unit, percent
from checks.artefacts import basic
from checks.artefacts.artefact import Artefact
from checks.artefacts.fingerprint import Compared, verdict_words
from checks.artefacts.layers import Limits
from checks.artefacts.levels import REASONS, UNTOLD, Level, Verdict, bad, good, readings, untold
from checks.artefacts.look import Look, Stands
from checks.artefacts.opening import Sealed
from checks.artefacts.sealing import Inside, inside, judge_seal
from checks.files import check_paths

FORMATS = ("", "custom", "directory", "tar", "plain")
_TWO_DAYS_MS = 2 * 86_400_000


@dataclass(frozen=True, slots=True)
class DumpParams(Look):
    """`database`, `system`: what the dump must be of: name, system identifier of the server ("" not asked).
    `format`: custom, directory, tar, plain ("" any). `fingerprint`: file of the fingerprint ("": beside each
    artefact, ARTEFACT.fingerprint.json); `must_match`: there must be one.
    `globals`: where the roles are backed up (`pg_dumpall --globals-only`), "" not asked. `databases`: all
    names that some job backs up; another one on the server is a finding (none: not asked). `restore_major`:
    major version of the tools on the host where it would be restored (0: this machine's). `zone_min`:
    minutes east of Greenwich of the machine that makes the dumps, for the time in their header. `sealed`:
    how they must be encrypted. `limits`: what one may grow to when it is unpacked.
    """

    database: str = ""
    system: str = ""
    format: str = ""
    fingerprint: str = ""
    must_match: bool = False
    globals: str = ""
    databases: tuple[str, ...] = ()
    restore_major: int = 0
    zone_min: int = 480
    sealed: Sealed = field(default_factory=Sealed)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        super(DumpParams, self).__post_init__()
        for name, path in (("globals", self.globals), ("fingerprint", self.fingerprint)):
            if path:
                check_paths((path,), name)
        if self.format not in FORMATS:
            raise ValueError("format must be custom, directory, tar or plain")
        if not 0 <= self.restore_major <= 99 or not -1440 <= self.zone_min <= 1440:
            raise ValueError("restore_major must be 0 to 99, zone_min -1440 to 1440")


@dataclass(frozen=True, slots=True)
class Dump:
    """What reading all of it gave.

    `format`: custom, directory, tar, plain, "" none of them. `layers`: compression and encryption around it.
    `archive`: version of its format, `since`: the first major version that reads that (0 unknown). `begun`:
    time in its header, of the clock on the wall there, as if in UTC. `text`: bytes of its text. `complete`:
    with its end mark. `cut`: the table or statement within which it ends. `headers`: beginnings of further
    dumps. `misfits`: rows with another number of columns than their table. `errors`: lines of a program about
    its troubles, `error` names the program. `trailing`: bytes behind the end. `tables`: that have rows or a
    place for them, `created`: CREATE TABLE statements, `inserts`: INSERT statements. `unlike`: rows do not
    fit the encoding it names. `parts_missing`: files of a directory that are not there. `tool`: version of
    the tool that read it ("" not needed, or none here). `trouble`: the word for what kept us from reading
    all of it, at `layer`.
    """

    format: str = ""
    layers: tuple[str, ...] = ()
    archive: str = ""
    since: int = 0
    begun: int | None = None
    server: str = ""
    made_by: str = ""
    database: str = ""
    encoding: str = ""
    cluster: bool = False
    databases: tuple[str, ...] = ()
    text: int = 0
    complete: bool = False
    cut: str = ""
    headers: int = 0
    again: int = 0
    misfits: int = 0
    unlike: bool = False
    errors: int = 0
    error: str = ""
    trailing: int = 0
    tables: int = 0
    created: int = 0
    rows: int = 0
    inserts: int = 0
    objects: int = 0
    roles: int = 0
    unique: bool = False
    members: int = 0
    parts_missing: tuple[str, ...] = ()
    tool: str = ""
    trouble: str = ""
    layer: str = ""


@dataclass(frozen=True, slots=True)
class Noted:
    """The fingerprint beside it. `state`: none, ok, edited, garbled, unsupported, too_much, unreadable.
    `bytes`, `sha256`: of the artefact, as recorded when it was made; `own`: SHA-256 of the file itself."""

    state: str = "none"
    own: str = ""
    root: str = ""
    kind: str = ""
    mode: str = ""
    database: str = ""
    system: str = ""
    started: int | None = None
    ended: int | None = None
    bytes: int | None = None
    sha256: str = ""
    roles: int | None = None
    databases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Globals:
    """The newest backup of roles. `state`: none, ok, unreadable; `roles` it creates."""

    state: str = "none"
    name: str = ""
    modified: int = 0
    roles: int = 0
    complete: bool = False


@dataclass(frozen=True, slots=True)
class DumpArtefact:
    """One of them. `dump` is None where its bytes could not be read at all; `compared` where there is no
    fingerprint, or nothing to compare. `same_as`: an older one with the very same bytes. `named`: the day
    its name tells (its noon, epoch milliseconds)."""

    base: Artefact
    dump: Dump | None = None
    noted: Noted = Noted()
    compared: Compared | None = None
    same_as: str = ""
    named: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """`globals` is None where not asked."""

    artefacts: tuple[DumpArtefact, ...]
    stands: Stands
    globals: Globals | None = None


def judge(seen: Seen[Facts], params: DumpParams) -> Iterator[Reading]:
    """`stands`, then `NAME:LEVEL` and `NAME:level`, `NAME:bytes`, `NAME:proven` (percent of the rows at the
    source that are proven to be in it), `globals`."""
    facts = seen.facts
    yield from basic.judge_stands(facts.stands)
    for one, asked in basic.each(facts.artefacts, facts.stands, params):
        name = one.base.name
        verdicts = [*judge_one(one, asked, seen.taken_at), *_globals(one, facts.globals)]
        yield from readings(name, verdicts)
        yield Reading(f"{name}:bytes", one.base.bytes, Unit.BYTES, State.OK)
        if one.compared is not None and one.compared.rows:
            proven = percent(one.compared.same_rows, one.compared.rows)
            yield Reading(f"{name}:proven", proven, Unit.PERCENT, State.OK)
    if facts.globals is not None:
        yield _globals_reading(facts.globals)


def judge_one(one: DumpArtefact, params: DumpParams, taken_at: int) -> Iterator[Verdict]:
    """All verdicts of one artefact."""
    base, dump = one.base, one.dump
    # The time inside is asked for where such a dump has one.
    inner = dump is not None and (dump.format in ("custom", "directory", "tar") or one.noted.state == "ok")
    yield from basic.judge_base(base, params, taken_at, inner=inner)
    yield from _fresh(one)
    if base.trouble == "missing" or not base.bytes:
        return
    yield from _unchanged(one)
    if dump is None:
        yield untold(Level.WELL_FORMED, "not_read")
        yield from judge_seal(base.name, base.seal, params.sealed, Inside())
        return
    yield from _present(dump, sealed=base.seal is not None and bool(base.seal.scheme))
    yield from _well_formed(dump, params)
    yield from judge_seal(base.name, base.seal, params.sealed, _inside(one, dump))
    yield from _true(one, dump, params)


def _fresh(one: DumpArtefact) -> Iterator[Verdict]:
    if one.same_as and one.dump is not None:
        # A plain dump of before 2025 has nothing that tells two of the same data apart.
        yield (
            bad("same_as_before", one.same_as)
            if one.dump.unique
            else untold(Level.FRESH, "same_as_before", one.same_as)
        )
    inside = one.base.made.start
    if one.named is not None and inside is not None and abs(one.named - inside) > _TWO_DAYS_MS:
        yield bad("old_inside", "name")


def _unchanged(one: DumpArtefact) -> Iterator[Verdict]:
    noted = one.noted.sha256
    if noted and one.base.sha256:
        yield good(Level.UNCHANGED) if noted == one.base.sha256 else bad("changed")


def _present(dump: Dump, *, sealed: bool) -> Iterator[Verdict]:
    if dump.parts_missing or dump.trouble == "part_missing":
        yield bad("part_missing", next(iter(dump.parts_missing), ""))
    elif not sealed and not dump.text and not dump.trouble and dump.format in ("", "plain"):
        yield bad("nothing_inside")  # of an envelope it is said at its own level


def _well_formed(dump: Dump, params: DumpParams) -> Iterator[Verdict]:
    verdicts = [*_version(dump, params), *_damage(dump), *_end(dump)]
    wanted = params.format
    if dump.format and wanted and dump.format != wanted:
        verdicts.append(bad("unknown_format", dump.format))
    yield from verdicts or [good(Level.WELL_FORMED)]


def _version(dump: Dump, params: DumpParams) -> Iterator[Verdict]:
    host = params.restore_major
    if host and dump.since > host:
        yield bad("too_new", dump.archive)
    elif dump.trouble == "too_new":
        # Refused here, though the host it would be restored on reads it.
        able = host and 0 < dump.since <= host
        yield untold(Level.WELL_FORMED, "no_tool") if able else bad("too_new", dump.archive)


def _damage(dump: Dump) -> Iterator[Verdict]:
    word = dump.trouble
    if word and word != "too_new":
        if REASONS.get(word) is Level.WELL_FORMED:
            yield bad(word, dump.layer)
        else:
            yield untold(Level.WELL_FORMED, word if word in UNTOLD else "not_read", dump.layer)
    if dump.errors:
        yield bad("error_text", dump.error)
    if dump.headers or dump.again:
        yield bad("several_members")
    if dump.trailing:
        yield bad("trailing_bytes")


def _end(dump: Dump) -> Iterator[Verdict]:
    if dump.trouble or not dump.text:
        return
    if not dump.format:
        yield bad("unknown_format")
    elif dump.cut:
        yield bad("truncated", dump.cut)
    elif not dump.complete:
        yield bad("no_end_mark")
    # What another dump or an error left among the rows is named by those.
    if dump.misfits and not dump.headers and not dump.errors:
        yield bad("damaged")


def _inside(one: DumpArtefact, dump: Dump) -> Inside:
    sealed = REASONS.get(dump.trouble) is Level.SEALED
    recorded = bool(one.base.recorded or one.noted.sha256)
    spoiled = dump.trouble or ("damaged" if dump.misfits or dump.cut else "")
    return inside(dump.text, spoiled, dump.layer if sealed else "dump", recorded=recorded)


def _true(one: DumpArtefact, dump: Dump, params: DumpParams) -> Iterator[Verdict]:
    source = list(_source(one, dump, params))
    yield from source
    if one.noted.state == "edited":
        yield bad("fingerprint_edited")
        return
    if not dump.complete or dump.trouble:
        yield untold(Level.TRUE, "not_read")
        return
    yield from _nameless(one, dump, params)
    if one.compared is not None:
        yield from _compared(one.compared, dump)
        return
    if not dump.created and not dump.tables and not dump.inserts:
        yield bad("nothing_in_it")
    elif not dump.tables and not dump.inserts:
        yield bad("no_rows_at_all")
    elif params.must_match:
        yield bad("no_fingerprint", one.noted.state)
    else:
        yield untold(Level.TRUE, "no_fingerprint", one.noted.state)


def _source(one: DumpArtefact, dump: Dump, params: DumpParams) -> Iterator[Verdict]:
    noted = one.noted
    for said in (dump.database, noted.database):
        if params.database and said and said != params.database:
            yield bad("wrong_source", said)
    if noted.database and dump.database and noted.database != dump.database:
        yield bad("wrong_source", dump.database)
    if params.system and noted.system and noted.system != params.system:
        yield bad("wrong_source", noted.system)
    for name in noted.databases:
        if params.databases and name not in params.databases:
            yield bad("not_in_policy", name)


def _nameless(one: DumpArtefact, dump: Dump, params: DumpParams) -> Iterator[Verdict]:
    """What it should be of, and does not say that it is."""
    named = dump.database or one.noted.database or params.database in dump.databases
    if params.database and not named:
        yield untold(Level.TRUE, "not_recorded", "database")
    if params.system and not one.noted.system:
        yield untold(Level.TRUE, "not_recorded", "system")


def _compared(seen: Compared, dump: Dump) -> Iterator[Verdict]:
    if dump.inserts and not dump.tables:
        yield untold(Level.TRUE, "not_recorded", "inserts")
        return
    words = [*verdict_words(seen, schema=dump.created > 0)]
    for word, subject in words:
        yield bad(word, subject)
    if not words and seen.filled and not seen.same_rows:
        # Everything moved while it was made: within bounds is not proven.
        yield untold(Level.TRUE, "moving")
    elif not words and seen.objects == "untold":
        yield untold(Level.TRUE, "denied", "large objects")
    elif not words:
        yield good(Level.TRUE)


def _globals(one: DumpArtefact, held: Globals | None) -> Iterator[Verdict]:
    if held is None or (one.dump is not None and one.dump.roles):
        return
    wanted = one.noted.roles
    if held.state == "none":
        yield bad("globals_missing")
    elif held.state != "ok":
        yield untold(Level.TRUE, "not_read", "globals")
    elif not held.complete or not held.roles or (wanted is not None and held.roles < wanted):
        yield bad("globals_missing", held.name)


def _globals_reading(held: Globals) -> Reading:
    if held.state == "none":
        return Reading("globals", 0, Unit.COUNT, State.CRIT, "globals_missing")
    if held.state != "ok":
        return Reading("globals", None, Unit.COUNT, State.UNKNOWN, "not_read")
    if not held.complete or not held.roles:
        return Reading("globals", held.roles, Unit.COUNT, State.CRIT, "globals_missing")
    return Reading("globals", held.roles, Unit.COUNT, State.OK)
