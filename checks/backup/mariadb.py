"""Logical dumps of MySQL and MariaDB: read to their end, row by row, against the source's fingerprint.

A dump that was cut after a semicolon restores without an error, with half of the tables: only its last line
tells, and the fingerprint.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.artefacts import basic, mysqltab, standing
from checks.artefacts.archives import Contents
from checks.artefacts.artefact import Artefact, Made, Seal
from checks.artefacts.content import Read, judge_form, packings_of
from checks.artefacts.fingerprint import (
    ENDING,
    MOST_BYTES,
    Compared,
    Fingerprint,
    FingerprintError,
    compare,
    parse,
    root_alone,
    verdict_words,
)
from checks.artefacts.layers import LayerError, Limits
from checks.artefacts.levels import UNTOLD, Level, Verdict, bad, good, readings, untold
from checks.artefacts.look import Look, Stands
from checks.artefacts.mysqldump import Dump, moment, read_dump
from checks.artefacts.opening import Opened, Sealed, key_of, opened_with
from checks.artefacts.sealing import inside, judge_seal, seal_of, with_inside
from checks.artefacts.twins import twin
from checks.codec import from_json, to_json
from checks.files import check_paths
from checks.places import Backups, Entry, NotAFileError, Place, shown

ENDS = ("completed", "closed", "none")
_OWN = frozenset(("mysql", "sys", "performance_schema", "information_schema"))
_UTF8 = frozenset(("", "utf8", "utf8mb3", "utf8mb4"))


@dataclass(frozen=True, slots=True)
class Params(Look):
    """`database`: that it must be of ("" not asked). `end`: how a dump ends: completed (its last line),
    closed (made without comments: the settings are put back), none (`--compact`: nothing tells, unless the
    fingerprint does). `fingerprint`: file of the source's ("": ARTEFACT.fingerprint.json), `compare`: whether
    there must be one. `single_transaction`: the job relies on it, so tables of an engine without transactions
    are not of one instant. `zone_min`: minutes east of Greenwich of the machine that dumps. `sealed`,
    `several`, `limits`: as of backup.archive."""

    database: str = ""
    end: str = "completed"
    fingerprint: str = ""
    compare: bool = False
    single_transaction: bool = True
    zone_min: int = 480
    sealed: Sealed = field(default_factory=Sealed)
    several: bool = False
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        if self.end not in ENDS or not -1440 <= self.zone_min <= 1440:
            raise ValueError(f"end must be one of {', '.join(ENDS)}, zone_min -1440 to 1440")
        if self.fingerprint:
            check_paths((self.fingerprint,), "fingerprint")


@dataclass(frozen=True, slots=True)
class Text:
    """What the dump says, see mysqldump.Dump; `rows` of all `tables`, `root` of their sums. `databases`:
    whose tables they are, the server's own left out: asked ones and the first, twenty in all."""

    tables: int
    rows: int
    heads: int
    ends: int
    closed: bool
    cut: str
    errors: tuple[str, ...]
    wrong: int
    database: str
    server: str
    loose_count: int
    loose: tuple[str, ...]
    views: int
    routines: int
    charset: str = ""
    form: str = ""
    databases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dumped:
    """One dump. `text`: None where nothing could be read. `recorded`: of the fingerprint: "" there is one,
    missing, or the word of a FingerprintError; `compared` with it; `of`: the database it was taken of, `in_`:
    the character set its rows were written in ("" not said: utf8mb4). `missing`: the first 20 files that a
    directory of `--tab` has not."""

    base: Artefact
    read: Read | None = None
    text: Text | None = None
    same_as: str = ""
    recorded: str = "missing"
    compared: Compared | None = None
    of: str = ""
    in_: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Dumps as they were read."""

    artefacts: tuple[Dumped, ...]
    stands: Stands


def observe(backups: Backups, params: Params) -> Facts:
    """Read the newest dumps."""
    with backups.place(params) as place, standing.remembered(backups, "read", CHECK.version) as memory:
        found = standing.survey(place, params, memory)
        # The oldest first: what is the same as one before it shows at the first look.
        made = [_look(backups, place, found, one, memory, params) for one in reversed(found.chosen)]
    return Facts(tuple(reversed(made)), found.stands)


def _look(
    backups: Backups,
    place: Place,
    found: standing.Survey,
    entry: Entry,
    memory: standing.Memory,
    params: Params,
) -> Dumped:
    artefact = standing.read(place, found, entry, memory, params, backups.now())
    if artefact.trouble or not artefact.bytes:
        return Dumped(artefact)
    same = twin(entry, artefact, found, memory)
    sidecar, word = _fingerprint(place, entry, params)
    mark = repr(
        (params.sealed, params.limits, params.database, params.fingerprint, sidecar and sidecar.root, word)
    )
    try:
        kept = memory.told(entry, mark, lambda: _read(backups, place, entry, params, sidecar))
    except OSError as problem:
        return Dumped(replace(artefact, trouble=standing.trouble(problem)), same_as=same)
    if sidecar is not None and sidecar.root != _first_root(memory, entry, kept, sidecar.root):
        word = "edited"
    made = from_json(Dumped, {"base": to_json(artefact), **kept["dumped"]})
    seal = from_json(Seal, kept["seal"])
    base = replace(
        artefact,
        seal=seal,
        made=from_json(Made, kept["made"]),
        fingerprint=kept["root"],
        expected=sidecar.root if sidecar else "",
        recorded=artefact.recorded or _digest(sidecar),
    )
    of, in_ = (sidecar.database, sidecar.encoding) if sidecar is not None else ("", "")
    return replace(made, base=base, same_as=same, recorded=word, of=of, in_=in_)


def _first_root(memory: standing.Memory, entry: Entry, kept: dict[str, Any], root: str) -> str:
    """The root that stood beside this very dump (its own time is the same) when it was first seen."""
    before = memory.held.get(shown(entry.path), {}).get("value", {})
    same = before.get("expected") and before.get("made") == kept["made"] and kept["made"]["end"]
    kept["expected"] = before["expected"] if same else root
    return str(kept["expected"])


def _digest(sidecar: Fingerprint | None) -> str:
    return sidecar.artefact.sha256 if sidecar is not None and sidecar.artefact is not None else ""


def _fingerprint(place: Place, entry: Entry, params: Params) -> tuple[Fingerprint | None, str]:
    try:
        return parse(place.block(params.fingerprint or entry.path + ENDING, 0, MOST_BYTES + 1)), ""
    except FileNotFoundError:
        return None, "missing"
    except OSError as problem:
        return None, standing.trouble(problem)
    except FingerprintError as problem:
        return None, problem.reason


def _read(
    backups: Backups, place: Place, entry: Entry, params: Params, sidecar: Fingerprint | None
) -> dict[str, Any]:
    folder = entry.kind == "directory"
    seal = Seal() if folder else seal_of(backups, place, entry.path, params.sealed)
    dump = Dump()
    missing: tuple[str, ...] = ()
    if folder:
        read, missing = _tab(place, entry, dump)
    else:
        database = params.database or (sidecar.database if sidecar else "")
        read = _through(backups, place, entry, params, dump, database)
    seal = with_inside(seal, read.content or "empty", read.trouble)
    compared = _compared(sidecar, dump) if sidecar is not None and not read.trouble else None
    at = moment(dump.ended, params.zone_min)
    made = Made(at, at, dump.tool, dump.database, "")
    asked = frozenset((params.database, sidecar.database if sidecar else ""))
    dumped = {"read": to_json(read), "text": to_json(_told(dump, asked)), "compared": to_json(compared)}
    dumped["missing"] = list(missing)
    return {
        "dumped": dumped,
        "seal": to_json(seal),
        "made": to_json(made),
        "root": compared.root if compared else root_alone(dump.tables, None) if not read.trouble else "",
        "untold": read.trouble in UNTOLD,
    }


def _tab(place: Place, entry: Entry, dump: Dump) -> tuple[Read, tuple[str, ...]]:
    names = set(place.names(entry.path))
    if not mysqltab.is_tab(names):
        raise NotAFileError(entry.path)
    trouble = ""
    missing: tuple[str, ...] = ()
    try:
        missing = mysqltab.read_tab(place, entry.path, names, dump)
    except (LayerError, OverflowError) as problem:
        trouble = problem.reason if isinstance(problem, LayerError) else "too_much"
    layer = mysqltab.FORM if trouble else ""
    return Read((), mysqltab.FORM, trouble=trouble, layer=layer, contents=Contents(bytes=dump.bytes)), missing


def _through(backups: Backups, place: Place, entry: Entry, params: Params, dump: Dump, database: str) -> Read:
    """The text of the dump, below seal and compression; `dump` has what came of it, however far that was."""
    whole: Opened | None = None
    try:
        keys = key_of(backups, params.sealed)
        with opened_with(backups.tools, place, entry.path, params.sealed, keys, params.limits) as whole:
            read_dump(whole.stream, dump, database=database)
    except (LayerError, OverflowError) as problem:
        reason, layer = (
            (problem.reason, problem.layer) if isinstance(problem, LayerError) else ("too_much", "text")
        )
        layers = tuple(whole.layers) if whole is not None else getattr(problem, "layers", ())
        return Read(layers, "sql", trouble=reason, layer=layer, contents=Contents(bytes=dump.bytes))
    return Read(tuple(whole.layers), whole.content, packings_of(whole), Contents(bytes=dump.bytes))


def _compared(sidecar: Fingerprint, dump: Dump) -> Compared:
    """Its tables beside the fingerprint; those of other databases that lie in the same dump are not its."""
    mine = {name: one for name, one in dump.tables.items() if one.database == sidecar.database}
    tables = dict(mine or dump.tables)
    for name, one in tables.items():
        # Taken with the option that writes bytes as digits, as this dump was made.
        if name in sidecar.tables and sidecar.tables[name].sum == one.as_written().hex():
            tables[name] = one.as_written()
    return compare(sidecar, tables, None)


def _told(dump: Dump, asked: frozenset[str]) -> Text:
    held = {one.database for one in dump.tables.values()} - {"", *_OWN}
    loose = [one for one in dump.loose if not one.startswith(("mysql.", "sys.", "performance_schema."))]
    return Text(
        len(dump.tables),
        sum(one.count for one in dump.tables.values()),
        dump.heads,
        dump.ends,
        dump.closed,
        dump.cut,
        tuple(dump.errors),
        dump.wrong,
        dump.database,
        dump.server,
        len(loose),
        tuple(loose[:10]),
        dump.views,
        dump.routines,
        dump.charset,
        dump.form,
        tuple(sorted(held, key=lambda name: (name not in asked, name))[:20]),
    )


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Each dump."""
    yield from basic.judge_stands(seen.facts.stands)
    for one, asked in basic.each(seen.facts.artefacts, seen.facts.stands, params):
        yield from readings(one.base.name, judge_one(one, asked, seen.taken_at))
        yield Reading(f"{one.base.name}:bytes", one.base.bytes, Unit.BYTES, State.OK)


def judge_one(one: Dumped, params: Params, taken_at: int) -> Iterator[Verdict]:
    """All verdicts of one dump."""
    base, read, text = one.base, one.read, one.text
    yield from basic.judge_base(base, params, taken_at, inner=params.end == "completed")
    if one.same_as:
        yield bad("same_as_before", one.same_as)
    if base.trouble == "missing" or base.bytes == 0:
        return
    if read is None or text is None or base.seal is None:
        yield untold(Level.WELL_FORMED, "not_read")
        return
    recorded = bool(base.recorded)
    scheme = base.seal.scheme
    yield from judge_form(read, sealed=scheme, recorded=recorded, several=params.several, wanted="")
    if not read.trouble and read.contents.bytes:
        yield from _complete(one, text, params)
    held = inside(read.contents.bytes, read.trouble, read.layer, recorded=recorded)
    yield from judge_seal(base.name, base.seal, params.sealed, held)
    yield from _true(one, text, params)


def _complete(one: Dumped, text: Text, params: Params) -> Iterator[Verdict]:
    """Whether the text comes to its end, and nothing in it is an error's."""
    if text.form == mysqltab.FORM:
        yield from _directory(one, text)
        return
    if text.form:
        yield bad("truncated", text.form) if text.cut else untold(Level.WELL_FORMED, "unsupported", text.form)
        return
    if not (text.tables or text.heads or text.ends or text.closed):
        yield bad("unknown_format")
        return
    if text.errors:
        yield bad("error_text", text.errors[0].partition(" ")[0])
    yield from _ended(one, text, params)
    if text.wrong:
        yield bad("damaged", f"{text.wrong}")


def _directory(one: Dumped, text: Text) -> Iterator[Verdict]:
    """Of the rows' files nothing tells that they end where they do, but a fingerprint."""
    for name in one.missing:
        yield bad("part_missing", name)
    if text.cut or text.heads > text.ends:
        yield bad("truncated", text.cut or "definition")
    elif text.wrong:
        yield bad("damaged", f"{text.wrong}")
    elif not _proven(one):
        yield untold(Level.WELL_FORMED, "no_end_mark")


def _ended(one: Dumped, text: Text, params: Params) -> Iterator[Verdict]:
    if text.cut:
        yield bad("truncated", text.cut)
    elif text.ends and text.heads <= text.ends:
        pass
    elif params.end == "completed" or (params.end == "closed" and not text.closed):
        yield bad("no_end_mark")
    elif params.end == "none" and not _proven(one):
        yield untold(Level.WELL_FORMED, "no_end_mark")


def _another(text: Text, database: str) -> bool:
    """Whether it is of another database. The head of a dump of several names the first of them."""
    return bool(text.database) and database != text.database and database not in text.databases


def _proven(one: Dumped) -> bool:
    seen = one.compared
    return seen is not None and seen.same == seen.tables and not seen.extra.total


def _true(one: Dumped, text: Text, params: Params) -> Iterator[Verdict]:
    """Its rows against those of the source."""
    if params.database and not text.database and not _proven(one):
        yield untold(Level.TRUE, "not_recorded", "database")
    if params.database and _another(text, params.database):
        yield bad("wrong_source", text.database)
    elif one.recorded == "edited":
        yield bad("fingerprint_edited")
    elif one.read is not None and (one.read.trouble or not one.read.contents.bytes):
        yield untold(Level.TRUE, "not_read")
    elif text.form and text.form != mysqltab.FORM:
        yield untold(Level.TRUE, "unsupported", text.form)
    elif one.compared is not None:
        yield from _beside(one, one.compared, text, params)
    else:
        yield from _loose(one, text, params)
        yield _alone(one, text, params)


def _alone(one: Dumped, text: Text, params: Params) -> Verdict:
    """Without a fingerprint only that there is nothing in it can be seen."""
    if one.recorded not in ("", "missing"):
        return untold(Level.TRUE, one.recorded if one.recorded in UNTOLD else "no_fingerprint")
    if not text.tables:
        return bad("nothing_in_it")
    if not text.rows:
        return bad("no_rows_at_all")
    return bad("no_fingerprint") if params.compare else untold(Level.TRUE, "no_fingerprint")


def _loose(one: Dumped, text: Text, params: Params) -> Iterator[Verdict]:
    if params.single_transaction and text.loose_count and not _proven(one):
        yield untold(Level.TRUE, "not_consistent", text.loose[0] if text.loose else "")


def _beside(one: Dumped, seen: Compared, text: Text, params: Params) -> Iterator[Verdict]:
    if one.of and _another(text, one.of):
        yield bad("wrong_source", text.database)
    for word, subject in verdict_words(seen):
        if _other_text(one, text, word):
            yield untold(Level.TRUE, "unsupported", f"charset {text.charset}")
        else:
            yield bad(word, subject)
    yield from _loose(one, text, params)
    # Tables that changed during the dump are inside their bounds; where that is all, nothing is proven.
    others = sorted({*text.databases} - {one.of}) if one.of in text.databases else []
    if others and params.database != one.of:
        yield untold(Level.TRUE, "not_recorded", others[0])
    else:
        # An empty database is proven; one of which all came or went meanwhile is not.
        proven = seen.same or not (seen.tables or seen.untold)
        yield good(Level.TRUE) if proven else untold(Level.TRUE, "not_recorded")


def _other_text(one: Dumped, text: Text, word: str) -> bool:
    """Whether the difference may be that of character sets in which the same rows were written: the sum of
    one says nothing of the other's."""
    ours, theirs = text.charset, one.in_ if one.in_ != "UTF8" else ""
    same = ours == theirs or {ours, theirs} <= _UTF8
    return not same and word in ("rows_differ", "wrong_source")


CHECK = Check(
    id="backup.mariadb",
    version=5,
    title="MySQL、MariaDB 逻辑备份",
    title_en="MySQL, MariaDB: dumps",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-05", "HA-06", "HA-07", "HA-08", "HA-10", "HA-19", "PD-05", "LH-32"),
    needs=(
        "read access to the files",
        "to open what is encrypted: the verification key in secrets.yaml, and age, gpg, openssl or 7z",
        "of the source: a fingerprint beside the dump",
    ),
)
