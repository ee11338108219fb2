"""Parts of judging's documents about how devices run: their numbers over the period, and a sheet of each."""

from collections.abc import Iterator, Mapping
from fractions import Fraction

from checks.api import Number, Unit
from collector.documents.matter import Device, Looked, Matter, cell
from collector.documents.measures import Key, Measure
from collector.documents.parts import table
from collector.documents.tables import Column, Kind, Table, at
from collector.faults.model import Finding
from collector.inspection.capacity import Outlook, Place
from collector.words import wording
from collector.words.document import doc

_DASH = "–"


def amount(value: Number, unit: str, lang: str) -> str:
    """A number with its unit."""
    return wording.number(value, Unit(unit), lang)


def measures(material: Matter, lang: str) -> Iterator[Table]:
    """Each number of each device: how often, least, mean, most, and the mean of the period before."""
    columns = (
        Column("j_asset"),
        Column("j_measure"),
        Column("j_times", Kind.NUMBER),
        Column("j_least"),
        Column("j_mean"),
        Column("j_most"),
        Column("j_mean_before"),
        Column("j_change"),
        Column("j_evidence_most"),
    )
    found, before = material.measures, material.measures_before
    shown = [key for key, one in found.items() if one.least or one.most]
    order = sorted(shown, key=lambda key: (key[1], -_share(found[key]), key))
    rows = [_measure(material, key, found[key], before.get(key), lang) for key in order]
    yield table("measures", columns, rows, lang)


def _share(one: Measure) -> Number:
    """What the fullest come first by."""
    return one.most if one.unit == Unit.PERCENT else Fraction(0)


def _measure(
    material: Matter, key: Key, one: Measure, before: Measure | None, lang: str
) -> tuple[object, ...]:
    asset, check, _, name = key
    gap = None if before is None else one.mean - before.mean
    return (
        material.device(asset),
        wording.looked_at(check, name, lang),
        one.count,
        *(amount(value, one.unit, lang) for value in (one.least, one.mean, one.most)),
        _DASH if before is None else amount(before.mean, before.unit, lang),
        _DASH if gap is None else _signed(gap, one.unit, lang),
        at(one.entry, one.line, ""),
    )


def _signed(gap: Fraction, unit: str, lang: str) -> str:
    """A difference with its sign; what rounds to nothing is nothing."""
    shown = amount(abs(gap), unit, lang)
    if shown == amount(0, unit, lang):
        return shown
    return f"{'+' if gap > 0 else '−'}{shown}"


def sheet(material: Matter, lang: str) -> Iterator[Table]:
    """Each device: what it is, how often it was looked at, its load, its findings, what that says."""
    columns = (
        Column("j_asset"),
        Column("j_model"),
        Column("j_location"),
        Column("j_system"),
        Column("j_looks", Kind.NUMBER),
        Column("j_bad"),
        Column("j_cpu"),
        Column("j_memory"),
        Column("j_disk"),
        Column("j_days_full"),
        Column("j_open_all"),
        Column("j_verdict"),
        Column("j_evidence"),
    )
    looked = {one.asset: one for one in material.looked}
    found = material.found.faults.findings if material.found.faults is not None else ()
    lives = [one for one in found if one.opened_ms < material.span.to_ms]
    rows = [_device(material, one, looked.get(one.id), lives, lang) for one in material.devices]
    yield table("sheet", columns, rows, lang)


def _device(
    material: Matter, asset: Device, one: Looked | None, findings: list[Finding], lang: str
) -> tuple[object, ...]:
    mine = [found for found in findings if found.target == asset.id]
    open_ = sum(found.closed_ms is None or found.closed_ms >= material.span.to_ms for found in mine)
    numbers = material.measures
    bad = _DASH if one is None else f"{one.crit} / {one.warn} / {one.unknown + one.errors}"
    return (
        f"{asset.id} {asset.name}".strip(),
        " ".join(filter(None, (wording.kind(asset.kind, lang), asset.model, asset.serial))),
        asset.location or _DASH,
        material.names.get(asset.system, asset.system) if asset.system else _DASH,
        0 if one is None else one.looks,
        bad,
        _load(numbers, asset.id, "host.cpu", lang),
        _load(numbers, asset.id, "host.memory", lang),
        _load(numbers, asset.id, "host.filesystem", lang),
        cell(lambda: _full(material.capacity, asset.id, lang)),
        f"{open_} / {len(mine)}",
        doc(f"doc.verdict.{verdict(one, open_)}", lang),
        _DASH if one is None else _entries(one.entries),
    )


def _load(numbers: Mapping[Key, Measure], asset: str, check: str, lang: str) -> str:
    """Mean and most of the fullest of a check's percentages: one processor, one file system."""
    mine = [
        one
        for (of, by, *_), one in numbers.items()
        if of == asset and by == check and one.unit == Unit.PERCENT.value
    ]
    if not mine:
        return _DASH
    worst = max(mine, key=lambda one: (one.most, one.mean))
    return f"{wording.decimals(worst.mean)} / {amount(worst.most, worst.unit, lang)}"


def _full(places: tuple[Place, ...], asset: str, lang: str) -> str:
    """The fewest days until something of it is full."""
    mine = [one.outlook for one in places if one.asset == asset]
    if any(one.outlook is Outlook.FULL for one in mine):
        return doc("doc.outlook.full", lang)
    days = [one.days for one in mine if one.days is not None]
    if days:
        return doc("doc.days", lang, n=min(days))
    told = [one.outlook for one in mine if one.outlook is not Outlook.NO_CLAIM]
    return doc(f"doc.outlook.{told[0].value if told else 'no_claim'}", lang) if mine else _DASH


def verdict(one: Looked | None, open_: int) -> str:
    """What the records say of a device; what nobody looked at is never good."""
    if one is None or not one.looks:
        return "unseen"
    if one.crit or open_:
        return "crit"
    if one.warn:
        return "warn"
    return "unknown" if one.unknown or one.errors else "ok"


def _entries(entries: list[int]) -> str:
    return f"#{entries[0]}" if len(entries) == 1 else f"#{entries[0]} … #{entries[-1]}"
