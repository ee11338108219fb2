"""`doctor`: what this machine lets us measure, what it does not, and why. It changes nothing."""

import os
import platform
import shutil
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from agent import doctor_plan, machine, secrets, settings
from agent.clock import synchronised
from agent.doctor_plan import Point
from agent.errors import AgentError
from agent.settings import Settings
from agent.shown import Shown, table
from agent.single import take
from agent.sources.means import Means
from agent.state import State, check_private
from checks import registry
from checks.api import Check
from checks.wire.signing import backend_name

CHECK_S = 15.0
_CAPABILITIES = {"cap_dac_read_search": 2, "cap_net_raw": 13, "cap_sys_ptrace": 19}


def examine(state: State) -> Shown:
    """Exit 1 when something must be mended before `run` can work."""
    try:
        given = settings.read(state)
        points = [Point("settings", "ok", f"{len(given.plugins)} plugins allowed")]
    except AgentError as error:
        given, points = Settings(), [Point("settings", "bad", error.detail)]
    points += _secrets(state) if points[0].word == "ok" else []
    points += [probe() for probe in _HERE] + _state(state) + _plugins(given)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda check_id: _try(check_id, given.means(state)), registry.ids()))
    groups = {"here": points, "plan": doctor_plan.points(state, given), "checks": found}
    value = {name: [_json(p) for p in group] for name, group in groups.items()}
    tables = [table([(p.word, p.name, p.why) for p in group]) for group in groups.values() if group]
    bad = any(p.word == "bad" for group in groups.values() for p in group)
    return Shown(value, "\n\n".join(tables), 1 if bad else 0)


def _json(point: Point) -> dict[str, str]:
    return {"name": point.name, "result": point.word, "why": point.why}


def _python() -> Point:
    return Point("python", "ok", f"{platform.python_version()}, signatures by {backend_name()}")


def _user() -> Point:
    if os.geteuid() == 0:
        return Point("user", "ok", "root")
    return Point("user", "ok", f"uid {os.geteuid()}: files and processes of others may be hidden")


def _capabilities() -> Point:
    bits = _status_field("CapEff")
    if bits is None:
        return Point("capabilities", "no", "/proc/self/status does not tell")
    mine = int(bits, 16)
    return Point(
        "capabilities", "ok", ", ".join(n for n, bit in _CAPABILITIES.items() if mine >> bit & 1) or "none"
    )


def _status_field(name: str) -> str | None:
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return line.partition(":")[2].strip()
    except OSError:
        return None
    return None


def _systemd() -> Point:
    if Path("/run/systemd/system").is_dir():
        return Point("systemd", "ok")
    return Point("systemd", "no", "not the init system here: units cannot be looked at")


def _journal() -> Point:
    places = [path for path in (Path("/var/log/journal"), Path("/run/log/journal")) if path.is_dir()]
    if not places or shutil.which("journalctl") is None:
        return Point("journal", "no", "no journal here")
    if not any(os.access(path, os.R_OK | os.X_OK) for path in places):
        return Point("journal", "no", "not readable: add the agent's user to the group systemd-journal")
    return Point("journal", "ok")


def _ping() -> Point:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP).close()
        except OSError:
            continue
        return Point("ping", "ok", "raw" if kind is socket.SOCK_RAW else "unprivileged")
    return Point("ping", "no", "needs CAP_NET_RAW, or the group in net.ipv4.ping_group_range")


def _clock() -> Point:
    if synchronised():
        return Point("clock", "ok", "kept by a time service")
    return Point(
        "clock", "no", "no time service tells that it keeps this clock; the collector measures its offset"
    )


_HERE: tuple[Callable[[], Point], ...] = (_python, _user, _capabilities, _systemd, _journal, _ping, _clock)


def _state(state: State) -> list[Point]:
    try:
        identity = state.identity()
        check_private(state.path("agent.key"))
        mode = state.root.stat().st_mode & 0o777
        machine.check_machine(identity.machine, machine.read_machine(state.signer().public))
    except AgentError as error:
        return [Point("state", "no" if error.code == "not_enrolled" else "bad", error.detail)]
    except OSError as error:
        return [Point("state", "bad", f"{error.filename}: {error.strerror}")]
    if mode & 0o077:
        return [Point("state", "bad", f"{state.root} has mode {mode:04o}: chmod 700 it")]
    return [Point("state", "ok", f"agent {identity.agent}, epoch {identity.epoch}, {identity.status}")]


def _secrets(state: State) -> list[Point]:
    """Whether secrets.yaml can be read at all; what each look wants of it is the plan's part."""
    path = state.path("secrets.yaml")
    if not path.exists():
        return []
    try:
        return [Point("secrets", "ok", f"{secrets.count(path)} in {path}")]
    except AgentError as error:
        return [Point("secrets", "bad", error.detail)]
    except OSError as error:
        return [Point("secrets", "bad", f"{path}: {error.strerror}")]


def _plugins(given: Settings) -> list[Point]:
    made = []
    for name, argv in given.plugins.items():
        good = os.access(argv[0], os.X_OK)
        made.append(
            Point(f"plugin {name}", "ok" if good else "bad", argv[0] if good else f"{argv[0]} cannot be run")
        )
    return made


def _try(check_id: str, means: Means) -> Point:
    try:
        check = registry.get(check_id)
    except Exception as error:  # a broken module must not hide the others
        return Point(check_id, "bad", f"cannot be loaded: {type(error).__name__}: {error}")
    wanted = _required(check)
    if wanted:
        return Point(check_id, "needs", "parameters " + ", ".join(wanted))
    found = take(check, {}, "here", means, CHECK_S)
    if found.result is None:
        word = "needs" if found.kind == "params" else "no"
        why = f"{found.kind} {found.detail}".strip()
        return Point(check_id, word, doctor_plan.with_grants(why, check, {}, found.kind, found.detail))
    return Point(check_id, "ok", f"{len(found.result.readings)} readings, {found.result.state.value}")


def _required(check: Check[Any, Any]) -> list[str]:
    return [f.name for f in fields(check.params) if f.default is MISSING and f.default_factory is MISSING]
