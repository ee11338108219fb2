"""`drill run` and `drill sweep`: a restore drill here and now. What they show is not signed; a drill that the
plan asks for is."""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent import settings
from agent.drills import journal
from agent.drills.drill import LocalDrills
from agent.drills.settings import Drills
from agent.drills.work import Progress, silent
from agent.errors import AgentError
from agent.plain import plain_yaml
from agent.shown import Shown, table
from agent.single import params_of
from agent.sources.backup import open_backups
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.state import DEFAULT, State
from checks.api import ObservationError, Reading, Seen, Unit, worst
from checks.api import State as Word
from checks.artefacts.levels import Level
from checks.artefacts.standing import exactly
from checks.backup.drill import CHECK, Facts, Params
from checks.codec import FieldError, JsonValue, from_json, to_json
from checks.drills import Drilled

_LEVELS = {level.word for level in Level}
_SAID = {0: "good", 1: "bad", 2: "could not tell"}
_WORDS = {Word.OK: "good", Word.WARN: "warning", Word.CRIT: "bad", Word.UNKNOWN: "could not tell"}


@dataclass(frozen=True, slots=True)
class Wish:
    """`object` of the plan in force, or `target` (a path) with its `kind`. `questions`, `fingerprint`: files
    ("" none); `params`: parameters of the check backup.drill (`k=v`)."""

    object: str = ""
    target: str = ""
    kind: str = ""
    questions: str = ""
    fingerprint: str = ""
    params: Sequence[str] = ()


def run(root: Path, wish: Wish) -> Shown:
    """One drill; exit 0 good, 1 bad, 2 could not tell or cannot be done."""
    state = _state(root)
    try:
        params = from_json(Params, _given(state, wish), "params")
    except FieldError as error:
        raise AgentError("bad_param", str(error)) from None
    bar = Bar()
    source = open_backups(Transient(), Means(state=state), time.time_ns() // 1_000_000)
    try:
        drills = LocalDrills(source, _settings(state), state, bar.progress)
        drilled, stands = drills.drill(params)
    except ObservationError as error:
        raise AgentError(str(error.kind), error.detail) from None
    finally:
        bar.close()
    facts = Facts((drilled,) if drilled is not None else (), stands)
    readings = list(CHECK.judge(Seen(facts, time.time_ns() // 1_000_000), params))
    found = _shown(wish.object or wish.target, facts, readings)
    return replace(found, text="\n".join(filter(None, (drills.detail, found.text))))


def sweep(root: Path) -> Shown:
    """Remove what a killed drill left."""
    found = journal.sweep(_state(root))
    value = {
        "status": "swept" if found.aborted else "clean",
        "processes": found.processes,
        "bytes": found.bytes,
        "aborted": to_json(found.aborted),
    }
    said = f"{found.processes} processes ended, {found.bytes} bytes removed"
    return Shown(value, said if found.aborted else "nothing is left of any drill", 0)


def _state(root: Path) -> Path:
    """The agent's directory; for an administrator without one, a directory of his own."""
    if root != DEFAULT or os.access(root, os.R_OK | os.W_OK | os.X_OK):
        return root.absolute()  # the cell's first process stands in another directory
    own = Path(tempfile.gettempdir()) / f"roundseal-drills-{os.geteuid()}"
    own.mkdir(mode=0o700, exist_ok=True)
    held = own.lstat()
    if not own.is_dir() or own.is_symlink() or held.st_uid != os.geteuid() or held.st_mode & 0o077:
        raise AgentError("permissions", f"{own} is not ours alone")
    return own


def _settings(state: Path) -> Drills:
    return settings.read(State(state)).drills


def _given(state: Path, wish: Wish) -> dict[str, JsonValue]:
    if bool(wish.object) == bool(wish.target):
        raise AgentError("bad_param", "either an object of the plan, or --target and --kind")
    if wish.target and not wish.kind:
        raise AgentError("bad_param", "--target needs --kind")
    base = _planned(state, wish.object) if wish.object else {"path": exactly(os.path.abspath(wish.target))}
    if wish.target and not os.path.lexists(wish.target):
        raise AgentError("no_such_file", f"{wish.target} is not there")
    made = params_of(CHECK, wish.params, base)
    if wish.kind:
        made["kind"] = wish.kind
    if wish.questions:
        made["questions"] = questions(Path(wish.questions))
    if wish.fingerprint:
        made["fingerprint"] = os.path.abspath(wish.fingerprint)
    return made


def _planned(state: Path, name: str) -> dict[str, Any]:
    """Parameters of the object's drill, as the plan in force has them."""
    from agent import plans
    from agent.outbox import Outbox

    held = State(state)
    identity = held.identity()
    outbox = Outbox(held.path("outbox.db"), create=False)
    try:
        plan = plans.kept(outbox, identity)
    finally:
        outbox.close()
    planned = [] if plan is None else [item.item for item in plan.plan.items]
    planned += [] if plan is None else [item.item for each in plan.plan.rounds for item in each.items]
    drills = {str(one.params.get("object", "")): one.params for one in planned if one.check == CHECK.id}
    if name not in drills:
        raise AgentError(
            "unknown_object", f"{name!r} has no drill in the plan; {', '.join(drills) or 'none has'}"
        )
    return dict(drills[name])


def questions(path: Path) -> list[Any]:
    """A list of {id, sql or path, expected} in a YAML or JSON file; numbers are taken as text."""
    try:
        raw = plain_yaml(path.read_text("utf-8"), path)
    except OSError as error:
        raise AgentError("no_file", f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise AgentError("no_file", f"{path}: no UTF-8") from None
    if not isinstance(raw, list) or not all(isinstance(one, dict) for one in raw):
        raise AgentError("bad_param", f"{path}: a list of questions is wanted")
    return [{key: "" if value is None else str(value) for key, value in one.items()} for one in raw]


def _shown(name: str, facts: Facts, readings: list[Reading]) -> Shown:
    judged = [one for one in readings if one.name.rpartition(":")[2] in _LEVELS]
    state = worst(one.state for one in judged or readings)
    code = {Word.OK: 0, Word.WARN: 0, Word.CRIT: 1}.get(state, 2)
    value = {
        "object": name,
        "verdict": _SAID[code].replace(" ", "_"),
        "readings": [[r.name, to_json(r.value), r.unit.value, r.state.value, r.reason] for r in readings],
        "facts": to_json(facts),
    }
    lines = [table(_phases(one)) for one in facts.artefacts]
    lines += [
        table([(r.name, _WORDS[r.state] if r in judged else _number(r), r.reason) for r in readings]),
        *(
            f"ended in {one.ended}: {one.reason} {one.subject}".rstrip()
            for one in facts.artefacts
            if one.reason
        ),
        f"{name}: {_SAID[code]}",
    ]
    return Shown(value, "\n".join(filter(None, lines)), code)


def _number(one: Reading) -> str:
    if one.value is None:
        return "-"
    if one.unit is Unit.MILLISECONDS and isinstance(one.value, int):
        return f"{one.value / 1000:.2f} s"
    return str(one.value)


def _phases(one: Drilled) -> list[tuple[str, str, str]]:
    return [
        (phase.name, f"{(phase.end - phase.start) / 1000:.2f} s", _size(phase.bytes) if phase.bytes else "")
        for phase in one.phases
    ]


def _size(count: int) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            break
        count //= 1024
    return f"{count} {unit}"


class Bar:
    """The phase under way, on a terminal only: one line that is written over."""

    def __init__(self) -> None:
        self.progress: Progress = self._draw if sys.stderr.isatty() else silent
        self._drawn = 0.0

    def close(self) -> None:
        """Leave an empty line."""
        if self._drawn:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()

    def _draw(self, phase: str, done: int, whole: int) -> None:
        now = time.monotonic()
        if done and now - self._drawn < 0.1:
            return
        self._drawn = now
        share = f" {min(100 * done // whole, 100):3d} % of {_size(whole)}" if whole else ""
        sys.stderr.write(f"\r\033[K{phase:<8}{share or (' ' + _size(done) if done else '')}")
        sys.stderr.flush()
