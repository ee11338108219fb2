"""Processes, without this agent's own."""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psutil

from agent.sources.host_proc import Tree, plain
from checks.api import ErrorKind, ObservationError
from checks.sources import Process

_ATTRIBUTES = ["pid", "name", "cmdline", "username", "create_time", "status"]
_PASSING = frozenset({psutil.STATUS_ZOMBIE, psutil.STATUS_DISK_SLEEP})
_SETTLE_S = 0.1


def processes(tree: Tree) -> Sequence[Process]:
    """Every process but ours; a zombie or a wait for the disk counts if it lasts 100 ms."""
    tree.use()
    ours = _ours()
    listed = [each.info for each in psutil.process_iter(_ATTRIBUTES, ad_value=None)]
    if all(each["pid"] != 1 for each in listed):
        # Mounted with hidepid: what we don't see may well be running.
        raise ObservationError(ErrorKind.DENIED, "other users' processes are hidden")
    found = [_process(each) for each in listed if each["pid"] not in ours]
    if any(each.state in _PASSING for each in found):
        time.sleep(_SETTLE_S)
        found = [each for each in map(_settled, found) if each is not None]
    return found


def _ours() -> set[int]:
    """This process and those it was started from in the same session.

    `sh -c "roundseal-agent check host.processes … nginx"` would otherwise be found as nginx. Parents
    in other sessions (sshd) are nobody's command line and stay.
    """
    found, pid, session = {os.getpid()}, os.getppid(), os.getsid(0)
    try:
        while pid > 1 and os.getsid(pid) == session:
            found.add(pid)
            pid = psutil.Process(pid).ppid()
    except (psutil.Error, OSError):
        return found  # a parent ended meanwhile
    return found


def _process(each: dict[str, Any]) -> Process:
    command = each["cmdline"]
    return Process(
        pid=each["pid"],
        name=plain(each["name"] or ""),
        command=None if command is None else plain(" ".join(command)),
        user=each["username"] or "",
        started_at=round((each["create_time"] or 0) * 1000),
        state=each["status"] or "",
    )


def _settled(process: Process) -> Process | None:
    if process.state not in _PASSING:
        return process
    try:
        return replace(process, state=psutil.Process(process.pid).status())
    except psutil.Error:
        return None  # it has ended
