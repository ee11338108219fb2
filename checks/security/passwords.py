"""How long passwords live, how strong they must be, and whose is overdue, unlimited or weakly hashed."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.accounts import Account, PasswordRules
from checks.api import Check, Lower, Reading, Seen, Source, State, Unit, Upper
from checks.approved import MOST_LISTED
from checks.hardening import SecuredHost

_DAY_MS = 86_400_000
_FOREVER = 99_999  # shadow's own word for "never"
_WEAK = frozenset({"des", "md5"})


@dataclass(frozen=True, slots=True)
class Facts:
    """Rules for new passwords, and accounts that have one."""

    rules: PasswordRules
    accounts: tuple[Account, ...]
    trouble: str


@dataclass(frozen=True, slots=True)
class Params:
    """Limits in days, characters and failed attempts. `ageless`: accounts whose password need not change."""

    most_days: Upper = Upper(91, 181)
    length: Lower = Lower(7, 5)
    failures: Upper = Upper(6, 11)
    ageless: tuple[str, ...] = ()


def observe(host: SecuredHost, params: Params) -> Facts:
    """login.defs, PAM, shadow."""
    security = host.security()
    seen = security.accounts()
    having = tuple(one for one in seen.accounts if one.password not in ("none", "locked"))
    return Facts(security.password_rules(), having, seen.trouble)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Rules `most_days`, `length`, `complexity`, `lockout`, `failures`; counts of accounts `never_expires`,
    `overdue`, `weak_hash`."""
    rules = seen.facts.rules
    yield _limit("most_days", rules.most_days, Unit.DAYS, params.most_days)
    if rules.trouble:
        yield Reading("complexity", None, Unit.NONE, State.UNKNOWN, rules.trouble)
    else:
        yield _limit("length", rules.least_length, Unit.COUNT, params.length)
        yield _there("complexity", rules.quality)
        yield _there("lockout", rules.lockout)
        if rules.lockout:
            yield _limit("failures", rules.failures, Unit.COUNT, params.failures)
    yield from _accounts(seen, params)


def _limit(name: str, value: int | None, unit: Unit, limits: Upper | Lower) -> Reading:
    state = limits.judge(value)
    reason = "not_set" if value is None else "" if state is State.OK else "limit"
    return Reading(name, value, unit, state, reason)


def _there(name: str, there: bool) -> Reading:
    state = State.OK if there else State.CRIT
    return Reading(name, int(there), Unit.NONE, state, "" if there else "not_set")


def _accounts(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    facts, today = seen.facts, seen.taken_at // _DAY_MS
    if facts.trouble:
        yield Reading("overdue", None, Unit.COUNT, State.UNKNOWN, facts.trouble)
        return
    aged = [one for one in facts.accounts if one.name not in params.ageless]
    unlimited = [one for one in aged if one.most_days is None or one.most_days >= _FOREVER]
    limited = [one for one in aged if one not in unlimited and one.changed_day is not None]
    overdue = [one for one in limited if (one.changed_day or 0) + (one.most_days or 0) < today]
    yield from _bad("never_expires", unlimited, State.WARN)
    yield from _bad("overdue", overdue, State.CRIT)
    yield from _bad("weak_hash", [one for one in facts.accounts if one.method in _WEAK], State.CRIT)


def _bad(name: str, found: list[Account], state: State) -> Iterator[Reading]:
    yield Reading(name, len(found), Unit.COUNT, state if found else State.OK, name if found else "")
    for account in found[:MOST_LISTED]:
        yield Reading(f"{account.name}:{name}", None, Unit.NONE, state, name)


CHECK = Check(
    id="security.passwords",
    version=1,
    title="口令策略与有效期",
    title_en="Password rules and ageing",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH rule 3", "LH rule 4", "PD-32"),
    needs=("/etc/login.defs, /etc/pam.d", "/etc/shadow (`usermod -aG shadow roundseal-agent`, or an ACL)"),
)
