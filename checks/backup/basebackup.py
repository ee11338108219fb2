"""Physical backups of PostgreSQL: pg_basebackup's directories and tar files, full and incremental.

Each link of a chain is read against its own manifest before anything is said of the chain: once combined, a
damaged link has a fresh manifest that fits it (pg_verifybackup of the result passes).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from checks.api import Check, Reading, Seen, Source
from checks.artefacts import basic, levels
from checks.artefacts.artefact import Artefact, Made
from checks.artefacts.levels import Level, Verdict, bad, good, untold
from checks.artefacts.look import Look, Stands
from checks.artefacts.pgbackup import Label, shown_lsn
from checks.artefacts.pgjudge import complete, unchanged, well_formed
from checks.artefacts.pgread import Inside, ask_tool, begin, inspect, label_of
from checks.artefacts.standing import Memory, Survey, base, name_of, recorded, remembered, survey
from checks.codec import from_json, to_json
from checks.places import Backups, Entry, Place, Tools, shown


@dataclass(frozen=True, slots=True)
class Params(Look):
    """`system`: system identifier of the cluster it must be of ("" not asked). `log`: where the log lies that
    a backup needs: inside (it was made with `-X stream`), archive (backup.wal looks at that)."""

    artefacts: int = 2
    system: str = ""
    log: str = "inside"

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        if self.log not in ("inside", "archive"):
            raise ValueError("log must be inside or archive")


@dataclass(frozen=True, slots=True)
class Link:
    """Something at the place that says where it begins: enough to follow chains."""

    name: str
    start: str
    timeline: int
    parent: str = ""
    parent_timeline: int | None = None


@dataclass(frozen=True, slots=True)
class BaseBackup:
    """One backup as it was read."""

    base: Artefact
    inside: Inside


@dataclass(frozen=True, slots=True)
class Facts:
    """`links`: what stands there, as far as it has a label; `gone`: starts that stood here at an earlier look
    and do not any more."""

    artefacts: tuple[BaseBackup, ...]
    stands: Stands
    links: tuple[Link, ...]
    gone: tuple[str, ...] = ()


def observe(backups: Backups, params: Params) -> Facts:
    """Read the newest, and whatever they are built on."""
    with backups.place(params) as place, remembered(backups, "read", CHECK.version) as memory:
        found = survey(place, params, memory)
        found = _beside(place, found, params)
        links = _links(place, backups.tools, found, memory)
        chosen = _with_parents(found, links)
        read = tuple(_read(backups, place, found, memory, params, entry) for entry in chosen)
    return Facts(read, found.stands, tuple(links), _gone(backups, links))


def _gone(backups: Backups, links: list[Link]) -> tuple[str, ...]:
    here = {one.start for one in links}
    before = backups.before("starts", "[]")
    known = set(json.loads(before)) if before else set()
    backups.before("starts", json.dumps(sorted(known | here)[-1000:]))
    return tuple(sorted(known - here))


def _beside(place: Place, found: Survey, params: Params) -> Survey:
    """Where one backup alone is named, what lies beside it may be its parents."""
    if set(params.path) & set("*?[%") or len(found.all) != 1:
        return found
    around = [one for one in place.match(f"{found.top}/*") if one.kind == "directory"]
    return replace(found, all=tuple({one.path: one for one in (*found.all, *around)}.values()))


def _links(place: Place, tools: Tools, found: Survey, memory: Memory) -> list[Link]:
    """Labels of all that stands there."""
    made = []
    for entry in found.all:
        held = memory.get(place, entry)
        label = label_of(from_json(Inside, held["inside"])) if held else begin(place, tools, entry)
        if label is not None:
            made.append(_link(name_of(entry.path, found.top), label))
    return made


def _link(name: str, label: Label) -> Link:
    parent = shown_lsn(label.parent) if label.parent is not None else ""
    return Link(name, shown_lsn(label.start), label.timeline, parent, label.parent_timeline)


def _with_parents(found: Survey, links: list[Link]) -> list[Entry]:
    entries = {name_of(one.path, found.top): one for one in found.all}
    chosen = {name_of(one.path, found.top): one for one in found.chosen}
    for name in list(chosen):
        for one in ancestors(name, links):
            chosen.setdefault(one, entries[one])
    return list(chosen.values())


def ancestors(name: str, links: list[Link] | tuple[Link, ...]) -> list[str]:
    """What a backup is built on, nearest first; of a combined one, the last link that went into it first."""
    by_name = {one.name: one for one in links}
    made: list[str] = []
    at = by_name.get(name)
    if at is not None and not at.parent:
        # pg_combinebackup gives its result the label of the last incremental, without its parent.
        at = next((one for one in links if one.parent and one.start == at.start), None)
        if at is None:
            return made
        made.append(at.name)
    while at is not None and at.parent:
        parent = _parent(at, links)
        if parent is None or parent.name in made or parent.name == name:
            break
        made.append(parent.name)
        at = parent
    return made


def _parent(child: Link, links: list[Link] | tuple[Link, ...]) -> Link | None:
    fits = [
        one
        for one in links
        if one.start == child.parent
        and child.parent_timeline in (None, one.timeline)
        and one.name != child.name
    ]
    # A combined copy of the parent begins where it does; the link itself comes first.
    return min(fits, key=lambda one: (not one.parent, one.name), default=None)


def _read(
    backups: Backups, place: Place, found: Survey, memory: Memory, params: Params, entry: Entry
) -> BaseBackup:
    held = memory.get(place, entry)
    if held is None or memory.due(entry, params.rolling):
        inside = ask_tool(place, backups.tools, entry, inspect(place, backups.tools, entry))
        # The manifest's digest is kept from when the backup was first seen: who edits it later is found.
        first = _first_manifest(memory, entry, inside)
        held = {"inside": to_json(inside), "read_at": backups.now(), "manifest": first}
        if not inside.trouble:
            held["sha256"] = inside.sha256
            memory.put(place, entry, held)
    inside = from_json(Inside, held["inside"])
    made = base(place, entry, found.top, kind="incremental" if inside.parent is not None else "full")
    noted = recorded(place, f"{entry.path}/backup_manifest") or recorded(place, f"{entry.path}.manifest")
    return BaseBackup(
        replace(
            made,
            bytes=made.bytes if inside.trouble else inside.bytes,  # not read is not empty
            parts=inside.parts,
            sha256=inside.sha256,
            read_at=held["read_at"] if not inside.trouble else None,
            made=Made(
                inside.began, inside.ended, "pg_basebackup", system=inside.system or inside.control_system
            ),
            id=shown_lsn(inside.start) if inside.labelled else "",
            parent=shown_lsn(inside.parent) if inside.parent is not None else "",
            fingerprint=inside.manifest_sha256,
            expected=noted or held["manifest"],
            trouble=inside.trouble,
            recorded=recorded(place, entry.path) or memory.digest_of(place, entry),
        ),
        inside,
    )


def _first_manifest(memory: Memory, entry: Entry, inside: Inside) -> str:
    before = memory.held.get(shown(entry.path), {}).get("value", {})
    if not before:
        return inside.manifest_sha256
    # (As JSON: another version may have remembered more of it, or less.)
    mine: Any = to_json(inside)
    known = before["inside"]
    same = all(known.get(one) == mine[one] for one in ("start", "system", "parent"))
    return str(before["manifest"]) if same else inside.manifest_sha256


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Verdicts for each backup that was read."""
    facts = seen.facts
    yield from basic.judge_stands(facts.stands)
    own = {
        one.base.name: list(_alone(one, asked, seen.taken_at))
        for one, asked in basic.each(facts.artefacts, facts.stands, params)
    }
    for one in facts.artefacts:
        verdicts = [*own[one.base.name], *_connected(one, facts, own)]
        yield from levels.readings(one.base.name, verdicts)


def _alone(one: BaseBackup, params: Params, taken_at: int) -> Iterator[Verdict]:
    """What can be said of a backup without looking at others."""
    inside = one.inside
    yield from complete(inside, taken_at)
    yield from unchanged(inside, one.base.expected)
    yield from basic.judge_base(one.base, params, taken_at, inner=True)
    if one.base.trouble and not inside.damaged:
        yield untold(Level.WELL_FORMED, "not_read")
        return
    yield from well_formed(inside)
    yield from _log(inside, params)
    if params.system and one.base.made.system:
        right = params.system == one.base.made.system
        yield good(Level.TRUE) if right else bad("wrong_source", one.base.made.system)
    elif params.system:
        yield untold(Level.TRUE, "not_recorded", "system")


def _log(inside: Inside, params: Params) -> Iterator[Verdict]:
    stopped = inside.state.startswith("shut_down")
    if not inside.labelled and inside.manifest == "missing" and inside.state and not stopped:
        yield bad("not_a_backup")
    elif inside.log_short:
        yield bad("gap", f"{inside.log_short}")
    elif params.log == "inside" and not inside.log and not stopped:
        yield untold(Level.CONNECTED, "not_recorded")
    else:
        yield good(Level.CONNECTED)


def _connected(one: BaseBackup, facts: Facts, own: dict[str, list[Verdict]]) -> Iterator[Verdict]:
    """The chain: every link there, of the same cluster, and none of them damaged."""
    by_name = {each.base.name: each for each in facts.artefacts}
    links = {each.name: each for each in facts.links}
    for name in (one.base.name, *ancestors(one.base.name, facts.links)):
        link = links.get(name)
        if link is not None and link.parent and _parent(link, facts.links) is None:
            yield bad(_why_alone(link, facts), link.parent)
        if name == one.base.name:
            continue
        before = by_name.get(name)
        if before is None:
            yield untold(Level.CONNECTED, "not_read", name)
        elif before.base.made.system != one.base.made.system:
            yield bad("wrong_parent", name)
        elif any(v.outcome is levels.Outcome.BAD and v.level in _SPOILS for v in own[name]):
            yield bad("link_damaged", name)


# What is wrong with a link that makes all built on it useless (its age or mode does not).
_SPOILS = frozenset((Level.PRESENT, Level.UNCHANGED, Level.WELL_FORMED, Level.CONNECTED))


def _why_alone(link: Link, facts: Facts) -> str:
    """Its parent is not here: it stood here once, or nothing it could be built on does (orphan); or another
    full does, which it was not made from."""
    if link.parent in facts.gone:
        return "orphan"
    fulls = [one for one in facts.links if not one.parent and one.name != link.name]
    return "wrong_parent" if fulls else "orphan"


CHECK = Check(
    id="backup.basebackup",
    version=4,
    title="PostgreSQL 物理备份",
    title_en="PostgreSQL: physical backups",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    needs=("read access to the backups", "pg_verifybackup of the same major version, where there is one"),
)
