"""What came out of the worked examples of a case file; one that is wrong in itself spoils no other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from collector.availability.errors import CaseError

Raw = dict[str, Any]
_FILE = ("examples",)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What one example came to, with the type and the keys of its `expect`."""

    id: str
    got: Any
    agrees: bool | None
    """None where the example expects nothing, or is wrong in itself."""
    wrong: CaseError | None = None
    """Why nothing came out: `got` is None then."""


@dataclass(frozen=True, slots=True)
class CaseReport:
    """All examples of a file, in its order."""

    results: tuple[CaseResult, ...]

    @property
    def differing(self) -> tuple[str, ...]:
        """Ids of the examples whose figures are not the expected ones."""
        return tuple(one.id for one in self.results if one.agrees is False)

    @property
    def wrong(self) -> tuple[CaseError, ...]:
        """What is wrong with examples that nothing came out of."""
        return tuple(one.wrong for one in self.results if one.wrong is not None)

    def as_json(self) -> list[Raw]:
        """The list that `case --json` prints; `got` is null beside an `error`."""
        return [_json(one) for one in self.results]


def _json(one: CaseResult) -> Raw:
    error = {} if one.wrong is None else {"error": f"{one.wrong.field}: {one.wrong.detail}"}
    return {"id": one.id, "got": one.got, **error}


def report_of(document: object, run: Callable[[str, Raw], CaseResult]) -> CaseReport:
    """Run every example of a parsed case file. CaseError: the document is no list of examples."""
    return CaseReport(tuple(_run(name, raw, run) for name, raw in list(_examples(document))))


def _run(name: str, raw: Raw, run: Callable[[str, Raw], CaseResult]) -> CaseResult:
    try:
        return run(name, raw)
    except CaseError as error:
        return CaseResult(name, None, None, error)


def _examples(document: object) -> Iterator[tuple[str, Raw]]:
    """Every example with its id; ids are needed to say which one differs."""
    if isinstance(document, dict):
        if odd := [str(key) for key in document if key not in _FILE]:
            raise CaseError("file", odd[0], f"unknown key; known: {', '.join(_FILE)}")
        document = document.get("examples")
    if not isinstance(document, list):
        raise CaseError("file", "examples", "must be a list of examples")
    if not document:
        raise CaseError("file", "examples", "is empty: nothing would be shown to be good")
    seen = set()
    for i, raw in enumerate(document):
        name = raw.get("id") if isinstance(raw, dict) else None
        if not isinstance(name, str) or not name:
            raise CaseError(f"example {i + 1}", "id", "every example has a text as its id")
        if name in seen:
            raise CaseError(name, "id", "is used twice")
        seen.add(name)
        yield name, raw
