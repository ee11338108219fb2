"""Documents made anew as they were worded: every cell of every part that a bundle can fill.

The collector's own functions word them; only what they are filled from is read another way. What no bundle
holds is counted, and told by table.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from checks.wire import strict_json
from collector.documents.draft import KINDS, PARTS, Kind, facts
from collector.documents.matter import UNMADE, Matter
from collector.documents.parts_duties import LEDGER
from collector.documents.scorecard_tables import hands
from collector.documents.tables import plain
from collector.verify import document_tables
from collector.verify.document_facts import Facts
from collector.words.document import doc, numbered

NONE = "–"
MASKED: Mapping[str, frozenset[str]] = {"sheet": frozenset({"j_model", "j_location"})}
"""Columns of what stands in the estate's files alone, which are not in the log."""
STANDING = frozenset({"availability", "backups", "summary", "months", "sheet"})
"""Tables of what is read as it stands while a document is made, a moment after its instant."""
TABLES_OF: Mapping[str, tuple[str, ...]] = {"archive": ("archive", "archive-files")}
"""Parts that make tables of other names than their own."""


@dataclass(slots=True)
class Compared:
    """What became of a document's cells: how many were made anew, are left to people, were not made anew (by
    table); names of the tables that are others than the evidence gives."""

    same: int = 0
    people: int = 0
    left: Counter[str] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)

    @property
    def told(self) -> str:
        """In a line."""
        left = ", ".join(f"{name} {n}" for name, n in sorted(self.left.items()) if n) or "none"
        total = self.same + sum(self.left.values())
        blank = f", {self.people} blanks for people" if self.people else ""
        return f"{self.same} of {total} filled cells made anew{blank}; not made anew: {left}"


Row = Sequence[object]


def compared(
    body: Mapping[str, Any], matter: Matter, numbers: tuple[Facts, document_tables.About]
) -> Compared:
    """A document's overview and tables beside those that the evidence gives, in the language it has.

    `numbers`: for tables that cannot be worded here, as document_tables.py compares them.
    """
    kind = KINDS.get(str(body["document"]))
    if kind is None:
        return Compared(odd=["kind"])
    matter = matter.of_special() if kind.special else matter
    chinese = _in("zh", kind, body, matter, numbers)
    if not chinese.odd:
        return chinese
    return min(chinese, _in("en", kind, body, matter, numbers), key=lambda one: len(one.odd))


def _in(
    lang: str,
    kind: Kind,
    body: Mapping[str, Any],
    matter: Matter,
    numbers: tuple[Facts, document_tables.About],
) -> Compared:
    made = Compared()
    _overview(made, lang, kind, body, matter)
    wanted, unmade = _parts(lang, kind, matter)
    given = [str(one["name"]) for one in body["tables"]]
    if [name for name in given if name not in unmade] != [one["name"] for one in wanted]:
        lacking = {one["name"] for one in wanted} ^ (set(given) - unmade)
        made.odd += sorted(name.removeprefix("doc-") for name in lacking) or ["order of tables"]
        return made
    by_name = {one["name"]: one for one in wanted}
    for number, table in enumerate(body["tables"], 2):
        name = str(table["name"])
        short = name.removeprefix("doc-")
        if name in by_name:
            title = numbered(number, by_name[name]["title"], lang)
            _table(made, short, table, {**by_name[name], "title": title}, lang)
        elif name in unmade:
            _numbers(made, short, table, numbers, (kind, lang))
    return made


def _overview(made: Compared, lang: str, kind: Kind, body: Mapping[str, Any], matter: Matter) -> None:
    try:
        wanted = [list(pair) for pair in facts(kind, matter, lang)]
    except LookupError:
        made.left["overview"] += len(body["facts"])
        return
    if len(wanted) != len(body["facts"]):
        made.odd.append("overview")
        return
    for (key, value), given in zip(wanted, body["facts"], strict=True):
        if value == UNMADE:
            made.left["overview"] += 1
        elif [key, value] == given:
            made.same += 1
        else:
            made.odd.append("overview")
            return


def _parts(lang: str, kind: Kind, matter: Matter) -> tuple[list[dict[str, Any]], set[str]]:
    """Tables as the evidence gives them, in order; names of those that it does not."""
    wanted, unmade = [], set()
    for part in kind.parts:
        try:
            wanted += [strict_json.loads(strict_json.dumps(plain(one))) for one in PARTS[part](matter, lang)]
        except LookupError:
            unmade |= {f"doc-{part}", *(f"doc-{name}" for name in TABLES_OF.get(part, ()))}
            unmade |= set(TABLES_OF.get(part, ()))
    if kind.hands:
        wanted.append(strict_json.loads(strict_json.dumps(plain(hands(kind.hands, lang)))))
    return wanted, unmade


def _table(made: Compared, name: str, table: Mapping[str, Any], wanted: Mapping[str, Any], lang: str) -> None:
    if (table["title"], table["columns"]) != (wanted["title"], wanted["columns"]):
        made.odd.append(name)
        return
    rows = list(_fitting(wanted["rows"], table["rows"]))
    if len(rows) != len(table["rows"]):
        made.odd.append(name)
        return
    masked = {at for at, key in enumerate(wanted["columns"]) if key in MASKED.get(name, frozenset())}
    for row, given in zip(rows, table["rows"], strict=True):
        if len(row) != len(given) or not _row(made, name, (row, given), masked, doc("doc.blank", lang)):
            made.odd.append(name)
            return


def _fitting(wanted: Sequence[Row], given: Sequence[Row]) -> Iterator[Row]:
    """The rows wanted; one of which only the heading could be made stands where the document has it."""
    headings = {row[0] for row in given}
    yield from (row for row in wanted if row[1:] != [UNMADE] or row[0] in headings)


def _row(made: Compared, name: str, pair: tuple[Row, Row], masked: set[int], blank: str) -> bool:
    for at, (cell, given) in enumerate(zip(*pair, strict=True)):
        if at in masked or cell == UNMADE:
            made.left[name] += filled(given)
        elif cell != given:
            return False
        elif cell == blank:
            made.people += 1
        else:
            made.same += filled(given)
    return True


def filled(cell: object) -> bool:
    """Whether a cell says anything."""
    return cell is not None and cell not in ("", NONE)


def _numbers(
    made: Compared,
    name: str,
    table: Mapping[str, Any],
    numbers: tuple[Facts, document_tables.About],
    about: tuple[Kind, str],
) -> None:
    """A table that cannot be worded: its numbers, where they can be made."""
    kind, lang = about
    every = sum(filled(cell) for row in table["rows"] for cell in row)
    if name == "ledger":
        _ledger(made, table, numbers[0], lang)
        return
    fits = document_tables.fits(kind.id, table, *numbers)
    if fits is None:
        made.left[name] += every
    elif not fits:
        made.odd.append(name)
    else:
        at = [table["columns"].index(key) for key in document_tables.TABLES[name][0]]
        same = sum(filled(row[place]) for row in table["rows"] for place in at)
        made.same += same
        made.left[name] += every - same


def _ledger(made: Compared, table: Mapping[str, Any], facts: Facts, lang: str) -> None:
    """Of the ledger what an obligation says and where, by the pack; states and counts are not made anew."""
    terms = facts.chosen.pack.pack.obligations
    every = () if terms is None else terms.obligations
    said = {one.id: [one.id, one.zh if lang == "zh" else one.en, one.clause] for one in every}
    if table["columns"] != [column.key for column in LEDGER]:
        made.odd.append("ledger")
        return
    for row in table["rows"]:
        if len(row) != len(LEDGER) or row[:3] != said.get(row[0]):
            made.odd.append("ledger")
            return
        made.same += 3
        made.left["ledger"] += sum(map(filled, row[3:]))
