"""Scheduled jobs: systemd timers with the result of their last run, crontabs, files that jobs write."""

import glob
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

from agent.sources.host_proc import Tree, plain, small_number
from agent.sources.host_security_run import ask
from checks.api import ErrorKind, ObservationError
from checks.upkeep import CronFile, Jobs, Stamp, TimerJob

_CRONTABS = ("etc/crontab", "etc/cron.d/*", "var/spool/cron/crontabs/*", "var/spool/cron/*")
_JOB = re.compile(r"\s*(@\w+|[-*/,0-9]+\s)")
_TIMER = "--property=Id,Unit,LastTriggerUSec,NextElapseUSecRealtime"
_SERVICE = "--property=Id,Result,ExecMainStatus,ExecMainExitTimestamp"


def jobs(tree: Tree) -> Jobs:
    """Timers and crontabs; without systemd only the latter."""
    try:
        timers: tuple[TimerJob, ...] | None = _timers(tree)
        trouble = ""
    except ObservationError as problem:
        timers, trouble = None, problem.kind.value
    return Jobs(timers, _crontabs(tree), trouble)


def _timers(tree: Tree) -> tuple[TimerJob, ...]:
    if not tree.has("run/systemd/system"):
        raise ObservationError(ErrorKind.UNSUPPORTED, "this machine was not started by systemd")
    shown = ask(tree, "systemctl", "show", "--no-pager", _TIMER, "--", "*.timer")
    units = sorted({block["Unit"] for block in blocks(shown) if block.get("Unit")})
    services = ask(tree, "systemctl", "show", "--no-pager", _SERVICE, "--", *units) if units else ""
    return read_timers(shown, services)


def read_timers(shown: str, services: str) -> tuple[TimerJob, ...]:
    """`systemctl show` of the timers and of the units they start; ValueError when a block has no name."""
    ran = {block["Id"]: block for block in blocks(services)}
    found = []
    for block in blocks(shown):
        unit = block.get("Unit", "")
        run = ran.get(unit, {})
        done = _instant(run.get("ExecMainExitTimestamp", ""))
        last = _instant(block.get("LastTriggerUSec", ""))
        # Without an end there was no run in this boot, and `success` would only be systemd's beginning.
        result = run.get("Result", "") if done is not None else ""
        exit_code = small_number(run.get("ExecMainStatus", "")) if done is not None else None
        next_at = _instant(block.get("NextElapseUSecRealtime", ""))
        found.append(TimerJob(block["Id"], unit, last, next_at, result, exit_code))
    return tuple(sorted(found, key=lambda each: each.timer))


def blocks(output: str) -> list[dict[str, str]]:
    """Blocks of `NAME=value` lines with empty lines between."""
    made = [
        dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for block in re.split(r"\n\s*\n", output.strip())
    ]
    return [block for block in made if "Id" in block]


def _instant(text: str) -> int | None:
    """`Sat 2026-11-21 06:00:04 UTC` (systemctl was asked in UTC) as epoch milliseconds."""
    try:
        found = datetime.strptime(text, "%a %Y-%m-%d %H:%M:%S UTC")
    except ValueError:
        return None
    return int(found.replace(tzinfo=UTC).timestamp()) * 1000


def _crontabs(tree: Tree) -> tuple[CronFile, ...]:
    root = tree.place("")
    found = []
    for pattern in _CRONTABS:
        for place in sorted(glob.glob(root + pattern)):
            if os.path.isfile(place):
                found.append(_crontab("/" + plain(os.path.relpath(place, root)), place))
    return tuple(found)


def _crontab(path: str, place: str) -> CronFile:
    try:
        with open(place, "rb") as file:
            data = file.read(1024 * 1024)
    except OSError as error:
        return CronFile(path, 0, "", "denied" if isinstance(error, PermissionError) else "unreadable")
    lines = data.decode("utf-8", "replace").splitlines()
    return CronFile(path, sum(_JOB.match(line) is not None for line in lines), sha256(data).hexdigest())


def stamps(tree: Tree, paths: Sequence[str]) -> Sequence[Stamp]:
    """When these files were last written."""
    return [_stamp(path, tree.place(path.lstrip("/"))) for path in paths]


def _stamp(path: str, place: str) -> Stamp:
    try:
        state = os.stat(place)
    except FileNotFoundError:
        return Stamp(path, None, None, "missing")
    except PermissionError:
        return Stamp(path, None, None, "denied")
    except OSError:
        return Stamp(path, None, None, "unreadable")
    return Stamp(path, state.st_mtime_ns // 1_000_000, state.st_size)
