"""Accounts that may log in, their rights, expiry and changes; whether audit is on."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Lower, Reading, Seen, Source, State, Unit
from checks.sql import GRANTS, TRIED_ON, Account, Accounts, Reach, Sql


@dataclass(frozen=True, slots=True)
class Facts:
    accounts: Accounts


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """`superusers`: those agreed (none: unknown, no_baseline). `expires_d`: days left of a password."""

    superusers: tuple[str, ...] = ()
    audit: bool = True
    expires_d: Lower = Lower(14, 0)


def observe(sql: Sql, params: Params) -> Facts:
    return Facts(sql.accounts(params))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.accounts
    yield Reading("accounts", len(found.accounts), Unit.COUNT, *_changed(found))
    yield from _superusers(found, params.superusers)
    for one in found.accounts:
        if one.no_password and not one.locked:
            yield Reading(f"{one.name}:password", None, Unit.NONE, State.CRIT, "password_missing")
        if not one.locked and (one.expired or one.expires is not None):
            yield _expiry(one, seen.taken_at, params.expires_d)
    if params.audit:
        yield _audit(found.audit)


def _changed(found: Accounts) -> tuple[State, str]:
    changed = bool(found.before) and found.before != found.digest
    return (State.WARN, "changed_since") if changed else (State.OK, "")


def _superusers(found: Accounts, agreed: tuple[str, ...]) -> Iterator[Reading]:
    there = [one for one in found.accounts if "superuser" in one.rights and not one.locked]
    if not agreed:
        yield Reading("superusers", len(there), Unit.COUNT, State.UNKNOWN, "no_baseline")
        return
    odd = [one.name for one in there if one.name not in agreed]
    state, reason = (State.CRIT, "unexpected") if odd else (State.OK, "")
    yield Reading("superusers", len(there), Unit.COUNT, state, reason)
    for name in odd:
        yield Reading(f"{name}:superuser", None, Unit.NONE, State.CRIT, "unexpected")


def _expiry(one: Account, now: int, limit: Lower) -> Reading:
    name = f"{one.name}:expires"
    if one.expired:
        return Reading(name, None, Unit.DAYS, State.CRIT, "expired")
    days = None if one.expires is None else (one.expires - now) // 86_400_000
    state = limit.judge(days)
    if days is None:
        return Reading(name, None, Unit.DAYS, State.UNKNOWN, "not_reported")
    reason = "" if state is State.OK else "expired" if days < 0 else "expires_soon"
    return Reading(name, days, Unit.DAYS, state, reason)


def _audit(on: bool | None) -> Reading:
    if on is None:
        return Reading("audit", None, Unit.NONE, State.UNKNOWN, "not_reported")
    return Reading("audit", None, Unit.NONE, State.OK if on else State.WARN, "" if on else "audit_off")


def propose_params(facts: Facts) -> dict[str, list[str]]:
    """Parameters that these facts would meet, for a person to approve."""
    there = [one.name for one in facts.accounts.accounts if "superuser" in one.rights and not one.locked]
    return {"superusers": there} if there else {}


CHECK = Check(
    id="database.accounts",
    version=1,
    title="数据库账号与审计",
    title_en="Database accounts and audit",
    source=Source.SQL,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-35", "LH rule 20"),
    needs=(*GRANTS, TRIED_ON),
)
