"""One result line: read strictly, and judged again by the same check with the parameters of the signed plan.

A line is read in two parts where our own writer's order of keys allows it: the head (who, what, when) by a
pattern, the rest (facts, readings, state) as JSON. `{` + rest must be a strict JSON object with exactly these
keys, so the whole line is one too. What the rest comes to is remembered: the same facts with the same
parameters are judged the same, unless the check asks for the time.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from checks import registry
from checks import result as results
from checks.api import Check, Reading, State, worst
from checks.codec import FieldError, from_json
from checks.plan import Plan
from collector.verify import quick

Asked = tuple[str, str, str, str]  # agent, check, target, digest of the parameters
_MOST = 20_000
_TEXT = rb'"([ !#-\[\]-~]*)"'
_NUMBER = rb"(0|[1-9][0-9]{0,14})"
_HEAD = re.compile(
    rb'\{"check":' + _TEXT + rb',"version":' + _NUMBER + rb',"asset":(?:null|' + _TEXT + rb'),"target":'
    + _TEXT + rb',"vantage":' + _TEXT + rb',"slot":' + _NUMBER + rb',"t0":' + _NUMBER + rb',"t1":' + _NUMBER
    + rb'(?:,"round":' + _TEXT + rb')?,"params":' + _TEXT + rb","
)  # fmt: skip


class Said(NamedTuple):
    """What the rest of a line comes to. `problem`: code of a finding, its detail; `judged`: what was done."""

    state: str
    error: str | None
    judged: str
    problem: tuple[str, str] | None = None


class Look(NamedTuple):
    """A line."""

    check: str
    asset: str | None
    target: str
    vantage: str
    slot: int
    t0: int
    round: str | None
    said: Said


SAME = "lines re-judged"
FAILED = "looks that failed (signed as errors)"
UNKNOWN = "lines not re-judged"


class _When:
    """Facts with the instant they were taken; notes whether anybody asks for the instant."""

    __slots__ = ("_at", "asked", "facts")

    def __init__(self, facts: Any, at: int) -> None:
        self.facts, self._at, self.asked = facts, at, False

    @property
    def taken_at(self) -> int:
        """UTC ms."""
        self.asked = True
        return self._at


@dataclass(slots=True)
class Judge:
    """Judges lines with the parameters that plans asked for; remembers within one process."""

    asked: Mapping[Asked, Mapping[str, Any]]
    memory: dict[tuple[bytes, bytes, bytes, bytes], Said]
    params: dict[tuple[str, str], Any]
    checks: dict[str, Check[Any, Any] | None]

    @classmethod
    def of(cls, asked: Mapping[Asked, Mapping[str, Any]]) -> "Judge":
        """A judge without memories."""
        return cls(asked, {}, {}, {})

    def look(self, line: bytes, agent: str) -> Look:
        """The line with what came of judging it again; WireError or FieldError where it is none."""
        head = _HEAD.match(line)
        if head is None:
            return self._whole(line, agent)
        check, version, asset, target, vantage, slot, t0, _t1, round_, params = head.groups()
        key = (check, version, params, line[head.end() :])
        said = self.memory.get(key)
        name, digest, end = check.decode(), params.decode(), target.decode()
        wanted = self.asked.get((agent, name, end, digest))
        if said is None or wanted is None:
            rest = quick.loads(b"{" + key[3])
            said = self._said((name, int(version), digest, int(t0)), rest, wanted, key)
        return Look(
            name,
            None if asset is None else asset.decode(),
            end,
            vantage.decode(),
            int(slot),
            int(t0),
            None if round_ is None else round_.decode(),
            said,
        )

    def _whole(self, line: bytes, agent: str) -> Look:
        """A line in another order of keys, or with other letters."""
        raw = quick.loads(line)
        if not isinstance(raw, dict):
            raise FieldError("result", "a mapping is wanted here")
        result = results.of_json(raw)
        rest = {name: raw[name] for name in ("facts", "readings", "state", "error") if name in raw}
        wanted = self.asked.get((agent, result.check, result.target, result.params))
        said = self._said((result.check, result.version, result.params, result.t0), rest, wanted, None)
        return Look(
            result.check,
            result.asset,
            result.target,
            result.vantage,
            result.slot,
            result.t0,
            result.round,
            said,
        )

    def _said(
        self,
        about: tuple[str, int, str, int],
        rest: Any,
        wanted: Mapping[str, Any] | None,
        key: tuple[bytes, bytes, bytes, bytes] | None,
    ) -> Said:
        name, version, digest, t0 = about
        if rest.keys() == {"error"}:
            error = results.error_of(rest["error"])
            made, timed = Said(State.UNKNOWN.value, error.value, FAILED), False
        elif rest.keys() != {"facts", "readings", "state"}:
            raise FieldError("result", "either error, or facts, readings and state")
        else:
            made, timed = self._judged(name, version, digest, t0, rest, wanted)
        if wanted is None:
            return made._replace(problem=("bad_plan", f"{name} with parameters {digest[:16]}… is in no plan"))
        if key is not None and not timed:
            if len(self.memory) >= _MOST:
                self.memory.clear()
            self.memory[key] = made
        return made

    def _judged(
        self, name: str, version: int, digest: str, t0: int, rest: Any, wanted: Mapping[str, Any] | None
    ) -> tuple[Said, bool]:
        """What the line said, and whether the judge asked for the time."""
        check = self._check(name)
        if check is None or check.version != version or wanted is None:
            return Said(results.of_rest(rest)[1].value, None, UNKNOWN), False
        seen = _When(from_json(check.facts, rest["facts"], "facts"), t0)
        try:
            again = tuple(check.judge(seen, self._params(check, digest, wanted)))  # type: ignore[arg-type]  # a Seen that listens
        except Exception as error:  # facts that fit their types and still make no sense to the check
            raise FieldError("facts", f"{name} cannot judge them: {type(error).__name__}") from None
        state = worst(reading.state for reading in again)
        if state.value == rest["state"] and same_readings(rest["readings"], again):
            return Said(state.value, None, SAME), seen.asked
        readings, claimed = results.of_rest(rest)
        problem = None
        if (readings, claimed) != (again, state):
            problem = ("judged_differently", f"{name} gives {state.value}, the line says {claimed.value}")
        return Said(claimed.value, None, SAME, problem), seen.asked

    def _check(self, name: str) -> Check[Any, Any] | None:
        if name not in self.checks:
            try:
                self.checks[name] = registry.get(name)
            except (registry.UnknownCheckError, ImportError):
                self.checks[name] = None
        return self.checks[name]

    def _params(self, check: Check[Any, Any], digest: str, wanted: Mapping[str, Any]) -> Any:
        key = (check.id, digest)
        if key not in self.params:
            self.params[key] = from_json(check.params, wanted, "params")
        return self.params[key]


def same_readings(raw: Any, again: Sequence[Reading]) -> bool:
    """Whether these readings stand in the line exactly as they are written."""
    if type(raw) is not list or len(raw) != len(again):
        return False
    for one, reading in zip(raw, again, strict=True):
        if type(one) is not list or len(one) != (5 if reading.reason else 4):
            return False
        if one[0] != reading.name or one[2] != reading.unit or one[3] != reading.state:
            return False
        if reading.reason and one[4] != reading.reason:
            return False
        if not _same_number(one[1], reading.value):
            return False
    return True


def _same_number(raw: Any, value: Any) -> bool:
    if value is None or type(value) is int:
        return type(raw) is type(value) and bool(raw == value)
    if type(raw) is not list or len(raw) != 2:
        return False
    top, bottom = raw
    return type(top) is int and type(bottom) is int and top == value.numerator and bottom == value.denominator


def asked_of(plans: Iterable[Plan]) -> dict[Asked, Mapping[str, Any]]:
    """Parameters of everything that agents' plans ask for."""
    made: dict[Asked, Mapping[str, Any]] = {}
    for plan in plans:
        items = [one.item for one in plan.items]
        items += [one.item for part in plan.rounds for one in part.items]
        for item in items:
            made[plan.agent, item.check, item.target, item.params_digest] = item.params
    return made
