"""systemd units, through systemctl; its table is read where it knows no JSON (before 246)."""

import json
import os
from collections.abc import Sequence
from typing import Any

from agent.sources import programs
from agent.sources.host_proc import Tree, which
from checks.api import ErrorKind, ObservationError
from checks.codec import from_json
from checks.sources import ServiceUnit

_TIMEOUT_S = 20.0


def run(program: str, *words: str) -> str:
    """Standard output of a program of this machine; ObservationError when it could not do its work."""
    path = which(program)
    if path is None:
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{program} is not installed")
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "SYSTEMD_COLORS": "0"}
    try:
        done = programs.run([path, *words], environment, _TIMEOUT_S)
    except TimeoutError as error:
        raise ObservationError(ErrorKind.TIMEOUT, program) from error
    if done.code:
        complaint = done.told.decode("utf-8", "replace").strip()
        raise ObservationError(_kind(complaint), f"{program}: {complaint}")
    return done.output.decode("utf-8", "replace")


def _kind(complaint: str) -> ErrorKind:
    if "not been booted with systemd" in complaint:
        return ErrorKind.UNSUPPORTED
    if "ccess denied" in complaint or "ermission denied" in complaint:
        return ErrorKind.DENIED
    return ErrorKind.UNREACHABLE


def failed(tree: Tree) -> Sequence[ServiceUnit]:
    """Units in the state `failed`."""
    _booted(tree)
    return read_list(
        run(
            "systemctl",
            "list-units",
            "--failed",
            "--plain",
            "--no-legend",
            "--no-pager",
            "--full",
            "--output=json",
        )
    )


def _booted(tree: Tree) -> None:
    # sd_booted(3): other init systems may still have systemctl installed.
    if not tree.has("run/systemd/system"):
        raise ObservationError(ErrorKind.UNSUPPORTED, "this machine was not started by systemd")


def read_list(output: str) -> Sequence[ServiceUnit]:
    """`systemctl list-units` as JSON or as a table; ValueError or LookupError when it is neither."""
    if output.lstrip().startswith("["):
        return [
            ServiceUnit(str(row["unit"]), str(row["load"]), str(row["active"]), str(row["sub"]))
            for row in from_json(tuple[dict[str, Any], ...], json.loads(output), "systemctl")
        ]
    rows = [line.removeprefix("●").split() for line in output.splitlines()]
    return [ServiceUnit(row[0], row[1], row[2], row[3]) for row in rows if row]


def named(tree: Tree, names: Sequence[str]) -> Sequence[ServiceUnit]:
    """States of these units; one that isn't there has the load state `not-found`."""
    if not names:
        return []
    _booted(tree)
    output = run("systemctl", "show", "--no-pager", "--property=LoadState,ActiveState,SubState", "--", *names)
    blocks = [
        dict(line.split("=", 1) for line in block.splitlines()) for block in output.strip().split("\n\n")
    ]
    return [
        ServiceUnit(name, block["LoadState"], block["ActiveState"], block["SubState"])
        for name, block in zip(names, blocks, strict=True)
    ]
