"""Chains of nftables, as `nft -j list ruleset` tells them (libnftables-json(5))."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
    ip_address,
    ip_network,
    summarize_address_range,
)
from typing import Any

from checks.network._filters import (
    DESTINATION,
    ODD,
    OTHER,
    OWN,
    SERVICE,
    SOURCE,
    Chain,
    FilterError,
    Key,
    Line,
)

Network = IPv4Network | IPv6Network
_FREE = ""  # limits nothing that a policy is about: interfaces, hours, families, rates
_META = {
    "l4proto": SERVICE,
    "mark": OTHER,
    "secmark": OTHER,
    "secpath": OTHER,
    "ipsec": OTHER,
    "skuid": OTHER,
    "skgid": OTHER,
    "cgroup": OTHER,
    **dict.fromkeys(
        (
            *("iif", "iifname", "iiftype", "iifgroup", "iifkind", "oif", "oifname", "oiftype", "oifgroup"),
            *("oifkind", "ibrname", "obrname", "ibrpvid", "ibrvproto", "sdif", "sdifname"),
            *("nfproto", "protocol", "pkttype", "time", "hour", "day", "length", "priority", "cpu", "random"),
        ),
        _FREE,
    ),
}
_CT = {
    **dict.fromkeys(("saddr", "ip saddr", "ip6 saddr"), SOURCE),
    **dict.fromkeys(("daddr", "ip daddr", "ip6 daddr"), DESTINATION),
    **dict.fromkeys(("protocol", "proto-src", "proto-dst"), SERVICE),
    **dict.fromkeys(("mark", "secmark", "label", "helper", "status", "zone", "event", "id"), OTHER),
    **dict.fromkeys(("l3proto", "bytes", "packets", "avgpkt", "expiration"), _FREE),
}
_OPTIONS = ("exthdr", "tcp option", "ip option", "sctp chunk", "dccp option")
_CHOSEN = ("ipsec", "socket", "osf", "rt")
_SHARES = ("numgen", "jhash", "symhash")
_ADDRESSES = {"saddr": SOURCE, "daddr": DESTINATION}
_IP_FREE = ("version", "hdrlength", "dscp", "ecn", "length", "id", "ttl", "hoplimit", "flowlabel", "checksum")
# A set that an address is added to may have a limit, or be full: what stands behind is not always come to.
_CONDITIONS = ("limit", "quota", "ct count", "meter", "set", "map")
_DOES = (  # what a rule does on its way to a verdict, which limits nothing
    *(
        "log",
        "mangle",
        "masquerade",
        "snat",
        "dnat",
        "redirect",
        "notrack",
        "tproxy",
        "synproxy",
    ),
    *("dup", "fwd", "flow", "ct helper", "ct timeout", "ct expectation", "secmark", "last", "continue"),
)
_VERDICTS = {"accept": "accept", "drop": "drop", "reject": "drop", "return": "return", "queue": "accept"}
_MOST_NAME = 80


@dataclass(frozen=True, slots=True)
class _Named:
    """What rules refer to by name. `zone`: of the times that nft tells."""

    zone: timezone
    sets: Mapping[Key, Sequence[Any]]
    counters: Mapping[Key, int]
    shared: frozenset[Key] = frozenset()
    # Whether a set holds all addresses of a family: many rules may name a large one.
    whole: dict[Key, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Place:
    """Family and table that a rule's names are of."""

    key: Key
    named: _Named

    def elements(self, name: str) -> Sequence[Any] | None:
        """Of a set or map `@name`; None where it is not listed."""
        return self.named.sets.get((self.key[0], self.key[1], name.removeprefix("@")))

    def hits(self, counter: Any) -> int | None:
        """Packets of a counter; of a named one that several rules share only that there were none."""
        if isinstance(counter, dict):
            packets = counter.get("packets")
            return packets if isinstance(packets, int) else None
        at = (self.key[0], self.key[1], str(counter))
        packets = self.named.counters.get(at)
        return None if packets and at in self.named.shared else packets


def chains(text: str, offset_s: int) -> tuple[Chain, ...]:
    """All chains of a ruleset; FilterError where it is none. `offset_s`: the machine's zone, east of UTC."""
    try:
        listed = json.loads(text)["nftables"]
        return tuple(_chains([dict(one) for one in listed], timezone(timedelta(seconds=offset_s))))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        raise FilterError("nft: no ruleset that can be read") from None


def _chains(listed: Sequence[Mapping[str, Any]], zone: timezone) -> Iterator[Chain]:
    def of(kind: str) -> Iterator[Any]:
        return (one[kind] for one in listed if kind in one)

    sets = {_key(one): one.get("elem", ()) for kind in ("set", "map") for one in of(kind)}
    counters = {_key(one): int(one["packets"]) for one in of("counter")}
    named = _Named(zone, sets, counters, _shared(list(of("rule"))))
    rules: dict[Key, list[Mapping[str, Any]]] = {}
    for rule in of("rule"):
        rules.setdefault((rule["family"], rule["table"], rule["chain"]), []).append(rule)
    asleep = {(one["family"], one["name"]) for one in of("table") if "dormant" in one.get("flags", ())}
    for one in of("chain"):
        if (one["family"], one["table"]) in asleep:
            continue  # no packet comes to it
        hook = one.get("hook", "") if one.get("type") == "filter" else ""
        # A base chain of another type (nat, route) is none that packets are stopped in.
        held = enumerate(rules.get(_key(one), ()), 1)
        lines = tuple(line for number, rule in held for line in _lines(rule, number, named))
        yield Chain(_key(one), lines, hook, one.get("policy", "accept") == "accept")


def _key(one: Mapping[str, Any]) -> Key:
    return str(one["family"]), str(one.get("table", "")), str(one["name"])


def _shared(listed: Sequence[Mapping[str, Any]]) -> frozenset[Key]:
    """Named counters of more than one rule."""
    used: Counter[Key] = Counter()
    for rule in listed:
        told = [part["counter"] for part in rule["expr"] if isinstance(part, dict) and "counter" in part]
        used.update((rule["family"], rule["table"], name) for name in told if isinstance(name, str))
    return frozenset(key for key, times in used.items() if times > 1)


@dataclass(slots=True)
class _Made:
    """A rule while it is read."""

    limits: set[str] = field(default_factory=set)
    certain: bool = True
    hits: int | None = None
    ends_ms: int | None = None


def _lines(rule: Mapping[str, Any], number: int, named: _Named) -> Iterator[Line]:
    """A rule is one line, or one for each element of its verdict map."""
    place = _Place((rule["family"], rule["table"], rule["chain"]), named)
    name = str(rule.get("comment") or f"{' '.join(place.key)} {number}")
    made = _Made()
    ends: list[tuple[str, str, _Made]] = []
    for part in rule["expr"]:
        ((kind, what),) = part.items() if isinstance(part, dict) else ((str(part), None),)
        if kind == "vmap":
            ends += _mapped(dict(what or {}), made, place)
        elif found := _verdict(kind, what):
            # A program of its own decides, or nobody while it does not run.
            made.limits |= {ODD} if kind == "queue" else set()
            ends.append((*found, made))
        else:
            _read(kind, what, made, place)
    shown = "".join(c for c in name if c.isprintable())[:_MOST_NAME]
    for verdict, target, end in ends or [("", "", made)]:
        yield Line(shown, verdict, target, frozenset(end.limits), end.certain, end.hits, end.ends_ms)


def _verdict(kind: str, what: Any) -> tuple[str, str] | None:
    if kind in ("jump", "goto"):
        return kind, str(what["target"])
    if kind == "xt" and what.get("type") == "target" and what.get("name") == "REJECT":
        return "drop", ""
    return (_VERDICTS[kind], "") if kind in _VERDICTS else None


def _read(kind: str, what: Any, made: _Made, place: _Place) -> None:
    if kind == "match":
        limits, ends = _match(what, place)
        made.limits |= limits
        made.certain = False
        made.ends_ms = min((one for one in (ends, made.ends_ms) if one is not None), default=None)
    elif kind == "counter":
        made.hits = place.hits(what)
    elif kind in _CONDITIONS:
        made.certain = False
    elif kind not in _DOES:
        made.limits.add(ODD)
        made.certain = False


def _mapped(what: Mapping[str, Any], made: _Made, place: _Place) -> Iterator[tuple[str, str, _Made]]:
    """Verdicts of a map with what each element limits."""
    data = what["data"]
    found = place.elements(data) if isinstance(data, str) else data["set"]
    if found is None:
        raise FilterError(f"{' '.join(place.key)}: a map that is not listed")
    for key, verdict in found:
        ((kind, told),) = verdict.items()
        limits, ends = _match({"op": "==", "left": what["key"], "right": _bare(key)}, place)
        end = _verdict(kind, told)
        if end is not None:
            hits = _counted(key, place) if made.hits else made.hits
            yield *end, _Made(made.limits | limits, False, hits, ends if ends is not None else made.ends_ms)


def _counted(key: Any, place: _Place) -> int | None:
    """An element's own counter; that of its rule counts all elements."""
    own = key["elem"].get("counter") if isinstance(key, dict) and "elem" in key else None
    return None if own is None else place.hits(own)


def _bare(element: Any) -> Any:
    """An element of a set may carry a counter, a comment, a time to live."""
    return element["elem"]["val"] if isinstance(element, dict) and "elem" in element else element


def _match(what: Mapping[str, Any], place: _Place) -> tuple[set[str], int | None]:
    """What a match limits, and its last instant where it is one of time."""
    left, right, op = what["left"], what["right"], what["op"]
    if right == "*":  # whatever no other element of a map has
        return set(), None
    if isinstance(left, dict) and "concat" in left:
        return (set() if op == "!=" else {kind for one in left["concat"] for kind in _kind(one)}), None
    kinds = _kind(left)
    if kinds & {SOURCE, DESTINATION} and (op == "!=" or _everything(right, place)):
        return kinds - {SOURCE, DESTINATION}, None  # all but some is still anybody
    (kind, field_), *_ = left.items() if isinstance(left, dict) else (("", {}),)
    if kind == "ct" and field_.get("key") in ("state", "direction"):
        new = not _words(right, place).isdisjoint(("new", "original"))
        return ({OWN} if new == (op == "!=") else set()), None
    if (
        kind == "meta"
        and field_.get("key") in ("iif", "iifname")
        and op == "=="
        and _words(right, place) == {"lo"}
    ):
        return {OWN}, None
    if kind == "meta" and field_.get("key") == "time":
        return kinds, _ends(op, right, place.named.zone)
    if kind == "meta" and field_.get("key") == "l4proto" and op == "!=":
        return set(), None
    return kinds, None


def _kind(left: Any) -> set[str]:
    """What an expression on the left is about; ODD where it is not known here."""
    if not isinstance(left, dict) or len(left) != 1:
        return {ODD}
    ((kind, what),) = left.items()
    if kind in ("&", "|", "^", "<<", ">>"):
        return _kind(what[0])
    if kind == "payload":
        return _payload(what)
    if kind in ("meta", "ct"):
        return {(_META if kind == "meta" else _CT).get(str(what.get("key")), ODD)} - {_FREE}
    if kind == "fib":
        flags = what.get("flags", ())
        return {
            _ADDRESSES[one] for one in ([flags] if isinstance(flags, str) else flags) if one in _ADDRESSES
        }
    if kind in _OPTIONS:
        return {SERVICE}
    if kind in _CHOSEN:
        return {OTHER}
    return set() if kind in _SHARES else {ODD}


def _payload(what: Mapping[str, Any]) -> set[str]:
    protocol, name = str(what.get("protocol", "")), str(what.get("field", ""))
    if name in _ADDRESSES and protocol in ("ip", "ip6", "ether", "arp"):
        return {_ADDRESSES[name]}
    if (protocol in ("ip", "ip6") and name in _IP_FREE) or protocol in ("vlan", "ether"):
        return set()
    # `ip protocol`, ports, types of ICMP, flags; bytes at some place (`@th,16,32`) may be anything.
    return {SERVICE} if protocol else {ODD}


def _words(right: Any, place: _Place) -> set[str]:
    """The words of one, of a list, of flags (`|`) or of a set; KeyError where it is something else."""
    if isinstance(right, str) and right.startswith("@"):
        listed = place.elements(right)
    elif isinstance(right, dict):
        listed = right["|" if "|" in right else "set"]
    else:
        listed = [right] if isinstance(right, str) else right
    if listed is None:
        raise FilterError(f"{' '.join(place.key)}: a set that is not listed")
    return {str(_bare(one)) for one in listed}


def _ends(op: str, right: Any, zone: timezone) -> int | None:
    last = right["range"][1] if isinstance(right, dict) and "range" in right and op == "==" else right
    if not isinstance(last, str) or op not in ("<", "<=", "=="):
        return None
    return int(datetime.fromisoformat(last).replace(tzinfo=zone).timestamp() * 1000)


def _everything(right: Any, place: _Place) -> bool:
    """Whether these addresses are all there are of a family."""
    if not isinstance(right, str) or not right.startswith("@"):
        return whole(list(_networks(right, place)))
    key = (*place.key[:2], right)
    if key not in place.named.whole:
        place.named.whole[key] = whole(list(_networks(right, place)))
    return place.named.whole[key]


def whole(found: Sequence[Network]) -> bool:
    """Whether these networks together are all addresses of a family."""
    four = collapse_addresses(one for one in found if isinstance(one, IPv4Network))
    six = collapse_addresses(one for one in found if isinstance(one, IPv6Network))
    return any(one.prefixlen == 0 for one in four) or any(one.prefixlen == 0 for one in six)


def _networks(right: Any, place: _Place) -> Iterator[Network]:
    right = _bare(right)
    if isinstance(right, str) and right.startswith("@"):
        for one in place.elements(right) or ():
            yield from _networks(one, place)
    elif isinstance(right, str):
        yield from _host(right)
    elif isinstance(right, dict) and "set" in right:
        for one in right["set"]:
            yield from _networks(one, place)
    elif isinstance(right, dict) and "prefix" in right:
        yield ip_network(f"{right['prefix']['addr']}/{right['prefix']['len']}", strict=False)
    elif isinstance(right, dict) and "range" in right:
        yield from between(*right["range"])


def _host(text: str) -> Iterator[Network]:
    try:
        yield ip_network(text)
    except ValueError:  # a MAC address, a type of address
        return


def between(first: str, last: str) -> Iterator[Network]:
    """The networks of a range of addresses."""
    one, other = ip_address(first), ip_address(last)
    if isinstance(one, IPv4Address) and isinstance(other, IPv4Address):
        return summarize_address_range(one, other)
    if isinstance(one, IPv6Address) and isinstance(other, IPv6Address):
        return summarize_address_range(one, other)
    raise ValueError("a range of two families")
