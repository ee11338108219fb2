"""`check ID`: run one check now and show what it saw; nothing is signed, stored or sent."""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_type_hints

from agent import settings
from agent.clock import Clock
from agent.errors import AgentError
from agent.shown import Shown, table
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.open import open_source
from agent.stalls import watched
from agent.state import State
from checks import registry
from checks.api import Check, ErrorKind, ObservationError, Source
from checks.codec import FieldError, JsonValue, from_json, to_json
from checks.registry import UnknownCheckError
from checks.result import Item, Result, When, look

DEADLINE_S = 60.0
BACKUP_DEADLINE_S = 86_400.0  # large ones are read whole


@dataclass(frozen=True, slots=True)
class Look:
    """How one look went: a result, or why there is none."""

    result: Result | None
    kind: str = ""
    detail: str = ""


def run(state: State, check_id: str, params: Sequence[str], target: str) -> Shown:
    """Exit 0 ok, 1 warn or crit, 2 unknown or not to be looked at."""
    try:
        check = registry.get(check_id)
    except UnknownCheckError:
        from difflib import get_close_matches

        kin = [i for i in registry.ids() if i.partition(".")[0] == check_id.partition(".")[0]]
        near = kin or get_close_matches(check_id, list(registry.ids()), 3, 0.5)
        more = f"; there are: {', '.join(near)}" if near else ""
        raise AgentError(
            "unknown_check", f"{check_id!r} is no installed check{more} (`doctor` lists all)"
        ) from None
    given = params_of(check, params, _told(check, target))
    seconds = BACKUP_DEADLINE_S if check.source is Source.BACKUP else DEADLINE_S
    found = take(check, given, target or "here", settings.read(state).means(state), seconds)
    if found.result is None:
        value = {"check": check_id, "error": found.kind, "detail": found.detail}
        return Shown(value, f"{check_id}: {found.kind} {found.detail}", 2)
    return _shown(check, found.result)


def take(
    check: Check[Any, Any], params: dict[str, JsonValue], target: str, means: Means, seconds: float
) -> Look:
    """One look in a thread of its own, given up after `seconds`."""
    box: list[Look] = []
    thread = threading.Thread(target=lambda: box.append(_take(check, params, target, means)), daemon=True)
    thread.start()
    thread.join(seconds)
    return box[0] if box else Look(None, str(ErrorKind.TIMEOUT), f"no result within {seconds:g} s")


def _take(check: Check[Any, Any], params: dict[str, JsonValue], target: str, means: Means) -> Look:
    item = Item(check.id, check.version, target, None, params)
    clock = Clock()
    detail = ""

    def observe(source: Any, wanted: Any) -> Any:
        nonlocal detail
        try:
            return check.observe(source, wanted)
        except ObservationError as problem:
            detail = problem.detail
            raise

    telling = Check(
        check.id,
        check.version,
        check.title,
        check.title_en,
        check.source,
        check.facts,
        check.params,
        observe,
        check.judge,
    )
    try:
        source = open_source(check.source, Transient(), means)

        def taken() -> Result:
            return look(telling, item, source, vantage="here", when=When(clock.wall()), now=clock.wall)

        # A dead share ends such a look long before its deadline.
        result = watched(source.guard, "single", taken) if check.source is Source.BACKUP else taken()
    except ObservationError as problem:
        return Look(None, str(problem.kind), problem.detail)
    except FieldError as problem:
        return Look(None, "params", str(problem))
    except Exception as problem:
        return Look(
            None, str(ErrorKind.GARBLED), f"a fault in the check: {type(problem).__name__}: {problem}"
        )
    return Look(None, str(result.error), detail) if result.error else Look(result)


def _told(check: Check[Any, Any], target: str) -> dict[str, JsonValue]:
    """What the target tells: where a backup lies."""
    return {"path": target} if check.source is Source.BACKUP and target.startswith("/") else {}


def params_of(
    check: Check[Any, Any], texts: Sequence[str], told: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """`k=v` and `k.inner=v` over what is told; a value is JSON where that fits the parameter, else text."""
    made: dict[str, Any] = dict(told)
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise AgentError("bad_param", f"--param {text!r}: k=v is wanted")
        _put(made, _defaults(check), name.split("."), value, text)
    try:
        from_json(check.params, made, "params")
    except FieldError as error:
        raise AgentError("bad_param", f"{error}; {check.id} has: {_names(check)}") from None
    return made


def _put(made: dict[str, Any], defaults: Any, path: list[str], value: str, text: str) -> None:
    place = made
    for name in path[:-1]:
        # Inner values that are not named keep their defaults.
        defaults = defaults.get(name) if isinstance(defaults, dict) else None
        place = place.setdefault(name, dict(defaults) if isinstance(defaults, dict) else {})
        if not isinstance(place, dict):
            raise AgentError("bad_param", f"--param {text!r}: {name} is not a mapping")
    default = defaults.get(path[-1]) if isinstance(defaults, dict) else None
    try:
        place[path[-1]] = value if isinstance(default, str) else json.loads(value)
    except ValueError:
        place[path[-1]] = value


def _defaults(check: Check[Any, Any]) -> Any:
    """Defaults of those parameters that have one."""
    try:
        return to_json(check.params())
    except (TypeError, ValueError):  # one that must be given has none
        return {}


def _names(check: Check[Any, Any]) -> str:
    hints = get_type_hints(check.params)
    return (
        ", ".join(f"{f.name}{'…' if is_dataclass(hints[f.name]) else ''}" for f in fields(check.params))
        or "none"
    )


def _shown(check: Check[Any, Any], result: Result) -> Shown:
    readings = [
        {
            "name": r.name,
            "value": to_json(r.value),
            "unit": r.unit.value,
            "state": r.state.value,
            "reason": r.reason,
        }
        for r in result.readings
    ]
    value = {
        "check": check.id,
        "version": check.version,
        "title": check.title,
        "state": result.state.value,
        "readings": readings,
        "facts": result.facts,
        "took_ms": result.t1 - result.t0,
    }
    rows = [(r.name, _number(r.value), r.unit.value, r.state.value, r.reason) for r in result.readings]
    text = "\n".join(
        (
            f"{check.id}  {check.title}  {result.state.value}  ({result.t1 - result.t0} ms)",
            table(rows),
            "facts " + json.dumps(result.facts, ensure_ascii=False, indent=1),
        )
    )
    return Shown(value, text, {"ok": 0, "unknown": 2}.get(result.state.value, 1))


def _number(value: Any) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{float(value):.3f}"
