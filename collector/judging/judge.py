"""From a ground to a scorecard: which estate and pack judge a period, the one way to its points (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from collector.judging.asked import Asked, backs, kinds_of
from collector.judging.facts import facts_of
from collector.judging.fits import Frame
from collector.judging.ground import Applied, Ground, contract_of, governing
from collector.judging.spans import periods_of
from collector.packs.model import Compiled, Pack, read_back
from collector.packs.options import from_text, resolve
from collector.scoring.choices import Choices
from collector.scoring.model import PackPeriod, PeriodFacts, Scorecard
from collector.scoring.score import score
from collector.scoring.terms import Value


class NoScorecard(LookupError):
    """There is no such scorecard: stable `code`, detail for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Chosen:
    """By what a period is judged: the estate, its pack as logged, the options that it chose, the period."""

    applied: Applied
    pack: Compiled
    options: Mapping[str, Value]
    period: PackPeriod
    periods: tuple[PackPeriod, ...]


def chosen(applied: Sequence[Applied], name: str, as_of_ms: int) -> Chosen:
    """What judges the period of this name or number; NoScorecard."""
    newest = governing(applied, as_of_ms + 1)
    if newest is None:
        raise NoScorecard("no_pack", "no estate with a contract pack has been applied")
    period = _period(newest, name)
    one = governing(applied, period.to_ms, period.from_ms) or newest
    if all(period.name != known.name for known in _periods(one)):
        one = newest  # a wrong pack or first day, put right after the period: the right one judges it
    pack = pack_of(one)
    agreed = _agreed(pack.pack, contract_of(one).options)
    return Chosen(one, pack, agreed, _period(one, period.name), _periods(one))


def periods(applied: Sequence[Applied], as_of_ms: int) -> tuple[PackPeriod, ...]:
    """Every period of the contract in force; NoScorecard."""
    newest = governing(applied, as_of_ms + 1)
    if newest is None:
        raise NoScorecard("no_pack", "no estate with a contract pack has been applied")
    return _periods(newest)


def frame(applied: Sequence[Applied], now_ms: int, *, ahead: bool = False) -> Frame | None:
    """What a statement that is made now has to fit; None without a contract pack."""
    newest = governing(applied, now_ms + 1)
    if newest is None:
        return None
    pack = pack_of(newest).pack
    options = resolve(pack, _agreed(pack, contract_of(newest).options))
    return Frame(pack, options, _periods(newest), now_ms, ahead)


def spans(one: Applied) -> dict[str, tuple[int, int]]:
    """The periods of an estate's contract by name: from and to, UTC ms; none without a pack."""
    if one.terms.contract is None or not one.terms.contract.compiled:
        return {}
    return {period.name: (period.from_ms, period.to_ms) for period in _periods(one)}


def begun(period: PackPeriod, as_of_ms: int) -> None:
    """NoScorecard for a period that had not begun by then: there is nothing to judge."""
    if as_of_ms < period.from_ms:
        raise NoScorecard(
            "not_begun", f"{period.name} begins on {period.first}: there is nothing to judge yet"
        )


def concerning(applied: Sequence[Applied], period: PackPeriod) -> tuple[Applied, ...]:
    """Of all estates the first, the one in force when the period began, and those applied in it."""
    before = [one for one in applied if one.at_ms <= period.from_ms]
    inside = [one for one in applied if period.from_ms < one.at_ms < period.to_ms]
    kept = {one.idx: one for one in (*applied[:1], *before[-1:], *inside)}
    return tuple(kept[idx] for idx in sorted(kept))


def asked(one: Chosen, as_of_ms: int, options: Mapping[str, Value] | None = None) -> Asked:
    """What facts are wanted; `options`: other readings than those agreed. OptionError for one unknown."""
    pack = one.pack.pack
    return Asked(
        pack=pack,
        kinds=kinds_of(pack),
        options=resolve(pack, {**one.options, **(options or {})}),
        period=one.period,
        as_of_ms=as_of_ms,
        term=(one.periods[0].first, one.periods[-1].end),
        back=backs(pack, one.period, one.periods),
    )


def judged(one: Chosen, ground: Ground, question: Asked) -> tuple[PeriodFacts, Scorecard]:
    """What counts, and the scorecard that it gives."""
    facts = facts_of(ground, question)
    return facts, score(one.pack, facts, question.options)


def pack_of(one: Applied) -> Compiled:
    """The pack of an estate as it was logged; PackDataError."""
    return _read(contract_of(one).compiled)


@lru_cache(maxsize=8)
def _read(compiled: str) -> Compiled:
    return read_back(compiled.encode())


def _agreed(pack: Pack, texts: Mapping[str, str]) -> dict[str, Value]:
    known = {option.key: option for option in pack.options}
    return {key: from_text(known[key], text) for key, text in texts.items() if key in known}


def _period(one: Applied, name: str) -> PackPeriod:
    known = _periods(one)
    for period in known:
        if name in (period.name, str(period.number)):
            return period
    names = ", ".join(period.name for period in known)
    raise NoScorecard("no_such_period", f"{contract_of(one).pack} has no period {name}; there are {names}")


def _periods(one: Applied) -> tuple[PackPeriod, ...]:
    pack, contract = pack_of(one).pack, contract_of(one)
    return periods_of(pack.periods, contract.start, Choices(resolve(pack, _agreed(pack, contract.options))))
