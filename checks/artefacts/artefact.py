"""Facts about one artefact of a backup, alike for every kind: what every check and the policy engine read.

A check's facts hold `artefacts`, a tuple of its own dataclass whose field `base` is an Artefact, and
`listed`, everything that stands at the place. Times are UTC epoch milliseconds, digests lower-case hex.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Made:
    """What the artefact itself says about its making; None or "" where it says nothing.

    `start`, `end`: from inside (header, label, snapshot JSON), never from the file system. `source`: the
    database, host or repository it names; `system`: PostgreSQL's system identifier or a repository id.
    """

    start: int | None = None
    end: int | None = None
    tool: str = ""
    source: str = ""
    system: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where and how it lies. `parents_open`: directories above it, up to the place's top, that others may
    write; `parents_untold`: those of which that could not be asked; `filesystem` is the device number,
    `links` counts hard links, `link_to` is set for a symlink."""

    mode: int
    owner: str
    group: str
    filesystem: int = 0
    inode: int = 0
    links: int = 1
    link_to: str = ""
    parents_open: tuple[str, ...] = ()
    parents_untold: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seal:
    """Encryption as seen: `scheme` ("" plain) from the envelope; `recipients` as it names them; `body_z` =
    1000 x (chi2-255)/sqrt(510) over sampled blocks, None where not sampled; `opened`: yes, no, "" not tried;
    `refused`: whether a wrong or no key was refused (yes, no, "" not tried); `inner` says what came out."""

    scheme: str = ""
    strength: str = ""
    recipients: tuple[str, ...] = ()
    body_z: int | None = None
    opened: str = ""
    refused: str = ""
    inner: str = ""


@dataclass(frozen=True, slots=True)
class Artefact:
    """One artefact. `name` is its path below the place's top as it may be signed (percent-encoded bytes).

    `kind`: full, incremental, differential, log, snapshot. `sha256` of its bytes, or for a directory the root
    of its tree ("" not read); `read_at`: when all its bytes were last read. `id`, `parent`: label, LSN, or
    snapshot id ("" none). `fingerprint`: root of its content (rows, files), `expected`: the root recorded at
    the source, as found beside it ("" none). `parts`: count of files it consists of. `trouble`: what kept us
    from reading it ("" nothing): missing, denied, unreadable, timeout, moving, not_a_file. `recorded`: the
    digest of its bytes that was recorded beside it (ARTEFACT.sha256 …), or that we read before while neither
    its size nor its time has changed since ("" none).
    """

    name: str
    kind: str
    bytes: int
    parts: int
    modified: int
    sha256: str = ""
    read_at: int | None = None
    made: Made = Made()
    placed: Placed | None = None
    seal: Seal | None = None
    id: str = ""
    parent: str = ""
    fingerprint: str = ""
    expected: str = ""
    trouble: str = ""
    recorded: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """Something that stands at the place, read or not: presence for slots, retention, deletion guard."""

    name: str
    bytes: int
    modified: int
