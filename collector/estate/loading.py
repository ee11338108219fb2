"""The way of an estate file: bytes, values, shape, references, looks; every mistake on the way, at once."""

import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from collector.backups.policy import Policies
from collector.estate import (
    backup_looks,
    backups,
    checklists,
    looks,
    notices,
    probing,
    reading,
    references,
    remarks,
    sanity,
    tree,
)
from collector.estate.catalog import Catalog
from collector.estate.errors import EstateError
from collector.estate.looks import Look, Note, Path
from collector.estate.model import Estate, System
from collector.estate.tree import Node
from collector.estate.yaml_source import MARK, Source, load

_SPLIT = re.compile(rb"^#%roundseal-file ([^\n]{1,400})\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Loaded:
    """An estate without mistakes: the model, its service trees, what is looked at regularly and in rounds.
    `notes`: of a file that is to be applied."""

    estate: Estate
    body: bytes
    digest: str
    trees: Mapping[str, Node]
    serves: Mapping[str, list[System]]
    regular: tuple[Look, ...]
    rounds: Mapping[str, tuple[Look, ...]]
    notes: tuple[str, ...]
    backups: Policies | None = None

    @property
    def agents(self) -> tuple[str, ...]:
        """Every agent the estate names, sorted."""
        named = {asset.agent for asset in self.estate.assets if asset.agent}
        rounds = (look for part in self.rounds.values() for look in part)
        return tuple(sorted(named | {look.agent for look in (*self.regular, *rounds)}))


def read_estate(
    name: str,
    read: Callable[[str], bytes],
    catalog: Catalog,
    channel: Callable[[str], str] = notices.any_channel,
    *,
    in_force: bool = False,
) -> Loaded:
    """The estate in file `name`; EstateError with every mistake. `channel`: why messages cannot go out by a
    channel of this name, "" where they can. One that is `in_force` was applied by a version that may have let
    pass what this one would not: whether it can be meant is not asked again, nor any file of a pack."""
    source = load(name, read, in_force=in_force)
    if not source.value and source.problems:
        raise EstateError(tuple(sorted(source.problems)))
    shape = reading.read(source)
    estate = shape.estate
    by_id = {asset.id: i for i, asset in enumerate(estate.assets)}

    def note(path: Path, reason: str) -> None:
        # A problem may name an asset by its id; and members that cannot be read have no number here.
        if len(path) > 1 and path[0] in shape.numbers:
            number = by_id[path[1]] if isinstance(path[1], str) else path[1]
            path = (path[0], shape.numbers[str(path[0])][number], *path[2:])
        source.add(path, reason)

    trees = _trees(estate, note)
    references.check(estate, trees, shape.broken, catalog, note)
    checklists.check(estate, note)
    notices.check(estate, channel, note)
    serves = probing.serving(estate, trees)
    whole = all(section != "assets" for section, _ in shape.broken)
    regular = looks.regular(estate, catalog, note, whole=whole)
    usual = {(look.target, look.check.id): look for look in regular}
    regular += probing.looks(estate, catalog, serves, note)
    promised = backups.read(estate, note, shape.broken)
    if promised is not None:
        regular += backup_looks.looks(estate, promised, catalog, note)
    rounds = {
        part.id: tuple(looks.of_round(estate, catalog, part, ("rounds", i), usual, note))
        for i, part in enumerate(estate.rounds)
    }
    _empty_rounds(estate, rounds, source)
    if not in_force:
        references.applicable(estate, note)
        sanity.check(estate, _members(source, shape), trees, rounds, note)
        notices.sane(estate, note)
    if source.problems:
        raise EstateError(tuple(sorted(set(source.problems))))
    body = packed(source.files)
    notes: tuple[str, ...] = ()
    if not in_force:
        looked = _looked_at(estate, (*regular, *(look for part in rounds.values() for look in part)))
        notes = (*_notes(estate, looked), *remarks.remarks(estate), *backups.notes(estate, promised))
    digest = sha256(body).hexdigest()
    return Loaded(estate, body, digest, trees, serves, tuple(regular), rounds, notes, promised)


def _members(source: Source, shape: reading.Shape) -> dict[str, Any]:
    """The file's values of what could be read, by section, in the model's order."""
    raw = source.value
    return {
        section: [raw[section][number] for number in numbers]
        for section, numbers in shape.numbers.items()
        if isinstance(raw.get(section), list)
    }


def _trees(estate: Estate, note: Note) -> dict[str, Node]:
    made = {}
    for i, system in enumerate(estate.systems):
        at: Path = ("systems", i, "service")

        def inside(path: Path, reason: str, at: Path = at) -> None:
            note((*at, *path), reason)

        node = None if system.service is None else tree.parse(system.service, (), inside)
        if node is not None:
            made[system.id] = node
    return made


def _empty_rounds(estate: Estate, rounds: Mapping[str, tuple[Look, ...]], source: Source) -> None:
    # A round that owes nothing would make an empty record, which cannot be.
    if source.problems:
        return
    for i, part in enumerate(estate.rounds):
        if not rounds[part.id] and part.human is None:
            source.add(("rounds", i), "owes nothing: none of its checks can be run on any of its assets")


def _looked_at(estate: Estate, looks: Iterable[Look]) -> set[str]:
    """Ids of the assets that a look is about, or that a round sends people to."""
    people = (part for part in estate.rounds if part.human is not None)
    return {
        *(name for look in looks for name in (look.target, look.asset) if name),
        *(asset.id for part in people for asset in checklists.spots_of(estate, part)),
    }


def _notes(estate: Estate, looked: Container[str]) -> list[str]:
    """What is no mistake, but what its owner should know. `looked`: assets that somebody looks at."""
    unseen = [asset for asset in estate.assets if asset.id not in looked]
    blind = [asset.id for asset in unseen if asset.agent is None and asset.via is None]
    idle = [asset.id for asset in unseen if asset.agent is not None or asset.via is not None]
    unwatched = [system.id for system in estate.systems if system.service is None]
    notes = []
    if blind:
        notes.append(f"nobody looks at {', '.join(blind)}: neither agent nor via is given")
    if idle:
        notes.append(f"nobody looks at {', '.join(idle)}: no check, probe or round is about it")
    if unwatched:
        notes.append(f"no availability for {', '.join(unwatched)}: no service is given")
    if unlisted := checklists.unlisted(estate):
        notes.append(f"people look at nothing on assets of kind {', '.join(unlisted)}: no checklist")
    if unused := checklists.unused(estate):
        notes.append(f"a checklist is given for {', '.join(unused)}: no asset is of this kind")
    return notes


def packed(files: Mapping[str, bytes]) -> bytes:
    """One file as it is, several as one text with a line before each: what is logged as the estate."""
    if len(files) == 1:
        return next(iter(files.values()))
    parts = []
    for name, text in files.items():
        ending = b"" if text.endswith(b"\n") else b"\n"
        parts.append(MARK + name.encode() + b"\n" + text + ending)
    return b"".join(parts)


def unpacked(body: bytes) -> dict[str, bytes]:
    """The files of a logged estate, the root first."""
    if not body.startswith(MARK):
        return {"estate": body}
    pieces = _SPLIT.split(body)
    return {name.decode(): text for name, text in zip(pieces[1::2], pieces[2::2], strict=True)}


def reread(body: bytes, catalog: Catalog) -> Loaded:
    """The estate from its logged bytes."""
    files = unpacked(body)

    def read(name: str) -> bytes:
        try:
            return files[name]
        except KeyError:
            raise FileNotFoundError(2, "not in the logged estate", name) from None

    loaded = read_estate(next(iter(files)), read, catalog, in_force=True)
    return Loaded(
        loaded.estate,
        body,
        sha256(body).hexdigest(),
        loaded.trees,
        loaded.serves,
        loaded.regular,
        loaded.rounds,
        loaded.notes,
        loaded.backups,
    )
