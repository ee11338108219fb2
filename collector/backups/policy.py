"""What the contract and the estate ask of backups: objects, schedules, copies, drills (plain data).

Durations are milliseconds unless named otherwise, instants UTC epoch milliseconds, the calendar is
Asia/Shanghai (a fixed UTC+8 since 1991). `compile.parse` makes these from the estate's mappings.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from checks.artefacts.levels import Level

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
REACTION_MS = HOUR_MS // 2
BELIEVE_MS = 31 * DAY_MS


class ObjectKind(StrEnum):
    """What is backed up."""

    DATABASE = "database"
    FILES = "files"
    UPLOADS = "uploads"
    LOG = "log"
    PACKAGE = "package"


class Role(StrEnum):
    """What a schedule makes."""

    FULL = "full"
    INCREMENTAL = "incremental"
    EVENT = "event"  # a backup around something that happens, such as a change


class To(StrEnum):
    """What an incremental builds on."""

    LAST = "last"  # the newest point before it
    FULL = "full"  # the newest full (a differential)


class Pick(StrEnum):
    """Which point a drill takes. ROTATING walks the other four, month by month."""

    NEWEST = "newest"
    OLDEST = "oldest"
    MIDDLE = "middle"  # of the longest chain
    RANDOM = "random"
    ROTATING = "rotating"


@dataclass(frozen=True, slots=True)
class Keep:
    """How long a slot's day must stay restorable: days, or calendar months (31 May - 3 = 28/29 Feb)."""

    months: int = 0
    days: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """Where backups come from, as the estate says it: `kind` (sys_dump, appliance …), `path`, `reader`."""

    kind: str = ""
    path: str = ""
    reader: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One series of slots. `every`: day, week, fortnight, month, quarter, year; "" for one by events.

    `opens`, `closes`: minutes of the slot's anchor day in Shanghai (`closes` > 1440 crosses midnight), None
    for the whole period. A slot by event is `[event - within, event)` of each event of kind `before`.
    `fulls_kept`: how many fulls the backup tool is set to keep, where it counts fulls (None: not told).
    """

    role: Role
    keep: Keep
    every: str = ""
    on: str = ""
    opens: int | None = None
    closes: int | None = None
    grace_ms: int = 0
    to: To = To.LAST
    before: str = ""
    within_ms: int = 0
    source: Source | None = None
    fulls_kept: int | None = None

    @property
    def hours(self) -> bool:
        """Whether it names hours of the day, and not just a day or a period."""
        return self.opens is not None and self.closes is not None and self.closes - self.opens < 24 * 60


@dataclass(frozen=True, slots=True)
class CopyRule:
    """A second copy: at place `to`, at most `within_ms` after the backup's end, `equal` by sha256 or tree.
    `keep`, `first_keep`: how long it, and the first one, must stand (None: as long as the schedule says)."""

    to: str
    within_ms: int
    equal: str = "sha256"
    keep: Keep | None = None
    first_keep: Keep | None = None


@dataclass(frozen=True, slots=True)
class SealRule:
    """Encryption asked: `scheme`, and for whom. The agent judges it; here it is cited."""

    scheme: str
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Owner and mode asked, and accounts that must be refused. The agent judges it; here it is cited."""

    owner: str = ""
    mode: str = ""
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DrillRule:
    """Restore drills. `allowed`: signed table (bytes up to, ms), ascending; larger than all, or without a
    table: `restore_within_ms`. `reaction_ms`: allowance for people, added to each measured time. `questions`:
    name of the set that is asked. `needs_approval`: nobody restores without one, and `approval` names it."""

    every: str
    restore_within_ms: int
    pick: Pick = Pick.NEWEST
    compare: str = "exact"
    questions: str = ""
    reaction_ms: int = REACTION_MS
    allowed: tuple[tuple[int, int], ...] = ()
    needs_approval: bool = False
    approval: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of an object's policy, in force from `from_ms` until the next one. `level`: grade that an
    artefact must reach to be a point (docs/backups/policy.md). `clause`: contract lines cited. `believe_ms`:
    how long a good word stands that later looks could not repeat."""

    version: int
    from_ms: int
    schedules: tuple[Schedule, ...]
    clause: tuple[str, ...] = ()
    copy: CopyRule | None = None
    sealed: SealRule | None = None
    access: AccessRule | None = None
    drill: DrillRule | None = None
    level: Level = Level.WELL_FORMED
    believe_ms: int = BELIEVE_MS


@dataclass(frozen=True, slots=True)
class Alias:
    """A former name, counted as this object's while `until_ms` is not over. `entry`: log index of the signed
    statement; without one (None) the alias is ignored and what it names is not in the policy."""

    name: str
    until_ms: int
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class BackupObject:
    """Something that must be restorable. `place`: where its first copy lies ("" when there is but one name);
    `since_ms`: start of service, before which nothing was promised. `systems`: system or repository ids it
    may come from (none: the first good one seen is held to). `sources`: names it may give for itself."""

    name: str
    kind: ObjectKind
    since_ms: int
    policies: tuple[Policy, ...]
    place: str = ""
    aliases: tuple[Alias, ...] = ()
    systems: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SuccessRule:
    """Promise about drills: of those begun in a period (`over`: month, quarter, year, counted from the start
    of service), at least this share succeeds at the first attempt."""

    at_least: Fraction
    over: str = "year"
    unit: str = "drill"
    count: str = "first_attempt"
    since_ms: int = 0


@dataclass(frozen=True, slots=True)
class Policies:
    """All of it. `ignored`: names on the wire that need no backup, with the reason somebody gave."""

    objects: tuple[BackupObject, ...]
    success: SuccessRule | None = None
    ignored: tuple[tuple[str, str], ...] = ()
