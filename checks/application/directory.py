"""An LDAP directory: it takes a bind and has its base entry."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.protocols import DirectorySeen, Endpoint, Protocols, answered, not_answered

_INVALID_CREDENTIALS, _NO_RIGHT, _NOT_FOUND = 49, 50, 32


@dataclass(frozen=True, slots=True)
class Facts:
    directory: DirectorySeen


@dataclass(frozen=True, slots=True)
class Params(Endpoint):
    """`base`: DN of an entry that must be there. `secret`: user (a DN) and password; none: anonymous."""

    port: int = 389
    base: str = field(kw_only=True)
    latency_ms: Upper = Upper(None, None)


def observe(net: Protocols, params: Params) -> Facts:
    return Facts(net.ldap(params, params.base))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.directory
    if bad := not_answered(found.talk):
        yield from bad
        return
    yield answered(found.talk, params.latency_ms)
    yield _bind(found.bind)
    if found.bind == 0:
        yield _entry(found)


def _bind(code: int | None) -> Reading:
    if code is None:
        return Reading("bind", None, Unit.NONE, State.UNKNOWN, "not_reported")
    if code == _INVALID_CREDENTIALS:
        return Reading("bind", code, Unit.NONE, State.UNKNOWN, "login_refused")
    return Reading("bind", code, Unit.NONE, State.CRIT if code else State.OK, "bind_failed" if code else "")


def _entry(found: DirectorySeen) -> Reading:
    if found.search is None or found.search == _NO_RIGHT:
        return Reading("base_entry", None, Unit.COUNT, State.UNKNOWN, "denied")
    if found.search not in (0, _NOT_FOUND):
        return Reading("base_entry", None, Unit.COUNT, State.CRIT, "failed")
    count = found.entries or 0
    return Reading(
        "base_entry", count, Unit.COUNT, State.OK if count else State.CRIT, "" if count else "not_found"
    )


CHECK = Check(
    id="application.directory",
    version=1,
    title="目录服务",
    title_en="Directory service",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-01", "PD-37"),
    needs=("read access to the base entry",),
)
