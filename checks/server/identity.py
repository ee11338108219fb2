"""What a server calls itself, against the ledger: serial number, model, asset tag."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.bmc import Bmc, Identity, Reach


@dataclass(frozen=True, slots=True)
class Facts:
    identity: Identity


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """How the controller is reached (see the source bmc); what the ledger says; empty is not compared."""

    serial: str = ""
    model: str = ""
    asset_tag: str = ""


def observe(bmc: Bmc, params: Params) -> Facts:
    return Facts(bmc.identity(params))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.identity
    pairs = (
        ("serial", found.serial, params.serial),
        ("model", found.model, params.model),
        ("asset_tag", found.asset_tag, params.asset_tag),
    )
    if not any(wanted for _, _, wanted in pairs):
        yield Reading("identity", None, Unit.NONE, State.UNKNOWN, "no_baseline")
    for name, shown, wanted in pairs:
        if wanted:
            state, reason = _same(shown, wanted)
            yield Reading(name, None, Unit.NONE, state, reason)


def _same(shown: str, wanted: str) -> tuple[State, str]:
    if not shown:
        return State.UNKNOWN, "not_reported"
    same = shown.strip().casefold() == wanted.strip().casefold()
    return (State.OK, "") if same else (State.CRIT, "ledger_differs")


def propose_params(facts: Facts) -> dict[str, str]:
    """Parameters that these facts would meet, for a person to approve."""
    found = facts.identity
    told = {"serial": found.serial, "model": found.model, "asset_tag": found.asset_tag}
    return {name: value.strip() for name, value in told.items() if value.strip()}


CHECK = Check(
    id="server.identity",
    version=1,
    title="服务器序列号核对",
    title_en="Identity of a server",
    source=Source.BMC,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH annex 1 r5",),
    needs=("a controller user with the role ReadOnly (Redfish) or the privilege USER (IPMI)",),
)
