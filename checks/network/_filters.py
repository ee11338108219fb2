"""Packet filters of a machine that forwards: chains, and which of their rules let anything through.

A packet meets the chains of a hook one behind the other and passes where each of them accepts it; so a rule
without any limit lets everything through only where no other chain of its hook stops what it does not know.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from checks.network._policies import Rule

# What may limit a rule. An interface limits none, as a zone of other firewalls does not.
SOURCE, DESTINATION, SERVICE = "source", "destination", "service"
OTHER = "other"  # marks, translated addresses, IPsec: chosen by another rule
OWN = "own"  # replies, invalid packets, loopback: no traffic that a policy decides on
ODD = "odd"  # a match that is not known here
Key = tuple[str, str, str]
"""Family (`ip`, `ip6`, `inet`, `bridge`), table, chain."""
Group = tuple[str, str]
"""Protocol (`IPv4`, `IPv6`, `bridge`) and hook."""
PROTOCOLS: Mapping[str, tuple[str, ...]] = {
    "ip": ("IPv4",),
    "ip6": ("IPv6",),
    "inet": ("IPv4", "IPv6"),
    "bridge": ("bridge",),
}
HOOKS = ("input", "forward")
_BEFORE = "prerouting"  # what is dropped there comes to neither
_DEEPEST = 100  # nftables allows 16
_MOST_STEPS = 100_000
_MOST_BASES = 200


class FilterError(Exception):
    """The rules cannot be read; says where."""


@dataclass(frozen=True, slots=True)
class Line:
    """One rule of a chain. `verdict`: accept, drop, jump, goto, return or nothing (it only counts or logs);
    `target`: where a jump leads. `certain`: without any condition. `hits`: packets (None: no counter)."""

    name: str
    verdict: str
    target: str = ""
    limits: frozenset[str] = frozenset()
    certain: bool = False
    hits: int | None = None
    ends_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain; `hook` is empty for one that is only jumped to. `accepts`: its policy, `hits`: packets that it
    decided on (None: not counted)."""

    key: Key
    lines: tuple[Line, ...]
    hook: str = ""
    accepts: bool = True
    hits: int | None = None


@dataclass(frozen=True, slots=True)
class _Way:
    """How a rule is come to: what the jumps before it limit, and when the last of them ends."""

    limits: frozenset[str]
    ends_ms: int | None


@dataclass(slots=True)
class _Walk:
    """What was met on the ways from one base chain. `met`: place of a rule -> the ways it was come to;
    `ends`: a chain as it was come to -> whether no packet comes out at its end."""

    chains: Mapping[Key, Chain]
    met: dict[tuple[Key, int], list[_Way]] = field(default_factory=dict)
    ends: dict[tuple[Key, _Way], bool] = field(default_factory=dict)
    steps: int = 0

    def chain(self, key: Key, way: _Way, depth: int = 0) -> bool:
        """Follow a chain; whether no packet comes out at its end. One that is not there ends nothing."""
        if (key, way) not in self.ends:
            self.ends[key, way] = False  # for one that comes back to itself
            self.ends[key, way] = key in self.chains and self._lines(key, way, depth)
        return self.ends[key, way]

    def _lines(self, key: Key, way: _Way, depth: int) -> bool:
        lines = self.chains[key].lines
        self.steps += len(lines)
        if depth > _DEEPEST or self.steps > _MOST_STEPS:
            raise FilterError(f"{' '.join(key)}: too many ways lead through the chains")
        back = False
        for at, line in enumerate(lines):
            self.met.setdefault((key, at), []).append(way)
            # Some packets go back to where they were sent from; at a hook these few have its policy.
            back = back or (line.verdict == "return" and depth > 0)
            ended, closed = self._line(line, key, way, depth + 1)
            if ended:
                return closed and not back
        return False

    def _line(self, line: Line, key: Key, way: _Way, depth: int) -> tuple[bool, bool]:
        """Whether nothing goes on behind this rule, and whether that is as everything has its verdict."""
        if line.verdict in ("jump", "goto"):
            further = _Way(way.limits | line.limits, _earlier(way.ends_ms, line.ends_ms))
            closed = self.chain((key[0], key[1], line.target), further, depth)
            return line.certain and (closed or line.verdict == "goto"), closed
        if line.verdict in ("accept", "drop", "return"):
            return line.certain, line.verdict != "return"
        return False, False


def _earlier(one: int | None, other: int | None) -> int | None:
    return min((end for end in (one, other) if end is not None), default=None)


def rules(chains: Sequence[Chain], active: frozenset[Group]) -> tuple[Rule, ...]:
    """The rules that decide on traffic to and through the machine, and what is let through by none.

    `active`: where packets go at all (`IPv4 forward` only where the machine forwards). FilterError where a
    rule that nothing else limits has a match that is not known here.
    """
    by_key = {one.key: one for one in chains}
    walks = {key: _Walk(by_key) for key, one in by_key.items() if _looks(one)}
    if len(walks) > _MOST_BASES:
        raise FilterError(f"{len(walks)} chains at the hooks are too many")
    shut = {key: walk.chain(key, _Way(frozenset(), None)) for key, walk in walks.items()}
    lenient = {key for key in walks if by_key[key].accepts and not shut[key]}
    opened = _opened(by_key, walks, lenient)
    made = list(_absent(chains, active & opened))
    for key, chain in by_key.items():
        bases = [base for base in walks if by_key[base].hook in HOOKS and (key, 0) in walks[base].met]
        for at, line in enumerate(chain.lines if bases else ()):
            if line.verdict in ("accept", "drop"):
                ways = [(by_key[base], way) for base in bases for way in walks[base].met.get((key, at), ())]
                made += _rule(line, ways, opened, active)
        if key in lenient and chain.hook in HOOKS and _groups(chain) & active & opened:
            made.append(Rule(f"{' '.join(key)} default", True, True, True, True, True, chain.hits))
    return tuple(made)


def _looks(chain: Chain) -> bool:
    return chain.hook in (*HOOKS, _BEFORE) and chain.key[0] in PROTOCOLS


def _groups(chain: Chain) -> frozenset[Group]:
    hooks = HOOKS if chain.hook == _BEFORE else (chain.hook,)
    return frozenset((protocol, hook) for protocol in PROTOCOLS[chain.key[0]] for hook in hooks)


def _opened(
    chains: Mapping[Key, Chain], walks: Mapping[Key, _Walk], lenient: Collection[Key]
) -> frozenset[Group]:
    """Where each chain that is there, if any, lets through what it does not know."""
    found = {(protocol, hook) for names in PROTOCOLS.values() for protocol in names for hook in HOOKS}
    for key, walk in walks.items():
        every = (_lets_all(chains[at].lines[n], way) for (at, n), ways in walk.met.items() for way in ways)
        if key not in lenient and not any(every):
            found -= _groups(chains[key])
    return frozenset(found)


def _lets_all(line: Line, way: _Way) -> bool:
    limits = way.limits | line.limits
    if line.verdict != "accept" or limits - {ODD}:
        return False
    if ODD in limits:
        raise FilterError(f"{line.name}: a match that is not known here")
    return True


def _rule(
    line: Line, ways: Sequence[tuple[Chain, _Way]], opened: frozenset[Group], active: frozenset[Group]
) -> Iterator[Rule]:
    """The rule by the widest way to it; nothing where only replies and the like come to it."""
    limits = min((way.limits | line.limits for _, way in ways), key=_narrow, default=line.limits)
    if OWN in limits:
        return
    groups = {group for base, _ in ways for group in _groups(base)} & active
    alone = any(_lets_all(line, way) and active & opened & _groups(base) for base, way in ways)
    ends = [_earlier(way.ends_ms, line.ends_ms) for _, way in ways]
    yield Rule(
        name=line.name,
        enabled=bool(groups),
        permits=line.verdict == "accept" and (alone or bool(limits)),
        any_source=SOURCE not in limits,
        any_destination=DESTINATION not in limits,
        any_service=limits.isdisjoint((SERVICE, OTHER, ODD)),
        hits=line.hits,
        ends_ms=None if None in ends else max((end for end in ends if end is not None), default=None),
    )


def _narrow(limits: frozenset[str]) -> tuple[bool, int]:
    return OWN in limits, len(limits)


def _absent(chains: Iterable[Chain], where: Iterable[Group]) -> Iterator[Rule]:
    """Where no chain at all looks at what comes, everything passes."""
    there = {group for one in chains if one.hook in HOOKS and _looks(one) for group in _groups(one)}
    for protocol, hook in sorted(set(where) - there):
        yield Rule(f"{protocol} {hook} default", True, True, True, True, True)
