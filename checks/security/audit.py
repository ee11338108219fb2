"""Whether the kernel's audit is on, has rules, loses no records and is written."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.hardening import Audit, SecuredHost


@dataclass(frozen=True, slots=True)
class Facts:
    """State of the kernel's audit."""

    audit: Audit


@dataclass(frozen=True, slots=True)
class Params:
    """`approved`: digest of the approved rules (None: not compared). `lost`: records lost since boot."""

    approved: str | None = None
    lost: Upper = Upper(1, 1000)


def observe(host: SecuredHost, params: Params) -> Facts:
    """auditd, auditctl, the audit log's date."""
    return Facts(host.security().audit())


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """`running`, `audit_on`, `rules`, `lost`, `configuration` where rules were approved."""
    found = seen.facts.audit
    state = State.OK if found.running else State.CRIT
    yield Reading("running", int(found.running), Unit.NONE, state, "" if found.running else "not_running")
    if found.enabled is None:
        # Without auditctl a machine may still audit: a daemon that runs is no proof, its absence is one.
        reason = found.trouble or "not_checked"
        yield Reading("audit_on", None, Unit.NONE, State.UNKNOWN, reason)
    else:
        state = State.OK if found.enabled in (1, 2) else State.CRIT
        yield Reading("audit_on", found.enabled, Unit.NONE, state, "" if state is State.OK else "disabled")
    if found.rules is not None:
        state = State.OK if found.rules > 0 else State.WARN
        yield Reading("rules", found.rules, Unit.COUNT, state, "" if found.rules > 0 else "no_rules")
    if found.lost is not None:
        state = params.lost.judge(found.lost)
        yield Reading("lost", found.lost, Unit.COUNT, state, "" if state is State.OK else "limit")
    if params.approved is not None:
        same = found.digest == params.approved
        state, why = (State.OK, "") if same else (State.CRIT, "changed")
        yield Reading("configuration", int(same), Unit.NONE, state, why)


def propose(facts: Facts) -> str:
    """The value of `approved` that these facts would meet, for a person to approve."""
    return facts.audit.digest


CHECK = Check(
    id="security.audit",
    version=1,
    title="系统审计",
    title_en="System audit",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH rule 20", "LH rule 19"),
    needs=(
        "/proc",
        "auditctl -s and -l as root: `systemctl enable --now roundseal-root-commands.socket`, "
        "or CAP_AUDIT_CONTROL",
    ),
)
