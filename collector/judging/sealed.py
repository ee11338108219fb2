"""A scorecard as it is logged: canonical JSON of what it counts and what comes out.

Body of its entry (kind `record`, header with `scorecard`, `number`, `pack`, `estate`, `as_of`, `from`, `to`,
`previous`):
{"v":2,"size": n,"estate": digest,"number": 0 sealed, 1.. amendment,"facts": PeriodFacts,
 "scorecard": Scorecard,"changes":[Change, …],"judging": version (version.py)}
Version 1 of it is the same without `judging`; the header says it too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from checks.codec import FieldError, from_json, texts_for_big, to_json
from checks.wire import strict_json
from collector.judging import version
from collector.scoring.model import Line, PeriodFacts, Scorecard

VERSION = version.FORM


@dataclass(frozen=True, slots=True)
class Change:
    """What an amendment changes: a line (`unit` "" for the whole contract), `total`, `grade` or a step of the
    money (`money.ID`); None: not proven."""

    what: str
    unit: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Sealed:
    """A seal (number 0) or an amendment, made of the log's first `size` entries under an estate."""

    v: int
    size: int
    estate: str
    number: int
    facts: PeriodFacts
    scorecard: Scorecard
    changes: tuple[Change, ...] = ()
    judging: int = version.UNNAMED


def now(
    size: int,
    estate: str,
    judged: tuple[PeriodFacts, Scorecard],
    number: int = 0,
    changed: tuple[Change, ...] = (),
) -> Sealed:
    """What this program seals."""
    return Sealed(VERSION, size, estate, number, *judged, changed, version.JUDGING)


def encode(sealed: Sealed) -> bytes:
    """Canonical JSON: keys as declared, numbers whole, ratios in pairs."""
    return strict_json.dumps(version.written(texts_for_big(to_json(sealed))))


@lru_cache(maxsize=32)  # none ever changes; pages read those of a whole term again and again
def parse(data: bytes) -> Sealed:
    """WireError or FieldError for anything that is none."""
    made = from_json(Sealed, strict_json.loads(data), "scorecard")
    if not version.fits(made.v, made.judging):
        raise FieldError("scorecard.v", f"form {made.v}, judging {made.judging} is not known here")
    return made


def digest(data: bytes) -> str:
    """SHA-256 (hex) of a body."""
    return sha256(data).hexdigest()


def header_of(sealed: Sealed, previous: int | None) -> dict[str, Any]:
    """What its entry's header says of it; `previous`: the entry it amends."""
    card = sealed.scorecard
    made: dict[str, Any] = {
        "scorecard": card.period.name,
        "number": sealed.number,
        "pack": card.pack_digest,
        "estate": sealed.estate,
        "as_of": card.as_of_ms,
        "from": card.period.from_ms,
        "to": card.period.to_ms,
    }
    made |= {"judging": sealed.judging} if sealed.judging else {}
    return made if previous is None else {**made, "previous": previous}


def changes(before: Scorecard, after: Scorecard) -> tuple[Change, ...]:
    """What is another in `after`, line by line, then the sums and the money."""
    old, new = dict(_values(before)), dict(_values(after))
    names = sorted({*old, *new})
    return tuple(
        Change(*name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)
    )


def _values(card: Scorecard) -> Iterator[tuple[tuple[str, str], str | None]]:
    for line in card.lines:
        yield (f"line.{line.id}", line.unit or ""), _points(line)
    yield ("total", ""), None if card.total is None else str(card.total)
    yield ("grade", ""), card.grade
    yield ("vetoes", ""), ",".join(card.vetoes)
    for step in card.money:
        yield (f"money.{step.id}", ""), None if step.yuan is None else str(step.yuan)


def _points(line: Line) -> str | None:
    return None if line.points is None else str(line.points)


def same(before: Scorecard, after: Scorecard) -> bool:
    """Whether nothing that is paid for differs, nor what it stands on in number."""
    return not changes(before, after) and _counts(before) == _counts(after)


def _counts(card: Scorecard) -> Mapping[tuple[str, str], tuple[str, ...]]:
    return {
        (line.id, line.unit or ""): tuple(
            str(one) for one in (line.required, line.counted, line.missing, line.low, line.high)
        )
        for line in card.lines
    }
