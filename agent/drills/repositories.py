"""The course of a drill with a repository of restic or borg: its own tool restores one snapshot, in the cell.

The repository is copied first: the tool may write into it, and nothing is ever written at a place of backups.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent.drills import trees
from agent.drills.cell import Cell
from agent.drills.choice import by_rule, rule_of
from agent.drills.complaints import why
from agent.drills.course import Course
from agent.drills.errors import StopError
from agent.drills.fetch import fetch
from checks.api import ErrorKind, ObservationError
from checks.artefacts.repositories import milliseconds
from checks.places import Backups, Entry, Place, shown

_INSIDE = "/drill/in/artefact"
_WRONG = (b"wrong password", b"passphrase supplied", b"Passphrase", b"no key found")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot or archive. `name` as backup.restic and backup.borg call it; `at`: UTC epoch ms."""

    id: str
    name: str
    at: int | None
    host: str = ""


def run_restic(course: Course, backups: Backups, place: Place, entry: Entry) -> None:
    """Fetch, open, restore, ask, read, compare."""
    env = {"RESTIC_PASSWORD": _password(course, backups), "RESTIC_PROGRESS_FPS": "0"}
    tool = ["/usr/bin/restic", "-r", _INSIDE, "--no-cache"]

    def listed(cell: Cell) -> list[Snapshot]:
        rows = _json(_run(cell, [*tool, "snapshots", "--json", "--no-lock"], env))
        made = [(str(one["id"]), one) for one in rows]
        return [
            Snapshot(key, key[:8], milliseconds(str(one.get("time", ""))), str(one.get("hostname", "")))
            for key, one in made
        ]

    def give_back(cell: Cell, one: Snapshot) -> None:
        # `--verify` reads each file again and compares it with its digests.
        _run(cell, [*tool, "restore", one.id, "--target", trees.OUT, "--verify"], env)

    _run_tool(course, place, entry, ("/usr/bin/restic", listed, give_back))


def run_borg(course: Course, backups: Backups, place: Place, entry: Entry) -> None:
    """The same of borg."""
    env = {
        "BORG_PASSPHRASE": _password(course, backups, needed=False),
        "BORG_BASE_DIR": "/drill/tmp",
        "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
        "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
    }

    def listed(cell: Cell) -> list[Snapshot]:
        found = _json(_run(cell, ["/usr/bin/borg", "list", "--json", _INSIDE], env))
        rows = found["archives"]
        return [
            Snapshot(str(one["id"]), shown(str(one["name"])), milliseconds(str(one.get("time", ""))))
            for one in rows
        ]

    def give_back(cell: Cell, one: Snapshot) -> None:
        words = ["/usr/bin/borg", "extract", "--numeric-ids", f"{_INSIDE}::{one.name}"]
        _run(cell, words, env, cwd=trees.OUT)

    _run_tool(course, place, entry, ("/usr/bin/borg", listed, give_back))


def _run_tool(course: Course, place: Place, entry: Entry, how: tuple[str, Any, Any]) -> None:
    work = course.work
    tool, listed, give_back = how
    if entry.kind != "directory":
        raise StopError("unknown_format")
    expected = trees.expectation(course, place, entry)
    made = fetch(work, place, entry)
    course.base = replace(course.base, bytes=made.bytes, parts=made.parts, read_at=int(time.time() * 1000))
    with work.phase("open"):
        cell = work.make_cell()
        version = _run(cell, [tool, "version" if "restic" in tool else "--version"], {})
        trees.describe(course, cell, tool.rpartition("/")[2], version.decode("ascii", "replace").strip())
        chosen = _chosen(course, listed(cell))
        course.base = replace(course.base, name=chosen.name, id=chosen.id, kind="snapshot")
        course.says_made(chosen.at, chosen.at, source=shown(chosen.host))
    with work.phase("restore", made.bytes) as span:
        out = trees.make_out(work)
        give_back(cell, chosen)
        span.bytes = made.bytes
    trees.finish(course, out, expected)


def _chosen(course: Course, found: Sequence[Snapshot]) -> Snapshot:
    """The snapshot to restore, by the same rule as files."""
    if course.wish.artefact:
        named = [one for one in found if course.wish.artefact in (one.name, one.id)]
    else:
        named = sorted(found, key=lambda one: (one.at or 0, one.id), reverse=True)
        wish = course.wish
        rule = rule_of(wish.pick, wish.every, wish.since, course.decided)
        named = [by_rule(named, rule)] if named else []
    if not named:
        raise StopError("missing")
    return named[0]


def _password(course: Course, backups: Backups, *, needed: bool = True) -> str:
    if not course.wish.password:
        if needed:
            raise StopError("no_key")
        return ""
    try:
        return backups.secret(course.wish.password).get("password", "")
    except ObservationError as problem:
        raise StopError("no_key" if problem.kind is ErrorKind.DENIED else "denied") from None


def _run(cell: Cell, argv: Sequence[str], env: Mapping[str, str], cwd: str = "/drill") -> bytes:
    status, out, said = cell.run(argv, env=env, cwd=cwd)
    if status == 127:
        raise StopError("no_tool", argv[0].rpartition("/")[2])
    if status:
        wrong = any(one in said for one in _WRONG)
        raise why(said, "does_not_open" if wrong else "restore_failed")
    return out


def _json(out: bytes) -> Any:
    try:
        return json.loads(out)
    except ValueError:
        raise StopError("damaged") from None
