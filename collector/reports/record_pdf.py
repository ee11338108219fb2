"""An inspection record as PDF/A-3 with the record itself attached: page numbers, QR code, boxes to sign."""

import io
import json
import re
import tempfile
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import segno
import typst

from collector.documents import judging_columns
from collector.documents.tables import Column, Kind, Table
from collector.reports.column_widths import fitted, letters, longest, whole_lines
from collector.reports.record_view import Paper
from collector.reports.sheet import words
from collector.words.record import text

FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Serif CJK SC",
    "Source Han Sans SC",
    "Source Han Serif SC",
    "Noto Sans SC",
)
WIDTHS = {
    "readings": 3.2,
    "first_seen": 2,
    "reason": 1.6,
    "value": 1.3,
    "check": 1.5,
    "target": 1.7,
    "state": 1.25,
    "was": 1.25,
    "reading": 1.6,
    "why": 2,
    "detail": 2,
    "when": 1.1,
    "evidence": 1.3,
    "human": 1.8,
    "said": 1.8,
    "arrived": 1.1,
    "photo": 3.2,
    "b_object": 2.2,
    "b_objects": 3.2,
    "b_reason": 1.7,
    "b_about": 2.2,
    "b_artefact": 1.5,
    "b_state": 1.2,
    "b_outcome": 1.35,
    "b_verdict": 1.3,
    "b_tested": 1.3,
    "b_copy": 1.3,
    "b_within": 1.2,
    "b_window": 1.5,
    "b_phases": 2.6,
    "b_span": 2,
    "b_allowed": 1.4,
    "b_level": 0.7,
    "b_role": 0.8,
    "b_day": 1.25,
    "b_run": 1.1,
    "b_newest": 1.5,
    **{f"b_l{number}": 0.5 for number in range(10)},
    **judging_columns.WIDTHS,
}
# A line may end after "/" beside a letter, after "." or "_" between letters, or inside what no cell can hold.
_MARK = "\u200b"
_ENDS = re.compile(r"(?<=[A-Za-z]/)(?=\S)|(?<=/)(?=[A-Za-z])|(?<=[A-Za-z][._@:+])(?=[A-Za-z])")
_TOO_LONG = re.compile("[!-~\u00a1-\u1fff]{13,}")
_LONGEST_NUMBER = 24
_PIECE = 11
_MOST_UNSHOWN = 50
# Parts that people fill in: what the machine did not measure stands above them, filled or not.
BY_HAND = frozenset({"record-human", "doc-hands"})
# Centimetres between the margins, of a letter of 8.5 points, and of a cell beside its text.
_WIDE, _NARROW = (26.1, 0.18, 0.35), (17.4, 0.18, 0.35)
_FIRST_FORM = "doc-form-0"
_FORM_MM, _SHORT_MM = 150, 60  # height of a form, of another table, that is not broken by the end of a page
_SURVEY = 4  # columns of a questionnaire, which is short
TALL = frozenset({"doc-hands"})  # somebody writes into these by hand


class FontMissingError(Exception):
    """This machine has no Chinese font for PDF."""

    code = "font_missing"

    def __init__(self) -> None:
        super().__init__(
            "no Chinese font for PDF here: install the package fonts-noto-cjk (Debian) and try again"
        )


def pdf(view: Paper, record: bytes) -> bytes:
    """The document; `record` are the record's bytes as logged. FontMissingError without a font."""
    fonts = typst.Fonts(include_system_fonts=True)
    if not set(FAMILIES) & set(fonts.families()):
        raise FontMissingError
    with tempfile.TemporaryDirectory(prefix="roundseal-") as place:
        folder = Path(place)
        template = files("collector.reports").joinpath("record.typ").read_text(encoding="utf-8")
        (folder / "record.typ").write_text(template, encoding="utf-8")
        (folder / "record.json").write_bytes(record)
        (folder / "qr.svg").write_bytes(qr_svg(view.qr))
        return _compiled(folder, json.dumps(_data(view), ensure_ascii=False))


def _compiled(folder: Path, data: str) -> bytes:
    """Compile; characters that no font here can show (PDF/A allows none) become a geta mark."""
    for _ in range(_MOST_UNSHOWN):
        (folder / "record-data.json").write_text(data, encoding="utf-8")
        try:
            made: bytes = typst.compile(
                str(folder / "record.typ"), root=str(folder), format="pdf", pdf_standards="a-3b"
            )
        except typst.TypstError as error:
            unshown = _unshown(str(error), data)
            if not unshown:
                raise
            data = data.translate(dict.fromkeys(map(ord, unshown), "〓"))
        else:
            return made
    raise FontMissingError


def _unshown(problem: str, data: str) -> set[str]:
    """The characters that the compiler complains about."""
    found = re.search(r'the text `"(.*?)"` could not be displayed', problem)
    if found is None:
        return set()
    text = re.sub(r"\\u\{([0-9a-f]+)\}", lambda m: chr(int(m.group(1), 16)), found.group(1))
    return {char for char in text if char in data}


def qr_svg(content: str) -> bytes:
    """A QR code as SVG."""
    out = io.BytesIO()
    segno.make(content, error="m").save(out, kind="svg", border=2, scale=4)
    return out.getvalue()


def _data(view: Paper) -> dict[str, Any]:
    pairs = [list(pair) for pair in view.facts]
    digest = dict(view.proof).get(text("record.fact.digest", view.lang), "")
    return {
        "lang": "zh" if view.lang == "zh" else "en",
        "title": view.title,
        "overview": view.overview_title,
        "facts": [[name, breakable(value)] for name, value in pairs],
        "parts": [_part(table, view) for table in view.tables],
        "proof": [[name, _ENDS.sub(_MARK, value).replace("+", f"+{_MARK}")] for name, value in view.proof],
        "proof_title": view.proof_title,
        "qr_label": text("record.qr", view.lang),
        "qr_text": view.qr,
        "signatures": [
            [text(f"record.sign.{who}", view.lang), text("record.sign.line", view.lang)]
            for who in view.signers
        ],
        "wide": view.wide,
        "page": text("record.page", view.lang, page="{page}", pages="{pages}"),
        "footer": f"{view.title} · {view.facts[0][1]} · {digest[:16]}",
        "attachment": text("record.fact.digest", view.lang),
    }


def _part(table: Table, view: Paper) -> dict[str, Any]:
    """Headings and cells as texts; beside each cell the state word that colours it, if it is a state."""
    return {
        "title": table.title,
        "empty": table.empty,
        "note": table.empty if table.name in BY_HAND else "",
        "tall": table.name in TALL,
        "fresh": own_page(table),
        "whole": _FORM_MM if stays_whole(table) else 0 if is_form(table) else _SHORT_MM,
        "headings": headings(table, view.lang),
        "widths": widths(table, view, *(_WIDE if view.wide else _NARROW)),
        "rows": [
            [_cell(cell, column, view) for cell, column in zip(row, table.columns, strict=True)]
            for row in table.rows
        ],
        "merged": [[*place, *size] for place, size in table.merged.items()],
        "covered": [list(place) for place in table.covered()],
    }


def is_form(table: Table) -> bool:
    """Whether it is a sheet of a form, which is signed at its foot: it stays on one page if it fits."""
    return table.name.startswith("doc-form-")


def own_page(table: Table) -> bool:
    """Whether a part begins a page: each sheet of a form behind the first, as another unit signs it."""
    return is_form(table) and table.name != _FIRST_FORM and len(table.columns) > _SURVEY


def stays_whole(table: Table) -> bool:
    """Whether the end of a page breaks a form only where it is longer than a page. The first one stands below
    the overview: kept whole, it would leave the first page empty."""
    return is_form(table) and table.name != _FIRST_FORM


def widths(table: Table, view: Paper, across: float, letter: float, edge: float) -> list[float]:
    """The widths of a table's columns, `across` in all: by their shares, no short word is cut, and as many
    cells as can stand on one line do.

    `letter` is the width of a letter, `edge` what a cell needs beside its text, in the unit of `across`.
    """
    heads, shares = headings(table, view.lang), [WIDTHS.get(column.key, 1) for column in table.columns]
    covered = table.covered() | {place for place, (_, columns) in table.merged.items() if columns > 1}
    lines, words, titles = [], [], []
    for place, column in enumerate(table.columns):
        said = [
            cell_text(row[place], column.kind, view)
            for number, row in enumerate(table.rows)
            if (number, place) not in covered
        ]
        lines.append(letter * letters([heads[place], *said]) + edge)
        words.append(letter * longest([heads[place], *map(_pieces, said)]) + edge)
        titles.append(letter * longest(heads[place : place + 1]) + edge)
    if sum(words) > across:  # the longest words give way, those of cells before those of headings
        none = [0.0] * len(words)
        words = whole_lines([1.0] * len(words), words, titles if sum(titles) < across else none, across)
    return fitted(shares, whole_lines(shares, lines, words, across), across)


def headings(table: Table, lang: str) -> list[str]:
    """The headings of a record's table."""
    return [text(f"col.{column.key}", lang) for column in table.columns]


# Words about backups, as the state that colours them.
_TONES = {
    **dict.fromkeys(("b_on_time", "b_double", "b_restorable", "b_equal", "b_done", "b_good"), "ok"),
    **dict.fromkeys(("b_late", "b_behind", "b_warn"), "warn"),
    **dict.fromkeys(("b_missed", "b_lost", "b_none", "b_missing", "b_differs", "b_not_elsewhere"), "crit"),
    **dict.fromkeys(("b_bad", "b_never"), "crit"),
    **dict.fromkeys(("b_unseen", "b_unproven", "b_untold", "b_could_not_tell"), "unknown"),
    **judging_columns.TONES,
}


_UNKNOWN = "E6E9EF"
FILLS = {
    "crit": "FDE7E7",
    "warn": "FFF1D6",
    "ok": "E3F4E9",
    **dict.fromkeys(("unknown", "error", "not_done"), _UNKNOWN),
}
"""The colour behind a state, as record.typ has it."""


def tone(cell: object, column: Column) -> str:
    """The state word that colours a cell; "" where it is no state."""
    return _TONES.get(str(cell), str(cell)) if column.kind is Kind.STATE else ""


def _cell(cell: object, column: Column, view: Paper) -> list[str]:
    state = tone(cell, column)
    return [breakable(cell_text(cell, column.kind, view)), state]


def breakable(value: str) -> str:
    """With marks where a line may end: never inside a number or a time."""
    marked = _ENDS.sub(_MARK, value.replace(_MARK, ""))
    return together(_TOO_LONG.sub(_chopped, marked))


def _pieces(value: str) -> str:
    """With marks where a line may end, and a number one word with its per cent sign."""
    return _ENDS.sub(_MARK, value).replace(" %", "_%")


def together(value: str) -> str:
    """A number stays on the line of its per cent sign."""
    return value.replace(" %", "\u00a0%")


def _chopped(found: re.Match[str]) -> str:
    word = found.group()
    if len(word) <= _LONGEST_NUMBER and not any(char.isalpha() for char in word):
        return word
    return _MARK.join(word[start : start + _PIECE] for start in range(0, len(word), _PIECE))


def cell_text(cell: object, kind: Kind, view: Paper) -> str:
    """A cell in words, instants in the record's zone."""
    if cell is None:
        return "–"
    if kind is Kind.WHEN and isinstance(cell, int):
        # A document of a long period names the year.
        form = "%Y-%m-%d %H:%M:%S" if view.wide else "%m-%d %H:%M:%S"
        return datetime.fromtimestamp(cell / 1000, view.zone).strftime(form)
    return clean(words(cell, kind, view.lang))


def clean(value: str) -> str:
    """Without the control characters that no document can hold."""
    return "".join(char for char in value if char >= " " or char == "\t")
