"""The estate as data: what an estate file may hold, declared once (validation, JSON Schema, reference).

Durations are milliseconds, percentages exact fractions. Defaults: rulings 5 and 8, AV section 3.
"""

from dataclasses import field
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.dataclasses import dataclass

from checks.recurrence import WEEKDAYS
from collector.estate import units


def _text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str | int) else value


def _numbered(value: object) -> object:
    return [value] if isinstance(value, int) else value


def _recipient(value: object) -> object:
    """`{secret: NAME}` as `secret:NAME`."""
    if isinstance(value, dict):
        if list(value) != ["secret"] or not isinstance(value["secret"], str):
            raise ValueError("a mapping here is {secret: NAME}")
        return f"secret:{value['secret']}"
    return value


Text = Annotated[str, BeforeValidator(_text), StringConstraints(min_length=1, max_length=500)]
Id = Annotated[str, BeforeValidator(_text), StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
Pattern = Annotated[str, BeforeValidator(_text), StringConstraints(pattern=r"^[A-Za-z0-9_.:*?-]{1,100}$")]
Duration = Annotated[
    int,
    BeforeValidator(units.duration_ms),
    WithJsonSchema({"type": "string", "pattern": units.DURATION_PATTERN}),
]
Ratio = Annotated[
    Fraction,
    BeforeValidator(units.ratio),
    WithJsonSchema({"type": "string", "pattern": units.PERCENT_PATTERN}),
]
_DATE = WithJsonSchema({"type": "string", "format": "date"})
Day = Annotated[str, BeforeValidator(units.day), _DATE]
FirstDay = Annotated[str, BeforeValidator(units.first_day), _DATE]
Instant = Annotated[
    str, BeforeValidator(units.instant_text), WithJsonSchema({"type": "string", "format": "date-time"})
]
HoursRange = Annotated[
    tuple[str, str],
    BeforeValidator(units.hours_range),
    WithJsonSchema({"type": "string", "pattern": units.HOURS_PATTERN}),
]
QuietRange = Annotated[
    tuple[str, str],
    BeforeValidator(units.quiet_range),
    WithJsonSchema({"type": "string", "pattern": units.HOURS_PATTERN}),
]
Days = Annotated[
    tuple[str, ...],
    BeforeValidator(units.weekdays),
    WithJsonSchema({"anyOf": [{"const": "cn_workdays"}, {"type": "array", "items": {"enum": [*WEEKDAYS]}}]}),
]
ObjectId = Annotated[
    str,
    BeforeValidator(_text),
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}(/[A-Za-z0-9][A-Za-z0-9_.-]{0,62}){0,5}$"),
]
Pin = Annotated[str, StringConstraints(pattern=r"^([0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31})?$")]
Count = Annotated[int, Field(strict=True, ge=1, le=1000)]
Level = Annotated[int, Field(strict=True, ge=1, le=9)]
Strict = Annotated[bool, Field(strict=True)]
Switch = Annotated[bool, BeforeValidator(units.switch)]
Whole = Annotated[int, Field(strict=True, ge=0, le=65535)]
Patterns = Annotated[tuple[Pattern, ...], BeforeValidator(_listed), Field(min_length=1)]
Ids = Annotated[tuple[Id, ...], BeforeValidator(_listed), Field(min_length=1)]
Params = dict[str, Any]
_TREE_SCHEMA = {"title": "ServiceTree"}  # schema.py puts the reference in
Tree = Annotated[Any, WithJsonSchema(_TREE_SCHEMA)]
Vote = Literal["majority", "any_fail", "all_fail"]

CONFIG = ConfigDict(extra="forbid", arbitrary_types_allowed=True, populate_by_name=False)
COLLECTOR = "collector"  # the agent enrolled beside the collector (ruling 7)


@dataclass(frozen=True, slots=True, config=CONFIG)
class Contract:
    """Contract pack that the estate is run under. `options`: readings of its ambiguities that were agreed in
    writing; all others stay as the pack has them (lists with commas)."""

    pack: Id
    start: FirstDay
    options: dict[Pattern, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, config=CONFIG)
class Unit:
    """A unit of the buyer (单位). `kind`: a word of the contract's pack, such as `line_rental`."""

    id: Id
    name: Text = ""
    kind: Id = "unit"


@dataclass(frozen=True, slots=True, config=CONFIG)
class Hours:
    """Agreed service hours: weekdays by name, or `cn_workdays`; ranges of local time."""

    days: Days
    ranges: Annotated[tuple[HoursRange, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True, config=CONFIG)
class Span:
    """A stretch of days or instants; an open end is left out."""

    from_: Annotated[Instant | None, Field(alias="from")] = None
    to: Instant | None = None


@dataclass(frozen=True, slots=True, config=CONFIG)
class System:
    """A business system (业务系统): its service tree and how its availability counts. `in_scope`: when the
    contract was about it; `owner`: who answers for it."""

    id: Id
    unit: Id | None = None
    name: Text = ""
    core: Strict = False
    service: Tree = None
    target: Ratio | None = None
    available_if: Literal["degraded", "up"] = "degraded"
    interval: Duration | None = None
    hold: Duration | None = None
    confirm: Count | None = None
    vote: Vote | None = None
    min_vantages: Count | None = None
    host: Text | None = None
    hours: Hours | None = None
    merge_gap: Duration = 60_000
    min_fault: Duration = 60_000
    min_notice: Duration = 0
    exclude_scope: Literal["all", "down_only"] = "all"
    unknown_cap: Ratio = Fraction(1, 10)
    maintenance_cap: Duration | None = None
    in_service: tuple[Span, ...] = ()
    in_scope: tuple[Span, ...] = ()
    owner: Text | None = None


@dataclass(frozen=True, slots=True, config=CONFIG)
class Snmp:
    """How the agent named by `via` reaches a device by SNMP; the secret is looked up there."""

    address: Text
    version: Literal[1, 2, 3] = 3
    secret: Id = "snmp"  # noqa: S105  # a name to look up on the agent, no secret
    port: Whole = 161


@dataclass(frozen=True, slots=True, config=CONFIG)
class Ssh:
    """How the agent named by `via` reaches a device by SSH."""

    address: Text
    platform: Id = "generic"
    secret: Id = "ssh"  # noqa: S105  # a name to look up on the agent, no secret
    port: Whole = 22
    legacy: Switch = False
    hop: str = ""
    hop_secret: Id = "bastion"  # noqa: S105  # likewise


@dataclass(frozen=True, slots=True, config=CONFIG)
class Redfish:
    """How the agent named by `via` reaches a server's BMC; port 0 is the protocol's own."""

    address: Text
    secret: Id = "redfish"  # noqa: S105  # a name to look up on the agent, no secret
    port: Whole = 0
    protocol: Literal["redfish", "ipmi"] = "redfish"
    pin: Pin = ""


@dataclass(frozen=True, slots=True, config=CONFIG)
class Sql:
    """How the agent named by `via` (or on it) reaches a database or a Redis; port 0 is the product's own.
    `client`: asked by this program on the machine of the section ssh, in place of a driver on the agent."""

    address: Text
    platform: Literal["postgresql", "kingbase", "mysql", "oracle", "dameng", "redis"]
    port: Whole = 0
    database: str = ""
    secret: Id | Literal[""] = "database"  # noqa: S105  # a name to look up on the agent, no secret
    tls: Literal["off", "prefer", "require", "verify"] = "prefer"
    ca: str = ""
    client: Literal["", "psql", "ksql"] = ""


@dataclass(frozen=True, slots=True, config=CONFIG)
class Asset:
    """An asset (资产). `agent`: runs on it; `via`: the agent that looks at it from outside."""

    id: Id
    kind: Id
    name: Text = ""
    system: Id | None = None
    unit: Id | None = None
    agent: Id | None = None
    via: Id | None = None
    model: Text = ""
    serial: Text = ""
    location: Text = ""
    snmp: Snmp | None = None
    ssh: Ssh | None = None
    redfish: Redfish | None = None
    sql: Sql | None = None
    params: dict[Pattern, Params] = field(default_factory=dict)
    in_service: tuple[Span, ...] = ()
    in_scope: tuple[Span, ...] = ()
    owner: Text | None = None


@dataclass(frozen=True, slots=True, config=CONFIG)
class Probe:
    """A probe (拨测): one check of a service, from one or more agents."""

    id: Id
    check: Id
    from_: Annotated[Ids, Field(alias="from")]
    name: Text = ""
    asset: Id | None = None
    every: Duration | None = None
    interval: Duration | None = None
    deadline: Duration | None = None
    hold: Duration | None = None
    confirm: Count | None = None
    vote: Vote | None = None
    min_vantages: Count | None = None
    host: Text | None = None
    canary: Strict = False
    hours: Hours | None = None
    target: Ratio | None = None
    params: Params = field(default_factory=dict)


@dataclass(frozen=True, slots=True, config=CONFIG)
class RegularCheck:
    """Regular looks: checks (an id or a pattern) on assets, at an interval."""

    check: Pattern
    assets: Patterns
    every: Duration
    deadline: Duration | None = None
    hold: Duration | None = None
    confirm: Count | None = None
    params: Params = field(default_factory=dict)


@dataclass(frozen=True, slots=True, config=CONFIG)
class Share:
    """Other checks on other assets, owed by the same round."""

    assets: Patterns
    checks: Patterns


@dataclass(frozen=True, slots=True, config=CONFIG)
class HumanItem:
    """A line of a checklist. No `name`: the packaged item of this id; `unit`: a reading is wanted with it."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
    name: Annotated[str, StringConstraints(max_length=120)] = ""
    name_en: Annotated[str, StringConstraints(max_length=120)] = ""
    unit: Annotated[str, StringConstraints(max_length=12)] = ""


@dataclass(frozen=True, slots=True, config=CONFIG)
class Checklist:
    """What people look at on assets of a kind: in place of the packaged list, or (`add`) behind it."""

    kind: Id
    items: Annotated[tuple[HumanItem, ...], Field(min_length=1)]
    add: Strict = False


@dataclass(frozen=True, slots=True, config=CONFIG)
class Human:
    """What a round owes from people: which items of the checklists, on which assets."""

    assets: Patterns
    items: Patterns = ("all",)


@dataclass(frozen=True, slots=True, config=CONFIG)
class Round:
    """A round (巡检): recurring, or before holidays. `also`: what other kinds of assets owe in it; `human`:
    what only people can look at."""

    id: Id
    assets: Patterns = ()
    checks: Patterns = ()
    name: Text = ""
    every: Text | None = None
    on: Text | None = None
    window: Text | None = None
    before: Annotated[tuple[Id, ...], BeforeValidator(_listed)] = ()
    days: Annotated[int, Field(strict=True, ge=1, le=60)] | None = None
    deadline: Duration | None = None
    params: dict[Pattern, Params] = field(default_factory=dict)
    also: tuple[Share, ...] = ()
    human: Human | None = None

    def shares(self) -> tuple[Share, ...]:
        """Everything that it owes, the first share first."""
        own = (Share(self.assets, self.checks),) if self.assets and self.checks else ()
        return (*own, *self.also)


@dataclass(frozen=True, slots=True, config=CONFIG)
class Window:
    """A window; it only mutes until a signed approval counts it (ruling 11)."""

    id: Id
    from_: Annotated[Instant, Field(alias="from")]
    to: Instant
    systems: Patterns
    kind: Literal["maintenance", "force_majeure", "third_party"] = "maintenance"
    reason: Text = ""


@dataclass(frozen=True, slots=True, config=CONFIG)
class BackupObject:
    """What must be restorable (备份对象). `asset`: where it lives, whose agent takes fingerprints; `place`:
    where its first copy lies (left out: on the asset itself); `drill`: the asset whose agent restores it;
    `sources`, `systems`: names and ids that its backups may give for themselves; `look`: how often its places
    are looked at; `params`: of its checks."""

    id: ObjectId
    kind: Literal["database", "files", "uploads", "log", "package"] = "database"
    name: Text = ""
    asset: Id | None = None
    place: Id | None = None
    drill: Id | None = None
    system: Id | None = None
    since: Instant | None = None
    sources: Annotated[tuple[Text, ...], BeforeValidator(_listed)] = ()
    systems: Annotated[tuple[Text, ...], BeforeValidator(_listed)] = ()
    look: Duration = 3_600_000
    params: dict[Pattern, Params] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, config=CONFIG)
class BackupPlace:
    """Where backups lie: on an asset, read by its agent, else by the agent in `via` through SFTP (section
    ssh; `secret` in place of that section's). `path`: of copies, `{object}` stands for the object's id."""

    id: Id
    asset: Id
    name: Text = ""
    path: Annotated[str, StringConstraints(pattern=r"^/", max_length=1000)] | Literal[""] = ""
    secret: Id | None = None
    params: dict[Pattern, Params] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, config=CONFIG)
class Notify:
    """Who is told of what. `to`: an address as apprise writes it, `{NAME}` in it (or `secret: NAME` in its
    place) looked up in the collector's own secrets.yaml, or `custom:NAME`, a command of its notify.yaml.
    `after`: only what nobody has acknowledged so long after it began; `remind`: again so often until then;
    `whose`: whose people it reaches."""

    when: Literal["fault", "finding", "silent", "missed", "clock", "backup"]
    to: Annotated[
        str,
        BeforeValidator(_recipient),
        StringConstraints(
            pattern=r"^([a-z][a-z0-9+.-]*://\S+|(secret|custom):[A-Za-z0-9][A-Za-z0-9_.-]{0,62})$",
            max_length=1000,
        ),
    ]
    id: Id | None = None
    units: Annotated[tuple[Id, ...], BeforeValidator(_listed)] = ()
    systems: Annotated[tuple[Id, ...], BeforeValidator(_listed)] = ()
    levels: Annotated[tuple[Level, ...], BeforeValidator(_numbered)] = ()
    after: Duration | None = None
    remind: Duration | None = None
    quiet: QuietRange | None = None
    lang: Literal["zh", "en"] = "zh"
    whose: Annotated[tuple[Literal["buyer", "user", "vendor"], ...], BeforeValidator(_listed)] = ()


@dataclass(frozen=True, slots=True, config=CONFIG)
class Estate:
    """Everything in the estate file, its includes merged."""

    estate: Id
    timezone: Text = "Asia/Shanghai"
    include: Annotated[tuple[Text, ...], BeforeValidator(_listed)] = ()
    contract: Contract | None = None
    units: tuple[Unit, ...] = ()
    systems: tuple[System, ...] = ()
    assets: tuple[Asset, ...] = ()
    probes: tuple[Probe, ...] = ()
    checks: tuple[RegularCheck, ...] = ()
    rounds: tuple[Round, ...] = ()
    checklists: tuple[Checklist, ...] = ()
    windows: tuple[Window, ...] = ()
    objects: tuple[BackupObject, ...] = ()
    places: tuple[BackupPlace, ...] = ()
    backups: tuple[Any, ...] = ()  # read by collector.estate.backups
    backup_success: Any = None
    backup_questions: Any = None
    notify: tuple[Notify, ...] = ()
