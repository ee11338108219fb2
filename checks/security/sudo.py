"""What sudo lets people do: everything without a password, and rules that nobody approved.

A baseline maps a rule (who, as whom, a digest of hosts and commands) to the digest of how it is granted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checks.accounts import Sudo, SudoRule
from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.approved import MOST_LISTED, compare, mark
from checks.hardening import SecuredHost


@dataclass(frozen=True, slots=True)
class Facts:
    """Rules of sudo, without command lists."""

    sudo: Sudo


@dataclass(frozen=True, slots=True)
class Params:
    """`baseline` None: nobody has approved one, which is unknown. `trusted`: who may do all unasked."""

    baseline: Mapping[str, str] | None = None
    trusted: tuple[str, ...] = ()


def observe(host: SecuredHost, params: Params) -> Facts:
    """sudoers with what it includes."""
    return Facts(host.security().sudo())


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """`rules`, `no_password` (everything, unasked), `unread`, then the baseline's readings."""
    sudo = seen.facts.sudo
    if not sudo.installed:
        yield Reading("rules", 0, Unit.COUNT, State.OK, "not_installed")
        return
    yield Reading("rules", len(sudo.rules), Unit.COUNT, State.OK)
    free = [one for one in sudo.rules if one.no_password and one.who not in params.trusted]
    whole = [one for one in free if one.everything]
    state = State.CRIT if whole else State.WARN if free else State.OK
    yield Reading("no_password", len(free), Unit.COUNT, state, "no_password" if free else "")
    entirely = {one.who for one in whole}
    for who in sorted({one.who for one in free})[:MOST_LISTED]:
        kind = State.CRIT if who in entirely else State.WARN
        yield Reading(f"{who}:no_password", None, Unit.NONE, kind, "no_password")
    for path, trouble in sudo.troubles.items():
        yield Reading(path, None, Unit.NONE, State.UNKNOWN, trouble or "unreadable")
    if sudo.unread:
        yield Reading("unread", sudo.unread, Unit.COUNT, State.UNKNOWN, "unreadable")
    yield from compare(params.baseline, propose(seen.facts))


def _name(rule: SudoRule) -> str:
    return f"{rule.who} ({rule.run_as}) {rule.commands}"


def propose(facts: Facts) -> dict[str, str]:
    """A baseline that these facts would meet, for a person to approve."""
    return {_name(one): mark(one.no_password, one.everything) for one in facts.sudo.rules}


CHECK = Check(
    id="security.sudo",
    version=1,
    title="sudo 授权",
    title_en="Rules of sudo",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-32", "LH rule 4", "LH rule 18"),
    needs=("/etc/sudoers, /etc/sudoers.d (an ACL: `setfacl -m u:roundseal-agent:r FILE`, `rx` for DIR)",),
)
