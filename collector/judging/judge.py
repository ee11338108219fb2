"""From a ground to a scorecard: which estate and pack judge a period, the one way to its points (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from collector.judging import contracts
from collector.judging.asked import Asked, backs, kinds_of
from collector.judging.facts import facts_of
from collector.judging.fits import Frame
from collector.judging.ground import Applied, Ground, contract_of, governing
from collector.judging.spans import periods_of
from collector.packs.model import Compiled, Pack, read_back
from collector.packs.options import from_text, resolve
from collector.scoring.choices import Choices
from collector.scoring.model import PackPeriod, PeriodFacts, Scalar, Scorecard
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
    """What judges the period of this name, or of this number in the contract in force; NoScorecard."""
    newest = _newest(applied, as_of_ms)
    known = contracts.every(applied, newest, _periods)
    numbered = known[-len(_periods(newest)) :]
    found = next((one for one in known if one.period.name == name), None) or next(
        (one for one in numbered if str(one.period.number) == name), None
    )
    if found is None:
        names = ", ".join(one.period.name for one in known)
        raise NoScorecard(
            "no_such_period", f"{contract_of(newest).pack} has no period {name}; there are {names}"
        )
    pack = pack_of(found.applied)
    agreed = _agreed(pack.pack, contract_of(found.applied).options)
    term = contracts.named(_periods(found.applied), found.suffix)
    return Chosen(found.applied, pack, agreed, found.period, term)


def periods(applied: Sequence[Applied], as_of_ms: int) -> tuple[PackPeriod, ...]:
    """The periods of the contract in force: its term; NoScorecard."""
    newest = _newest(applied, as_of_ms)
    known = contracts.every(applied, newest, _periods)
    return tuple(one.period for one in known[-len(_periods(newest)) :])


def terms(applied: Sequence[Applied], as_of_ms: int) -> tuple[tuple[contracts.Own, ...], ...]:
    """The periods of each contract: what replaced ones keep, then the term of the newest; NoScorecard."""
    return contracts.terms(applied, _newest(applied, as_of_ms), _periods)


def term(applied: Sequence[Applied], as_of_ms: int, period: str | None = None) -> tuple[int, int]:
    """From when to when the contract of a period runs, as far as it was not replaced (of no such period: the
    one in force); NoScorecard."""
    every = terms(applied, as_of_ms)
    own = next((one for one in every if any(part.period.name == period for part in one)), every[-1])
    return own[0].period.from_ms, own[-1].period.to_ms


def every_period(applied: Sequence[Applied], as_of_ms: int) -> tuple[PackPeriod, ...]:
    """Every period that can be asked for, those of contracts that were replaced first; NoScorecard."""
    return tuple(one.period for one in contracts.every(applied, _newest(applied, as_of_ms), _periods))


def frame(
    applied: Sequence[Applied], now_ms: int, *, about: Scalar = None, ahead: bool = False
) -> Frame | None:
    """What a statement that is made now has to fit, by the contract of the period that it names (`about`),
    else by the one in force; None where the estate in force names none."""
    if not applied or not spans(applied[-1:]):
        return None
    newest = _newest(applied, now_ms)
    known = contracts.every(applied, newest, _periods)
    found = next((one.applied for one in known if one.period.name == about), newest)
    pack = pack_of(found).pack
    options = resolve(pack, _agreed(pack, contract_of(found).options))
    return Frame(pack, options, tuple(one.period for one in known), now_ms, ahead)


def spans(applied: Sequence[Applied]) -> dict[str, tuple[int, int]]:
    """All periods by name: from and to, UTC ms; none where the newest of these estates has no pack."""
    if not applied or applied[-1].terms.contract is None or not applied[-1].terms.contract.compiled:
        return {}
    known = contracts.every(applied, applied[-1], _periods)
    return {one.period.name: (one.period.from_ms, one.period.to_ms) for one in known}


def _newest(applied: Sequence[Applied], as_of_ms: int) -> Applied:
    newest = governing(applied, as_of_ms + 1)
    if newest is None:
        raise NoScorecard("no_pack", "no estate with a contract pack has been applied")
    return newest


def begun(period: PackPeriod, as_of_ms: int) -> None:
    """NoScorecard for a period that had not begun by then: there is nothing to judge."""
    if as_of_ms < period.from_ms:
        raise NoScorecard(
            "not_begun", f"{period.name} begins on {period.first}: there is nothing to judge yet"
        )


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
    facts = facts_of(ground, question, every_period(ground.applied, question.as_of_ms))
    return facts, score(one.pack, facts, question.options)


def pack_of(one: Applied) -> Compiled:
    """The pack of an estate as it was logged; PackDataError."""
    return _read(contract_of(one).compiled)


def texts(applied: Sequence[Applied]) -> dict[str, Pack]:
    """Every text of a pack that estates name, by digest."""
    known = [
        pack_of(one) for one in applied if one.terms.contract is not None and one.terms.contract.compiled
    ]
    return {one.digest: one.pack for one in known}


@lru_cache(maxsize=8)
def _read(compiled: str) -> Compiled:
    return read_back(compiled.encode())


def _agreed(pack: Pack, texts: Mapping[str, str]) -> dict[str, Value]:
    known = {option.key: option for option in pack.options}
    return {key: from_text(known[key], text) for key, text in texts.items() if key in known}


def _periods(one: Applied) -> tuple[PackPeriod, ...]:
    """The periods of an estate's contract, as its pack calls them."""
    contract = contract_of(one)
    return _term(contract.compiled, contract.start, tuple(sorted(contract.options.items())))


@lru_cache(maxsize=64)  # each question about a period goes through all of them
def _term(compiled: str, start: str, options: tuple[tuple[str, str], ...]) -> tuple[PackPeriod, ...]:
    pack = _read(compiled).pack
    return periods_of(pack.periods, start, Choices(resolve(pack, _agreed(pack, dict(options)))))
