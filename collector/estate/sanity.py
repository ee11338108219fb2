"""What has its form and leads somewhere, and is a mistake all the same: nothing would ever come of it, or it
would mean another thing than it says. Asked of a file that is to be applied, not of one in force. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import AddressValueError, IPv4Address
from itertools import pairwise
from typing import Any
from unicodedata import category

from checks.codec import FieldError
from checks.probes import check_host
from checks.recurrence import zone
from checks.remote import place
from checks.sql import CLIENTS
from collector.estate.looks import Look, Note, Path, matches
from collector.estate.model import Asset, Estate, Hours, Span, Sql
from collector.estate.tree import Leaf, Node
from collector.estate.units import local_instant

_DAY_MS = 86_400_000
_SELDOM = "what is asked so seldom says nothing of the time between"
_STALE = "what was seen so long ago says nothing of now"
# (section, key): how many days at most, and why.
_MOST = {
    ("systems", "interval"): (7, _SELDOM),
    ("systems", "hold"): (31, _STALE),
    ("systems", "merge_gap"): (1, "outages of different days would be one"),
    ("systems", "min_fault"): (1, "an outage of a whole day would not count"),
    ("systems", "min_notice"): (90, "nobody announces maintenance so long before"),
    ("systems", "maintenance_cap"): (366, "a year has no more"),
    ("probes", "every"): (7, _SELDOM),
    ("probes", "interval"): (7, _SELDOM),
    ("probes", "hold"): (31, _STALE),
    # A look a year is the least that contracts ask for; what it saw holds over one that was missed.
    ("checks", "every"): (366, _SELDOM),
    ("checks", "hold"): (3 * 366, _STALE),
    ("rounds", "deadline"): (1, "no single look takes so long"),
    ("objects", "look"): (31, _SELDOM),
}
_CONTROLS = ("Cc", "Cs", "Zl", "Zp")  # of Unicode: controls, halves of characters, ends of lines
# An empty list in place of a filter would mean everything, where its writer meant nothing, or forgot it.
_LISTS = {
    "notify": ("units", "systems", "levels", "whose"),
    "systems": ("in_scope", "in_service"),
    "assets": ("in_scope", "in_service"),
    "objects": ("sources", "systems"),
    "rounds": ("before", "also"),
}
_TEXTS = ("name", "owner", "reason", "location", "model", "serial")
_NOTHING = re.compile(r"0+ ?[a-z]+\Z")
_SPAN = re.compile(r"([0-9]{1,6}) ?(s|min|h|d|week)[a-z]*\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_EVERY_DAYS = {"day": 1, "week": 7, "fortnight": 14, "month": 28, "quarter": 90, "year": 365}
_NUMBERS = re.compile(r"[0-9]+(\.[0-9]+){3}\Z")


def check(
    estate: Estate,
    raw: Mapping[str, Any],
    trees: Mapping[str, Node],
    rounds: Mapping[str, Sequence[Look]],
    note: Note,
) -> None:
    """Note what cannot be meant. `raw`: the file's values by section; `rounds`: what each round owes."""
    _lists_and_texts(raw, note)
    _durations(estate, note)
    _spans(estate, note)
    for section in ("systems", "probes"):
        for i, one in enumerate(getattr(estate, section)):
            _hours(one.hours, (section, i, "hours"), note)
            if one.target == 0:
                note((section, i, "target"), "promises nothing: leave it out")
    for i, asset in enumerate(estate.assets):
        _reach(asset, ("assets", i), note)
    _vantages(estate, trees, note)
    for i, system in enumerate(estate.systems):
        for name in _twice(trees.get(system.id)):
            note(("systems", i, "service"), f"{name} stands twice in one group: it would count twice")
    _rounds(estate, rounds, note)
    _backups(estate, note)


def _lists_and_texts(raw: Mapping[str, Any], note: Note) -> None:
    for section, members in raw.items():
        for i, one in enumerate(members if isinstance(members, list) else ()):
            for key in _LISTS.get(section, ()) if isinstance(one, dict) else ():
                if one.get(key) == []:
                    note((section, i, key), "an empty list names nothing: leave it out, or say which")
            for key in _TEXTS if isinstance(one, dict) else ():
                if isinstance(one.get(key), str) and _odd(one[key]):
                    note((section, i, key), "has a line break or another character that cannot be printed")


def _odd(text: str) -> bool:
    """Whether a text of one line holds control characters or line breaks; those at its end are of YAML's
    blocks (`location: |`), and a tab is a space. Wide spaces, joiners and rare characters are good."""
    return any(category(one) in _CONTROLS for one in text.rstrip().replace("\t", " "))


def _durations(estate: Estate, note: Note) -> None:
    for (section, key), (days, why) in _MOST.items():
        for i, one in enumerate(getattr(estate, section)):
            value = getattr(one, key)
            if value is not None and value > days * _DAY_MS:
                note((section, i, key), f"is more than {days}d: {why}")


def _spans(estate: Estate, note: Note) -> None:
    for section in ("systems", "assets"):
        for i, one in enumerate(getattr(estate, section)):
            for key in ("in_scope", "in_service"):
                spans: Sequence[Span] = getattr(one, key)
                for k, span in enumerate(spans):
                    if span.from_ is None and span.to is None:
                        note((section, i, key, k), "from or to is wanted")
                if _overlap(_placed(spans, estate.timezone)):
                    note((section, i, key), "two of these spans overlap")


def _placed(spans: Iterable[Span], timezone: str) -> list[tuple[float, float]]:
    try:
        zone(timezone)
    except FieldError:
        return []
    return [
        (
            float("-inf") if one.from_ is None else local_instant(one.from_, timezone),
            float("inf") if one.to is None else local_instant(one.to, timezone),
        )
        for one in spans
    ]


def _overlap(spans: Iterable[tuple[Any, Any]]) -> bool:
    return any(two[0] < one[1] for one, two in pairwise(sorted(spans)))


def _hours(hours: Hours | None, path: Path, note: Note) -> None:
    if hours is None:
        return
    if _overlap(hours.ranges):
        note((*path, "ranges"), "two of these stretches overlap")
    if len(set(hours.days)) < len(hours.days):
        note((*path, "days"), "a day is there twice")


def _reach(asset: Asset, path: Path, note: Note) -> None:
    for section in ("snmp", "ssh", "redfish", "sql"):
        one = getattr(asset, section)
        if one is None:
            continue
        if reason := _address(one.address):
            note((*path, section, "address"), reason)
        if section in ("snmp", "ssh") and one.port == 0:
            note((*path, section, "port"), "is from 1 to 65535")
    if asset.sql is not None and asset.sql.client:
        _client(asset.sql, asset.ssh is not None, (*path, "sql"), note)
    if asset.ssh is not None and asset.ssh.hop:
        _hop(asset.ssh.hop, (*path, "ssh", "hop"), note)


def _hop(hop: str, path: Path, note: Note) -> None:
    try:
        odd = _address(place(hop)[0])
    except ValueError:
        odd = "none"
    if odd:
        note(path, f"'{hop[:64]}' is no address[:port]")


def _client(sql: Sql, reached: bool, path: Path, note: Note) -> None:
    if sql.platform not in CLIENTS[sql.client]:
        note((*path, "client"), f"{sql.client} asks {' and '.join(CLIENTS[sql.client])} only")
    if sql.tls == "verify":
        note((*path, "tls"), "verify is a driver's: a client speaks on the database's own machine")
    if not reached:
        note((*path, "client"), "wants a section ssh: how its machine is reached")


def _address(text: str) -> str:
    try:
        check_host(text)
        if _NUMBERS.match(text):
            IPv4Address(text)
    except (AddressValueError, ValueError):
        return f"'{text[:64]}' is no host name or address"
    return ""


def _vantages(estate: Estate, trees: Mapping[str, Node], note: Note) -> None:
    from_ = {probe.id: probe for probe in estate.probes}
    for i, probe in enumerate(estate.probes):
        if len(set(probe.from_)) < len(probe.from_):
            note(("probes", i, "from"), "an agent is there twice: it looks once")
    for i, system in enumerate(estate.systems):
        for name in dict.fromkeys(_leaves(trees.get(system.id))):
            held = from_.get(name)
            wanted = system.min_vantages or 0
            if held is not None and held.min_vantages is None and wanted > len(set(held.from_)):
                reason = f"only {len(set(held.from_))} agents look at {name}: it would never have a state"
                note(("systems", i, "min_vantages"), reason)


def _leaves(node: Node | None) -> Iterator[str]:
    if isinstance(node, Leaf):
        yield node.name
    elif node is not None:
        for member in node.members:
            yield from _leaves(member)


def _twice(node: Node | None) -> Iterator[str]:
    """Leaves that stand twice in one group, anywhere in a tree."""
    if node is None or isinstance(node, Leaf):
        return
    names = [member.name for member in node.members if isinstance(member, Leaf)]
    yield from dict.fromkeys(name for name in names if names.count(name) > 1)
    for member in node.members:
        yield from _twice(member)


def _rounds(estate: Estate, rounds: Mapping[str, Sequence[Look]], note: Note) -> None:
    for i, one in enumerate(estate.rounds):
        if len(set(one.before)) < len(one.before):
            note(("rounds", i, "before"), "a holiday is there twice")
        owed = {look.check.id for look in rounds.get(one.id, ())}
        for pattern in one.params if owed else ():
            if not any(matches(pattern, check_id) for check_id in owed):
                note(("rounds", i, "params", pattern), "is for no check of this round")


def _backups(estate: Estate, note: Note) -> None:
    for i, one in enumerate(estate.backups):
        for section, key in (("copy", "within"), ("drill", "restore_within")):
            held = one.get(section) if isinstance(one, Mapping) else None
            value = held.get(key) if isinstance(held, Mapping) else None
            if isinstance(value, str) and _NOTHING.match(value):
                note(("backups", i, section, key), f"'{value}' is no time at all: nobody can keep that")
        for section in ("full", "incremental") if isinstance(one, Mapping) else ():
            _grace(one.get(section), ("backups", i, section), note)


def _grace(said: object, path: Path, note: Note) -> None:
    """A grace as long as the time between two backups forgives that one of them was never made."""
    if not isinstance(said, Mapping):
        return
    match = _SPAN.match(str(said.get("grace", "")))
    days = _EVERY_DAYS.get(str(said.get("every")))
    if match and days and int(match[1]) * _SECONDS[match[2][0]] >= days * 86_400:
        note(
            (*path, "grace"),
            f"is as long as a {said['every']}: a backup that was never made would be forgiven",
        )
