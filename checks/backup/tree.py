"""A copy of a file tree, or a day's increment of it, compared with the manifest that its source made.

The manifest lies beside the copy (`COPY.manifest.gz`), in it (`COPY/.roundseal/`), or where `manifests` says;
those of changes need the ones before them, down to a full one.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.artefacts import basic, levels
from checks.artefacts.artefact import Artefact, Made
from checks.artefacts.hashes import HOWS
from checks.artefacts.levels import Level, Verdict, bad, good, untold
from checks.artefacts.look import Look, Stands
from checks.artefacts.manifest import ENDINGS
from checks.artefacts.manifests import Chain, Pool, Root
from checks.artefacts.sampling import LEAST, PPM, Sample
from checks.artefacts.standing import Memory, Survey, base, pattern_of, remembered, survey, trouble
from checks.artefacts.treecompare import Compared, Comparer, Names, Pick, held_states
from checks.artefacts.treemake import State as Kept
from checks.artefacts.treemake import Turn
from checks.artefacts.treesample import Drawn, draw
from checks.files import SFTP_NEEDS, check_paths
from checks.places import Backups, Entry, Place, Shelf, shown

_LAYOUTS = ("copy", "increments")


@dataclass(frozen=True, slots=True)
class Named:
    """How many, and the first twenty of them by name."""

    count: int
    first: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """One of them ("" none is named)."""
        return self.first[0] if self.first else ""


@dataclass(frozen=True, slots=True)
class TreeArtefact:
    """One copy. `base.fingerprint` is the CONTENT of what lies there, `base.expected` that of its manifest;
    `base.id` and `base.parent` the manifest's. `manifest`: "" or what is wrong with it, `subject` which;
    `chain`: manifests it takes. `told_files`, `told_changes`: what the manifest says there is. `oldest_read`:
    when that file was read that has not been for longest. `gone_kept`: deleted at the source, still there.
    `metadata`: same content, but another mode, owner, time or attributes. `excused`: what the source could
    not vouch for itself. `digest`: what its files' digests are (sha256, blake3)."""

    base: Artefact
    manifest: str
    subject: str
    chain: int
    told_files: int
    told_changes: int
    files: int
    read_files: int
    read_bytes: int
    oldest_read: int | None
    missing: Named
    extra: Named
    differ: Named
    gone_kept: Named
    moving: Named
    unread: Named
    metadata: Named
    excused: int
    sample: Sample | None = None
    digest: str = "sha256"


@dataclass(frozen=True, slots=True)
class Facts:
    artefacts: tuple[TreeArtefact, ...]
    stands: Stands


@dataclass(frozen=True, slots=True)
class Params(Look):
    """`layout`: each directory that fits `path` is a whole `copy`, or holds one day's `increments` alone.
    `manifests`: where they lie, if neither beside nor in the copies (stars allowed). `strict`: modes, owners
    and times must be the source's as well.

    `sample_ppm`: read only so many blocks and small files that damage to this share of them is missed in at
    most `miss_ppm` of cases (0: all is read, what has not moved once in `rolling` looks). `seed` draws them;
    `seed_from` is `checkpoint` where nobody could choose it, else `collector`, and then no confidence is
    claimed."""

    layout: str = "copy"
    manifests: str = ""
    strict: bool = False
    sample_ppm: int = 0
    miss_ppm: int = 10_000
    seed: str = ""
    seed_from: str = "collector"

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        check_paths((self.manifests,) if self.manifests else ("/",), "manifests")
        if self.layout not in _LAYOUTS or self.seed_from not in ("collector", "checkpoint"):
            raise ValueError("layout is copy or increments, seed_from is collector or checkpoint")
        if self.sample_ppm and not (LEAST <= self.sample_ppm < PPM and LEAST <= self.miss_ppm < PPM):
            raise ValueError("sample_ppm (if any) and miss_ppm must be 100 to 999999")
        if self.sample_ppm and not self.seed:
            raise ValueError("a sample needs a seed")


def observe(backups: Backups, params: Params) -> Facts:
    at = f"{params.address}:{params.port}" if params.address else ""
    shelf = backups.shelf(f"tree {params.object} {at} {params.path}")
    with backups.place(params) as place, remembered(backups, "tree") as memory:
        found = survey(place, params, memory)
        pool = Pool(place, memory)
        for entry in found.all:
            memory.keep(entry)
            pool.of(entry.path)
        # Manifests of copies that are gone are still links of a chain.
        for ending in ENDINGS:
            pool.add(place.match(pattern_of(params.path) + ending))
        if params.manifests:
            pool.add(place.match(params.manifests))
        made = []
        for one in found.chosen:
            look = _Copy(place, shelf, params, found, one, memory)
            made.append(look.artefact(pool, backups.now()))
        _tidy(shelf, found)
        return Facts(tuple(made), found.stands)


def _tidy(shelf: Shelf, found: Survey) -> None:
    wanted = {_state_of(entry, how) for entry in found.all for how in HOWS}
    for name in shelf.names():
        if name not in wanted:
            shelf.drop(name)


def _state_of(entry: Entry, how: str) -> str:
    """A state's digests are of one kind."""
    mark = "" if how == "sha256" else f"-{how}"
    return f"state-{entry.filesystem}-{entry.inode}{mark}" if entry.inode else f"state-0{mark}"


@dataclass(slots=True)
class _Copy:
    """One copy under our eyes."""

    place: Place
    shelf: Shelf
    params: Params
    found: Survey
    entry: Entry
    memory: Memory

    def artefact(self, pool: Pool, now: int) -> TreeArtefact:
        made = base(self.place, self.entry, self.found.top)
        if self.entry.kind == "directory":
            made = replace(made, bytes=0)  # its own size is not that of what lies in it
        own = pool.of(self.entry.path)
        last = own[-1] if own else pool.newest() if self.params.manifests else None
        chain = pool.chain(last)
        if self.params.layout == "increments" and chain.fault and last is not None and not last.fault:
            chain = Chain((last,), chain.fault, chain.subject)  # a day can be compared without those before
        if self.entry.kind != "directory":
            return _nothing(replace(made, trouble="not_a_file"), chain)
        if not chain.links:
            return _nothing(made, chain)
        try:
            return self._compared(pool, chain, made, now)
        except OSError as problem:
            return _nothing(replace(made, trouble=trouble(problem)), chain)

    def _compared(self, pool: Pool, chain: Chain, made: Artefact, now: int) -> TreeArtefact:
        increment = self.params.layout == "increments"
        looked = chain if not increment else Chain(chain.links[-1:])
        drawn = draw(self.params, pool, looked, self.place) if self.params.sample_ppm else None
        turn = Turn(self.memory.looks, self.params.rolling)
        root, gone = Root(), set[bytes]()
        with ExitStack() as held:
            how = chain.head.how
            before = self.shelf.read(_state_of(self.entry, how))
            blocks = None if before is None else held.enter_context(closing(before))
            lines = held_states(None if blocks is None else iter(lambda: blocks.read(1 << 20), b""))
            state = Kept(held.enter_context(self.shelf.write(_state_of(self.entry, how))))
            comparer = Comparer(self.place, self.entry.path, state, drawn or Pick(turn), now, how)
            comparer.excuse(chain.head.moving)
            result = comparer.compare(pool.replayed(looked, gone, root), lines, gone, increment=increment)
        fault, subject = chain.fault, chain.subject
        if not fault and not increment and root.hex != chain.head.root:
            fault, subject = "manifest_edited", chain.links[-1].path
        return _artefact(made, replace(chain, fault=fault, subject=subject), result, drawn, increment, now)


def _nothing(made: Artefact, chain: Chain) -> TreeArtefact:
    none = Named(0)
    return TreeArtefact(made, chain.fault, shown(chain.subject), len(chain.links), 0, 0, 0, 0, 0, None,
                        none, none, none, none, none, none, none, 0)  # fmt: skip


def _artefact(
    made: Artefact, chain: Chain, got: Compared, drawn: Drawn | None, increment: bool, now: int
) -> TreeArtefact:
    head = chain.head
    as_told = not any(one.count for one in (got.missing, got.extra, got.differ, got.kept, got.unread))
    content = got.content
    if increment:
        content = head.content if as_told and content else ""  # what the chain comes to with this day
    return TreeArtefact(
        base=replace(
            made,
            kind="incremental" if increment and head.parent else "full",
            bytes=got.size,
            parts=got.files,
            modified=max(made.modified, got.newest // 1_000_000),
            sha256=got.content,
            read_at=now if got.content else None,
            made=Made(start=head.made, end=head.made, tool="roundseal", source=shown(head.tree)),
            id=head.digest,
            parent=head.parent,
            fingerprint=content,
            expected=head.content,
        ),
        manifest=chain.fault,
        subject=shown(chain.subject),
        chain=len(chain.links),
        told_files=head.files,
        told_changes=head.changes,
        files=got.files,
        read_files=got.read_files,
        read_bytes=got.read_bytes,
        oldest_read=got.oldest_read,
        missing=_named(got.missing),
        extra=_named(got.extra),
        differ=_named(got.differ),
        gone_kept=_named(got.kept),
        moving=_named(got.moving),
        unread=_named(got.unread),
        metadata=_named(got.metadata),
        excused=len(head.moving),
        sample=None if drawn is None else drawn.sample(),
        digest=head.how,
    )


def _named(names: Names) -> Named:
    return Named(names.count, tuple(names.first))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    yield from basic.judge_stands(seen.facts.stands)
    for one, asked in basic.each(seen.facts.artefacts, seen.facts.stands, params):
        name = one.base.name
        yield from levels.readings(name, _verdicts(one, asked, seen.taken_at))
        yield Reading(f"{name}:bytes", one.base.bytes, Unit.BYTES, State.OK)
        yield Reading(f"{name}:tree_files", one.files, Unit.COUNT, State.OK)
        for word in ("missing", "extra", "differ", "gone_kept", "moving", "metadata"):
            yield Reading(f"{name}:files_{word}", getattr(one, word).count, Unit.COUNT, State.OK)


def _verdicts(one: TreeArtefact, params: Params, taken_at: int) -> Iterator[Verdict]:
    # A day without a change has an empty increment, and its source's manifest says so.
    expected = one.told_changes if params.layout == "increments" else one.told_files
    stated = replace(one.base, bytes=max(one.base.bytes, 1)) if one.files or not expected else one.base
    if stated.trouble:
        stated = replace(stated, bytes=max(stated.bytes, 1))
    yield from basic.judge_base(stated, params, taken_at, inner=bool(one.base.id))
    if one.manifest:
        yield _of_manifest(one)
    if one.base.trouble or not one.chain:
        return
    yield from _unchanged(one)
    # A tree has no inside: it goes to its end when all that stands there could be opened, and its manifest
    # could be read to the last line.
    if not one.manifest:
        yield (
            untold(Level.WELL_FORMED, "denied", one.unread.name)
            if one.unread.count
            else good(Level.WELL_FORMED)
        )
    yield from _true(one, params)


def _of_manifest(one: TreeArtefact) -> Verdict:
    if one.manifest in levels.REASONS:
        return bad(one.manifest, one.subject)
    return untold(Level.UNCHANGED, one.manifest if one.manifest in levels.UNTOLD else "not_read", one.subject)


def _unchanged(one: TreeArtefact) -> Iterator[Verdict]:
    if one.differ.count:
        yield bad("changed", one.differ.name)
    elif one.unread.count:
        yield untold(Level.UNCHANGED, "denied", one.unread.name)
    elif one.moving.count:
        yield untold(Level.UNCHANGED, "moving", one.moving.name)
    elif one.sample is not None and not one.sample.claims:
        yield untold(Level.UNCHANGED, "not_read")
    else:
        yield good(Level.UNCHANGED)


def _true(one: TreeArtefact, params: Params) -> Iterator[Verdict]:
    for reason, names in (
        ("files_missing", one.missing),
        ("files_extra", one.extra),
        ("files_differ", one.differ),
        ("deletion_not_carried", one.gone_kept),
        ("files_differ", one.metadata if params.strict else Named(0)),
    ):
        if names.count:
            yield bad(reason, names.name)
    if one.manifest:
        yield untold(Level.TRUE, "no_baseline")
    elif one.unread.count or one.moving.count:
        yield untold(Level.TRUE, "moving" if one.moving.count else "denied")
    elif one.sample is not None and not one.sample.claims:
        yield untold(Level.TRUE, "not_read")
    else:
        yield good(Level.TRUE)


CHECK = Check(
    id="backup.tree",
    version=5,
    title="文件目录备份",
    title_en="Copies of a file tree",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    needs=(SFTP_NEEDS,),
)
