"""Parts of judging's documents that sum up: the period in short, and month by month."""

from calendar import monthrange
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from functools import partial
from itertools import pairwise

from checks.recurrence import zone
from collector.documents.matter import UNMADE, Matter, Served, Unmade, cell
from collector.documents.parts import table
from collector.documents.tables import Column, Table
from collector.faults.model import Fault, Finding, Vulnerability
from collector.inspection.capacity import Outlook
from collector.words import wording
from collector.words.document import doc
from collector.words.judging import text, word

_LONG_MS = 45 * 86_400_000
_SOON = 90  # days until something is full that a reader should hear of
_DASH = "–"
_GRAVE = ("critical", "high")


def summary(material: Matter, lang: str) -> Iterator[Table]:
    """What the parts below come to, a line each; nothing is said of what nothing was measured of."""
    columns = (Column("j_matter"), Column("j_found"))
    tellers = (_rounds, _devices, _problems, _services, _faults, _findings, _vulnerabilities, _capacity)
    rows = []
    for name, teller in zip(_MATTERS, (*tellers, _backups, _scans), strict=True):
        said = cell(partial(teller, material, lang))
        if said:
            rows.append((doc(f"doc.matter.{name}", lang), said))
    yield table("summary", columns, rows, lang)


_MATTERS = (
    "rounds",
    "devices",
    "problems",
    "services",
    "faults",
    "findings",
    "vulnerabilities",
    "capacity",
    "backups",
    "scans",
)


def _rounds(material: Matter, lang: str) -> str:
    found = material.occasions
    if not found:
        return ""
    states = Counter(one.state for one in found)
    looks = tuple(sum(getattr(one, key) for one in found) for key in ("due", "done", "missed", "errors"))
    numbers = dict(zip(("due", "done", "missed", "errors"), looks, strict=True))
    closed = len(material.records)
    return doc("doc.sum.rounds", lang, n=len(found), closed=closed, whole=states["done"], **numbers)


def _devices(material: Matter, lang: str) -> str:
    held = material.devices
    seen = {one.asset for one in material.looked if one.looks}
    mine = sum(one.id in seen for one in held)
    return doc("doc.sum.devices", lang, n=len(held), seen=mine, unseen=len(held) - mine) if held else ""


def _problems(material: Matter, lang: str) -> str:
    if not material.records:
        return ""
    states = Counter(one.state for one in material.problems)
    return doc("doc.sum.problems", lang, **{key: states[key] for key in ("crit", "warn", "unknown")})


def _services(material: Matter, lang: str) -> str:
    every = material.services
    made = [(name, one) for _, name, one, _ in every if one is not None]
    if not made:
        return ""
    met = sum(_met(one) for _, one in made)
    promised = sum(one.target is not None for _, one in made)
    name, low = lowest(made)
    return doc("doc.sum.services", lang, n=len(every), measured=len(made), promised=promised, met=met) + doc(
        "doc.sum.lowest", lang, name=name, low=wording.share(low)
    )


def _met(one: Served) -> bool:
    """Whether what is provable reaches what was promised."""
    return one.target is not None and one.low is not None and one.low >= one.target


def lowest(made: list[tuple[str, Served]]) -> tuple[str, Fraction | None]:
    """The system of which the least is provable."""
    with_figure = [(name, one.low) for name, one in made if one.low is not None]
    return min(with_figure, key=lambda pair: pair[1], default=(_DASH, None))


def _faults(material: Matter, lang: str) -> str:
    if material.found.faults is None:
        return ""
    found = material.in_period
    late = sum(bool(one.late) for one in found)
    still = sum(one.to_ms is None for one in found)
    if not found:
        return doc("doc.none.faults", lang)
    span = _span(found, material, lang)
    said = doc("doc.sum.faults", lang, n=len(found), span=span, late=late, open=still)
    return said + (doc("doc.sum.provisional", lang) if still else "")


def _span(found: tuple[Fault, ...], material: Matter, lang: str) -> str:
    """How long they lasted together; one that goes on, until the document's instant."""
    ends = ((one.to_ms or material.span.as_of_ms) - one.moments.onset_ms for one in found)
    return wording.duration(sum(ends), lang)


def _lives(material: Matter, found: tuple[tuple[int, int | None, bool], ...]) -> dict[str, int]:
    """(opened, closed, late) of each that was open: how many were new, closed, left open, late of these."""
    begin, end = material.span.from_ms, min(material.span.to_ms, material.span.as_of_ms + 1)
    here = [(a, b, late) for a, b, late in found if a < end and (b is None or b >= begin)]
    left = [one for one in here if one[1] is None or one[1] >= end]
    return {
        "new": sum(a >= begin for a, _, _ in here),
        "closed": len(here) - len(left),
        "open": len(left),
        "late": sum(late for _, _, late in left),
    }


def _of_finding(one: Finding) -> tuple[int, int | None, bool]:
    return one.opened_ms, one.closed_ms, one.clock is not None and one.clock.state.value == "late"


def _of_flaw(one: Vulnerability) -> tuple[int, int | None, bool]:
    return one.found_ms, one.ended_ms, any(clock.state.value == "late" for clock in one.clocks)


def _findings(material: Matter, lang: str) -> str:
    found = material.found.faults.findings if material.found.faults is not None else ()
    return doc("doc.sum.lives", lang, **_lives(material, tuple(map(_of_finding, found)))) if found else ""


def _vulnerabilities(material: Matter, lang: str) -> str:
    found = material.found.faults.vulnerabilities if material.found.faults is not None else ()
    return doc("doc.sum.lives", lang, **_lives(material, tuple(map(_of_flaw, found)))) if found else ""


def _capacity(material: Matter, lang: str) -> str:
    found = material.capacity
    if not found:
        return ""
    soon = sum(one.outlook.days is not None and one.outlook.days <= _SOON for one in found)
    soon += sum(one.outlook.outlook is Outlook.FULL for one in found)
    newest = ((one, one.values[-1]) for one in found if one.values)
    shares = [(Fraction(last.used, last.total), one) for one, last in newest if last.total]
    said = doc("doc.sum.capacity", lang, n=len(found), soon=soon, days=_SOON)
    if shares:
        share, one = max(shares, key=lambda pair: (pair[0], pair[1].asset, pair[1].name))
        place = f"{material.device(one.asset)} {one.name}"
        said += doc("doc.sum.fullest", lang, place=place, share=f"{wording.decimals(share * 100, 1)} %")
    return said


def _backups(material: Matter, lang: str) -> str:
    ledger, span = material.backups, material.span
    if ledger is None:
        return ""
    slots = [
        slot for one in ledger.objects for slot in one.slots if span.from_ms <= slot.closes_ms < span.to_ms
    ]
    states = Counter(str(slot.state) for slot in slots)
    good = sum(slot.good is True for slot in slots)
    numbers = {"n": len(ledger.objects), "slots": len(slots), "good": good}
    return doc("doc.sum.backups", lang, **numbers, late=states["late"], missed=states["missed"])


def _scans(material: Matter, lang: str) -> str:
    found = material.scans
    if not found:
        return ""
    # Of each series its last scan of the period says what is open.
    newest = {one.series: one.lives for one in found}
    open_ = Counter(
        str(one.finding.severity)
        for lives in newest.values()
        for one in lives
        if str(one.state) in ("open", "reopened")
    )
    grave = text("judging.part", lang).join(f"{word('word', key, lang)} {open_[key]}" for key in _GRAVE)
    return doc("doc.sum.scans", lang, n=len(found), series=len(newest), grave=grave)


# -- month by month


def months(material: Matter, lang: str) -> Iterator[Table]:
    """How it went from month to month: of a long period its months, of a short one the stretch before too."""
    columns = (
        Column("j_stretch"),
        Column("j_rounds_of"),
        Column("j_looks_of"),
        Column("j_bad_of"),
        Column("j_faults_of"),
        Column("j_down_of"),
        Column("j_new_closed"),
        Column("j_lowest"),
        Column("j_cpu_mean"),
        Column("j_memory_mean"),
    )
    parts = [one for one in stretches(material) if _told(one)]
    yield table("months", columns, [_month(one, lang) for one in parts], lang)


def _told(one: Matter) -> bool:
    """Whether there is anything to say of a stretch."""
    try:
        return bool(one.occasions or one.in_period)
    except Unmade:
        if one.records:
            return True
        raise


def stretches(material: Matter) -> Iterator[Matter]:
    """The parts of a period that are put side by side."""
    at = material.span
    end = min(at.to_ms, at.as_of_ms)
    if at.to_ms - at.from_ms <= _LONG_MS:
        yield material.before
        yield material
        return
    begin = datetime.fromtimestamp(at.from_ms / 1000, zone(material.timezone))
    edges = [at.from_ms]
    for number in range(1, 1200):
        edge = int(_later(begin, number).timestamp() * 1000)
        edges.append(min(edge, at.to_ms))
        if edge >= end:
            break
    for first, last in pairwise(edges):
        yield material.within(first, last)


def _later(begin: datetime, number: int) -> datetime:
    """The same day some months on, or that month's last."""
    year, month = divmod(begin.month - 1 + number, 12)
    year, month = begin.year + year, month + 1
    return begin.replace(year=year, month=month, day=min(begin.day, monthrange(year, month)[1]))


def _month(one: Matter, lang: str) -> tuple[object, ...]:
    states = Counter(item.state for item in one.problems)
    return (
        _days(one),
        cell(lambda: f"{len(one.records)} / {len(one.occasions)}"),
        cell(lambda: _looks(one)),
        f"{states['crit']} / {states['warn']} / {states['unknown']}",
        *_of_faults(one, lang),
        cell(lambda: _least(one)),
        _mean(one, "host.cpu"),
        _mean(one, "host.memory"),
    )


def _looks(one: Matter) -> str:
    """Looks that were done and due."""
    due, done = (sum(getattr(item, key) for item in one.occasions) for key in ("due", "done"))
    return f"{done} / {due}"


def _least(one: Matter) -> str:
    name, low = lowest([(name, figure) for _, name, figure, _ in one.services if figure is not None])
    return _DASH if low is None else f"{name} {wording.share(low)}"


def _of_faults(one: Matter, lang: str) -> tuple[object, ...]:
    """Faults, how long they lasted, findings that opened and closed; dashes where nobody judged any."""
    try:
        held = one.found.faults
    except Unmade:
        return (UNMADE,) * 3
    if held is None:
        return (_DASH,) * 3
    counted = _lives(one, tuple(map(_of_finding, held.findings)))
    return len(one.in_period), _span(one.in_period, one, lang), f"{counted['new']} / {counted['closed']}"


def _days(one: Matter) -> str:
    """First and last day."""
    first, last = (
        datetime.fromtimestamp(ms / 1000, zone(one.timezone)) for ms in (one.span.from_ms, one.span.to_ms)
    )
    return f"{first:%Y-%m-%d} – {last - timedelta(microseconds=1):%m-%d}"


def _mean(one: Matter, check: str) -> str:
    """The mean of all that devices measured by a check in per cent."""
    mine = [made for (_, by, *_), made in one.measures.items() if by == check and made.unit == "percent"]
    looks = sum(made.count for made in mine)
    if not looks:
        return _DASH
    return f"{wording.decimals(sum((made.total for made in mine), Fraction(0)) / looks, 1)} %"


__all__ = ["lowest", "months", "stretches", "summary"]
