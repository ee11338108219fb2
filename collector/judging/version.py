"""The version of judging: which program made a scorecard, and which one can make it anew.

What a seal says follows from the evidence *by a program*. Raise `JUDGING` whenever a released program could
give other points, money or printed facts for the same entries (anything of collector/judging, scoring,
faults, inspection, availability or backups), together with a line under **Judgement** in the changelog and
a row in docs/verifier.md; tests/judging/test_version.py holds a digest of worked results beside it.
"""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

JUDGING = 2
UNNAMED = 0
"""Of what was sealed before seals named a version."""

FIRST = 1
"""Records of rounds and of backups named none at first: they were made by this version at the latest."""

Named = tuple[int, int]
"""A version, and the entry that names it."""

FRESH = 2
"""From which version on it is asked how old a judgement is when it is logged: those before took no care."""

FRESH_MS = 600_000
"""So long may pass between the log that a judgement is made of and its own entry; a program takes seconds."""

FORM = 2
"""The form of a sealed body that names a version; form 1 names none."""


@cache
def program() -> str:
    """The release of this program; "" where it is not installed as a package."""
    try:
        return version("roundseal")
    except PackageNotFoundError:
        return ""


def named(header: Mapping[str, Any]) -> int:
    """The version that an entry's header names, however little else of it can be read."""
    value = header.get("judging")
    return value if type(value) is int else UNNAMED


def written(raw: dict[str, Any]) -> dict[str, Any]:
    """A sealed body as it is logged: form 1 has no key `judging`."""
    return raw if raw["v"] >= FORM else {key: value for key, value in raw.items() if key != "judging"}


def fits(form: int, judging: int) -> bool:
    """Whether a body of this form may name this version."""
    return (form, judging) == (1, UNNAMED) or (form == FORM and judging > UNNAMED)


def told(judging: int, done: str = "sealed") -> str:
    """By what something was sealed (or made), and what this program judges by."""
    by = "a program that named no judging version" if judging == UNNAMED else f"judging version {judging}"
    return f"{done} by {by}, this program judges by {JUDGING}"


def advice(judging: int) -> str:
    """With what it can be checked."""
    return f"verify with a program of {'its time' if judging == UNNAMED else f'version {judging}'}"
