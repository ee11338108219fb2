"""The archive of a period in words: the tables that pages and documents share."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from collector.documents.judging_view import table
from collector.documents.tables import Column, Kind, Link, Table
from collector.packs.archive import Archive, Filing, Place
from collector.words.judging import text

_ARCHIVE = (
    Column("j_document"),
    Column("j_clause"),
    Column("j_where"),
    Column("j_present"),
    Column("j_state", Kind.STATE),
    Column("j_until", Kind.WHEN),
)
_FILINGS = (
    Column("j_document"),
    Column("j_where"),
    Column("j_file"),
    Column("j_digest", Kind.CODE),
    Column("j_filer"),
    Column("j_filed", Kind.WHEN),
    Column("j_expiry"),
    Column("j_state", Kind.STATE),
    Column("j_entry", Kind.ENTRY),
)


_SUMS_OF_ARCHIVE = (
    Column("j_document"),
    Column("j_clause"),
    Column("j_present"),
    Column("j_state", Kind.STATE),
    Column("j_lacking"),
    Column("j_until", Kind.WHEN),
)
# The gravest last.
_STATES_OF_ARCHIVE = ("event", "present", "due", "late", "expired", "missing")


@dataclass(frozen=True, slots=True)
class ArchiveWords:
    """An archive's tables in one language. `short`: digests by their first eight bytes, for paper."""

    found: Archive
    names: Mapping[str, str]
    lang: str
    file: Callable[[Place], str] | None = None
    short: bool = False

    def places(self, chosen: Iterable[Place], name: str = "archive", key: str = "archive") -> Table:
        """What is wanted, and how it stands."""
        return table(name, key, _ARCHIVE, map(self._place, chosen), self.lang)

    def _place(self, one: Place) -> tuple[object, ...]:
        title = one.wanted.zh if self.lang == "zh" else one.wanted.en
        return (
            title if self.file is None or not one.missing else Link(title, self.file(one)),
            one.wanted.clause,
            self._where(one),
            f"{one.present} / {one.required}",
            f"j_{one.state.value}",
            one.due_ms if one.required else None,
        )

    def _where(self, one: Place) -> str:
        found = [self.names.get(name, name) for name in (one.unit, one.system) if name]
        return " / ".join(found) or text("judging.lines.contract", self.lang)

    def filings(self) -> Table:
        """Every file, newest first."""
        pairs = [(place, one) for place in self.found.places for one in place.filed]
        pairs.sort(key=lambda pair: -pair[1].entry)
        return table(
            "archive-files", "archive.filings", _FILINGS, (self._filing(*p) for p in pairs), self.lang
        )

    def _filing(self, place: Place, one: Filing) -> tuple[object, ...]:
        expired = one.expires is not None and place.state.value == "expired"
        return (
            place.wanted.zh if self.lang == "zh" else place.wanted.en,
            self._where(place),
            one.name or "–",
            (f"{one.digest[:16]}…" if self.short else one.digest) if one.digest else None,
            one.by,
            one.filed_ms,
            one.expires.isoformat() if one.expires else "–",
            "j_expired" if expired else "j_late" if one.late else "j_present",
            one.entry,
        )

    def sums(self, chosen: Iterable[Place], name: str = "archive-sums", title: str = "") -> Table:
        """A row a document: all its units or systems together, and which of them lack it."""
        groups: dict[str, list[Place]] = {}
        for one in chosen:
            groups.setdefault(one.wanted.id, []).append(one)
        rows = [self._sum(found) for found in groups.values()]
        return table(name, "archive.sums", _SUMS_OF_ARCHIVE, rows, self.lang, title)

    def _sum(self, found: Sequence[Place]) -> tuple[object, ...]:
        wanted = found[0].wanted
        lacking = [one for one in found if one.missing]
        shown = [self._where(one) for one in lacking[:3]]
        more = text("judging.more", self.lang, n=len(lacking) - 3) if len(lacking) > 3 else ""
        worst = max((one.state for one in found), key=lambda state: _STATES_OF_ARCHIVE.index(state.value))
        due = min((one.due_ms for one in lacking), default=None)
        return (
            wanted.zh if self.lang == "zh" else wanted.en,
            wanted.clause,
            f"{sum(one.present for one in found)} / {sum(one.required for one in found)}",
            f"j_{worst.value}",
            (text("judging.part", self.lang).join(shown) + more) or "–",
            due,
        )

    def missing(self) -> Table:
        """What is not there yet, the soonest first."""
        chosen = sorted((one for one in self.found.places if one.missing), key=lambda one: one.due_ms)
        return self.places(chosen, "archive-missing", "archive.missing")
