"""YAML as the agent's own files may hold it: plain values, every mistake with its file and line."""

from pathlib import Path
from typing import Any

from agent.errors import AgentError

_DEEPEST = 6
_TAGS = {"int", "bool", "null", "str", "seq", "map"}


def plain_mapping(text: str, path: Path, code: str, *, quiet: bool = False) -> dict[str, Any]:
    """The mapping a YAML text holds, an empty one where nothing stands there; AgentError `code` otherwise."""
    value = plain_yaml(text, path, quiet=quiet)
    if value is not None and not isinstance(value, dict):
        raise AgentError(code, f"{path}: names with their values are wanted (name: value)")
    return value or {}


def plain_yaml(text: str, path: Path, *, quiet: bool = False) -> Any:
    """Value of a YAML text; AgentError names file and line. `quiet`: and nothing of what stands there."""
    # Loaded only where there is a file: it takes two megabytes for good.
    import yaml

    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        return None if node is None else _plain(node, path)
    except AgentError as error:
        if not quiet:
            raise
        raise AgentError(error.code, error.detail.partition(": ")[0] + ": not what is wanted here") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        # A problem may quote what stands there: an alias, a character.
        raise AgentError("settings", f"{path}:{line}: {'no YAML' if quiet else error.problem}") from None
    except yaml.YAMLError as error:
        raise AgentError("settings", f"{path}: {'no YAML' if quiet else error}") from None


def _plain(node: Any, path: Path, depth: int = 0) -> Any:
    """Value of a YAML node; doubled keys and odd types are refused with their line."""
    line = node.start_mark.line + 1
    kind = node.tag.rpartition(":")[2]
    if depth > _DEEPEST:  # also ends an alias to what it stands in
        raise AgentError("settings", f"{path}:{line}: nested deeper than {_DEEPEST}")
    if kind not in _TAGS:
        # YAML 1.1 reads 22:30 as a number and 1.5 as a float: quote it.
        raise AgentError(
            "settings", f"{path}:{line}: {node.value!r} is read as {kind}; quote it if a text is meant"
        )
    if node.id == "sequence":
        return [_plain(item, path, depth + 1) for item in node.value]
    if node.id == "mapping":
        made: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in made:
                raise AgentError("settings", f"{path}:{key.start_mark.line + 1}: {name!r} appears twice")
            made[name] = _plain(value, path, depth + 1)
        return made
    return _scalar(node.value, kind, f"{path}:{line}")


def _scalar(text: str, kind: str, place: str) -> Any:
    if kind == "int":
        if not text.isdigit():
            raise AgentError(
                "settings", f"{place}: {text!r} is not a plain whole number; quote it if a text is meant"
            )
        return int(text)
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    return None if kind == "null" else text
