"""Local accounts: a second root, empty passwords, shared numbers, expired ones, and what is new.

A baseline maps an account's name to the mark of its number, groups, home and shell.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checks.accounts import Account, Accounts
from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.approved import MOST_LISTED, compare
from checks.hardening import SecuredHost

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Facts:
    """Every local account, and why shadow could not be read."""

    accounts: tuple[Account, ...]
    trouble: str


@dataclass(frozen=True, slots=True)
class Params:
    """`baseline` None: nobody has approved one, which is unknown. `root`: further names allowed UID 0."""

    baseline: Mapping[str, str] | None = None
    root: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()


def observe(host: SecuredHost, params: Params) -> Facts:
    """passwd, group and shadow."""
    seen: Accounts = host.security().accounts()
    return Facts(seen.accounts, seen.trouble)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Counts `uid_zero`, `shared_uid`, `empty_password`, `expired_account`, then the baseline's readings."""
    facts = seen.facts
    if not facts.accounts:
        yield Reading("uid_zero", None, Unit.COUNT, State.UNKNOWN, "no_records")
        return
    zero = [one.name for one in facts.accounts if one.uid == 0 and one.name not in ("root", *params.root)]
    yield from _bad("uid_zero", zero, State.CRIT)
    yield from _bad("shared_uid", _shared(facts, params), State.CRIT)
    yield from _passwords(seen)
    yield from compare(params.baseline, propose(facts))


def _shared(facts: Facts, params: Params) -> list[str]:
    """Accounts that are the same to the kernel, or have the same name twice."""
    numbers = Counter(one.uid for one in facts.accounts if one.name not in params.shared and one.uid != 0)
    names = Counter(one.name for one in facts.accounts)
    return [
        one.name
        for one in facts.accounts
        if names[one.name] > 1 or (one.name not in params.shared and numbers[one.uid] > 1)
    ]


def _passwords(seen: Seen[Facts]) -> Iterator[Reading]:
    facts = seen.facts
    if facts.trouble or any(one.password == "hidden" for one in facts.accounts):  # noqa: S105  # a word, no secret
        # Without the right to read shadow nobody knows who has no password.
        yield Reading("empty_password", None, Unit.COUNT, State.UNKNOWN, facts.trouble or "missing")
        return
    empty = [one.name for one in facts.accounts if one.password == "empty" and one.login]  # noqa: S105  # likewise
    yield from _bad("empty_password", empty, State.CRIT)
    today = seen.taken_at // _DAY_MS
    ended = [one.name for one in facts.accounts if one.expires_day is not None and one.expires_day <= today]
    yield from _bad("expired_account", ended, State.WARN)


def _bad(name: str, found: list[str], state: State) -> Iterator[Reading]:
    yield Reading(name, len(found), Unit.COUNT, state if found else State.OK, name if found else "")
    for account in sorted(set(found))[:MOST_LISTED]:
        yield Reading(f"{account}:{name}", None, Unit.NONE, state, name)


def propose(facts: Facts) -> dict[str, str]:
    """A baseline that these facts would meet, for a person to approve."""
    return {one.name: one.mark for one in facts.accounts}


CHECK = Check(
    id="security.accounts",
    version=1,
    title="系统账户",
    title_en="Local accounts",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-32", "LH rule 4"),
    needs=(
        "/etc/passwd, /etc/group",
        "/etc/shadow for passwords (`usermod -aG shadow roundseal-agent`, or an ACL)",
    ),
)
