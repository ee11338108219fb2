"""A discovered device as a piece of estate YAML."""

import json
import re
from collections.abc import Mapping


def asset(name: str, fields: Mapping[str, object], section: str, way: Mapping[str, object]) -> str:
    """One asset named NAME, its `fields` that are known, and under `section` how it is reached.

    `via` is for the operator to fill in.
    """
    lines = [f"- id: {identifier(name)}"]
    lines += [f"  {key}: {_quoted(value)}" for key, value in fields.items() if value]
    lines += ["  # via: the agent that looks at it", f"  {section}:"]
    return "\n".join([*lines, *(f"    {key}: {_quoted(value)}" for key, value in way.items())])


def identifier(name: str) -> str:
    """An id that an estate takes: small letters, digits, dashes."""
    made = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:48]
    return made or "device"


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
