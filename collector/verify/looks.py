"""One result line: read strictly, and judged again by the same check with the parameters of the signed plan.

Lines as our own writer makes them go a short way that gives the same: who looked is remembered by its bytes,
facts are read by the shape of their type (shapes.py), and the readings judged anew are written as our writer
would: if these bytes end the line, it says what the check says, and is strict JSON from end to end. Any other
line is read as a whole, with care. What the rest of a line comes to is remembered: the same facts with the
same parameters are judged the same, unless the check asks for the time.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from checks import registry
from checks import result as results
from checks.api import Check, Reading, State, worst
from checks.codec import FieldError, from_json
from checks.plan import Plan
from checks.wire.numbers import MAX_INT
from collector.verify import quick
from collector.verify.shapes import Misfit
from collector.verify.swift import reads_of

Asked = tuple[str, str, str, str]  # agent, check, target, digest of the parameters
_MOST = 20_000
_HOPELESS = 64  # so many lines of a series without one that came before: none will
_TEXT = rb'"([ !#-\[\]-~]*+)"'
_NUMBER = rb"(0|[1-9][0-9]{0,14}+)"
_WHO = re.compile(
    rb'\{"check":' + _TEXT + rb',"version":' + _NUMBER + rb',"asset":(?:null|' + _TEXT + rb'),"target":'
    + _TEXT + rb',"vantage":' + _TEXT
)  # fmt: skip
_WHEN = re.compile(
    rb',"slot":' + _NUMBER + rb',"t0":' + _NUMBER + rb',"t1":' + _NUMBER
    + rb'(?:,"round":' + _TEXT + rb')?,"params":' + _TEXT + rb","
)  # fmt: skip
_SLOT, _FACTS = b',"slot":', b'"facts":'
_FACTS_AT = len(_FACTS)


class Said(NamedTuple):
    """What the rest of a line comes to. `problem`: code of a finding, its detail; `judged`: what was done."""

    state: str
    error: str | None
    judged: str
    problem: tuple[str, str] | None = None


class Who(NamedTuple):
    """What the lines of one series have in common."""

    check: str
    version: int
    asset: str | None
    series: tuple[str, str, str]  # check, target, vantage point
    pair: tuple[str, str]  # check, target

    @classmethod
    def of(cls, check: str, version: int, asset: str | None, target: str, vantage: str) -> "Who":
        """Who looked at what."""
        return cls(check, version, asset, (check, target, vantage), (check, target))


Look = tuple[Who, int, int, str | None, Said]  # who, slot, t0, round, what the rest comes to


SAME = "lines re-judged"
FAILED = "looks that failed (signed as errors)"
UNKNOWN = "lines not re-judged"


class _When:
    """Facts with the instant they were taken; notes whether anybody asks for the instant."""

    __slots__ = ("asked", "at", "facts")

    def __init__(self, facts: Any, at: int) -> None:
        self.facts, self.at, self.asked = facts, at, False

    @property
    def taken_at(self) -> int:
        """UTC ms."""
        self.asked = True
        return self.at


@dataclass(slots=True)
class _Place:
    """Lines of one series with the same parameters: what is asked there, and how they are read.

    `number` is the same wherever check, version and parameters are. `new`: how many lines came that were
    not remembered since one was; where nothing ever comes again, remembering only costs time.
    """

    who: Who
    digest: str
    wanted: Mapping[str, Any] | None
    number: int
    judge: Callable[[Any, Any], Iterable[Reading]] | None = None
    params: Any = None
    read: Callable[[bytes, int], tuple[Any, int]] | None = None
    new: int = 0


@dataclass(slots=True)
class Judge:
    """Judges lines with the parameters that plans asked for; remembers within one process."""

    asked: Mapping[Asked, Mapping[str, Any]]
    memory: dict[tuple[int, bytes], Said] = field(default_factory=dict)
    once: set[int] = field(default_factory=set)
    places: dict[tuple[str, bytes, bytes], _Place] = field(default_factory=dict)
    numbers: dict[tuple[str, int, str], int] = field(default_factory=dict)
    params: dict[tuple[str, str], Any] = field(default_factory=dict)
    checks: dict[str, Check[Any, Any] | None] = field(default_factory=dict)

    @classmethod
    def of(cls, asked: Mapping[Asked, Mapping[str, Any]]) -> "Judge":
        """A judge without memories."""
        return cls(asked)

    def look(self, line: bytes, agent: str) -> Look:
        """The line with what came of judging it again; WireError or FieldError where it is none."""
        middle = line.find(_SLOT)
        when = None if middle < 0 else _WHEN.match(line, middle)
        if when is None:
            return self._whole(line, agent)
        slot, t0, _t1, round_, params = when.groups()
        head = line[:middle]
        place = self.places.get((agent, head, params)) or self._place(agent, head, params)
        if place is None:
            return self._whole(line, agent)
        rest = line[when.end() :]
        said = None
        if place.new < _HOPELESS:
            said = self.memory.get((place.number, rest))
        if said is None:
            said = self._again(place, int(t0), rest)
        else:
            place.new = 0
        return place.who, int(slot), int(t0), None if round_ is None else round_.decode(), said

    def _place(self, agent: str, head: bytes, params: bytes) -> _Place | None:
        """Where lines with this head stand; None where the head is not as our writer makes it."""
        found = _WHO.fullmatch(head)
        if found is None:
            return None
        name, version, asset, target, vantage = found.groups()
        who = Who.of(
            name.decode(),
            int(version),
            None if asset is None else asset.decode(),
            target.decode(),
            vantage.decode(),
        )
        digest = params.decode()
        wanted = self.asked.get((agent, who.check, who.pair[1], digest))
        number = self.numbers.setdefault((who.check, who.version, digest), len(self.numbers))
        # What no plan of this agent asks for is never answered from memory: another agent may have asked.
        made = _Place(who, digest, wanted, number, new=_HOPELESS if wanted is None else 0)
        check = self._check(who.check)
        if check is not None and check.version == who.version and wanted is not None:
            try:
                made.params = self._params(check, digest, wanted)
                reads = reads_of(check.facts)  # type: ignore[arg-type]  # classes are hashable
                made.judge, made.read = check.judge, None if reads is None else reads.read
            except FieldError:
                pass  # each of its lines is read with care, which says so
        if len(self.places) >= _MOST:
            self.places.clear()
        self.places[agent, head, params] = made
        return made

    def _again(self, place: _Place, t0: int, rest: bytes) -> Said:
        """What the rest of a line comes to, the short way if that can tell."""
        if place.judge is not None and place.read is not None and rest.startswith(_FACTS):
            try:
                facts, end = place.read(rest, _FACTS_AT)
                seen = _When(facts, t0)
                again = tuple(place.judge(seen, place.params))
                state = worst([reading.state for reading in again])
                # Exactly what our writer makes of what the check says: so it says the same.
                if rest[end:] == written(again, state):
                    return _SAME[state] if seen.asked else self._keep(place, rest, _SAME[state])
            except Exception:  # noqa: S110 - whatever it was: read with care, below, which also says what is wrong
                pass
        value = quick.loads(b"{" + rest)
        about = (place.who.check, place.who.version, place.digest, t0)
        made, timed = self._said(about, value, place.wanted)
        return made if timed or made.problem is not None else self._keep(place, rest, made)

    def _keep(self, place: _Place, rest: bytes, said: Said) -> Said:
        """Remember what came a second time: most lines with counters in them never do."""
        place.new += 1
        if place.new > _HOPELESS:
            return said
        key = (place.number, rest)
        hashed = hash(key)
        if hashed not in self.once:
            if len(self.once) >= _MOST:
                self.once.clear()
            self.once.add(hashed)
            return said
        if len(self.memory) >= _MOST:
            self.memory.clear()
        self.memory[key] = said
        return said

    def _whole(self, line: bytes, agent: str) -> Look:
        """A line in another order of keys, or with other letters."""
        raw = quick.loads(line)
        if not isinstance(raw, dict):
            raise FieldError("result", "a mapping is wanted here")
        result = results.of_json(raw)
        rest = {name: raw[name] for name in ("facts", "readings", "state", "error") if name in raw}
        wanted = self.asked.get((agent, result.check, result.target, result.params))
        about = (result.check, result.version, result.params, result.t0)
        said, _ = self._said(about, rest, wanted)
        who = Who.of(result.check, result.version, result.asset, result.target, result.vantage)
        return who, result.slot, result.t0, result.round, said

    def _said(
        self, about: tuple[str, int, str, int], rest: Any, wanted: Mapping[str, Any] | None
    ) -> tuple[Said, bool]:
        """What the rest of a line comes to, and whether the judge asked for the time."""
        name, version, digest, t0 = about
        if rest.keys() == {"error"}:
            error = results.error_of(rest["error"])
            made, timed = Said(State.UNKNOWN.value, error.value, FAILED), False
        elif rest.keys() != {"facts", "readings", "state"}:
            raise FieldError("result", "either error, or facts, readings and state")
        else:
            made, timed = self._judged(name, version, digest, t0, rest, wanted)
        if wanted is None:
            made = made._replace(problem=("bad_plan", f"{name} with parameters {digest[:16]}… is in no plan"))
        return made, timed

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


_SAME = {state.value: Said(state.value, None, SAME) for state in State}


def written(readings: Sequence[Reading], state: State) -> bytes:
    """What our writer puts behind the facts; Misfit or ValueError for what it cannot write."""
    made = []
    for one in readings:
        value = one.value
        if value is None:
            number = ',null,"'
        elif type(value) is int and -MAX_INT <= value <= MAX_INT:
            number = f',{value},"'
        else:
            number = _ratio(value)
        reason = "," + encode_basestring(one.reason) if one.reason else ""
        made.append(
            "[" + encode_basestring(one.name) + number + one.unit + '","' + one.state + '"' + reason + "]"
        )
    return (',"readings":[' + ",".join(made) + '],"state":"' + state + '"}').encode("utf-8")


def _ratio(value: Any) -> str:
    if type(value) is not Fraction:
        raise Misfit
    top, bottom = value.as_integer_ratio()
    if not (-MAX_INT <= top <= MAX_INT and bottom <= MAX_INT):
        raise Misfit
    return f',[{top},{bottom}],"'


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
