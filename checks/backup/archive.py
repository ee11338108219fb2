"""Archives and sealed files: tar, zip, 7z, compressed or encrypted, read to their end."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.artefacts import basic, standing
from checks.artefacts.artefact import Artefact, Made, Seal
from checks.artefacts.content import Read, claims, judge_form, look_inside
from checks.artefacts.layers import Limits
from checks.artefacts.levels import UNTOLD, Level, Verdict, bad, readings, untold
from checks.artefacts.look import Look, Stands
from checks.artefacts.opening import Sealed, key_of
from checks.artefacts.sealing import Inside, inside, judge_seal, seal_of, with_inside
from checks.artefacts.twins import twin
from checks.artefacts.volumes import Joined, joined
from checks.codec import from_json, to_json
from checks.places import Backups, Entry, Place

FORMATS = ("", "tar", "zip", "7z", "file")


@dataclass(frozen=True, slots=True)
class Archive:
    """One of them; `read` is None where its bytes could not be read at all. `same_as`: an older one with the
    very same bytes ("" none that we have read). `missing`: numbers of volumes that are not there."""

    base: Artefact
    read: Read | None = None
    same_as: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    artefacts: tuple[Archive, ...]
    stands: Stands


@dataclass(frozen=True, slots=True)
class Params(Look):
    """`sealed`: how they must be encrypted. `format`: tar, zip, 7z, file ("" any). `strip`: leading parts of
    names that are not in the manifest's. `several`: members one behind the other are meant. `zone_min`:
    minutes east of Greenwich of the machine that made them, whose clock some formats tell."""

    sealed: Sealed = field(default_factory=Sealed)
    format: str = ""
    strip: int = 0
    several: bool = False
    zone_min: int = 480
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        if self.format not in FORMATS:
            raise ValueError("format must be tar, zip, 7z or file")
        if not 0 <= self.strip <= 100 or not -1440 <= self.zone_min <= 1440:
            raise ValueError("strip must be 0 to 100, zone_min -1440 to 1440")


def observe(backups: Backups, params: Params) -> Facts:
    with backups.place(params) as top, standing.remembered(backups, "read", CHECK.version) as memory:
        place, found = joined(top, standing.survey(top, params, memory), params)
        made = [_look(backups, place, found, one, memory, params) for one in found.chosen]
    return Facts(tuple(made), found.stands)


def _look(
    backups: Backups,
    place: Joined,
    found: standing.Survey,
    entry: Entry,
    memory: standing.Memory,
    params: Params,
) -> Archive:
    artefact = standing.read(place, found, entry, memory, params, backups.now())
    if volumes := place.volumes.get(entry.path):
        artefact = replace(artefact, parts=len(volumes.parts))
        if volumes.missing:
            return Archive(artefact, missing=tuple(f"{one:03d}" for one in volumes.missing))
    if artefact.trouble or not artefact.bytes:
        return Archive(artefact)
    same = twin(entry, artefact, found, memory)
    mark = repr((params.sealed, params.limits, params.strip, params.zone_min))
    try:
        kept = memory.told(entry, mark, lambda: _read(backups, place, entry, params))
    except OSError as problem:
        return Archive(replace(artefact, trouble=standing.trouble(problem)), same_as=same)
    read = from_json(Read, kept["read"])
    seal = from_json(Seal, kept["seal"])
    made = Made(start=read.made, end=read.made)
    return Archive(replace(artefact, seal=seal, made=made, fingerprint=read.contents.root), read, same)


def _read(backups: Backups, place: Place, entry: Entry, params: Params) -> dict[str, Any]:
    seal = seal_of(backups, place, entry.path, params.sealed)
    keys = key_of(backups, params.sealed)
    read = look_inside(
        backups.tools, place, entry.path, params.sealed, keys, params.limits, params.strip, params.zone_min
    )
    inner = read.content or ("empty" if not read.contents.bytes and not read.trouble else "")
    seal = with_inside(seal, inner, read.trouble)
    return {"read": to_json(read), "seal": to_json(seal), "untold": read.trouble in UNTOLD}


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    yield from basic.judge_stands(seen.facts.stands)
    for one, asked in basic.each(seen.facts.artefacts, seen.facts.stands, params):
        yield from readings(one.base.name, judge_one(one, asked, seen.taken_at))
        yield Reading(f"{one.base.name}:bytes", one.base.bytes, Unit.BYTES, State.OK)


def judge_one(one: Archive, params: Params, taken_at: int) -> Iterator[Verdict]:
    """All verdicts of one artefact."""
    base, read = one.base, one.read
    yield from basic.judge_base(base, params, taken_at, inner=False)
    if one.same_as:
        yield bad("same_as_before", one.same_as)
    for volume in one.missing:
        yield bad("part_missing", volume)
    if base.trouble == "missing" or base.bytes == 0:
        return
    if read is None or base.seal is None:
        yield untold(Level.WELL_FORMED, "not_read")
        yield from judge_seal(base.name, base.seal, params.sealed, Inside())
        return
    recorded = bool(base.recorded)
    scheme = base.seal.scheme
    yield from _claimed(base.name, read, scheme)
    yield from judge_form(
        read, sealed=scheme, recorded=recorded, several=params.several, wanted=params.format
    )
    held = inside(read.contents.bytes, read.trouble, read.layer, recorded=recorded)
    yield from judge_seal(base.name, base.seal, params.sealed, held)


def _claimed(name: str, read: Read, scheme: str) -> Iterator[Verdict]:
    claim, outermost = claims(name), (*read.layers, read.content)[0]
    if claim and not scheme and not read.trouble and outermost != claim:
        yield bad("unknown_format", outermost)


CHECK = Check(
    id="backup.archive",
    version=3,
    title="备份压缩包与加密文件",
    title_en="Archives and encrypted files",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-05", "HA-06", "HA-07", "HA-08", "HA-10", "HA-11", "PD-05", "LH-32"),
    needs=(
        "read access to the files",
        "to open what is encrypted: the verification key in secrets.yaml, and age, gpg, openssl or 7z",
    ),
)
