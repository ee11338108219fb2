"""Reader packs of reports: those that come with the agent, and the site's own in `readers/` of its state.

A site's pack of the same name goes before ours.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from checks.api import ErrorKind, ObservationError

OURS = Path(__file__).parent / "readers"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")
_MOST = 1 << 20


def names(state: Path | None = None) -> list[str]:
    """All that there are."""
    places = [OURS, *([state / "readers"] if state is not None else [])]
    return sorted({path.stem for place in places for path in place.glob("*.yaml")})


def reader(name: str, state: Path | None = None) -> Mapping[str, Any]:
    """A pack as it stands in its file; ObservationError `unsupported` where none can be read."""
    if not _NAME.fullmatch(name):
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{name!r} is no name of a reader pack")
    for place in ([state / "readers"] if state is not None else []) + [OURS]:
        path = place / f"{name}.yaml"
        if path.is_file():
            return _read(path, name)
    raise ObservationError(
        ErrorKind.UNSUPPORTED, f"no reader pack {name}; there are: {', '.join(names(state))}"
    )


def _read(path: Path, name: str) -> Mapping[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            made = yaml.safe_load(file.read(_MOST))
    except (OSError, ValueError, yaml.YAMLError) as problem:
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{path.name}: {problem}") from None
    if not isinstance(made, Mapping) or made.get("name") != name:
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{path.name}: name must be {name}")
    return made
