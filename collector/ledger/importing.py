"""Rows of a table to a ledger: every row is taken, or rejected by name and reason."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from collector.ledger import mapping
from collector.ledger.model import Ledger, Rejected, Row

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_IDS = ("id", "kind", "system", "unit", "agent", "via")
_MOST = 500


@dataclass(frozen=True, slots=True)
class Words:
    """What is said and known: heading -> field, word -> kind, name -> id of systems and of units.

    `remembered`: headings of earlier files, which this one need not have.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    remembered: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    systems: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)


class _Refused(Exception):
    """This row cannot be an asset; says why."""


def read(rows: Sequence[Sequence[str]], words: Words) -> Ledger:
    """The ledger in these rows; LedgerError if they have no headings."""
    given = {**_there(words.remembered, rows), **words.columns}
    at = mapping.heading_row(rows, given)
    where = mapping.columns(rows[at], given)
    unused = [cell for i, cell in enumerate(rows[at]) if cell and i not in where.values()]
    taken: list[Row] = []
    rejected: list[Rejected] = []
    ids: dict[str, int] = {}
    serials: dict[str, int] = {}
    for number, cells in enumerate(rows[at + 1 :], at + 2):
        said = {name: cells[i] for name, i in where.items() if i < len(cells) and cells[i]}
        if not any(cells):
            continue
        try:
            fields = _asset(said, words)
            _once(ids, "id", fields["id"].lower(), number)
            _once(serials, "serial", fields.get("serial", "").lower(), number)
        except _Refused as error:
            rejected.append(Rejected(number, said.get("id") or said.get("name", ""), str(error)))
            continue
        taken.append(Row(number, fields))
    return Ledger(tuple(taken), tuple(rejected), tuple(unused))


def _there(remembered: Mapping[str, str], rows: Sequence[Sequence[str]]) -> dict[str, str]:
    cells = {cell.lower() for row in rows[:30] for cell in row}
    return {column: name for column, name in remembered.items() if column.strip().lower() in cells}


def _once(seen: dict[str, int], what: str, value: str, number: int) -> None:
    if value and seen.setdefault(value, number) != number:
        raise _Refused(f"{what} {value} stands in row {seen[value]} already")


def _asset(said: Mapping[str, str], words: Words) -> dict[str, str]:
    fields = dict(said)
    for name in ("id", "kind"):
        if name not in fields:
            raise _Refused(f"no {name}")
    fields["kind"] = mapping.kind(fields["kind"], words.kinds)
    for name, known in (("system", words.systems), ("unit", words.units)):
        if name in fields:
            fields[name] = known.get(fields[name], fields[name])
    for name in _IDS:
        if name in fields and not _ID.fullmatch(fields[name]):
            raise _Refused(_why(name, fields[name]))
    if long := [name for name, value in fields.items() if len(value) > _MOST]:
        raise _Refused(f"{long[0]} is longer than {_MOST} characters")
    return fields


def _why(name: str, value: str) -> str:
    if name == "kind":
        return f"kind {value}: not known; give --kind {value}=WORD"
    if name in ("system", "unit"):
        return f"{name} {value}: the estate has none of this name or id"
    return f"{name} {value}: Latin letters, digits, dot, dash and underscore are wanted, at most 63"
