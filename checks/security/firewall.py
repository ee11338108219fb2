"""Whether the packet filter drops what no rule allows, and whether its rules are the approved ones."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.hardening import Firewall, SecuredHost


@dataclass(frozen=True, slots=True)
class Facts:
    """The packet filter's rules, as counts and a digest."""

    firewall: Firewall


@dataclass(frozen=True, slots=True)
class Params:
    """`approved`: digest of the approved rules (None: nobody has approved any, which is unknown)."""

    approved: str | None = None
    required: bool = True


def observe(host: SecuredHost, params: Params) -> Facts:
    """Rules as nft and iptables list them."""
    return Facts(host.security().firewall())


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """`closed` (what no rule allows is dropped), `rules`, `configuration`."""
    found = seen.facts.firewall
    if not found.tools:
        yield Reading("closed", None, Unit.NONE, State.UNKNOWN, "not_checked")
        return
    bad = not found.closed and params.required
    reason = ("default_open" if found.rules else "no_rules") if bad else ""
    yield Reading("closed", int(found.closed), Unit.NONE, State.CRIT if bad else State.OK, reason)
    yield Reading("rules", found.rules, Unit.COUNT, State.OK)
    if params.approved is None:
        yield Reading("configuration", None, Unit.NONE, State.UNKNOWN, "no_baseline")
        return
    same = found.digest == params.approved
    state, why = (State.OK, "") if same else (State.CRIT, "changed")
    yield Reading("configuration", int(same), Unit.NONE, state, why)


def propose(facts: Facts) -> str:
    """The value of `approved` that these facts would meet, for a person to approve."""
    return facts.firewall.digest


CHECK = Check(
    id="security.firewall",
    version=1,
    title="主机防火墙",
    title_en="Host firewall",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-32", "LH rule 18"),
    needs=(
        "nft or iptables-save, which list their rules to root: "
        "`systemctl enable --now roundseal-root-commands.socket`, or CAP_NET_ADMIN",
    ),
)
