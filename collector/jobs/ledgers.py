"""The ledger in a data directory (DIR/ledger), and differences as signed statements.

DIR/ledger/ledger.json   {"file","sha256","imported","rows":[[number,{field: text}]…],
                         "rejected":[[number,name,why]…]}
DIR/ledger/assets.yaml   the piece of estate, unless it is written elsewhere
DIR/mappings/ledger.json {"columns":{heading: field},"kinds":{word: kind}}
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from checks.wire import strict_json
from checks.wire.numbers import EntryKind
from collector.context import Context
from collector.jobs import projection
from collector.ledger.difference import Difference
from collector.ledger.importing import Words
from collector.ledger.model import Ledger, LedgerError, Rejected, Row
from collector.store import accounts, estates


@dataclass(frozen=True, slots=True)
class Kept:
    """The ledger that was imported last: of which file (name, SHA-256), when (UTC ms)."""

    file: str
    digest: str
    imported: int
    rows: tuple[Row, ...]
    rejected: tuple[Rejected, ...]


def remembered(directory: Path) -> dict[str, dict[str, str]]:
    """Headings and kinds that the owner gave before."""
    place = directory / "mappings" / "ledger.json"
    kept: dict[str, dict[str, str]] = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    return {"columns": kept.get("columns", {}), "kinds": kept.get("kinds", {})}


def remember(directory: Path, kept: Mapping[str, Mapping[str, str]]) -> None:
    """Keep headings and kinds for the next import."""
    if any(kept.values()):
        _write(directory / "mappings" / "ledger.json", json.dumps(kept, ensure_ascii=False, indent=1))


def words(context: Context, kept: Mapping[str, Mapping[str, str]], columns: Mapping[str, str]) -> Words:
    """What is known: `columns` said now, the owner's words of before, names of the estate in force."""
    with context.read() as conn:
        applied = estates.newest(conn)
        estate = estates.loaded(conn, applied.idx).estate if applied else None
    systems = {one.name: one.id for one in estate.systems if one.name} if estate else {}
    units = {one.name: one.id for one in estate.units if one.name} if estate else {}
    return Words(columns, kept["columns"], kept["kinds"], systems, units)


def keep(context: Context, ledger: Ledger, name: str, data: bytes) -> Kept:
    """Make this the ledger of the directory."""
    made = Kept(name, sha256(data).hexdigest(), context.now(), ledger.rows, ledger.rejected)
    whole = {
        "file": made.file,
        "sha256": made.digest,
        "imported": made.imported,
        "rows": [[row.number, dict(row.fields)] for row in made.rows],
        "rejected": [[one.number, one.name, one.reason] for one in made.rejected],
    }
    _write(context.directory / "ledger" / "ledger.json", json.dumps(whole, ensure_ascii=False, indent=1))
    return made


def read(directory: Path) -> Kept:
    """The ledger of the directory; LedgerError before one was imported."""
    try:
        whole: dict[str, Any] = json.loads((directory / "ledger" / "ledger.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LedgerError("no_ledger", "no ledger was imported yet: run ledger import") from None
    except ValueError as error:
        raise LedgerError("garbled", f"ledger.json: {error}") from None
    rows = tuple(Row(number, fields) for number, fields in whole["rows"])
    return Kept(
        whole["file"],
        whole["sha256"],
        whole["imported"],
        rows,
        tuple(Rejected(*one) for one in whole["rejected"]),
    )


def _write(place: Path, text: str) -> None:
    """All of it or nothing: a crash leaves the file of before."""
    place.parent.mkdir(exist_ok=True)
    new = place.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, place)


def log_difference(context: Context, kept: Kept, found: bytes, difference: Difference, *, by: str) -> int:
    """Log a comparison as a signed statement (header kind `ledger_diff`); its entry.

    Header: {"kind","subject": "ledger","ledger": SHA-256 of the ledger's file,"discovered": SHA-256,"counts",
    "by","digest","bytes"}; body: the comparison as canonical JSON.
    """
    whole = asdict(difference)
    counts = {name: len(value) for name, value in whole.items() if name != "equal"}
    header: dict[str, Any] = {
        "kind": "ledger_diff",
        "subject": "ledger",
        "ledger": kept.digest,
        "discovered": sha256(found).hexdigest(),
        "counts": {**counts, "equal": difference.equal},
        "by": by,
    }
    with context.read() as conn:
        account = accounts.get(conn, by)
    if account is not None:
        header["role"] = str(account.role)
    body = strict_json.dumps(json.loads(json.dumps(whole)))
    return projection.log(context, [(EntryKind.STATEMENT, header, body)])[0]
