"""What passes for a check's facts is judged as they are, and nobody can tell the two apart."""

import ast
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass, field
from pathlib import Path

import pytest

from checks import registry
from checks.api import Seen, worst
from checks.codec import from_json, to_json
from checks.wire import strict_json
from collector.verify import structs, swift
from collector.verify.tails import written

msgspec = pytest.importorskip("msgspec")

ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = sorted((ROOT / "tests" / "checks" / "recordings").glob("*/*.json"))


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """A part."""

    name: str
    size: int | None

    @property
    def double(self) -> int:
        """Twice its size."""
        return 2 * (self.size or 0)

    @classmethod
    def of(cls, name: str) -> "Part":
        """A part of no size."""
        return cls(name, None)

    def longer(self, more: str) -> "Part":
        """Another part."""
        return dataclasses.replace(self, name=self.name + more)


@dataclass(frozen=True, slots=True)
class Whole:
    """Parts."""

    parts: tuple[Part, ...]
    named: Mapping[str, Part]
    best: Part | None


TEXT = b'{"parts":[{"name":"a","size":3}],"named":{"b":{"name":"b","size":null}},"best":null}'
REAL = from_json(Whole, json.loads(TEXT))
MADE = msgspec.json.decode(TEXT, type=structs.like(Whole, msgspec.defstruct))


def test_it_passes_for_the_real_one():
    part, real = MADE.parts[0], REAL.parts[0]
    assert type(MADE) is not Whole and type(part) is not Part
    assert isinstance(MADE, Whole) and isinstance(part, Part)
    assert MADE == REAL and REAL == MADE and part == real and Whole((), {}, None) != MADE
    assert hash(part) == hash(real) and part in {real} and real in {part}
    assert repr(MADE) == repr(REAL) and dataclasses.asdict(MADE) == dataclasses.asdict(REAL)
    assert part.double == 6 and part.of("x") == Part("x", None) and part.longer("b") == Part("ab", 3)
    assert sorted([part, Part("A", 1)]) == [Part("A", 1), real] and dataclasses.is_dataclass(part)
    match part:
        case Part(name=name, size=3):
            assert name == "a"
        case _:
            pytest.fail("no match")
    assert msgspec.json.encode(MADE) == TEXT


def test_it_cannot_be_changed():
    for one in (MADE, REAL):
        with pytest.raises(AttributeError):
            one.best = 1
    assert issubclass(FrozenInstanceError, AttributeError)


def test_a_class_that_does_more_is_left_as_it_is():
    @dataclass(frozen=True, slots=True)
    class Checked:
        size: int

        def __post_init__(self) -> None:
            if self.size < 0:
                raise ValueError

    @dataclass(slots=True)
    class Loose:
        size: int

    @dataclass(frozen=True)
    class Open:
        size: int

    @dataclass(frozen=True, slots=True)
    class Derived(Part):
        more: int = 0

    @dataclass(frozen=True, slots=True)
    class Counted:
        size: int
        twice: int = field(init=False, default=0)

    for kind in (Checked, Loose, Open, Derived, Counted):
        assert structs.like(kind, msgspec.defstruct) is kind


@pytest.mark.parametrize("check_id", registry.ids())
def test_recorded_facts_are_judged_the_short_way_as_they_are(check_id: str):
    """The tail that the real facts give is what the short way says, too."""
    check = registry.get(check_id)
    tails = swift.tails_of(check.facts)
    for path in (one for one in RECORDINGS if one.parent.name == check_id):
        recording = json.loads(path.read_text("utf-8"))
        if "facts" not in recording or tails is None:
            continue
        params = from_json(check.params, recording["params"], "params")
        facts = from_json(check.facts, recording["facts"], "facts")
        at = recording["taken_at"]
        readings = tuple(check.judge(Seen(facts, at), params))
        state = worst(reading.state for reading in readings)
        tail = b'"facts":' + strict_json.dumps(to_json(facts)) + written(readings, state)
        assert tails.state(tail, at, check.judge, params)[0] is state, path


def test_no_check_asks_for_the_very_class_of_anything():
    kernel = {"api.py", "codec.py", "plan.py", "result.py"}  # they never see facts that are being judged
    found = []
    for path in (ROOT / "checks").rglob("*.py"):
        if path.parent.name == "wire" or (path.parent.name == "checks" and path.name in kernel):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "type"
            if called or (isinstance(node, ast.Attribute) and node.attr == "__class__"):
                found.append(f"{path}:{node.lineno}")
    assert not found
