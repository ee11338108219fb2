"""Redis dumps (RDB, also packed or sealed) and append-only files."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from checks.api import Check, ErrorKind, ObservationError, Reading, Seen, Source, State, Unit
from checks.artefacts import basic, rdb, standing
from checks.artefacts.artefact import Artefact, Made, Seal
from checks.artefacts.asking import ask
from checks.artefacts.layers import LayerError
from checks.artefacts.levels import REASONS, UNTOLD, Level, Verdict, bad, good, readings, untold
from checks.artefacts.look import Look, Stands
from checks.artefacts.opening import Sealed, key_of, opened_with
from checks.artefacts.rdb import Dump
from checks.artefacts.sealing import inside, judge_seal, seal_of
from checks.artefacts.twins import twin
from checks.codec import from_json, to_json
from checks.places import Backups, Entry, Place, shown

_SMALL = 32 << 20  # computed here in a few seconds; larger ones by Redis's own tool
_MOST_MANIFEST = 1 << 20


@dataclass(frozen=True, slots=True)
class RedisDump:
    """One dump. `dump` as read; `tool`: what redis-check-rdb or redis-check-aof said: ok, truncated, damaged,
    "" not asked, or why it could not be. `missing`: parts that the manifest of an append-only directory names
    in vain. `trouble`, `layer`: what ended the reading of a packed or sealed one."""

    base: Artefact
    form: str = ""
    dump: Dump = field(default_factory=Dump)
    tool: str = ""
    missing: tuple[str, ...] = ()
    trouble: str = ""
    layer: str = ""
    same_as: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    artefacts: tuple[RedisDump, ...]
    stands: Stands


@dataclass(frozen=True, slots=True)
class Params(Look):
    """`sealed`: how they must be encrypted. `least_keys`: fewer is rows missing (keys expire by themselves,
    so the least that always stand there)."""

    sealed: Sealed = field(default_factory=Sealed)
    least_keys: int = 0


def observe(backups: Backups, params: Params) -> Facts:
    with backups.place(params) as place, standing.remembered(backups, "read", CHECK.version) as memory:
        found = standing.survey(place, params, memory)
        made = []
        for entry in found.chosen:
            base = standing.read(place, found, entry, memory, params, backups.now())
            if base.trouble or not base.bytes:
                made.append(RedisDump(base))
                continue
            read = partial(_read, backups, place, entry, params)
            try:
                kept = memory.told(entry, repr(params.sealed), read)
            except OSError as problem:
                made.append(RedisDump(replace(base, trouble=standing.trouble(problem))))
                continue
            one = from_json(RedisDump, {**kept["redis"], "base": to_json(base)})
            seal = from_json(Seal, kept["seal"]) if kept["seal"] else None
            told = Made(one.dump.made, one.dump.made, one.dump.server and f"redis {one.dump.server}")
            own = replace(base, seal=seal, made=told)
            made.append(replace(one, base=own, same_as=twin(entry, base, found, memory)))
    return Facts(tuple(made), found.stands)


def _read(backups: Backups, place: Place, entry: Entry, params: Params) -> dict[str, Any]:
    if entry.kind == "directory":
        one = _directory(backups, place, entry)
        return {"redis": _plain(one), "seal": None, "untold": one.tool in UNTOLD}
    seal = seal_of(backups, place, entry.path, params.sealed)
    one = _file(backups, place, entry, params)
    return {
        "redis": _plain(one),
        "seal": to_json(seal),
        "untold": one.tool in UNTOLD or one.trouble in UNTOLD,
    }


def _plain(one: RedisDump) -> dict[str, Any]:
    return {key: value for key, value in to_json(one).items() if key != "base"}


_NOBODY = Artefact("", "full", 0, 1, 0)


def _file(backups: Backups, place: Place, entry: Entry, params: Params) -> RedisDump:
    try:
        keys = key_of(backups, params.sealed)
        with opened_with(backups.tools, place, entry.path, params.sealed, keys) as whole:
            layers = whole.layers
            if whole.content != "rdb" and whole.head[:1] == b"*":
                return replace(_aof(backups, place, entry.path), form="aof")
            dump = rdb.read(whole.stream, _SMALL)
        if (not dump.ended or dump.checksum == "wrong") and dump.bytes <= _SMALL:
            with opened_with(backups.tools, place, entry.path, params.sealed, keys) as whole:
                dump = replace(dump, trailing=rdb.behind(whole.stream))
    except LayerError as problem:
        return RedisDump(_NOBODY, "rdb", trouble=problem.reason, layer=problem.layer)
    one = RedisDump(_NOBODY, "rdb", dump)
    if layers or dump.version is None:
        return one
    return _tool(backups, place, one, "redis-check-rdb", entry.path)


def _aof(backups: Backups, place: Place, path: str) -> RedisDump:
    return _tool(backups, place, RedisDump(_NOBODY), "redis-check-aof", path)


def _directory(backups: Backups, place: Place, entry: Entry) -> RedisDump:
    """An append-only directory: its manifest, and the parts that it names."""
    names = set(place.names(entry.path))
    manifest = next((one for one in sorted(names) if one.endswith(".manifest")), "")
    if not manifest:
        return RedisDump(_NOBODY, "aof", missing=("manifest",))
    text = place.block(f"{entry.path}/{manifest}", 0, _MOST_MANIFEST)
    wanted = rdb.parts(text.splitlines())
    missing = tuple(shown(one) for one in wanted if one not in names)
    one = RedisDump(_NOBODY, "aof", missing=missing)
    return one if missing else _tool(backups, place, one, "redis-check-aof", f"{entry.path}/{manifest}")


def _tool(backups: Backups, place: Place, one: RedisDump, tool: str, path: str) -> RedisDump:
    local = place.local(path)
    if local is None:
        return replace(one, tool="unsupported")
    if backups.tools.find(tool) is None:
        return replace(one, tool="no_tool")
    try:
        answer = ask(backups.tools, [tool, local])
    except ObservationError as problem:
        if problem.kind is ErrorKind.TIMEOUT:
            return replace(one, tool="timeout")
        raise
    text = answer.out[-65536:].decode("utf-8", "replace") + answer.complaint
    figures = {key: _figure(text, key) for key in ("keys read", "expires")}
    if figures["keys read"] is not None:
        one = replace(one, dump=replace(one.dump, keys=figures["keys read"], expires=figures["expires"]))
    if not answer.status:
        return replace(one, tool="ok")
    cut = "Unexpected EOF" in text or "Expected to read" in text or "Reached EOF" in text
    return replace(one, tool="truncated" if cut else "damaged")


def _figure(text: str, what: str) -> int | None:
    for line in reversed(text.splitlines()):
        if line.startswith("[info] ") and line.endswith(what):
            number = line.split()[1]
            return int(number) if number.isdigit() else None
    return None


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    yield from basic.judge_stands(seen.facts.stands)
    for one, asked in basic.each(seen.facts.artefacts, seen.facts.stands, params):
        yield from readings(one.base.name, _verdicts(one, asked, seen.taken_at))
        yield Reading(f"{one.base.name}:bytes", one.base.bytes, Unit.BYTES, State.OK)
        if one.dump.keys is not None:
            yield Reading(f"{one.base.name}:keys", one.dump.keys, Unit.COUNT, State.OK)


def _verdicts(one: RedisDump, params: Params, taken_at: int) -> Iterator[Verdict]:
    base = one.base
    yield from basic.judge_base(base, params, taken_at, inner=one.form == "rdb" and not one.trouble)
    if one.same_as:
        yield bad("same_as_before", one.same_as)
    if base.trouble or not base.bytes:
        return
    yield from _whole(one, sealed=base.seal.scheme if base.seal is not None else "")
    if base.seal is not None:
        held = inside(one.dump.bytes, one.trouble, one.layer, recorded=bool(base.recorded))
        yield from judge_seal(base.name, base.seal, params.sealed, held)
    if params.least_keys and one.dump.keys is None:
        yield untold(Level.TRUE, "not_read", "keys")
    elif one.dump.keys is not None and one.dump.keys < params.least_keys:
        yield bad("rows_missing", f"{one.dump.keys}/{params.least_keys}")


def _whole(one: RedisDump, sealed: str) -> Iterator[Verdict]:
    for part in one.missing:
        yield bad("part_missing", part)
    if one.trouble:
        of = REASONS.get(one.trouble, Level.SEALED)
        if one.trouble in UNTOLD or of is Level.SEALED or (sealed and one.layer != sealed):
            yield untold(Level.WELL_FORMED, one.trouble if one.trouble in UNTOLD else "not_read", one.layer)
        else:
            yield bad(one.trouble, one.layer)
        return
    yield from _dump(one) if one.form == "rdb" else _appended(one)


def _dump(one: RedisDump) -> Iterator[Verdict]:
    dump = one.dump
    if dump.version is None:
        yield bad("unknown_format")
    elif dump.trailing > 0:
        yield bad("trailing_bytes", str(dump.trailing))
    elif not dump.ended:
        yield bad("truncated")
    elif dump.checksum == "wrong" or one.tool in ("truncated", "damaged"):
        yield bad("damaged")
    elif dump.checksum == "none":
        yield bad("no_checksum")
    elif dump.checksum == "unread" and one.tool != "ok":
        yield untold(Level.WELL_FORMED, one.tool if one.tool in UNTOLD else "too_much")
    yield good(Level.WELL_FORMED)


def _appended(one: RedisDump) -> Iterator[Verdict]:
    if one.tool in ("truncated", "damaged"):
        yield bad(one.tool)
    elif one.tool == "ok":
        yield good(Level.WELL_FORMED)
    else:
        yield untold(Level.WELL_FORMED, one.tool if one.tool in UNTOLD else "not_read")


CHECK = Check(
    id="backup.redis",
    version=3,
    title="Redis 备份",
    title_en="Redis dumps",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-05", "HA-08", "HA-10", "HA-11", "PD-05", "LH-32"),
    needs=("read access to the dumps; above 32 MiB, and for append-only files, redis-check-rdb and -aof",),
)
