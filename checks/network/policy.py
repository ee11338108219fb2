"""A firewall's policy: rules that permit anything to anything, that nothing ever met, or whose time is over.

A Linux gateway is read as nftables and iptables list their rules; there a rule is what decides on new traffic
to or through the machine (replies, loopback and what only leads to other chains are none), and what a chain
or a hook without one accepts at its end is a rule too. How the policies of makers are read follows what is
generally known of the formats and was never tried on such a firewall itself.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from checks.api import Check, ErrorKind, ObservationError, Reading, Seen, Source, State, Unit
from checks.network import _gateway
from checks.network._parts import unique
from checks.network._policies import MAKERS, Rule
from checks.remote import Ssh, login

_MOST_NAMED = 20
_LINUX = "linux"
_PLATFORMS = (*MAKERS, _LINUX)


@dataclass(frozen=True, slots=True)
class Facts:
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """How the firewall is reached (see the source ssh). `accepted`: any-to-any rules the buyer agreed to.
    `platform`: huawei_vrp, hp_comware, fortinet or linux (a machine with nft or iptables; a rule is called by
    its comment, or by family, table, chain and its place there).
    """

    address: str
    platform: str
    port: int = 22
    secret: str = "ssh"  # noqa: S105  # a name to look up on the agent, no secret
    legacy: bool = False
    hop: str = ""
    hop_secret: str = "bastion"  # noqa: S105  # likewise
    timeout_ms: int = 60_000
    accepted: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        login(self)
        if self.platform not in _PLATFORMS:
            raise ValueError(f"platform must be one of {', '.join(_PLATFORMS)}")


def observe(ssh: Ssh, params: Params) -> Facts:
    if params.platform == _LINUX:
        return Facts(_gateway.policy(ssh, login(params), params.timeout_ms))
    maker = MAKERS[params.platform]
    screens = ssh.shell(login(params), params.platform, maker.commands, timeout_ms=params.timeout_ms)
    first = screens[0] if screens else None
    if first is None or first.trouble == "unknown_command":
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{params.address} does not show a policy")
    if first.trouble:
        raise ObservationError(ErrorKind.DENIED, f"{params.address}: this user may not see the policy")
    if first.cut:
        raise ObservationError(ErrorKind.GARBLED, f"{params.address}: the policy breaks off")
    rules = maker.read(tuple("" if one.trouble or one.cut else one.text for one in screens))
    if not rules and first.text.strip():
        raise ObservationError(ErrorKind.GARBLED, f"{params.address}: no rule was found in the policy")
    return Facts(rules)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    rules = seen.facts.rules
    # A machine that drops all but replies has none; what a maker's firewall did not tell is no policy.
    if not rules and params.platform != _LINUX:
        yield Reading("rules", None, Unit.COUNT, State.UNKNOWN, "not_reported")
        return
    named = list(zip(unique(one.name for one in rules), rules, strict=True))
    live = [(name, rule) for name, rule in named if rule.enabled]
    yield Reading("rules", len(rules), Unit.COUNT, State.OK)
    yield Reading("disabled", len(rules) - len(live), Unit.COUNT, State.OK)
    open_to_all = [name for name, rule in live if _any_any(rule) and rule.name not in params.accepted]
    yield from _found("any_any", open_to_all, State.CRIT, "any_any")
    over = [name for name, rule in live if rule.ends_ms is not None and rule.ends_ms < seen.taken_at]
    yield from _found("expired", over, State.WARN, "rule_expired")
    counted = [(name, rule.hits) for name, rule in live if rule.hits is not None]
    if live and not counted:
        yield Reading("unused", None, Unit.COUNT, State.UNKNOWN, "not_reported")
        return
    yield from _found("unused", [name for name, hits in counted if hits == 0], State.WARN, "never_hit")
    if uncounted := len(live) - len(counted):
        yield Reading("uncounted", uncounted, Unit.COUNT, State.UNKNOWN, "not_reported")


def _any_any(rule: Rule) -> bool:
    return rule.permits and rule.any_source and rule.any_destination and rule.any_service


def _found(name: str, names: Iterable[str], state: State, reason: str) -> Iterator[Reading]:
    bad = list(names)
    yield Reading(name, len(bad), Unit.COUNT, state if bad else State.OK, reason if bad else "")
    for one in bad[:_MOST_NAMED]:
        yield Reading(one, None, Unit.NONE, state, reason)


CHECK = Check(
    id="network.policy",
    version=1,
    title="防火墙策略分析",
    title_en="Firewall policy",
    source=Source.SSH,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-32(2)", "PD-32(5)"),
    needs=(
        "a login that may show the security policy and its hits, and change nothing",
        f"of a Linux machine: root, or `{_gateway.SUDOERS}` (of what is installed; with rules of"
        " iptables-legacy beside, iptables-legacy-save and ip6tables-legacy-save too)",
        "a Linux machine's policy tried on nftables and iptables themselves; makers' on texts of our own"
        " in the form they print, never on such a firewall",
    ),
)
