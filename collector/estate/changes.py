"""What an apply would change, line by line: systems, probes, regular checks, rounds, limits, windows."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from checks.codec import to_json
from collector.estate import notices
from collector.estate.loading import Loaded
from collector.estate.looks import Look


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the diff: `added`, `removed` or `changed`; of what; which; from and to for a change."""

    what: str
    kind: str
    name: str
    field: str = ""
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        sign = {"added": "+", "removed": "-", "changed": "~"}[self.what]
        line = f"{sign} {self.kind} {self.name}"
        return f"{line}: {self.field} {_shown(self.before)} -> {_shown(self.after)}" if self.field else line


def _shown(value: Any) -> str:
    """A value as the estate file has it: texts bare, the rest in JSON, which is YAML too."""
    if value is None:
        return "(none)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_KINDS = ("units", "systems", "assets", "windows", "objects", "places")


def between(old: Loaded | None, new: Loaded) -> list[Change]:
    """Changes from the old estate (None: none was applied) to the new one, in a fixed order."""
    found: list[Change] = []
    if old is not None:
        found += _fields("estate", old.estate.estate, _top(old), _top(new))
    for section in _KINDS:
        before = {item.id: _plain(item) for item in getattr(old.estate, section)} if old else {}
        after = {item.id: _plain(item) for item in getattr(new.estate, section)}
        found += _tables(section[:-1], before, after)
    found += _tables("checklist", _checklists(old), _checklists(new))
    found += _tables("backup", _backups(old), _backups(new))
    found += _tables("look", _looks(old), _looks(new))
    found += _tables("round", _rounds(old), _rounds(new))
    return found


def _top(loaded: Loaded) -> dict[str, Any]:
    estate = loaded.estate
    notify = [notices.line(item) for item in estate.notify]
    return {"timezone": estate.timezone, "contract": _flat(estate.contract), "notify": notify}


def _flat(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _flat(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple):
        return [_flat(item) for item in value]
    return to_json(value)


def _plain(item: Any) -> dict[str, Any]:
    made: dict[str, Any] = _flat(item)
    return {key: value for key, value in made.items() if key != "id"}


def _look(look: Look) -> dict[str, Any]:
    shown = {f"params.{path}": value for path, value in _leaves(look.params)}
    return {
        "agent": look.agent,
        "version": look.check.version,
        "every_ms": look.every_ms,
        "hold_ms": look.hold_ms,
        "confirm": look.confirm,
        **shown,
    }


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def _looks(loaded: Loaded | None) -> dict[str, dict[str, Any]]:
    if loaded is None:
        return {}
    return {_name(look): _look(look) for look in loaded.regular}


def _name(look: Look) -> str:
    if look.probe:
        return f"{look.target} from {look.agent}"
    return f"{look.check.id}@{look.target}"


def _rounds(loaded: Loaded | None) -> dict[str, dict[str, Any]]:
    if loaded is None:
        return {}
    made = {}
    for part in loaded.estate.rounds:
        looks = loaded.rounds[part.id]
        rows = {f"look {_name(look)}": to_json(look.params) for look in looks}
        when = {key: getattr(part, key) for key in ("every", "on", "window", "days")}
        made[part.id] = {**when, "before": list(part.before), "human": _flat(part.human), **rows}
    return made


def _backups(loaded: Loaded | None) -> dict[str, dict[str, Any]]:
    if loaded is None or loaded.backups is None:
        return {}
    made = {one.name: dict(_leaves(_numbered(to_json(one)))) for one in loaded.backups.objects}
    if loaded.backups.success is not None:
        made["success"] = dict(_leaves(to_json(loaded.backups.success)))
    return made


def _numbered(value: Any) -> Any:
    """Lists of mappings as mappings by number, so that a change in one is shown and not the whole."""
    if isinstance(value, Mapping):
        return {key: _numbered(item) for key, item in value.items()}
    if isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        return {str(i): _numbered(item) for i, item in enumerate(value)}
    return value


def _checklists(loaded: Loaded | None) -> dict[str, dict[str, Any]]:
    if loaded is None:
        return {}
    return {one.kind: {"items": _flat(one.items), "add": one.add} for one in loaded.estate.checklists}


def _tables(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in sorted({*before, *after}):
        if name not in before:
            yield Change("added", kind, name)
        elif name not in after:
            yield Change("removed", kind, name)
        else:
            yield from _fields(kind, name, before[name], after[name])


def _fields(
    kind: str, name: str, before: Mapping[str, Any], after: Mapping[str, Any], place: str = ""
) -> Iterator[Change]:
    """Each field that differs; of what holds fields of its own, those of them that differ."""
    for key in dict.fromkeys([*before, *after]):
        old, new, path = before.get(key), after.get(key), f"{place}{key}"
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _fields(kind, name, old, new, f"{path}.")
        elif old != new:
            yield Change("changed", kind, name, path, old, new)
