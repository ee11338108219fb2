"""What people inspected, as facts and tables of a record; lines to fill in by hand where nothing is asked."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from collector.documents.tables import Column, Kind, Table
from collector.estate import checklists
from collector.inspection.human import NOT_DONE, PREFIX, HumanLook, HumanPart, Stamp, visible
from collector.words import wording
from collector.words.record import text

_BY_HAND = (Column("human"), Column("outcome"), Column("remark"))
_LINES = ("clean", "cables", "lamps", "room")
_ITEMS = (
    Column("target"),
    Column("human"),
    Column("state", Kind.STATE),
    Column("said"),
    Column("who"),
    Column("arrived", Kind.WHEN),
    Column("when", Kind.WHEN),
    Column("timely"),
    Column("signed"),
    Column("evidence"),
)
_CORRECTED = (
    Column("target"),
    Column("human"),
    Column("state", Kind.STATE),
    Column("said"),
    Column("who"),
    Column("when", Kind.WHEN),
    Column("evidence"),
    Column("replaced"),
)
_STAMPS = (Column("what"), Column("who"), Column("when", Kind.WHEN), Column("timely"), Column("evidence"))
_PHOTOS = (Column("target"), Column("human"), Column("who"), Column("photo", Kind.CODE))
Said = tuple[str, str, str | None]


class Human:
    """The record's part on what people saw, in one language."""

    def __init__(
        self,
        part: HumanPart,
        lang: str,
        place: Callable[[int, int | None], object],
        names: Mapping[str, str],
    ) -> None:
        self.part, self.lang, self._place, self._names = part, lang, place, names
        self._looks = {(one.check, one.target): one for one in part.items}

    def title(self, check: str, target: str) -> str | None:
        """What a checklist asks; None for a check of machines."""
        if not check.startswith(PREFIX):
            return None
        look, item = self._looks.get((check, target)), check.removeprefix(PREFIX)
        names = (look.zh, look.en) if look else checklists.words(item) or (item, item)
        return text("record.human.check", self.lang, name=names[0 if self.lang == "zh" else 1])

    def said(self, check: str, target: str) -> Said | None:
        """Name, number and note of a person's answer; None for a check of machines."""
        look = self._looks.get((check, target))
        if look is None:
            return None
        return text("record.human.seen", self.lang), _number(look) or "–", visible(look.note) or None

    def facts(self) -> tuple[tuple[str, str], ...]:
        """How many were due and entered, if any were."""
        if not self.part.items:
            return ()
        done = [one for one in self.part.items if one.state != NOT_DONE]
        signed = bool(done) and all(one.signed for one in done)
        sign = text(f"record.human.{'signed' if signed else 'unsigned'}", self.lang)
        left = len(self.part.items) - len(done)
        counts = {"due": len(self.part.items), "done": len(done), "left": left}
        value = text("record.fact.human.of", self.lang, **counts, sign=sign)
        return ((text("record.fact.human", self.lang), value),)

    def table(self) -> Table:
        """Every item that was due; or empty boxes, never ticked here."""
        if not self.part.items:
            box = text("record.human.box", self.lang)
            rows = [(text(f"record.human.{key}", self.lang), box, "") for key in _LINES]
            return self._table("human", _BY_HAND, rows, text("record.human.note", self.lang))
        note = text("record.human.by_session", self.lang)
        return self._table("human", _ITEMS, [self._item(one) for one in self.part.items], note)

    def more(self) -> Iterator[Table]:
        """Corrected answers, arrivals and sign-offs, photographs: each only where there are any."""
        stamps = [(one.t_ms, self._stamp(one)) for one in (*self.part.arrivals, *self.part.sign_offs)]
        photos = [(*self._who(one), photo) for one in self._all() for photo in one.photos]
        tables = (
            ("human_corrected", _CORRECTED, [self._old(one) for one in self.part.corrected]),
            ("human_stamps", _STAMPS, [row for _, row in sorted(stamps, key=lambda one: one[0])]),
            ("human_photos", _PHOTOS, photos),
        )
        yield from (self._table(name, columns, rows, "") for name, columns, rows in tables if rows)

    def after(self, entry: int) -> Table | None:
        """Answers given behind this entry (the record's): the record stays as it was."""
        rows = [self._item(one) for one in self._all() if one.entry is not None and one.entry > entry]
        return self._table("human_after", _ITEMS, rows, "") if rows else None

    def _all(self) -> Iterable[HumanLook]:
        return (*self.part.items, *self.part.corrected)

    def _table(
        self, name: str, columns: tuple[Column, ...], rows: Iterable[tuple[object, ...]], note: str
    ) -> Table:
        return Table(f"record-{name}", text(f"record.{name}", self.lang), columns, tuple(rows), note)

    def _name(self, one: HumanLook) -> str:
        return one.zh if self.lang == "zh" else one.en

    def _who(self, one: HumanLook) -> tuple[object, ...]:
        return named(one.target, self._names), self._name(one), one.by

    def _item(self, one: HumanLook) -> tuple[object, ...]:
        head = (named(one.target, self._names), self._name(one), one.state)
        if one.state == NOT_DONE:
            return (*head, *[None] * (len(_ITEMS) - len(head)))
        timely = text("record.late" if one.late else "record.intime", self.lang)
        signed = text(f"record.human.{'signed' if one.signed else 'unsigned'}", self.lang)
        return (*head, _said(one), one.by, one.arrived_ms, one.t_ms, timely, signed, self._where(one))

    def _old(self, one: HumanLook) -> tuple[object, ...]:
        head = (named(one.target, self._names), self._name(one), one.state, _said(one), one.by, one.t_ms)
        new = None if one.replaced is None else f"#{one.replaced}"
        return (*head, self._where(one), new)

    def _where(self, one: HumanLook) -> object:
        return None if one.entry is None else self._place(one.entry, one.line)

    def _stamp(self, one: Stamp) -> tuple[object, ...]:
        word = "arrival" if one.upto is None else "sign_off"
        what = text(f"record.human.{word}", self.lang, **({} if one.upto is None else {"upto": one.upto}))
        timely = text("record.late" if one.late else "record.intime", self.lang)
        return what, one.by, one.t_ms, timely, self._place(one.entry, None)


def named(target: str, names: Mapping[str, str], asset: str | None = None) -> str:
    """What was looked at, and the name of the asset it is, or stands on."""
    name = names.get(target) or (names.get(asset) if asset is not None else None)
    return f"{target} {name}" if name and name != target else target


def _number(one: HumanLook) -> str:
    if one.value is None:
        return ""
    return f"{wording.decimals(one.value, 6)} {one.unit}".strip()


def _said(one: HumanLook) -> str | None:
    return "; ".join(part for part in (_number(one), visible(one.note)) if part) or None
