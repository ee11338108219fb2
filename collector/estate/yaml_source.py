"""YAML to plain values with the line of every key, without YAML 1.1's surprises.

Only `true`/`false`, decimal integers and null are more than text: `on`, `no`, `22:30`, `010` and `1.5`
stay what the writer sees. Doubled keys, tags and anything but text keys are mistakes. `include:` names
files beside the including one; a file comes in once.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import yaml

from collector.estate.errors import Problem

Path = tuple[str | int, ...]
Place = tuple[str, int]
_INTEGER = re.compile(r"-?(0|[1-9]\d{0,15})\Z", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_MOST_NODES = 500_000
_MOST_BYTES = 20_000_000
_DEEPEST = 100
MARK = b"#%roundseal-file "  # what the log puts before each of several files (loading.py)
_CORE = ("str", "int", "float", "bool", "null", "map", "seq", "timestamp", "merge", "value", "binary")
_TAGS = frozenset(f"tag:yaml.org,2002:{word}" for word in _CORE)


@dataclass(slots=True)
class Source:
    """One estate, read: its values, the place (file, line) of each path, and the mistakes so far. What is
    `in_force` stands in the log: it was accepted, perhaps by a version that refused less."""

    value: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    nodes: int = 0
    in_force: bool = False

    def place(self, path: Path) -> Place:
        """File and line of `path`, or of the nearest thing around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return next(iter(self.files), "estate"), 1

    def add(self, path: Path, reason: str) -> None:
        """Note a mistake at `path`."""
        self.problems.append(Problem(*self.place(path), self.shown(path), reason))

    def shown(self, path: Path) -> str:
        """The path as people read it: list members by their id where they have one."""
        text = ""
        value: Any = self.value
        for step in path:
            value = _step(value, step)
            if isinstance(step, int):
                known = value.get("id") if isinstance(value, dict) else None
                text += f"[{known if known is not None else step}]"
            else:
                text += f".{step}" if text else step
        return text or "(file)"


def _step(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


Reader = Callable[[str], bytes]


def load(name: str, read: Reader, *, in_force: bool = False) -> Source:
    """The estate in file `name` with all it includes; `read` gives a file's bytes or raises OSError."""
    source = Source(in_force=in_force)
    _file(source, name, read, (), (name, 1))
    return source


def _file(source: Source, name: str, read: Reader, trail: tuple[str, ...], named: Place) -> None:
    """Read one file with all it includes. `named`: where its name stands."""
    try:
        text = read(name)
    except (OSError, ValueError) as error:  # a name may hold what no name of a file may
        reason = getattr(error, "strerror", None) or "no name of a file"
        source.problems.append(Problem(*named, "include", f"{_brief(name)}: {reason}"))
        return
    source.files[name] = text
    root = _compose(source, name, text)
    if root is None:
        if all(problem.file != name for problem in source.problems):
            source.problems.append(Problem(name, 1, "(file)", "the file is empty"))
        return
    if not isinstance(root, yaml.MappingNode):
        source.problems.append(Problem(name, 1, "(file)", "a mapping of keys is wanted here"))
        return
    part = Source(files={name: text})
    value = _mapping(part, name, root, ())
    source.nodes += part.nodes
    source.problems += part.problems
    include = value.pop("include", [])
    _merge(source, name, value, part)
    for other, place in _includes(source, include, part):
        _include(source, name, other, read, (*trail, name), place)


def _brief(name: str) -> str:
    return name if len(name) <= 100 and name.isprintable() else repr(name[:100])


def _compose(source: Source, name: str, text: bytes) -> yaml.Node | None:
    if not source.in_force and (odd := _unreadable(text)):
        source.problems.append(Problem(name, odd[0], "(file)", odd[1]))
        return None
    try:
        # The library composes by calling itself: what is nested too deeply would end the process.
        if line := _too_deep(text):
            source.problems.append(Problem(name, line, "(file)", "too large or nested too deeply"))
            return None
        loader = yaml.CSafeLoader(text)
        try:
            return loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        reason = f"not YAML: {error.problem or error.context}{_hint(text, line)}"
        source.problems.append(Problem(name, line, "(file)", reason))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error).partition("\n")[0][:200]
        source.problems.append(Problem(name, 1, "(file)", f"not YAML: {reason}"))
    return None


def _unreadable(text: bytes) -> tuple[int, str] | None:
    """Line and reason where a file cannot be one of an estate, whatever it says."""
    if len(text) > _MOST_BYTES:
        return 1, f"is larger than {_MOST_BYTES // 1_000_000} MB"
    try:
        text.decode()
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        return line, "not UTF-8 (GBK perhaps): save it as UTF-8"
    at = text.find(MARK) if text.startswith(MARK) else text.find(b"\n" + MARK) + 1
    if text.startswith(MARK) or at > 0:
        return text[:at].count(b"\n") + 1, f"{MARK.decode()}begins a file in the log: no line may begin so"
    return None


def _too_deep(text: bytes) -> int:
    """The line in which a file becomes too deep or too large, by its events alone; 0 where it does not."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST or count > 2 * _MOST_NODES:
            return event.start_mark.line + 1 if event.start_mark else 1
    return 0


def _hint(text: bytes, line: int) -> str:
    """What people usually have done there."""
    lines = text.decode("utf-8", "replace").splitlines()
    near = "".join(lines[max(line - 2, 0) : line])
    if "\t" in near:
        return " (there is a tab: indent with spaces)"
    wide = [mark for mark in "：，“”‘’｛｝［］" if mark in near]
    return f" (there is a full-width {wide[0]}: write the plain one)" if wide else ""


def _includes(source: Source, include: Any, part: Source) -> Iterator[tuple[str, Place]]:
    """Each name of a file, and where it stands."""
    names = [include] if isinstance(include, str) else include
    if not isinstance(names, list) or not all(isinstance(item, str) for item in names):
        source.problems.append(
            Problem(*part.place(("include",)), "include", "a list of file names is wanted")
        )
        return
    for i, other in enumerate(names):
        yield other, part.place(("include", i))


def _include(
    source: Source, name: str, other: str, read: Reader, trail: tuple[str, ...], place: Place
) -> None:
    file, line = place
    target = PurePosixPath(other)
    if target.is_absolute() or ".." in target.parts:
        source.problems.append(
            Problem(file, line, "include", f"{other}: only files beside or below this one")
        )
        return
    full = (PurePosixPath(name).parent / target).as_posix()
    if full in trail:
        chain = " -> ".join((*trail[trail.index(full) :], full))
        source.problems.append(Problem(file, line, "include", f"files include each other: {chain}"))
    elif full in source.files:
        source.problems.append(Problem(file, line, "include", f"{other} is included twice"))
    elif len(trail) > 16:
        source.problems.append(Problem(file, line, "include", "files nested deeper than 16"))
    else:
        _file(source, full, read, trail, place)


def _merge(source: Source, name: str, value: dict[str, Any], part: Source) -> None:
    shift: dict[str, int] = {}
    for key, item in value.items():
        if key not in source.value:
            source.value[key] = item
            shift[key] = 0
        elif isinstance(item, list) and isinstance(source.value[key], list):
            shift[key] = len(source.value[key])
            source.value[key] = source.value[key] + item
        else:
            file, line = source.place((key,))
            here = part.place((key,))
            source.problems.append(Problem(*here, key, f"is given already in {file}:{line}"))
    for path, place in part.places.items():
        if path and path[0] in shift:
            index = path[1] + shift[str(path[0])] if len(path) > 1 and isinstance(path[1], int) else None
            moved = path if index is None else (path[0], index, *path[2:])
            source.places.setdefault(moved, place)


def _value(source: Source, file: str, node: yaml.Node, path: Path) -> Any:
    source.nodes += 1
    if source.nodes > _MOST_NODES or len(path) > 40:
        if source.nodes < 10 * _MOST_NODES:
            source.nodes = 10 * _MOST_NODES
            source.problems.append(Problem(file, _line(node), "(file)", "too large or nested too deeply"))
        return None
    if node.tag not in _TAGS:
        source.problems.append(
            Problem(file, _line(node), _plain(path), f"tags such as {node.tag} have no use here")
        )
        return None
    if isinstance(node, yaml.MappingNode):
        return _mapping(source, file, node, path)
    if isinstance(node, yaml.SequenceNode):
        return [_member(source, file, item, (*path, i)) for i, item in enumerate(node.value)]
    return _scalar(node)


def _member(source: Source, file: str, node: yaml.Node, path: Path) -> Any:
    source.places[path] = (file, _line(node))
    return _value(source, file, node, path)


def _scalar(node: yaml.Node) -> Any:
    if not isinstance(node, yaml.ScalarNode):
        return None
    text: str = node.value
    if node.style not in (None, ""):
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.match(text) else text


def _mapping(source: Source, file: str, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            source.problems.append(Problem(file, _line(key_node), _plain(path), "a key must be a plain text"))
            continue
        key: str = key_node.value
        if key_node.tag == "tag:yaml.org,2002:merge":
            reason = "<< is not taken here: write it out"
            source.problems.append(Problem(file, _line(key_node), _plain((*path, key)), reason))
            continue
        inner = (*path, key)
        if key in made:
            first = source.places[inner][1]
            source.problems.append(
                Problem(file, _line(key_node), _plain(inner), f"key appears twice (line {first})")
            )
            continue
        source.places[inner] = (file, _line(key_node))
        made[key] = _value(source, file, value_node, inner)
    return made


def _plain(path: Path) -> str:
    return ".".join(str(step) for step in path) or "(file)"


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
