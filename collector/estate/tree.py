"""Service trees: what a system's availability is made of (AV 3.6), read from the estate file.

A leaf names a probe, a regular check on an asset (`check@asset`) or another system, whose tree stands
in its place. Groups are `all`, `any`, `quorum` and `weighted`; any group may carry a `name`, which
makes it a step of a service path such as `portal/databases`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]
OPERATORS = ("all", "any", "quorum", "weighted")
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Leaf:
    """A probe, `check@asset`, or a system."""

    name: str


@dataclass(frozen=True, slots=True)
class Group:
    """Members joined by an operator; `weights` only for weighted, `up`/`degraded` also for quorum."""

    operator: str
    members: tuple["Node", ...]
    weights: tuple[int, ...] = ()
    up: int = 0
    degraded: int = 0
    name: str = ""


Node = Leaf | Group
Note = Callable[[Path, str], None]  # (path inside the tree, reason)


def parse(value: Any, path: Path, note: Note) -> Node | None:
    """The tree in `value`; None with reasons noted when it is none."""
    if isinstance(value, str) and value:
        return Leaf(value)
    if len(path) > 2 * _DEEPEST:
        note(path, f"nested deeper than {_DEEPEST}")
        return None
    if not isinstance(value, dict):
        note(path, "the name of a probe, or a group such as {all: [...]}, is wanted here")
        return None
    operator = _operator(value, path, note)
    if operator is None:
        return None
    name = value.get("name", "")
    if not isinstance(name, str) or "/" in name or "@" in name or name.isdigit():
        note((*path, "name"), "a text without / and @ that is no number is wanted here")
        name = ""
    reader = {"quorum": _quorum, "weighted": _weighted}.get(operator, _plain)
    return reader(operator, value[operator], (*path, operator), name, note)


def _operator(value: dict[str, Any], path: Path, note: Note) -> str | None:
    operators = [key for key in value if key in OPERATORS]
    odd = [key for key in value if key not in OPERATORS and key != "name"]
    for key in odd:
        note((*path, key), f"unknown key; a group has one of {', '.join(OPERATORS)}, and a name")
    if len(operators) == 1:
        return operators[0]
    if operators or not odd:
        note(path, f"exactly one of {', '.join(OPERATORS)} is wanted here")
    return None


def _members(value: Any, path: Path, note: Note) -> tuple[Node, ...] | None:
    if not isinstance(value, list) or not value:
        note(path, "a list with at least one member is wanted here")
        return None
    made = [parse(item, (*path, i), note) for i, item in enumerate(value)]
    return tuple(node for node in made if node is not None) if None not in made else None


def _plain(operator: str, value: Any, path: Path, name: str, note: Note) -> Node | None:
    members = _members(value, path, note)
    return None if members is None else Group(operator, members, name=name)


def _thresholds(value: Any, most: int, path: Path, note: Note) -> tuple[int, int] | None:
    up, degraded = value.get("up"), value.get("degraded", value.get("up"))
    for key in value:
        if key not in ("up", "degraded", "of"):
            note((*path, key), "unknown key; up, degraded and of are known")
    good = type(up) is int and type(degraded) is int and 1 <= degraded <= up <= most
    if not good:
        note(path, f"up and degraded must be whole numbers with 1 <= degraded <= up <= {most}")
    return (up, degraded) if good else None


def _quorum(operator: str, value: Any, path: Path, name: str, note: Note) -> Node | None:
    if not isinstance(value, dict):
        note(path, "{up: m, degraded: k, of: [...]} is wanted here")
        return None
    members = _members(value.get("of"), (*path, "of"), note)
    if members is None:
        return None
    limits = _thresholds(value, len(members), path, note)
    return None if limits is None else Group(operator, members, (), *limits, name)


def _weighted(operator: str, value: Any, path: Path, name: str, note: Note) -> Node | None:
    of = value.get("of") if isinstance(value, dict) else None
    if not isinstance(of, dict) or not of:
        note(path, "{up: W, degraded: w, of: {NAME: weight}} is wanted here")
        return None
    for member, weight in of.items():
        if type(weight) is not int or weight < 1:
            note((*path, "of", member), "a whole number above 0 is wanted as weight")
            return None
    limits = _thresholds(value, sum(of.values()), path, note)
    members = tuple(Leaf(member) for member in of)
    return None if limits is None else Group(operator, members, tuple(of.values()), *limits, name)


def leaves(node: Node) -> list[str]:
    """Names of the leaves, from left to right, with repetitions."""
    if isinstance(node, Leaf):
        return [node.name]
    return [name for member in node.members for name in leaves(member)]


def at(node: Node, steps: list[str]) -> Node | None:
    """The part of the tree that `steps` lead to: a group's name, a leaf's name, or a number from 1."""
    for step in steps:
        if isinstance(node, Leaf):
            return None
        found = _member(node, step)
        if found is None:
            return None
        node = found
    return node


def _member(group: Group, step: str) -> Node | None:
    for member in group.members:
        if step == member.name:
            return member
    number = int(step) if step.isascii() and step.isdigit() else 0
    return group.members[number - 1] if 1 <= number <= len(group.members) else None
