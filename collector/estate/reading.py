"""Estate file to model: shape first, section by section, so that one bad line hides no other."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from functools import cache
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from collector.estate import model, units
from collector.estate.yaml_source import Path, Source

_PLAIN_ID = (
    "a letter or digit, then letters, digits, _ . - (63 at most, none of them Chinese) are wanted here"
)
# What a pattern of the model wants, in words.
_PATTERNS = {
    "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$": _PLAIN_ID,
    "^[A-Za-z0-9_.:*?-]{1,100}$": "an id, or a pattern with * and ?, is wanted here",
    "^[a-z][a-z0-9_]{0,40}$": "a small letter, then small letters, digits and _ (41 at most) are wanted here",
    "^/": "a whole path, from / on, is wanted here",
}
_STARTS = (
    (
        "^([a-z][a-z0-9+.-]*://",
        "an address such as jsons://host/path, secret: NAME or custom:NAME is wanted here",
    ),
    ("^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}(/", "ids with / between them (6 at most) are wanted here"),
    ("^([0-9A-Fa-f]{2}", "a SHA-256 (64 hex digits) is wanted here"),
)
_WORDS = {
    "missing": "missing",
    "missing_argument": "missing",
    "bool_type": "true or false is wanted here",
    "int_type": "a whole number is wanted here",
    "string_type": "a text is wanted here",
    "tuple_type": "a list is wanted here",
    "dict_type": "a mapping is wanted here",
    "dataclass_type": "a mapping is wanted here",
    "too_short": "at least one is wanted here",
    "string_too_short": "must not be empty",
}


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@dataclass(frozen=True, slots=True)
class Shape:
    """What could be read. `numbers` gives each member's number in the file, by section; `broken` the ids
    of members that could not be read: a reference to one of those is no mistake of its own."""

    estate: model.Estate
    numbers: Mapping[str, tuple[int, ...]]
    broken: frozenset[tuple[str, str]]


def read(source: Source) -> Shape:
    """The estate as far as it can be read; mistakes go to `source`."""
    hints = get_type_hints(model.Estate, include_extras=True)
    for key in source.value:
        if key not in hints:
            source.add((key,), _unknown(key, hints))
    made: dict[str, Any] = {}
    numbers: dict[str, tuple[int, ...]] = {}
    broken: set[tuple[str, str]] = set()
    for spec in fields(model.Estate):
        if spec.name == "include":
            continue
        if spec.name in ("backup_success", "backup_questions"):  # read by collector.estate.backups
            made[spec.name] = source.value.get(spec.name)
            continue
        if spec.default == ():
            numbers[spec.name], made[spec.name] = _section(source, spec.name, hints[spec.name], broken)
        else:
            made[spec.name] = _single(source, spec.name, hints[spec.name], spec.default)
    return Shape(_estate(made), numbers, frozenset(broken))


def _single(source: Source, name: str, hint: Any, default: Any) -> Any:
    if name not in source.value:
        if default is MISSING:
            source.add((name,), "missing")
        return "?" if default is MISSING else default
    value = _checked(source, hint, source.value[name], (name,))
    return value if value is not None else "?" if default is MISSING else default


def _estate(made: dict[str, Any]) -> model.Estate:
    # Every part is checked already; the constructor would check the whole again.
    estate = object.__new__(model.Estate)
    for spec in fields(model.Estate):
        object.__setattr__(estate, spec.name, made.get(spec.name, spec.default))
    return estate


def _section(
    source: Source, name: str, hint: Any, broken: set[tuple[str, str]]
) -> tuple[tuple[int, ...], tuple[Any, ...]]:
    raw = source.value.get(name)
    if raw is not None and not isinstance(raw, list):
        source.add((name,), "a list is wanted here")
    if not isinstance(raw, list):
        return (), ()
    if name == "backups":
        return tuple(range(len(raw))), tuple(raw)  # collector.estate.backups reads it
    kind = get_args(hint)[0]
    made = {}
    for i, item in enumerate(raw):
        value = _checked(source, kind, item, (name, i))
        if value is not None:
            made[i] = value
        elif isinstance(item, Mapping):
            broken.add((name, str(item.get("id"))))
            # Its agent is still a name that others may use.
            broken.add(("agents", str(item.get("agent"))))
            rest = _without_unknown(source, kind, item)
            if rest is not None:
                made[i] = rest
    return tuple(made), tuple(made.values())


def _without_unknown(source: Source, kind: Any, item: Mapping[Any, Any]) -> Any:
    """The member without its unknown keys, if nothing else is wrong: what it names is then checked too."""
    try:
        known = {spec.name.rstrip("_") for spec in fields(kind)}
        held = {key: one for key, one in item.items() if key in known}
        return _adapter(kind).validate_python(held, context={units.IN_FORCE: source.in_force})
    except ValidationError:
        return None


def _checked(source: Source, kind: Any, value: Any, path: Path) -> Any:
    try:
        return _adapter(kind).validate_python(value, context={units.IN_FORCE: source.in_force})
    except ValidationError as problem:
        for error in problem.errors(include_url=False, include_context=True):
            if error["type"] == "too_short" and error["input"] and not isinstance(error["input"], str):
                continue  # its members were refused one by one
            if error["type"] == "literal_error" and error["ctx"]["expected"] == "''":
                continue  # that it may be empty is no help
            steps = _steps(value, error["loc"])
            source.add((*path, *steps), _reason(dict(error), kind, value, steps))
    return None


def _steps(value: Any, loc: tuple[str | int, ...]) -> Path:
    """The steps of pydantic's `loc` that stand in the file (it also names members of unions)."""
    steps: list[str | int] = []
    for i, step in enumerate(loc):
        last = i == len(loc) - 1
        if isinstance(value, Mapping) and (step in value or last):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            continue
        steps.append(step)
    return tuple(steps)


def _reason(error: dict[str, Any], kind: Any, value: Any, steps: Path) -> str:
    word = error["type"]
    given = error.get("input")
    if word == "unexpected_keyword_argument":
        return _unknown(str(steps[-1]), _keys_at(kind, steps[:-1]))
    if word == "value_error":
        return str(error["ctx"]["error"])
    if word == "literal_error":
        return f"{_quoted(given)} is none of: {error['ctx']['expected']}"
    if word == "string_pattern_mismatch":
        return f"{_quoted(given)}: {_wanted(error['ctx']['pattern'])}"
    if word == "too_short" and isinstance(given, str):
        return "must not be empty"
    if word in ("less_than_equal", "greater_than_equal"):
        kind_, limit = ("more", "le") if word == "less_than_equal" else ("less", "ge")
        return f"{_quoted(given)} is {kind_} than {error['ctx'][limit]}"
    if word in ("string_too_long", "too_long"):
        return f"has more than {error['ctx']['max_length']} characters"
    return _WORDS.get(word, f"{error['msg']}, not {_quoted(given)}")


def _wanted(pattern: str) -> str:
    """What a pattern of the model asks for, in words."""
    known = _PATTERNS.get(pattern)
    return known or next(
        (words for begin, words in _STARTS if pattern.startswith(begin)), f"does not fit {pattern}"
    )


def _quoted(value: Any) -> str:
    return f"'{value[:60]}'" if isinstance(value, str) else str(value)[:60]


def _keys_at(kind: Any, steps: Path) -> list[str]:
    kind = next((a for a in (kind, *_deep_args(kind)) if hasattr(a, "__dataclass_fields__")), None)
    for step in steps:
        if isinstance(step, int):
            continue
        hint = get_type_hints(kind).get(str(step)) if hasattr(kind, "__dataclass_fields__") else None
        kind = next((a for a in (hint, *_deep_args(hint)) if hasattr(a, "__dataclass_fields__")), None)
    names = [spec.name.rstrip("_") for spec in fields(kind)] if kind is not None else []
    return names


def _deep_args(hint: Any) -> list[Any]:
    found = []
    for arg in get_args(hint):
        found += [arg, *_deep_args(arg)]
    return found


def _unknown(key: str, known: Any) -> str:
    near = get_close_matches(key, list(known), n=1)
    return f"unknown key; did you mean {near[0]}?" if near else "unknown key"
