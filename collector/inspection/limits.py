"""Which limit a reading passed: of the parameters that it was judged with, the one without which it is good.

Nothing says which parameter judged which reading, so the judge itself is asked: again of the same facts, with
one limit after the other taken away. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from checks.api import Check, Lower, Reading, Seen, State, Upper
from checks.codec import FieldError, from_json
from checks.result import Result


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that was passed: name of the parameter, "≥" or "≤", its number in the parameter's own unit."""

    name: str
    sign: str
    number: int


def passed(check: Check[Any, Any], result: Result, params: Mapping[str, Any]) -> dict[str, Limit]:
    """By name of the reading: the limit it passed. Nothing where another version of the check judged, where
    the facts no longer fit, or where no single limit decides."""
    if check.version != result.version or not any(_limited(one) for one in result.readings):
        return {}
    try:
        facts = from_json(check.facts, result.facts, "facts")
        wanted = from_json(check.params, params, "params")
    except FieldError:
        return {}
    if not is_dataclass(wanted):
        return {}
    found: dict[str, Limit] = {}
    for field in fields(wanted):
        limit = getattr(wanted, field.name)
        if isinstance(limit, Upper | Lower) and limit != type(limit)(None, None):
            without: Any = replace(wanted, **{field.name: type(limit)(None, None)})  # type: ignore[type-var]  # a dataclass, seen above
            again = {one.name: one for one in check.judge(Seen(facts, result.t0), without)}
            for one in filter(_limited, result.readings):
                number = limit.crit if one.state is State.CRIT else limit.warn
                if number is not None and one.name in again and again[one.name].state is State.OK:
                    sign = "≥" if isinstance(limit, Upper) else "≤"
                    found[one.name] = Limit(field.name, sign, number)
    return found


def _limited(one: Reading) -> bool:
    return one.state in (State.WARN, State.CRIT) and one.value is not None
