"""Tables of strangers: xlsx and csv to rows of texts, bounded."""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from openpyxl import load_workbook

from collector.ledger.model import LedgerError
from collector.scans import tables
from collector.scans.model import ScanError

_MOST_BYTES = 32 * 1024 * 1024
_MOST_UNPACKED = 256 * 1024 * 1024
_MOST_ROWS = 100_000
_MOST_COLUMNS = 200
_MOST_CELL = 1000
_FORMULA = re.compile(r"^'(?=[=+@\t\r]|-.)")


def check_name(name: str, data: bytes) -> None:
    """LedgerError where a file is called a workbook and its bytes are none: cut short, or saved as text."""
    if name.lower().endswith((".xlsx", ".xlsm")) and data[:4] not in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        raise LedgerError("garbled", "no xlsx, whatever its name: a text is named .csv")


def rows_of(data: bytes, sheet: str | None = None) -> list[list[str]]:
    """Rows of an xlsx (the sheet of this name, else the first) or csv file; LedgerError for what is none."""
    if len(data) > _MOST_BYTES:
        raise LedgerError("too_large", f"more than {_MOST_BYTES} bytes")
    if data[:4] == b"PK\x03\x04":
        return _xlsx(data, sheet)
    if data[:4] == b"\xd0\xcf\x11\xe0":
        raise LedgerError("old_form", "an xls file of old Excel, or an encrypted one: save it as xlsx or csv")
    if not tables.is_text(data):
        raise LedgerError(
            "garbled", "neither an xlsx nor a csv (a text in UTF-8, UTF-16 with a mark, or GBK)"
        )
    try:
        return [
            [_bounded(_FORMULA.sub("", cell)) for cell in row] for row in tables.rows_of(tables.decode(data))
        ]
    except ScanError as error:
        raise LedgerError(error.code, f"neither an xlsx nor a csv: {error}") from None


def kept_text(cell: str) -> str:
    """A cell for a csv that no spreadsheet runs as a formula; `rows_of` gives it as it was."""
    marked = f"'{cell}"
    return marked if _FORMULA.match(marked) else cell


def _xlsx(data: bytes, sheet: str | None) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(one.file_size for one in packed.infolist()) > _MOST_UNPACKED:
                raise LedgerError("too_large", f"it unpacks to more than {_MOST_UNPACKED} bytes")
        return list(_cells(data, sheet))
    except LedgerError:
        raise
    except Exception as error:  # openpyxl lets out whatever zipfile, zlib and the XML reader raise
        raise LedgerError("garbled", f"no xlsx: {error}") from None


def _cells(data: bytes, sheet: str | None) -> Iterator[list[str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions that it leaves out
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise LedgerError("no_sheet", f"no sheet {sheet}; there are {', '.join(book.sheetnames)}")
        table = book[sheet or book.sheetnames[0]]
        for number, row in enumerate(table.iter_rows(values_only=True, max_col=_MOST_COLUMNS)):
            if number >= _MOST_ROWS:
                raise LedgerError("too_large", f"more than {_MOST_ROWS} rows")
            yield _texts(row)
    finally:
        book.close()


def _texts(row: Sequence[object]) -> list[str]:
    return [_bounded(_text(cell)) for cell in row]


def _text(cell: object) -> str:
    """A cell as it is read: numbers without an idle fraction, days without an idle time."""
    if cell is None or isinstance(cell, bool):
        return "" if cell is None else str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, datetime):
        return (
            cell.date().isoformat()
            if cell == datetime.combine(cell.date(), datetime.min.time())
            else str(cell)
        )
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _bounded(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_MOST_CELL]
