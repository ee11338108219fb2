"""Network UPS Tools: the variables of one UPS, as `upsc` lists them."""

import re

from agent.sources.net_connect import Clock, Failed
from agent.sources.protocols_wire import Course, Peer, printable
from checks.protocols import Endpoint, UpsSeen

_MOST_VARIABLES = 1000
_VARIABLE = re.compile(r'VAR \S+ ([A-Za-z0-9._-]{1,100}) "((?:[^"\\]|\\.)*)"')


def variables(end: Endpoint, ups: str) -> UpsSeen:
    """LIST VAR, LOGOUT."""
    course = Course(Clock(end.timeout_ms))
    found: dict[str, str] = {}
    error = ""
    with course.guard(), course.connected(end) as peer:
        peer.send(f"LIST VAR {ups}\n".encode())
        line = peer.line()
        if line.startswith("ERR "):
            error = printable(line[4:], 40)
        elif line == f"BEGIN LIST VAR {ups}":
            found = _list(peer, ups)
        else:
            raise Failed("garbled")
        peer.send(b"LOGOUT\n")
    return UpsSeen(course.talk(), found, error)


def _list(peer: Peer, ups: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for _ in range(_MOST_VARIABLES):
        line = peer.line()
        if line == f"END LIST VAR {ups}":
            return found
        variable = _VARIABLE.fullmatch(line)
        if variable is None:
            raise Failed("garbled")
        found[variable[1]] = printable(re.sub(r"\\(.)", r"\1", variable[2]))
    raise Failed("too_long")
