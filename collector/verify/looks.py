"""One result line: read strictly, and judged again by the same check with the parameters of the signed plan.

Lines as our own writer makes them go a short way that gives the same: who looked is known by the line's first
bytes, most often those of the line with this number in the agent's batch before, and its tail is right if it
is what our writer makes of its facts and of what the check says of them (tails.py). Any other line is read as
a whole, with care. A tail that was good is remembered until the next: the same facts with the same parameters
are judged the same, unless the check asks for the time.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from checks import registry
from checks import result as results
from checks.api import Check, Reading, State, worst
from checks.codec import FieldError, from_json
from checks.plan import Plan
from collector.verify import quick
from collector.verify.swift import tails_of
from collector.verify.tails import Judging, Tails, Taken

Asked = tuple[str, str, str, str]  # agent, check, target, digest of the parameters
_MOST = 20_000
_LONGEST = 65_536  # bytes of a tail that is worth remembering
_HOPELESS = 16  # so many new tails in a row: from then on one of so many is remembered
_ROOM = 64 * 1024 * 1024  # bytes of all of them
_TEXT = rb'"([ !#-\[\]-~]*+)"'
_NUMBER = rb"(0|[1-9][0-9]{0,14}+)"
_WHO = re.compile(
    rb'\{"check":' + _TEXT + rb',"version":' + _NUMBER + rb',"asset":(?:null|' + _TEXT + rb'),"target":'
    + _TEXT + rb',"vantage":' + _TEXT
)  # fmt: skip
_WHEN = re.compile(
    rb',"slot":' + _NUMBER + rb',"t0":' + _NUMBER + rb',"t1":' + _NUMBER
    + rb'(?:,"round":' + _TEXT + rb')?,"params":' + _TEXT + rb","
).match  # fmt: skip
_TIMES = re.compile(
    rb',"slot":' + _NUMBER + rb',"t0":' + _NUMBER + rb',"t1":(?:0|[1-9][0-9]{0,14}+)'
).match  # fmt: skip
_SLOT = b',"slot":'


class Said(NamedTuple):
    """What the rest of a line comes to. `problem`: code of a finding, its detail; `judged`: what was done."""

    state: str
    error: str | None
    judged: str
    problem: tuple[str, str] | None = None


@dataclass(slots=True, eq=False)
class Who:
    """What the lines of one series have in common. `own`: the agent that signed them is the vantage point.

    `kept` is whatever the reader of the lines wants to find again with the next one.
    """

    check: str
    version: int
    asset: str | None
    series: tuple[str, str, str]  # check, target, vantage point
    pair: tuple[str, str]  # check, target
    own: bool
    kept: Any = None

    @classmethod
    def of(cls, check: str, version: int, asset: str | None, series: tuple[str, str], agent: str) -> "Who":
        """Who looked at what: a check, and as `series` a target and a vantage point."""
        target, vantage = series
        return cls(check, version, asset, (check, target, vantage), (check, target), vantage == agent)


Look = tuple[Who, int, int, str | None, Said]  # who, slot, t0, round, what the rest comes to


SAME = "lines re-judged"
FAILED = "looks that failed (signed as errors)"
UNKNOWN = "lines not re-judged"


@dataclass(slots=True, eq=False)
class Place:
    """Lines of one series with the same parameters: how they begin, what is asked there, how they are read.

    `last`: the newest tail that may be answered from memory, and in `said` the answer. `new`: how many came
    since one was; where nothing ever comes again, remembering only costs time.
    """

    head: bytes
    end: int  # where the head ends
    then: bytes  # what follows the times outside of rounds: the parameters
    skip: int  # how long that is
    digest: str
    who: Who
    wanted: Mapping[str, Any] | None
    judge: Judging | None = None
    params: Any = None
    tails: Tails | None = None
    last: bytes = b""
    said: Said | None = None
    new: int = 0


Order = list[Place]  # where the lines of an agent's newest batch stood, by number


@dataclass(slots=True)
class Judge:
    """Judges lines with the parameters that plans asked for; remembers within one process."""

    asked: Mapping[Asked, Mapping[str, Any]]
    places: dict[tuple[str, bytes, bytes], Place] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    params: dict[tuple[str, str], Any] = field(default_factory=dict)
    checks: dict[str, Check[Any, Any] | None] = field(default_factory=dict)
    room: int = _ROOM

    @classmethod
    def of(cls, asked: Mapping[Asked, Mapping[str, Any]]) -> "Judge":
        """A judge without memories."""
        return cls(asked)

    def order(self, agent: str) -> Order:
        """Where this agent's lines stand: for `look`."""
        return self.orders.setdefault(agent, [])

    def look(self, line: bytes, agent: str, order: Order, number: int) -> Look:
        """The line with what came of judging it again; WireError or FieldError where it is none."""
        place = order[number] if number < len(order) else None
        if place is None or not line.startswith(place.head):
            return self._elsewhere(line, agent, order, number)
        times = _TIMES(line, place.end)
        if times is None or not line.startswith(place.then, times.end()):
            return self._elsewhere(line, agent, order, number)
        slot, t0 = times.groups()
        tail, at = line[times.end() + place.skip :], int(t0)
        if tail == place.last and place.said is not None:
            place.new = 0
            return place.who, int(slot), at, None, place.said
        return place.who, int(slot), at, None, self._again(place, at, tail)

    def _elsewhere(self, line: bytes, agent: str, order: Order, number: int) -> Look:
        """A line that stands where none stood before, or another one did."""
        middle = line.find(_SLOT)
        when = None if middle < 0 else _WHEN(line, middle)
        if when is None:
            return self._whole(line, agent)
        head, params = line[:middle], when[5]
        place = self.places.get((agent, head, params)) or self._place(agent, head, params)
        if place is None:
            return self._whole(line, agent)
        if number < len(order):
            order[number] = place
        elif number == len(order):
            order.append(place)
        slot, t0, _t1, round_, _params = when.groups()
        tail, at = line[when.end() :], int(t0)
        known = place.said if tail == place.last else None
        said = known or self._again(place, at, tail)
        return place.who, int(slot), at, None if round_ is None else round_.decode(), said

    def _place(self, agent: str, head: bytes, params: bytes) -> Place | None:
        """Where lines with this head stand; None where the head is not as our writer makes it."""
        found = _WHO.fullmatch(head)
        if found is None:
            return None
        name, version, asset, target, vantage = found.groups()
        owner = None if asset is None else asset.decode()
        who = Who.of(name.decode(), int(version), owner, (target.decode(), vantage.decode()), agent)
        digest = params.decode()
        wanted = self.asked.get((agent, who.check, who.pair[1], digest))
        then = b',"params":"' + params + b'",'
        made = Place(head, len(head), then, len(then), digest, who, wanted)
        check = self._check(who.check)
        if check is not None and check.version == who.version and wanted is not None:
            try:
                made.params = self._params(check, digest, wanted)
                made.judge, made.tails = check.judge, tails_of(check.facts)  # type: ignore[arg-type]  # classes are hashable
            except FieldError:
                pass  # each of its lines is read with care, which says so
        if len(self.places) >= _MOST:
            self._forget()
        self.places[agent, head, params] = made
        return made

    def _forget(self) -> None:
        """Hostile bundles name more series than any machine room has."""
        self.places.clear()
        self.orders.clear()
        self.room = _ROOM

    def _again(self, place: Place, t0: int, tail: bytes) -> Said:
        """What the tail of a line comes to, the short way if that can tell."""
        if place.judge is not None and place.tails is not None:
            try:
                state, timed = place.tails.state(tail, t0, place.judge, place.params)
                return _SAME[state] if timed else self._keep(place, tail, _SAME[state])
            except Exception:  # noqa: S110 - whatever it was: read with care, below, which also says what is wrong
                pass
        value = quick.loads(b"{" + tail)
        about = (place.who.check, place.who.version, place.digest, t0)
        made, timed = self._said(about, value, place.wanted)
        return made if timed or made.problem is not None else self._keep(place, tail, made)

    def _keep(self, place: Place, tail: bytes, said: Said) -> Said:
        """Remember it: where nothing changes, the next tail is the same."""
        place.new += 1
        if place.new > _HOPELESS and place.new % _HOPELESS:
            return said
        room = self.room + len(place.last) - len(tail)
        if len(tail) <= _LONGEST and room >= 0:
            place.last, place.said, self.room = tail, said, room
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
        series = (result.target, result.vantage)
        who = Who.of(result.check, result.version, result.asset, series, agent)
        return who, result.slot, result.t0, result.round, said

    def _said(
        self, about: tuple[str, int, str, int], rest: Any, wanted: Mapping[str, Any] | None
    ) -> tuple[Said, bool]:
        """What the tail of a line comes to, and whether the judge asked for the time."""
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
        seen = Taken(from_json(check.facts, rest["facts"], "facts"), t0)
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
