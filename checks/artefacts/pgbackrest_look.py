"""One look at a pgBackRest repository: its stanzas, the newest backups and all they are built on."""

from dataclasses import dataclass, field, replace

from checks.api import ErrorKind, ObservationError
from checks.artefacts import pgbackrest as repo
from checks.artefacts import standing
from checks.artefacts.artefact import Artefact, Listed, Made, Placed
from checks.artefacts.look import Look, Stands
from checks.artefacts.walread import Log, read_log
from checks.codec import from_json, to_json
from checks.places import Backups, Entry, Place

TOOLS = ("auto", "always", "never")


@dataclass(frozen=True, slots=True)
class Params(Look):
    """`path`: the repository's top. `stanza`: the one that is meant ("": all). `system`: system identifier of
    its cluster ("" not asked). `fulls`: how many full backups there must be (0: not asked).
    `archive_timeout_s`, `margin_s`, `read`: as of backup.wal. `tool`: whether `pgbackrest verify` is asked:
    auto (where files alone do not tell), always, never. `key`: name of the secret whose `passphrase` opens
    an encrypted repository ("" none)."""

    artefacts: int = 2
    stanza: str = ""
    system: str = ""
    fulls: int = 0
    archive_timeout_s: int = 0
    margin_s: int = 900
    read: int = 1000
    tool: str = "auto"
    key: str = ""

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        if self.tool not in TOOLS or min(self.fulls, self.archive_timeout_s, self.margin_s) < 0:
            raise ValueError(f"tool must be one of {', '.join(TOOLS)}; fulls and seconds not below 0")


@dataclass(frozen=True, slots=True)
class Set:
    """One backup. `listed`: backup.info has it; `checked`: its files (None: not read, see `why`); `said`:
    verify's word for it ("" not asked)."""

    base: Artefact
    prior: str = ""
    references: tuple[str, ...] = ()
    page_errors: bool = False
    checked: repo.Checked | None = None
    why: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Stanza:
    """`trouble`: why backup.info says nothing: missing, sealed, damaged ("" it does). `system`, `systems` of
    the cluster; `known`: the one that was here at the first look. `fulls` that stand; `labels` of all that
    are listed; `unlisted`: directories that are not. `said`: verify's status, `tool`: why not asked."""

    name: str
    base: Artefact
    log: Log
    trouble: str = ""
    system: str = ""
    systems: tuple[str, ...] = ()
    known: str = ""
    fulls: int = 0
    labels: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    said: str = ""
    bad_segments: int = 0
    tool: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Backups that were read; `stanzas` with their log."""

    artefacts: tuple[Set, ...]
    stands: Stands
    stanzas: tuple[Stanza, ...]


@dataclass
class _Walk:
    """What one look needs all along."""

    backups: Backups
    place: Place
    memory: standing.Memory
    params: Params
    top: str
    sets: list[Set] = field(default_factory=list)
    listed: list[Listed] = field(default_factory=list)
    unfinished: list[Listed] = field(default_factory=list)
    count: int = 0


def look(backups: Backups, params: Params, by: int) -> Facts:
    """Read the newest backups of each stanza, and what they are built on; `by`: the version of the check."""
    with backups.place(params) as place, standing.remembered(backups, "read", by) as memory:
        found = standing.survey(place, replace(params, rolling=0))
        made: list[Stanza] = []
        walk = _Walk(backups, place, memory, params, "")
        for entry in found.chosen[:1]:
            walk.top = entry.path
            made = [_stanza(walk, name) for name in _names(walk)]
        walk.listed.sort(key=lambda one: one.modified, reverse=True)
        stands = Stands(walk.count, tuple(walk.listed[: standing.MOST_LISTED]), tuple(walk.unfinished[:100]))
    return Facts(tuple(walk.sets), stands, tuple(made))


def _names(walk: _Walk) -> list[str]:
    """Stanzas to look at; ObservationError where the one that is meant was never here and others are: whoever
    asks may have its name wrong."""
    there, name = repo.stanzas(walk.place, walk.top), walk.params.stanza
    if not name:
        return there
    known = walk.backups.before(f"system {name}", "") or ""
    walk.backups.before(f"system {name}", known)
    if name not in there and there and not known:
        raise ObservationError(ErrorKind.UNREACHABLE, f"no stanza {name}; there are {', '.join(there)}")
    return [name]


def _stanza(walk: _Walk, name: str) -> Stanza:
    folder = f"{walk.top}/backup/{name}"
    info, trouble = _info(walk, folder)
    log, base = _log(walk, name, info)
    made = Stanza(name, base, log, trouble)
    here = repo.standing_labels(walk.place, folder)
    if info is None:
        said = _ask(walk, name)
        walk.count += len(here)
        walk.sets += [
            _unread(walk, folder, name, one, trouble, said) for one in here[-walk.params.artefacts :]
        ]
        return replace(
            made, labels=tuple(here), said=said[0].status, tool=said[1], bad_segments=said[0].bad_segments
        )
    listed = {one.label: one for one in info.labels}
    walk.count += len(listed)
    chosen = _chosen(walk, folder, listed)
    sets = [_set(walk, folder, name, listed[label], label in here) for label in chosen]
    said = _ask(walk, name) if _asks(walk.params, sets) else (repo.Said(), "")
    walk.sets += [replace(one, said=said[0].labels.get(one.base.id, "")) for one in sets]
    for label, one in listed.items():
        if label in here:
            walk.listed.append(Listed(f"{name}/{label}", 0, one.stopped))
    unlisted = tuple(one for one in here if one not in listed)
    walk.unfinished += [Listed(f"{name}/{one}", 0, 0) for one in unlisted]
    known = walk.backups.before(f"system {name}", "") or info.system
    walk.backups.before(f"system {name}", known)
    return replace(
        made,
        system=info.system,
        systems=info.systems,
        known=known,
        fulls=sum(one.kind == "full" and one.label in here for one in info.labels),
        labels=tuple(listed),
        unlisted=unlisted,
        said=said[0].status,
        bad_segments=said[0].bad_segments,
        tool=said[1],
    )


def _info(walk: _Walk, folder: str) -> tuple[repo.Info | None, str]:
    try:
        return repo.read_info(repo.info_of(walk.place, folder, "backup.info")), ""
    except OSError as problem:
        return None, standing.trouble(problem)
    except repo.SealedError:
        return None, "sealed"
    except repo.GarbledError:
        return None, "damaged"


def _log(walk: _Walk, name: str, info: repo.Info | None) -> tuple[Log, Artefact]:
    top = f"{walk.top}/archive/{name}"
    since = [one.first_segment for one in info.labels if one.first_segment] if info else []
    base = Artefact(f"{name}/archive", "log", 0, 0, 0)
    try:
        base = replace(base, placed=standing.placed(walk.place, walk.place.stat(top)))
        # Only the newest cluster's log leads to now; after an upgrade an older one's is kept beside it.
        ids = [one for one in repo.folders(walk.place, top) if "-" in one]
        newest = max(ids, key=lambda one: int(one.rpartition("-")[2] or 0), default="")
        tops = [f"{top}/{newest}"] if newest else []
        log = read_log(walk.backups, walk.place, tops, f"log {name}", most=walk.params.read, since=since)
    except OSError as problem:
        return Log(), replace(base, trouble=standing.trouble(problem))
    system = log.systems[0] if len(log.systems) == 1 else ""
    made = Made(system=system)
    at = log.newest_at or base.modified
    return log, replace(base, bytes=log.bytes, parts=log.count, modified=at, made=made, id=log.newest)


def _chosen(walk: _Walk, folder: str, listed: dict[str, repo.Labelled]) -> list[str]:
    """The newest, those whose turn it is, and all they are built on."""
    newest = sorted(listed, key=lambda one: listed[one].stopped, reverse=True)
    wanted = newest[: walk.params.artefacts]
    for label in newest[walk.params.artefacts :]:
        entry = _entry(walk.place, f"{folder}/{label}")
        if entry is not None:
            walk.memory.keep(entry)
            wanted += [label] if walk.memory.due(entry, walk.params.rolling) else []
    made: list[str] = []
    for label in wanted:
        made += [one for one in (label, *parents(label, listed)) if one not in made]
    return [one for one in made if one in listed]


def parents(label: str, listed: dict[str, repo.Labelled]) -> list[str]:
    """What a backup needs: its prior ones, and all whose files it refers to."""
    made: list[str] = []
    at = listed.get(label)
    while at is not None and at.prior and at.prior not in made:
        made.append(at.prior)
        at = listed.get(at.prior)
    return made + [
        one for one in (listed[label].references if label in listed else ()) if one not in (*made, label)
    ]


def _entry(place: Place, path: str) -> Entry | None:
    try:
        return place.stat(path)
    except OSError:
        return None


def _base(name: str, label: str, entry: Entry | None, placed: Placed | None) -> Artefact:
    at = entry.mtime_ns // 1_000_000 if entry else 0
    return Artefact(f"{name}/{label}", "full", 0, 0, at, id=label, placed=placed)


def _set(walk: _Walk, folder: str, name: str, one: repo.Labelled, here: bool) -> Set:
    entry = _entry(walk.place, f"{folder}/{one.label}") if here else None
    base = replace(
        _base(name, one.label, entry, standing.placed(walk.place, entry) if entry else None),
        kind=one.kind,
        made=Made(one.started, one.stopped, f"pgBackRest {one.version}", name, one.system),
        parent=one.prior,
    )
    made = Set(base, one.prior, one.references, one.error)
    if entry is None:
        return replace(made, base=replace(base, trouble="missing"))
    held = walk.memory.get(walk.place, entry)
    if held is None or walk.memory.due(entry, walk.params.rolling):
        try:
            checked = repo.read_set(walk.place, folder, one.label)
        except OSError as problem:
            word = standing.trouble(problem)
            return replace(
                made, base=replace(base, bytes=1, trouble="" if word == "missing" else word), why=word
            )
        except repo.SealedError:
            return replace(made, base=replace(base, bytes=1), why="sealed")
        except repo.GarbledError:
            return replace(made, base=replace(base, bytes=1), why="damaged")
        held = {"checked": to_json(checked), "read_at": walk.backups.now()}
        walk.memory.put(walk.place, entry, held)
    checked = from_json(repo.Checked, held["checked"])
    return replace(
        made,
        base=replace(base, bytes=max(checked.bytes, 1), parts=checked.own, read_at=held["read_at"]),
        checked=checked,
    )


def _unread(walk: _Walk, folder: str, name: str, label: str, why: str, said: tuple[repo.Said, str]) -> Set:
    """A backup of which only its directory's name is known."""
    entry = _entry(walk.place, f"{folder}/{label}")
    base = _base(name, label, entry, standing.placed(walk.place, entry) if entry else None)
    return Set(replace(base, bytes=1), why=why, said=said[0].labels.get(label, ""))


def _asks(params: Params, sets: list[Set]) -> bool:
    unclear = any(one.why == "sealed" or (one.checked and one.checked.unchecked) for one in sets)
    return params.tool == "always" or (params.tool == "auto" and unclear)


def _ask(walk: _Walk, name: str) -> tuple[repo.Said, str]:
    """verify's words; why it was not asked, "" it was."""
    path, key = walk.place.local(walk.top), walk.params.key
    if walk.params.tool == "never" or path is None:
        return repo.Said(), "unsupported"
    env = {}
    try:
        if key:
            given = walk.backups.secret(key)
            env = {
                "PGBACKREST_REPO1_CIPHER_PASS": given.get("passphrase", ""),
                "PGBACKREST_REPO1_CIPHER_TYPE": "aes-256-cbc",
            }
        argv = [
            "pgbackrest",
            "--no-config",
            f"--repo1-path={path}",
            f"--stanza={name}",
            "--log-level-file=off",
        ]
        argv += ["--log-level-console=error", "--output=text", "--verbose", "verify"]
        with walk.backups.tools.stream(argv, env=env) as child:
            text = child.out.read(16 << 20).decode("utf-8", "replace")
            child.finish()
    except ObservationError as problem:
        words = {ErrorKind.UNSUPPORTED: "no_tool", ErrorKind.DENIED: "no_key", ErrorKind.TIMEOUT: "timeout"}
        return repo.Said(), words.get(problem.kind, "not_read")
    said = repo.read_said(text)
    return said, "" if said.status else "not_read"
