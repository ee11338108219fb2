"""The second copy: the same bytes as the first, and really elsewhere.

For an agent that reaches both. Where each place has an agent of its own, the collector compares.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.artefacts import basic, levels
from checks.artefacts.artefact import Artefact
from checks.artefacts.levels import Level, Verdict, bad, good, untold
from checks.artefacts.look import Look, Stands
from checks.artefacts.standing import (
    Memory,
    Survey,
    name_of,
    read,
    remembered,
    survey,
)
from checks.files import SFTP_NEEDS, check_paths
from checks.places import Backups, Ground, Place


@dataclass(frozen=True, slots=True)
class CopyArtefact:
    """One copy, and the first one of the same name (None: it is not there any more). `older`: the name of
    another first one that has the copy's bytes."""

    base: Artefact
    first: Artefact | None
    older: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """`missing`: first ones without a copy, newest first. `ground`, `first_ground`: what they stand on."""

    artefacts: tuple[CopyArtefact, ...]
    stands: Stands
    missing: tuple[Artefact, ...]
    ground: Ground
    first_ground: Ground


@dataclass(frozen=True, slots=True)
class Params(Look):
    """`path` is where the copies lie. `first` (required): where the first ones do, on the agent's machine;
    names below both must agree. `within_s`: a copy may take so long. `elsewhere`: another `device`, or even
    another `host`."""

    first: str = ""
    within_s: int = 7200
    elsewhere: str = "device"

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        check_paths((self.first,) if self.first else (), "first")
        if self.elsewhere not in ("device", "host") or self.within_s < 0:
            raise ValueError("elsewhere is device or host, within_s not below 0")


@dataclass(frozen=True, slots=True)
class _First(Look):
    """How the first ones are looked at."""


def observe(backups: Backups, params: Params) -> Facts:
    local = _First(
        path=params.first, artefacts=params.artefacts, rolling=params.rolling, budget_s=params.budget_s
    )
    with remembered(backups, "first") as before, remembered(backups, "copy") as memory:
        with backups.place(local) as here:
            ours = survey(here, local, before)
            firsts = {name_of(one.path, ours.top): one for one in ours.all}
            wanted = {name_of(one.path, ours.top) for one in ours.chosen}
            made = {
                n: read(here, ours, firsts[n], before, local, backups.now()) for n in firsts if n in wanted
            }
            ground = here.ground(ours.all[0].path if ours.all else ours.top)
        with backups.place(params) as there:
            theirs = survey(there, params, memory)
            return _facts(there, theirs, params, memory, _Firsts(made, ground, before, ours), backups.now())


@dataclass(frozen=True, slots=True)
class _Firsts:
    read: dict[str, Artefact]
    ground: Ground
    memory: Memory
    survey: Survey


def _facts(there: Place, theirs: Survey, params: Params, memory: Memory, ours: _Firsts, now: int) -> Facts:
    copies = {name_of(one.path, theirs.top): one for one in theirs.all}
    made = []
    for name in sorted(ours.read, reverse=True):
        if name in copies:
            base = read(there, theirs, copies[name], memory, params, now)
            made.append(CopyArtefact(base, ours.read[name], _older(base, name, ours)))
    missing = tuple(one for name, one in sorted(ours.read.items(), reverse=True) if name not in copies)
    ground = there.ground(theirs.all[0].path if theirs.all else theirs.top)
    return Facts(tuple(made), theirs.stands, missing, ground, ours.ground)


def _older(base: Artefact, name: str, ours: _Firsts) -> str:
    """Another first one that has the bytes of this copy: yesterday's, say, copied under today's name."""
    if not base.sha256 or ours.read[name].sha256 == base.sha256:
        return ""
    return next((n for n, one in ours.read.items() if n != name and one.sha256 == base.sha256), "")


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    facts = seen.facts
    if facts.stands.count and not facts.artefacts and not facts.missing:
        # Nothing stands at the first place: these were put beside nothing.
        yield Reading("stands", facts.stands.count, Unit.COUNT, State.UNKNOWN, "no_baseline")
    else:
        yield from basic.judge_stands(facts.stands)
    youngest = basic.newest_of(
        (one.base for one in facts.artefacts), params, lambda one: (one.modified, one.name)
    )
    for one in facts.artefacts:
        asked = basic.aged(params, one.base, youngest)
        yield from levels.readings(one.base.name, _verdicts(one, facts, asked, seen.taken_at))
        yield Reading(f"{one.base.name}:bytes", one.base.bytes, Unit.BYTES, State.OK)
    behind = facts.stands.count > 0
    for first in facts.missing:
        if seen.taken_at - first.modified > params.within_s * 1000:
            newest = behind and first is facts.missing[0]
            yield from levels.readings(first.name, [bad("copy_behind" if newest else "copy_missing")])


def _verdicts(one: CopyArtefact, facts: Facts, params: Params, taken_at: int) -> Iterator[Verdict]:
    yield from basic.judge_base(one.base, params, taken_at, inner=False)
    yield _equal(one)
    yield _elsewhere(one, facts, params)


def _equal(one: CopyArtefact) -> Verdict:
    if one.first is None:
        return untold(Level.PLACED, "no_baseline")
    if one.first.sha256 and one.base.sha256:
        if one.first.sha256 == one.base.sha256:
            return good(Level.PLACED)
        return bad("copy_behind", one.older) if one.older else bad("copy_differs")
    if one.first.bytes != one.base.bytes and not (one.first.trouble or one.base.trouble):
        return bad("copy_differs")
    return untold(Level.PLACED, "not_read")


def _elsewhere(one: CopyArtefact, facts: Facts, params: Params) -> Verdict:
    """A link, the same device, or the same disk below two devices, is nowhere else."""
    copy, first = one.base.placed, None if one.first is None else one.first.placed
    ours, theirs = facts.first_ground, facts.ground
    same_host = bool(ours.host) and ours.host == theirs.host
    if copy is not None and copy.link_to:
        return bad("copy_not_elsewhere", "link")
    if copy is not None and first is not None and copy.filesystem and copy.filesystem == first.filesystem:
        return bad("copy_not_elsewhere", "device")
    if same_host and set(ours.disks) & set(theirs.disks):
        return bad("copy_not_elsewhere", "disk")
    network = ":" in theirs.source or theirs.source.startswith("//")
    if network or (ours.host and theirs.host and not same_host):
        return good(Level.PLACED)
    if params.elsewhere == "host":
        return (
            bad("copy_not_elsewhere", "host") if same_host else untold(Level.PLACED, "not_recorded", "host")
        )
    told = bool(ours.disks and theirs.disks) or (copy is not None and bool(copy.filesystem))
    return good(Level.PLACED) if told else untold(Level.PLACED, "not_recorded", "device")


CHECK = Check(
    id="backup.copy",
    version=3,
    title="第二份备份",
    title_en="Second copies",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    needs=(SFTP_NEEDS,),
)
