"""The result line: what one look at one target gave, as it is signed (rulings: Observation, Wire).

    {"check":"host.cpu","version":1,"asset":"web-01","target":"web-01","vantage":"web-01",
     "slot":1771000020000,"t0":…,"t1":…,"round":"weekly/2026-11-16",           (round: only in a round)
     "params":"<sha-256 of the parameter bytes, hex>",
     "facts":{…},"readings":[["total",[25,2],"percent","ok"],…],"state":"ok"}   (or "error":{"kind":…})

Times are UTC epoch milliseconds; `slot` is the start of the slot the look belongs to, t0 the instant
the look began (a request was sent), t1 when it ended. A reading is [name, value, unit, state] or, with
a reason, [name, value, unit, state, reason]; a ratio is [num, den]. No prose, no floats.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Any

from checks.api import (
    Check,
    ErrorKind,
    Number,
    ObservationError,
    Reading,
    Seen,
    State,
    Unit,
    worst,
)
from checks.codec import FieldError, JsonValue, from_json, to_json
from checks.wire import strict_json


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to be looked at: a check with its parameters, on a target, for a vantage point."""

    check: str
    version: int
    target: str
    asset: str | None
    params: Mapping[str, JsonValue]

    @property
    def params_digest(self) -> str:
        """SHA-256 (hex) of the parameter bytes as the plan carries them."""
        return params_digest(self.params)


def params_digest(params: Mapping[str, JsonValue]) -> str:
    """SHA-256 (hex) over the compact JSON of `params`, keys in the order the plan gives them."""
    return sha256(strict_json.dumps(dict(params))).hexdigest()


@dataclass(frozen=True, slots=True)
class Result:
    """A result line, read. Exactly one of `facts` and `error` is set."""

    check: str
    version: int
    asset: str | None
    target: str
    vantage: str
    slot: int
    t0: int
    t1: int
    params: str
    facts: Mapping[str, JsonValue] | None
    readings: tuple[Reading, ...]
    state: State
    error: ErrorKind | None = None
    round: str | None = None


@dataclass(frozen=True, slots=True)
class When:
    """Slot and round a look belongs to."""

    slot: int
    round: str | None = None


def look(
    check: Check[Any, Any],
    item: Item,
    source: Any,
    *,
    vantage: str,
    when: When,
    now: Callable[[], int],
    told: Callable[[ObservationError], None] = lambda problem: None,
) -> Result:
    """Observe and judge once. Whatever `observe` raises as ObservationError becomes a signed result.

    `told` hears of it too: the detail, which is not signed.
    """
    params, digest = _prepared(check, item.params)
    t0 = now()
    facts: Any = None
    error: ErrorKind | None = None
    try:
        facts = check.observe(source, params)
    except ObservationError as problem:
        error = problem.kind
        told(problem)
    t1 = max(now(), t0)
    readings = () if error else tuple(check.judge(Seen(facts, t0), params))
    return Result(
        check=check.id,
        version=check.version,
        asset=item.asset,
        target=item.target,
        vantage=vantage,
        slot=when.slot,
        t0=t0,
        t1=t1,
        params=digest,
        facts=None if error else to_json(facts),
        readings=readings,
        state=State.UNKNOWN if error else worst(r.state for r in readings),
        error=error,
        round=when.round,
    )


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Parameters of a plan's item, read and digested once: a look comes back every minute."""

    check: Check[Any, Any]
    raw: Mapping[str, JsonValue]  # kept, so that no other mapping gets its id
    params: Any
    digest: str


_MOST_PREPARED = 4096
_known: dict[tuple[str, int], _Prepared] = {}


def _prepared(check: Check[Any, Any], raw: Mapping[str, JsonValue]) -> tuple[Any, str]:
    """FieldError where the parameters do not fit the check."""
    key = (check.id, id(raw))
    known = _known.get(key)
    if known is None or known.check is not check:
        known = _Prepared(check, raw, from_json(check.params, raw, f"{check.id}.params"), params_digest(raw))
        if len(_known) >= _MOST_PREPARED:  # of plans that are long gone
            _known.clear()
        _known[key] = known
    return known.params, known.digest


def rejudge(check: Check[Any, Any], result: Result, params: Mapping[str, JsonValue]) -> tuple[Reading, ...]:
    """What `check` says today of the facts in `result`; FieldError when they no longer fit."""
    facts = from_json(check.facts, result.facts, "facts")
    wanted = from_json(check.params, params, "params")
    return tuple(check.judge(Seen(facts, result.t0), wanted))


def encode(result: Result) -> bytes:
    """The line's bytes (no newline)."""
    line: dict[str, JsonValue] = {
        "check": result.check,
        "version": result.version,
        "asset": result.asset,
        "target": result.target,
        "vantage": result.vantage,
        "slot": result.slot,
        "t0": result.t0,
        "t1": result.t1,
    }
    if result.round is not None:
        line["round"] = result.round
    line["params"] = result.params
    if result.error is not None:
        line["error"] = {"kind": result.error.value}
    else:
        line["facts"] = result.facts
        line["readings"] = [_reading_json(reading) for reading in result.readings]
        line["state"] = result.state.value
    return strict_json.dumps(line)


def decode(line: bytes) -> Result:
    """The result in `line`; WireError for bad JSON, FieldError (naming the key) for a bad shape."""
    raw = strict_json.loads(line)
    if not isinstance(raw, dict):
        raise FieldError("result", "a mapping is wanted here")
    return of_json(raw)


_ALWAYS = ("check", "version", "asset", "target", "vantage", "slot", "t0", "t1", "params")
_KNOWN = frozenset((*_ALWAYS, "round", "facts", "readings", "state", "error"))


def of_json(raw: Mapping[str, JsonValue]) -> Result:
    """The result in an already strictly read line."""
    if unknown := raw.keys() - _KNOWN:
        raise FieldError(f"result.{min(unknown)}", "unknown key")
    if absent := [key for key in _ALWAYS if key not in raw]:
        raise FieldError(f"result.{absent[0]}", "missing")
    failed = "error" in raw
    if failed == ("facts" in raw) or failed == ("state" in raw) or failed == ("readings" in raw):
        raise FieldError("result", "either error, or facts, readings and state")
    error = error_of(raw["error"]) if failed else None
    readings, state = ((), State.UNKNOWN) if failed else of_rest(raw)
    return Result(
        check=from_json(str, raw["check"], "result.check"),
        version=from_json(int, raw["version"], "result.version"),
        asset=_text_or_none(raw["asset"], "result.asset"),
        target=from_json(str, raw["target"], "result.target"),
        vantage=from_json(str, raw["vantage"], "result.vantage"),
        slot=from_json(int, raw["slot"], "result.slot"),
        t0=from_json(int, raw["t0"], "result.t0"),
        t1=from_json(int, raw["t1"], "result.t1"),
        params=from_json(str, raw["params"], "result.params"),
        facts=None if failed else _facts(raw["facts"]),
        readings=readings,
        state=state,
        error=error,
        round=_text_or_none(raw.get("round"), "result.round"),
    )


def _text_or_none(value: JsonValue, path: str) -> str | None:
    return None if value is None else from_json(str, value, path)


def _facts(value: JsonValue) -> Mapping[str, JsonValue]:
    if not isinstance(value, dict):
        raise FieldError("result.facts", "a mapping is wanted here")
    return value


def of_rest(raw: Mapping[str, JsonValue]) -> tuple[tuple[Reading, ...], State]:
    """Readings and state of a line that has them; its facts must be a mapping."""
    _facts(raw["facts"])
    return tuple(_readings(raw["readings"])), from_json(State, raw["state"], "result.state")


def error_of(value: JsonValue) -> ErrorKind:
    """The kind of error that a line carries."""
    if not isinstance(value, dict) or value.keys() != {"kind"}:
        raise FieldError("result.error", "a mapping with the key kind is wanted here")
    return from_json(ErrorKind, value["kind"], "result.error.kind")


def _reading_json(reading: Reading) -> list[JsonValue]:
    value = to_json(reading.value)
    made = [reading.name, value, reading.unit.value, reading.state.value]
    return [*made, reading.reason] if reading.reason else made


def _readings(raw: JsonValue) -> Iterable[Reading]:
    if not isinstance(raw, list):
        raise FieldError("result.readings", "a list is wanted here")
    for i, item in enumerate(raw):
        path = f"result.readings.{i}"
        if not isinstance(item, list) or len(item) not in (4, 5):
            raise FieldError(path, "[name, value, unit, state] is wanted here")
        yield Reading(
            from_json(str, item[0], path),
            _number(item[1], path),
            from_json(Unit, item[2], path),
            from_json(State, item[3], path),
            from_json(str, item[4], path) if len(item) == 5 else "",
        )


def _number(value: JsonValue, path: str) -> Number | None:
    if value is None or type(value) is int:
        return value
    return from_json(Fraction, value, path)
