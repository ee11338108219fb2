"""Whatever is not proven says why: every reason in the code has words in both languages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.words.judging import JUDGING

ROOT = Path(__file__).resolve().parents[2] / "collector"
PLACES = ("judging", "faults", "inspection", "packs")
STATES = {"UNKNOWN", "VOID", "SUSPENDED", "NOT_PROVEN"}


def texts(part: ast.AST) -> Iterator[str]:
    """Codes in an expression: not those that it compares with."""
    if isinstance(part, ast.IfExp):
        yield from (*texts(part.body), *texts(part.orelse))
    elif isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
        yield part.value


def flat(call: ast.Call) -> list[ast.expr]:
    """Arguments by place, those of a starred tuple too."""
    made: list[ast.expr] = []
    for one in call.args:
        made += one.value.elts if isinstance(one, ast.Starred) and isinstance(one.value, ast.Tuple) else [one]
    return made


def named(function: ast.AST, name: str) -> Iterator[str]:
    """What a function lets a name be."""
    for one in ast.walk(function):
        if isinstance(one, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in one.targets):
            yield from texts(one.value)


def reasons(tree: ast.AST) -> Iterator[str]:
    """Reasons of gaps, of clocks and of rows of the ledger."""
    for function in (one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)):
        for one in ast.walk(function):
            if isinstance(one, ast.Call) and getattr(one.func, "id", "") == "Gap" and len(flat(one)) > 1:
                reason = flat(one)[1]
                name = reason.id if isinstance(reason, ast.Name) else ""
                yield from named(function, name) if name else texts(reason)
            if isinstance(one, ast.keyword) and one.arg == "reason":
                yield from texts(one.value)
            if (
                isinstance(one, ast.Tuple)
                and len(one.elts) > 1
                and getattr(one.elts[0], "attr", "") in STATES
            ):
                yield from texts(one.elts[1])


def found() -> dict[str, str]:
    """Every reason, and a file that gives it."""
    made = {}
    for place in PLACES:
        for path in sorted((ROOT / place).rglob("*.py")):
            made |= dict.fromkeys(reasons(ast.parse(path.read_text())), path.name)
    return made


def test_the_search_finds_them() -> None:
    assert {"period_open", "no_level", "not_observed", "no_unit", "round_open"} <= set(found())


@pytest.mark.parametrize(("reason", "file"), sorted(found().items()))
def test_every_reason_has_words(reason: str, file: str) -> None:
    words = JUDGING.get(f"judging.gap.{reason}")
    assert words is not None, f"{file}: {reason}"
    assert all(words) and len(words) == 2
