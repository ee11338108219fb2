"""What a closed round's record says of each check: whether it was looked at, and what was crit. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector.inspection.cadence_model import Breach, Deed

if TYPE_CHECKING:
    from collector.inspection.record import Record

_MOST = 95  # per cent of a check's looks that make it looked at; as for inspections, and not an option


@dataclass(frozen=True, slots=True)
class Looked:
    """A check in a round: looks due and answered, the newest answer, how many answers were unknown, how many
    crit, the first of these (its entry and line; -1 for none)."""

    window: str
    check: str
    idx: int
    received_ms: int
    opened_ms: int
    last_ms: int | None
    due: int
    answered: int
    unknown: int
    crit: int
    crit_entry: int
    crit_line: int


def looked(idx: int, received_ms: int, record: "Record") -> tuple[Looked, ...]:
    """Each check of a record."""
    due: dict[str, int] = {}
    times: dict[str, list[int]] = {}
    unknown: Counter[str] = Counter()
    crit: dict[str, list[tuple[int, int]]] = {}
    for item in record.items:
        due[item.check] = due.get(item.check, 0) + 1
        times.setdefault(item.check, []).append(item.t_ms)
        unknown[item.check] += item.state == "unknown"
        if item.state == "crit":
            crit.setdefault(item.check, []).append((item.evidence.entry, item.evidence.line))
    for missing in record.not_inspected:
        due[missing.check] = due.get(missing.check, 0) + 1
    return tuple(
        Looked(
            record.window.id,
            check,
            idx,
            received_ms,
            record.window.from_ms,
            max(times.get(check, ()), default=None),
            count,
            len(times.get(check, ())),
            unknown[check],
            len(crit.get(check, ())),
            *min(crit.get(check, ()), default=(-1, -1)),
        )
        for check, count in sorted(due.items())
    )


def deeds(found: Iterable[Looked]) -> Iterator[Deed]:
    """A deed `check:ID` for each; one that was answered too rarely does not count. `told`: whether enough of
    the answers were a state: unknown is an inspection too, and no proof that all is well."""
    for one in found:
        good = one.last_ms is not None and 100 * one.answered >= _MOST * one.due
        told = 100 * (one.answered - one.unknown) >= _MOST * one.due
        yield Deed(
            f"check:{one.check}",
            one.opened_ms if one.last_ms is None else one.last_ms,
            one.received_ms,
            one.idx,
            counts=good,
            reason="" if good else "coverage",
            signer="log",
            facts={"due": one.due, "answered": one.answered, "crit": one.crit, "told": told},
        )


def breaches(found: Iterable[Looked]) -> Iterator[Breach]:
    """A breach `crit:ID` for each check that found something wrong."""
    for one in found:
        if one.crit and one.last_ms is not None:
            yield Breach(
                f"crit:{one.check}",
                one.last_ms,
                one.received_ms,
                one.crit_entry,
                line=one.crit_line,
                what=one.window,
            )
