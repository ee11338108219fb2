"""Device knowledge: which OIDs hold what, by sysObjectID and sysDescr; YAML files in `profiles/`.

    match: [{oid: 1.3.6.1.4.1.9.1, descr: regex}]    any entry; in an entry all that is given must fit
    os, vendor, kind                                 words for what it is
    use: [name]                                      rules of other files (without `match`: never chosen)
    copy: [name, OID, OID]                           all of that file but `match`, one OID made another
    own: 10                                          `$own` in OIDs: so many arcs of its sysObjectID
    present: OID                                     used only where the device has something below this OID
    version, hardware, serial: [Text]                the first that gives a text
    processors: [Rule]   memory, storage: [SpaceRule]   sensors: [Rule]
    members: [MemberRule]                            units of a stack or pair
    maps: {name: {raw: word severity}}               states by code; severity ok warn crit unknown
    leave: [name]                                    standard tables this device fills with nonsense

Every device gets the rules of `standard.yaml` besides, behind its own; of rules that report the same OID the
first wins. An OID that ends in `.0` is a scalar, every other one a column (in texts `=OID` is one cell,
`chassis.model`, `serial`, `software`, `firmware`, `hardware`, `descr`, `name` those of ENTITY-MIB's outermost
entity, `stack.descr` that of a stack). Of all that match, the profile with the longest OID wins, then the one
whose description matches.
Unknown keys are errors: a typing mistake would look like a device without sensors.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import yaml

DIRECTORY = Path(__file__).parent / "profiles"
SEVERITIES = ("ok", "warn", "crit", "unknown")
STANDARD = "standard"
OWN = "$own"
_LISTS = ("version", "hardware", "serial", "processors", "memory", "storage", "sensors", "members")


class BadProfile(ValueError):
    """A profile that says nothing usable; its text names file and place."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text: `values` are OIDs or `descr`; its `match`'s groups, else the values, fill `form`.

    `hex`: the values are octets (a hardware address), written as hexadecimal digits; `upper`: in capitals,
    as the maker writes the name; `row`: what was found is the index of a row, whose cell in this column is
    meant; `known`: only what `map` has.
    """

    values: tuple[str, ...]
    match: re.Pattern[str] | None = None
    form: str = "{0}"
    map: Mapping[str, str] = field(default_factory=dict)
    hex: bool = False
    upper: bool = False
    row: str = ""
    known: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One sensor or processor a row. `oid`: what is reported; `value`: what is read (mostly the same).

    value * scale + offset, after `convert`; `by`, `power`: a column or scalar whose power of ten divides, or
    multiplies, the value;
    rows are left out by `skip` (raw values), `low`/`high` (bounds of the raw value), and by `when`/`unless`
    (other columns' values at the same index). `index`: only rows whose index fits this regex; `cut`: so many
    arcs of the index find the row in `names`, `when`, `unless` (0: all, negative: the last ones). `match`:
    only rows whose name fits; `pattern`: the number is its group in the value, other rows are left out;
    `rows`: only where each of these columns has so many rows. `fallback` (of processors): only where rules
    before gave nothing.
    `times`: a column that multiplies the value, or divides it where negative; `over`: a column that divides
    it; `of`: a column with the whole, whose percentage is reported. States of a bit string have the keys
    `bit 0` … (the worst set bit counts) and `none`.
    """

    kind: str
    value: str
    oid: str
    names: tuple[str, ...] = ()
    text: str = ""
    scale: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)
    convert: str = ""
    by: str = ""
    power: str = ""
    states: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    other: tuple[str, str] = ("", "unknown")
    skip: frozenset[str] = frozenset()
    low: Fraction | None = None
    high: Fraction | None = None
    when: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unless: Mapping[str, frozenset[str]] = field(default_factory=dict)
    index: re.Pattern[str] | None = None
    cut: int = 0
    match: re.Pattern[str] | None = None
    limits: Mapping[str, str] = field(default_factory=dict)
    pattern: re.Pattern[str] | None = None
    times: str = ""
    over: str = ""
    fallback: bool = False
    of: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpaceRule:
    """Memory or storage: any two of used, free, total, or percent; `unit` in bytes, or in `unit_of`.

    `oid` is what is reported: `none`, or none where the amount in use is only computed (free and total).
    `fallback`: only where the rules before gave nothing; `last` (of memory): only where HOST-RESOURCES has
    nothing either.
    """

    oid: str
    used: str = ""
    free: str = ""
    total: str = ""
    percent: str = ""
    unit: int = 1
    unit_of: str = ""
    scale: Fraction = Fraction(1)
    names: tuple[str, ...] = ()
    text: str = ""
    kind: str = "system"
    skip: frozenset[str] = frozenset()
    when: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unless: Mapping[str, frozenset[str]] = field(default_factory=dict)
    index: re.Pattern[str] | None = None
    less: tuple[str, ...] = ()
    fallback: bool = False
    last: bool = False


@dataclass(frozen=True, slots=True)
class MemberRule:
    """Units of a stack or pair, one a row of the column `rows` (or the scalar).

    `role`, `state`: columns, with their words and severities; a code that the map has not is unknown.
    `absent`: raw states of units that are not there; `skip`: raw roles of rows that are no unit; `index`:
    only rows whose index fits. `leader`: two columns, a unit's own number and that of the one that leads,
    whose role is then primary, and secondary of the rest. `boards`: rows of one name are boards of one unit,
    which has the role that stands first in `roles`, and the worst severity.
    """

    group: str
    rows: str
    names: tuple[str, ...] = ()
    text: str = ""
    role: str = ""
    roles: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    state: str = ""
    states: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()
    index: re.Pattern[str] | None = None
    leader: tuple[str, ...] = ()
    boards: bool = False
    when: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unless: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """What a device must say of itself."""

    oid: str = ""
    descr: re.Pattern[str] | None = None

    def weight(self, object_id: str, description: str) -> int:
        """0: does not fit; the longer its OID, and with a description besides, the better."""
        if self.oid and not (object_id + ".").startswith(self.oid + "."):
            return 0
        if self.descr is not None and not self.descr.search(description):
            return 0
        return 2 * len(self.oid.split(".")) + (1 if self.descr is not None else 0)


@dataclass(frozen=True, slots=True)
class Profile:
    """One device type; `find` returns it with the rules of what it uses."""

    name: str
    match: tuple[Match, ...] = ()
    os: str = ""
    vendor: str = ""
    kind: str = ""
    use: tuple[str, ...] = ()
    present: str = ""
    version: tuple[Text, ...] = ()
    hardware: tuple[Text, ...] = ()
    serial: tuple[Text, ...] = ()
    processors: tuple[Rule, ...] = ()
    memory: tuple[SpaceRule, ...] = ()
    storage: tuple[SpaceRule, ...] = ()
    sensors: tuple[Rule, ...] = ()
    members: tuple[MemberRule, ...] = ()
    leave: frozenset[str] = frozenset()
    own: int = 0


def find(object_id: str, description: str) -> Profile | None:
    """The profile that fits best, alone; None where none fits."""
    best, found = 0, None
    for profile in everything().values():
        weight = max((match.weight(object_id, description) for match in profile.match), default=0)
        if weight > best:
            best, found = weight, profile
    return found


@lru_cache(maxsize=256)
def chosen(object_id: str, description: str) -> tuple[Profile, ...]:
    """What fits best, then all it uses, then the standard ones; each once, none that one of them leaves."""
    best = find(object_id, description)
    names = [*([] if best is None else used(best.name)), *used(STANDARD)]
    found = [_placed(everything()[name], object_id) for name in dict.fromkeys(names)]
    left = frozenset[str]().union(*(profile.leave for profile in found))
    return tuple(profile for profile in found if profile.name not in left)


def _placed(one: Profile, object_id: str) -> Profile:
    """The profile with the device's own tree where it says `$own`; without rules where it has none."""
    if not one.own:
        return one
    arcs = object_id.split(".")[: one.own]
    tree = ".".join(arcs) if len(arcs) == one.own else ""
    return _below(one.name, tree) if tree else Profile(one.name, one.match, one.os, one.vendor, one.kind)


@lru_cache(maxsize=64)  # what devices say: no end of it may be kept
def _below(name: str, tree: str) -> Profile:
    return read(DIRECTORY / f"{name}.yaml", tree)


def joined(profiles: Sequence[Profile]) -> Profile:
    """One profile with the rules of all; a maker's that is there only if present says who it is."""
    first = sorted(profiles, key=lambda profile: not (profile.present and profile.vendor))
    made: dict[str, Any] = {part: sum((getattr(each, part) for each in first), ()) for part in _LISTS}
    for word in ("os", "vendor", "kind"):
        made[word] = next((getattr(each, word) for each in first if getattr(each, word)), "")
    leave = frozenset[str]().union(*(each.leave for each in profiles))
    return Profile(name=first[0].name if first else "", leave=leave, **made)


def complete(name: str) -> Profile:
    """A profile with the rules of all it uses."""
    made = joined([everything()[each] for each in dict.fromkeys(used(name))])
    return replace(made, name=name, match=everything()[name].match)


def used(name: str) -> list[str]:
    """Names of this profile and of those it uses, down to the last."""
    known = everything()
    found = [name]
    for other in known[name].use if name in known else ():
        if other not in known:
            raise BadProfile(f"{name}: use: there is no profile {other}")
        found += used(other)
    return found if name in known else []


def everything() -> Mapping[str, Profile]:
    """All profiles of the package by name."""
    with _READING:  # many looks begin at once: one of them reads, the others wait for it
        return _everything()


_READING = Lock()


@cache
def _everything() -> Mapping[str, Profile]:
    return {path.stem: read(path) for path in sorted(DIRECTORY.glob("*.yaml"))}


# Everything is read as text: an OID like 1.3 is no number, and a state `no` no truth value.
_MERGE = {"<": [("tag:yaml.org,2002:merge", re.compile("^<<$"))]}
_Plain = type("_Plain", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {"yaml_implicit_resolvers": _MERGE})


def _plain(text: str) -> Any:
    loader = _Plain(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def read(path: Path, own: str = OWN) -> Profile:
    """One file, with the tree `own` where it says `$own`; BadProfile names the place."""
    try:
        given = _plain(path.read_text("utf-8").replace(f"{OWN}.", f"{own}.")) or {}
        if "copy" in given:
            name, old, new = given.pop("copy")
            new = own if new == OWN else new
            other = (path.parent / f"{name}.yaml").read_text("utf-8").replace(f"{old}.", f"{new}.")
            given = _plain(other) | {"match": []} | given
        return profile(path.stem, given)
    except (OSError, yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError, re.error) as error:
        raise BadProfile(f"{path.name}: {error}") from error


def profile(name: str, given: dict[str, Any]) -> Profile:
    """A profile from its plain form."""
    maps = {key: _states(value) for key, value in (given.pop("maps", None) or {}).items()}
    known: dict[str, Callable[[Any], Any]] = {
        "match": lambda entries: tuple(_match(entry) for entry in entries),
        "use": tuple,
        "leave": frozenset,
        "present": str,
        "own": int,
        "os": str,
        "vendor": str,
        "kind": str,
        "processors": lambda rules: tuple(_rule({"class": "load", **rule}, maps) for rule in rules),
        "sensors": lambda rules: tuple(_rule(rule, maps) for rule in rules),
        "members": lambda rules: tuple(_member(rule, maps) for rule in rules),
        "memory": lambda rules: tuple(_space(rule) for rule in rules),
        "storage": lambda rules: tuple(_space({"kind": "disk", **rule}) for rule in rules),
    }
    known |= dict.fromkeys(("version", "hardware", "serial"), _texts)
    made: dict[str, Any] = {}
    for key, value in given.items():
        if key not in known:
            raise BadProfile(f"unknown key {key}")
        made[key] = known[key](value)
    return Profile(name, **made)


def _match(given: dict[str, str]) -> Match:
    _only(given, "oid", "descr")
    descr = given.get("descr")
    return Match(given.get("oid", ""), None if descr is None else re.compile(descr, re.DOTALL))


def _only(given: Mapping[str, Any], *keys: str) -> None:
    for key in given:
        if key not in keys:
            raise BadProfile(f"unknown key {key} in {dict(given)}")


def _list(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given or ())


def _texts(given: list[Any]) -> tuple[Text, ...]:
    made = []
    for entry in given:
        entry = {"from": entry} if isinstance(entry, str) else entry
        _only(entry, "from", "match", "as", "map", "hex", "upper", "row", "known")
        match = re.compile(entry["match"], re.DOTALL) if "match" in entry else None
        made.append(
            Text(
                values=_list(entry.get("from", "descr")),
                match=match,
                form=entry.get("as", "{0}"),
                map=entry.get("map") or {},
                hex="hex" in entry,
                upper="upper" in entry,
                row=entry.get("row", ""),
                known="known" in entry,
            )
        )
    return tuple(made)


def _states(given: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    made = {}
    for raw, words in given.items():
        word, _, severity = words.rpartition(" ")
        if severity not in SEVERITIES:
            raise BadProfile(f"{words!r}: a word and one of {', '.join(SEVERITIES)} are wanted")
        made[raw] = (word or severity, severity)
    return made


def _conditions(given: Mapping[str, Any] | None) -> dict[str, frozenset[str]]:
    return {oid: frozenset(_list(values)) for oid, values in (given or {}).items()}


_RULE = (
    "class value oid names text scale offset convert by states other skip low high when unless index cut"
    " match limits pattern times over power rows fallback of"
)


Maps = Mapping[str, Mapping[str, tuple[str, str]]]


def _mapped(given: Any, maps: Maps) -> Mapping[str, tuple[str, str]]:
    return maps[given] if isinstance(given, str) else _states(given or {})


_MEMBER = "group rows names text role roles state states absent skip index leader boards when unless"


def _member(given: dict[str, Any], maps: Maps) -> MemberRule:
    _only(given, *_MEMBER.split())
    plain = {key: given[key] for key in ("group", "rows", "text", "role", "state") if key in given}
    return MemberRule(
        names=_list(given.get("names")),
        roles=_mapped(given.get("roles"), maps),
        states=_mapped(given.get("states"), maps),
        absent=frozenset(_list(given.get("absent"))),
        skip=frozenset(_list(given.get("skip"))),
        index=re.compile(given["index"]) if "index" in given else None,
        leader=_list(given.get("leader")),
        boards="boards" in given,
        when=_conditions(given.get("when")),
        unless=_conditions(given.get("unless")),
        **plain,
    )


def _rule(given: dict[str, Any], maps: Maps) -> Rule:
    _only(given, *_RULE.split())
    states = _mapped(given.get("states"), maps)
    bounds: dict[str, Any] = {key: Fraction(given[key]) for key in ("low", "high") if key in given}
    patterns: dict[str, Any] = {
        key: re.compile(given[key]) for key in ("index", "match", "pattern") if key in given
    }
    other = _states({"": given["other"]})[""] if "other" in given else ("", "unknown")
    return Rule(
        kind=given["class"],
        value=given["value"],
        oid=given.get("oid", given["value"]),
        names=_list(given.get("names")),
        text=given.get("text", ""),
        scale=Fraction(given.get("scale", 1)),
        offset=Fraction(given.get("offset", 0)),
        convert=given.get("convert", ""),
        by=given.get("by", ""),
        power=given.get("power", ""),
        times=given.get("times", ""),
        over=given.get("over", ""),
        of=given.get("of", ""),
        states=states,
        other=other,
        skip=frozenset(_list(given.get("skip"))),
        when=_conditions(given.get("when")),
        unless=_conditions(given.get("unless")),
        cut=int(given.get("cut", 0)),
        limits=given.get("limits") or {},
        fallback="fallback" in given,
        rows={oid: int(number) for oid, number in (given.get("rows") or {}).items()},
        **bounds,
        **patterns,
    )


_SPACE = (
    "oid used free total percent unit unit_of scale names text kind skip when unless index less fallback last"
)


def _space(given: dict[str, Any]) -> SpaceRule:
    _only(given, *_SPACE.split())
    first = next((given[key] for key in ("oid", "used", "percent") if given.get(key)), "")
    plain = {
        key: given[key]
        for key in ("used", "free", "total", "percent", "text", "kind", "unit_of")
        if key in given
    }
    return SpaceRule(
        oid="" if first == "none" else first,
        unit=int(given.get("unit", 1)),
        scale=Fraction(given.get("scale", 1)),
        names=_list(given.get("names")),
        skip=frozenset(_list(given.get("skip"))),
        when=_conditions(given.get("when")),
        unless=_conditions(given.get("unless")),
        index=re.compile(given["index"]) if "index" in given else None,
        less=_list(given.get("less")),
        fallback="fallback" in given,
        last="last" in given,
        **plain,
    )
