"""The form of a statement: its fields, and for each what the contract and the estate leave to choose from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from collector.documents.judging_prices import offs_of
from collector.jobs.known import frame_of
from collector.judging import fits
from collector.packs.model import Pack
from collector.scoring.choices import Choices
from collector.scoring.ranges import Bounds
from collector.scoring.rules import number
from collector.statements.fields import Field, Type
from collector.statements.kind import Kind
from collector.store import estates
from collector.web import i18n, judging_now
from collector.web.pages import faults, findings
from collector.web.pages.base import context, estate, t
from collector.words.judging import word

Choice = tuple[str, str]
_WIDGETS = {
    Type.INSTANT: "instant",
    Type.DAY: "day",
    Type.COUNT: "number",
    Type.ENTRY: "number",
    Type.DECIMAL: "number",
}
# Of these the pack's names are the only ones that count.
_NAMED = ("item", "obligation", "level", "class")


@dataclass(frozen=True, slots=True)
class Input:
    """A field as a form shows it: what to choose from, or the range that the contract sets."""

    field: Field
    title: str
    kind: str
    value: str
    choices: Sequence[Choice] = ()
    least: str = ""
    most: str = ""
    hint: str = ""


def title_of(field: Field) -> str:
    """A field's name."""
    return field.zh if i18n.language() == "zh" else field.en


def inputs(kind: Kind, given: Mapping[str, str]) -> list[Input]:
    """Every field of a kind, with what was written so far."""
    pack, held = judging_now.pack(), frame()
    ranges = {} if held is None else dict(fits.bounds(kind.name, given, held))
    return [_input(kind, field, given, pack, ranges) for field in kind.fields]


def frame() -> fits.Frame | None:
    """What a statement that is made now is held against: the pack, and the readings that were agreed on."""

    def read() -> fits.Frame | None:
        with context().read() as conn:
            return frame_of(conn, context().now())

    return judging_now.kept(("statement-frame",), read)


def _choices_of() -> Choices:
    held = frame()
    return Choices({}) if held is None else held.choices


def _input(
    kind: Kind,
    field: Field,
    given: Mapping[str, str],
    pack: Pack | None,
    ranges: Mapping[str, Bounds | None],
) -> Input:
    choices = _choices(kind, field, given, pack)
    widget = "choice" if choices else _WIDGETS.get(field.type, "text")
    made = Input(field, title_of(field), widget, given.get(field.name, ""), choices)
    found = ranges.get(field.name)
    if found is None:
        return made
    least, most = number(found.least), number(found.most)
    hint = t("statements.range", least=least, most=most, clause=found.clause)
    return Input(made.field, made.title, made.kind, made.value, made.choices, least, most, hint)


def _choices(kind: Kind, field: Field, given: Mapping[str, str], pack: Pack | None) -> list[Choice]:
    lang = i18n.language()
    if pack is not None and field.name in _NAMED:
        known = fits.allowed(kind.name, field.name, pack)
        if known is not None:
            return [(one, _named(kind, field, one, pack)) for one in known]
    if field.type is Type.WORD:
        return [(one, word("word", one, lang)) for one in field.choices]
    if field.type is Type.FLAG:
        return [("true", t("judging.yes")), ("false", t("judging.no"))]
    made = _LISTS.get(field.type)
    found = [] if made is None else made()
    mine = given.get(field.name, "")
    if found and mine and mine not in {value for value, _ in found}:
        found.append((mine, mine))
    return found


def _named(kind: Kind, field: Field, value: str, pack: Pack) -> str:
    """A name of the pack in words, of a deduction or a fine with its price."""
    lang = i18n.language()
    place = 0 if lang == "zh" else 1
    if field.name == "level":
        return t("doc.level", n=value)
    if field.name == "obligation" and pack.obligations is not None:
        found = next((one for one in pack.obligations.obligations if one.id == value), None)
        return value if found is None else f"{value} {(found.zh, found.en)[place]}"
    if kind.name in ("deduction", "fine", "veto"):
        offs = offs_of(pack, _choices_of())
        off = next((one for one in offs if one.line == f"{kind.name}.{value}"), None)
        if off is not None:
            return f"{(off.title, off.title_en or off.title)[place]} ({off.price[place]})"
    for one in pack.archive.documents if pack.archive is not None else ():
        if one.id == value:
            return (one.zh, one.en)[place]
    said = word("word", value, lang)
    return said if said != value else word("item", value, lang)


def item_name(value: str) -> str:
    """What an item of the contract is called: a document on file, a deduction, a fine."""
    pack = judging_now.pack()
    place = 0 if i18n.language() == "zh" else 1
    if pack is None:
        return value
    for one in pack.archive.documents if pack.archive is not None else ():
        if one.id == value:
            return (one.zh, one.en)[place]
    offs = offs_of(pack, _choices_of())
    off = next((one for one in offs if one.line.partition(".")[2] == value), None)
    return value if off is None else (off.title, off.title_en or off.title)[place]


def _periods() -> list[Choice]:
    now = context().now()
    return [(one.name, one.name) for one in reversed(judging_now.every_period()) if one.from_ms <= now]


def _things(group: str) -> Callable[[], list[Choice]]:
    def read() -> list[Choice]:
        loaded = estate()
        found = () if loaded is None else getattr(loaded.estate, group)
        return [(one.id, f"{one.name} ({one.id})" if one.name else one.id) for one in found]

    return read


def _objects() -> list[Choice]:
    with context().read() as conn:
        applied = estates.newest(conn)
        terms = None if applied is None else estates.terms(conn, applied.idx).backups
        return [(one.name, one.name) for one in (() if terms is None else terms.objects)]


def _windows() -> list[Choice]:
    with context().read() as conn:
        applied = estates.newest(conn)
        found = () if applied is None else estates.terms(conn, applied.idx).windows
        return [(one.window.id, one.window.id) for one in found]


_LISTS: Mapping[Type, Callable[[], list[Choice]]] = {
    Type.PERIOD: _periods,
    Type.FAULT: faults.choices,
    Type.FINDING: findings.choices,
    Type.UNIT: _things("units"),
    Type.SYSTEM: _things("systems"),
    Type.ASSET: _things("assets"),
    Type.OBJECT: _objects,
    Type.WINDOW: _windows,
}
