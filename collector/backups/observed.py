"""What was seen of backups: one Look a result line, and the statements beside them (plain data).

A `Sighting` is an artefact as one look saw it. `fold.Folder` turns looks into `Record`s, one for each
artefact and place over all looks; the engine reads `Observed`. Instants are UTC epoch ms, corrected for the
agent's clock where an offset is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from checks.artefacts.artefact import Listed
from checks.artefacts.levels import Verdict


@dataclass(frozen=True, slots=True)
class Sighting:
    """One artefact in one look; the fields of `checks.artefacts.artefact.Artefact` that the engine uses.

    `start`, `end`: from inside it. `verdicts`: the worst of each level that the look asked. `recorded`: the
    digest that stands beside it.
    """

    name: str
    kind: str
    bytes: int
    modified: int
    start: int | None = None
    end: int | None = None
    sha256: str = ""
    id: str = ""
    parent: str = ""
    source: str = ""
    system: str = ""
    fingerprint: str = ""
    expected: str = ""
    filesystem: int = 0
    inode: int = 0
    link_to: str = ""
    trouble: str = ""
    recorded: str = ""
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """One result line about one object at one place. `listed`: what stands there (None: could not be told),
    `count`: how much of it, more where the list was cut; `partial`: there was more than anybody went through,
    so what is not listed may stand there all the same. `received_ms`: when the log took the line in;
    `offset_ms`: the agent's clock minus the collector's, where it is known. `error`: nothing was seen."""

    object: str
    place: str
    check: str
    vantage: str
    t0: int
    received_ms: int
    sightings: tuple[Sighting, ...] = ()
    listed: tuple[Listed, ...] | None = None
    count: int = 0
    offset_ms: int = 0
    error: str = ""
    item: str = ""
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """Looks that could not tell what had been good: `verdict` of the first of them, at `at_ms`; `good_ms`:
    the last look that said good."""

    at_ms: int
    verdict: Verdict
    good_ms: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A verdict that changed: from `at_ms` on it is this one. `last_good_ms`: the last look before at which
    the level was good (None: never)."""

    at_ms: int
    verdict: Verdict
    last_good_ms: int | None = None


@dataclass(slots=True)
class Record:
    """One artefact at one place, over all looks. The newest sighting, and what came before.

    `first_ms`, `last_ms`: first and last look that showed it; `absent_ms`: the last complete look before
    `first_ms`, at which it was not there; `gone_ms`: the first complete look at which it no longer was.
    `received_ms`: when the first line that shows it came in. `turns`: all changes of verdicts, oldest first.
    `read_ms`, `told_ms`: first and last look that read more than its presence. `start`, `end` are corrected
    by `offset_ms`. `doubts`: good words that stand although looks since could not tell. `lapsed`: turns by
    which a good word went out of date (collector.backups.doubts).
    """

    name: str
    kind: str
    place: str
    vantage: str
    bytes: int
    modified: int
    start: int | None
    end: int | None
    first_ms: int
    last_ms: int
    received_ms: int
    verdicts: tuple[Verdict, ...] = ()
    sha256: str = ""
    id: str = ""
    parent: str = ""
    source: str = ""
    system: str = ""
    fingerprint: str = ""
    expected: str = ""
    filesystem: int = 0
    inode: int = 0
    link_to: str = ""
    trouble: str = ""
    offset_ms: int = 0
    absent_ms: int | None = None
    gone_ms: int | None = None
    read_ms: int | None = None
    told_ms: int | None = None
    turns: tuple[Turn, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    lapsed: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """An object's place as looked at. `looks`: instants (t0) of complete looks, ascending; `tried`: the last
    instant at which somebody looked at all, whether it succeeded or not."""

    records: tuple[Record, ...]
    looks: tuple[int, ...]
    tried: int | None = None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A root that the source's own agent signed at backup time: rows of a database, or a tree's manifest.

    `artefact`: name of the artefact it was made for ("" not told). `bytes`: content as the source counts it
    (None: not told); `changed`: how much of it changed since the one before. `system` as in Sighting.
    """

    object: str
    at_ms: int
    root: str
    vantage: str = ""
    artefact: str = ""
    bytes: int | None = None
    changed: int | None = None
    system: str = ""


@dataclass(frozen=True, slots=True)
class Drill:
    """One attempt to restore. `decided_ms` → `begun_ms` → `answered_ms` (first question answered right, None:
    never) → `ended_ms` (None: under way). `verdicts` at L8, L9 (and L7 of the comparison). `bytes`: restored;
    `whole`: what the object has (a smaller drill gives an estimate). `aborted`: infrastructure ended it
    (disk full on the drill host, licence). `real`: a real recovery. `recovered`: (rows or files, of all).
    `attempt`: 1 for the first; `target`: what it was restored into.
    """

    id: str
    object: str
    begun_ms: int
    artefact: str = ""
    place: str = ""
    decided_ms: int | None = None
    answered_ms: int | None = None
    ended_ms: int | None = None
    attempt: int = 1
    verdicts: tuple[Verdict, ...] = ()
    bytes: int = 0
    whole: int = 0
    aborted: str = ""
    real: bool = False
    target: str = ""
    recovered: tuple[int, int] | None = None
    received_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Excuse:
    """A signed statement that slots in [from_ms, to_ms) need not be served (`drill` "") or that drill `drill`
    is not held against anybody. `given_ms`: when the log took it in; `accepted_ms`: when the buyer's own
    statement accepted it (drills only). `entry`: its log index; None is no signature and excuses nothing."""

    object: str
    from_ms: int
    to_ms: int
    given_ms: int
    entry: int | None
    drill: str = ""
    accepted_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a slot by event stands before: `kind` change, upgrade …; `at_ms` when it happens."""

    id: str
    object: str
    kind: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Epoch:
    """Production itself was restored or rebuilt at `at_ms`: system id, LSN, sizes begin anew. `entry` as in
    Excuse: without one it is ignored."""

    object: str
    at_ms: int
    entry: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Something on the wire that a backup would be due for: a database on a server, a repository's path."""

    name: str
    seen_ms: int
    vantage: str = ""


@dataclass(frozen=True, slots=True)
class SealedPeriod:
    """A period whose figures were signed at `at_ms`: what came in later can only be shown as an amendment."""

    from_ms: int
    to_ms: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything the engine reads. `places`: object name -> place name -> what stands and stood there.
    `seeds`: period (`2026-03`) -> (hex, who chose it: `witness` or `collector`) for drawn drills."""

    places: Mapping[str, Mapping[str, Place]] = field(default_factory=dict)
    fingerprints: tuple[Fingerprint, ...] = ()
    drills: tuple[Drill, ...] = ()
    excuses: tuple[Excuse, ...] = ()
    changes: tuple[Change, ...] = ()
    epochs: tuple[Epoch, ...] = ()
    found: tuple[Found, ...] = ()
    sealed: tuple[SealedPeriod, ...] = ()
    seeds: Mapping[str, tuple[str, str]] = field(default_factory=dict)
