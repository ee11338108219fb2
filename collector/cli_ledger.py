"""`ledger import`, `ledger export`, `ledger diff`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector.cli_by import must_exist
from collector.cli_parts import DIRECTORY, FILE, Group, counted, fail, of_place, opened, written
from collector.context import Context

if TYPE_CHECKING:
    from collector.jobs.ledgers import Kept
    from collector.ledger.difference import Difference

_HEADINGS = {
    "id": "资产编号",
    "name": "名称",
    "kind": "类型",
    "system": "业务系统",
    "unit": "单位",
    "agent": "代理",
    "via": "经由代理",
    "model": "型号",
    "serial": "序列号",
    "location": "位置",
    "snmp": "SNMP地址",
    "ssh": "SSH地址",
    "redfish": "BMC地址",
    "address": "IP地址",
    "version": "版本",
}


@click.group(cls=Group)
def ledger() -> None:
    """The owner's ledger of assets (资产台账)."""


@ledger.command("import")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("file", type=FILE)
@click.option(
    "--map", "columns", multiple=True, metavar="COLUMN=FIELD", help="Which column is which; remembered."
)
@click.option(
    "--kind", "kinds", multiple=True, metavar="WORD=KIND", help="The ledger's word for a kind; remembered."
)
@click.option("--sheet", help="Sheet of an xlsx; the first otherwise.")
@written("--out", help="Where the piece of estate is written; DIR/ledger/assets.yaml otherwise.")
@click.option("--json", "as_json", is_flag=True)
def import_(
    directory: Path,
    file: Path,
    columns: tuple[str, ...],
    kinds: tuple[str, ...],
    sheet: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Read FILE (xlsx or csv) and write a piece of estate to include. Exit 1 if a row was rejected."""
    from collector.jobs import ledgers
    from collector.ledger import files, importing, piece
    from collector.ledger.model import LedgerError
    from collector.scans.model import short

    with opened(directory) as context:
        kept = ledgers.remembered(directory)
        said_now = _given(columns, {}, "--map COLUMN=FIELD")
        _given(kinds, kept["kinds"], "--kind WORD=KIND")
        _known(said_now)
        try:
            data = file.read_bytes()
            files.check_name(file.name, data)
            found = importing.read(files.rows_of(data, sheet), ledgers.words(context, kept, said_now))
            made = ledgers.keep(context, found, file.name, data)
            kept["columns"].update(said_now)
            ledgers.remember(directory, kept)
            place = out or directory / "ledger" / "assets.yaml"
            place.write_text(
                piece.text(found.rows, f"{short(file.name)} (SHA-256 {made.digest})"), encoding="utf-8"
            )
        except LedgerError as error:
            fail(f"{file.name}: {error}")
        except OSError as error:
            fail(of_place(file, error))
    if as_json:
        said = {"rows": len(found.rows), "rejected": [asdict(one) for one in found.rejected]}
        click.echo(
            json.dumps({**said, "unused": list(found.unused), "piece": str(place)}, ensure_ascii=False)
        )
    else:
        _say(found.rejected, found.unused)
        click.echo(
            f"{counted(len(found.rows), 'asset')} in {place}; include it in the estate "
            "(a file beside or below it), then estate check and apply"
        )
    sys.exit(1 if found.rejected else 0)


def _say(rejected: tuple[object, ...], unused: tuple[str, ...]) -> None:
    for one in rejected:
        number, name, reason = (getattr(one, field) for field in ("number", "name", "reason"))
        click.echo(f"rejected: row {number}{f' ({name})' if name else ''}: {reason}")
    if unused:
        click.echo(f"columns not taken over: {', '.join(unused)}")


def _given(words: tuple[str, ...], into: dict[str, str], form: str) -> dict[str, str]:
    for one in words:
        left, mark, right = one.rpartition("=")
        if not mark or not left or not right:
            fail(f"{one}: {form} is wanted")
        into[left] = right
    return into


def _known(columns: dict[str, str]) -> None:
    from collector.ledger.model import FIELDS

    if odd := [field for field in columns.values() if field not in FIELDS]:
        fail(f"--map: {odd[0]}: no such field; {', '.join(FIELDS)} are known")


@ledger.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@written("--to", "target", required=True, help="The .xlsx or .csv to write.")
def export(directory: Path, target: Path) -> None:
    """Write the ledger, and the estate's assets that it does not have, to be imported again.

    A csv has no place for the rows that were not taken: an xlsx has them on its second sheet.
    """
    from collector.jobs import ledgers
    from collector.ledger.model import LedgerError

    if target.suffix.lower() not in (".xlsx", ".csv"):
        fail(f"--to {target.name}: a name that ends in .xlsx or .csv is wanted")
    with opened(directory) as context:
        try:
            kept = ledgers.read(directory)
        except LedgerError as error:
            fail(str(error))
        rows = _rows(context, kept)
    try:
        target.write_bytes(_csv(rows) if target.suffix.lower() == ".csv" else _book(rows, kept))
    except OSError as error:
        fail(str(error))
    click.echo(f"{counted(len(rows), 'asset')} in {target}")


def _rows(context: Context, kept: "Kept") -> list[dict[str, str]]:
    from collector.ledger.model import SECTIONS
    from collector.store import estates

    rows = [dict(row.fields) for row in kept.rows]
    known = {row["id"] for row in rows}
    with context.read() as conn:
        applied = estates.newest(conn)
        assets = estates.loaded(conn, applied.idx).estate.assets if applied else ()
    for asset in assets:
        if asset.id not in known:
            said = {name: getattr(asset, name, None) for name in _HEADINGS if name not in SECTIONS}
            said |= {name: part.address for name in SECTIONS if (part := getattr(asset, name, None))}
            rows.append({name: str(value) for name, value in said.items() if value})
    return rows


def _csv(rows: list[dict[str, str]]) -> bytes:
    import csv
    import io

    from collector.ledger import files

    out = io.StringIO(newline="")
    lines = csv.writer(out)
    lines.writerow(_HEADINGS.values())
    lines.writerows([[files.kept_text(row.get(name, "")) for name in _HEADINGS] for row in rows])
    return out.getvalue().encode("utf-8-sig")  # spreadsheets take a csv without the mark for the local code


def _book(rows: list[dict[str, str]], kept: "Kept") -> bytes:
    import io

    from openpyxl import Workbook

    from checks.recurrence import zone
    from collector.documents.tables import Column, Table
    from collector.reports.sheet import Style, add_sheet

    book = Workbook(write_only=True)
    names = list(_HEADINGS)
    style = Style("zh", zone("Asia/Shanghai"), list(_HEADINGS.values()))
    cells = [[row.get(name, "") for name in names] for row in rows]
    add_sheet(book, Table("ledger", "资产台账", tuple(Column(name) for name in names), cells, ""), style)
    refused = [[str(one.number), one.name, one.reason] for one in kept.rejected]
    columns = (Column("row"), Column("asset"), Column("reason"))
    headed = Style("zh", style.zone, ["行", "资产", "未导入原因"])
    add_sheet(book, Table("rejected", "未导入的行", columns, refused, "没有未导入的行"), headed)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@ledger.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("discovered", type=FILE)
@click.option("--log", "logged", is_flag=True, help="Log the differences as a signed statement.")
@click.option("--by", default="cli", show_default=True, help="Account that logs them.")
@click.option("--json", "as_json", is_flag=True)
def diff(directory: Path, discovered: Path, logged: bool, by: str, as_json: bool) -> None:
    """The ledger against discovered devices. Exit 1 if they differ."""
    from collector.jobs import ledgers
    from collector.ledger import difference
    from collector.ledger.model import LedgerError

    with opened(directory) as context:
        must_exist(context, by)
        try:
            kept, data = ledgers.read(directory), discovered.read_bytes()
            found = difference.compare(kept.rows, difference.discovered(_documents(data)))
        except (LedgerError, OSError, ValueError, RecursionError) as error:
            fail(of_place(discovered, error))
        entry = ledgers.log_difference(context, kept, data, found, by=by) if logged else None
    if as_json:
        click.echo(json.dumps({**asdict(found), "entry": entry}, ensure_ascii=False))
    else:
        for line in _lines(found):
            click.echo(line)
        if entry is not None:
            click.echo(f"logged as entry {entry}")
    sys.exit(0 if found.empty else 1)


def _documents(data: bytes) -> Any:
    """One JSON document, or one on each line (as repeated `discover --json >> FILE` leaves them)."""
    try:
        return json.loads(data)
    except ValueError:
        return [json.loads(line) for line in data.splitlines() if line.strip()]


def _lines(found: "Difference") -> list[str]:
    return [
        *(f"only in the ledger: {one}" for one in found.only_ledger),
        *(f"only found: {one}" for one in found.only_found),
        *(f"different: {one.asset} {one.field}: {one.ledger} / {one.found}" for one in found.different),
        *(f"no serial told: {one}" for one in found.silent),
        *(f"could not be looked at: {one}" for one in found.unseen),
        f"equal: {found.equal}",
    ]
