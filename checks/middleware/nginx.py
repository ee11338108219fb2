"""nginx: the servers it passes requests on to, and its own connections.

A free nginx keeps to itself which of its upstream servers it holds for failed. So its configuration says whom
it knows, and each is tried from the same machine: what takes no connection takes none of nginx either.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import monotonic

from checks.api import Check, ErrorKind, ObservationError, Reading, Seen, Source, State, Unit, Upper
from checks.commands import ROOT, Commands
from checks.middleware._nginx import Server, servers
from checks.pools import Member, judge_pools
from checks.probes import check_timeout

_MOST = 256
_STATUS = re.compile(
    r"Active connections:\s*(\d{1,12})\s+server accepts handled requests\s+(\d{1,18})\s+(\d{1,18})\s"
)
_URL = re.compile(r"http://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?/[\w./-]{0,200}")


@dataclass(frozen=True, slots=True)
class Facts:
    """`whole`: all servers of the configuration are among `members`. `digest`: of the configuration. Counts
    are those of stub_status, None where it was not asked or said something else."""

    members: tuple[Member, ...]
    whole: bool
    digest: str
    active: int | None
    accepted: int | None
    handled: int | None


@dataclass(frozen=True, slots=True)
class Params:
    """`expected`: upstreams that must be there. `status`: URL of stub_status on this machine, empty: none.
    `ignore`: servers (`UPSTREAM/SERVER`) meant to be out of service. `active`: connections now; `dropped`:
    connections that it had to drop since its start. `connect_ms`: for one server."""

    expected: tuple[str, ...]
    status: str = ""
    ignore: tuple[str, ...] = ()
    active: Upper = Upper(None, None)
    dropped: Upper = Upper(None, None)
    connect_ms: int = 2000
    timeout_ms: int = 20_000

    def __post_init__(self) -> None:
        check_timeout(self.timeout_ms, 100, 600_000)
        check_timeout(self.connect_ms, 10, 60_000)
        if self.status and not _URL.fullmatch(self.status):
            raise ValueError("status must be a URL http://127.0.0.1… or http://localhost… of this machine")


def observe(host: Commands, params: Params) -> Facts:
    until = monotonic() + params.timeout_ms / 1000
    said = host.command("nginx.config", timeout_ms=params.timeout_ms).sound()
    try:
        known = servers(said.text)
    except ValueError as error:
        raise ObservationError(ErrorKind.GARBLED, f"nginx -T: {error}") from None
    counts = _counts(host, params)
    members = _tried(host, known[:_MOST], params, until)
    return Facts(members, len(known) <= _MOST, said.digest, *counts)


def _counts(host: Commands, params: Params) -> tuple[int | None, int | None, int | None]:
    if not params.status:
        return None, None, None
    page = host.command("page", params.status, timeout_ms=params.timeout_ms)
    found = _STATUS.search(page.text) if page.exit == 0 else None
    return (int(found[1]), int(found[2]), int(found[3])) if found else (None, None, None)


def _tried(host: Commands, known: Sequence[Server], params: Params, until: float) -> tuple[Member, ...]:
    """Each address once; those that no time is left for have no state."""
    states: dict[tuple[str, int], str] = {}
    made = []
    for one in known:
        state = one.state
        if not state:
            at = (one.host, one.port)
            left = int((until - monotonic()) * 1000)
            if at not in states and left > 0:
                states[at] = host.reach(*at, timeout_ms=min(params.connect_ms, left))
            state = {"connected": "up", None: ""}.get(states.get(at), "down")
        made.append(Member(one.pool, one.name, state))
    return tuple(made)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    facts = seen.facts
    if facts.members or params.expected:
        yield from judge_pools(facts.members, params.expected, params.ignore)
    if not facts.whole:
        yield Reading("balancer_pools", None, Unit.COUNT, State.UNKNOWN, "broken_off")
    if not params.status:
        return
    state = params.active.judge(facts.active)
    why = "not_reported" if facts.active is None else "many"
    yield Reading("connections_active", facts.active, Unit.COUNT, state, "" if state is State.OK else why)
    if facts.accepted is not None and facts.handled is not None:
        dropped = max(facts.accepted - facts.handled, 0)
        state = params.dropped.judge(dropped)
        yield Reading("connections_dropped", dropped, Unit.COUNT, state, "" if state is State.OK else "many")


CHECK = Check(
    id="middleware.nginx",
    version=1,
    title="nginx 反向代理",
    title_en="nginx and its upstream servers",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-20",),
    needs=(
        f"an agent beside nginx; {ROOT} `roundseal-agent ALL=(root) NOPASSWD: /usr/sbin/nginx -T -q`",
        "for its connections `stub_status` at an address of this machine, and curl",
        "a server counts as up where it takes a connection from this machine: what it answers is for "
        "service.http",
        "tried on a program that prints a configuration; on nginx itself only where it is installed",
    ),
)
