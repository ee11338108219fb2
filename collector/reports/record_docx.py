"""An inspection record as a Word document: a template made here, or the buyer's own form, filled in."""

import io
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import segno
from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docxtpl import DocxTemplate, InlineImage

from collector.documents.tables import Column, Kind, Table
from collector.reports.record_pdf import (
    BY_HAND,
    FILLS,
    TALL,
    cell_text,
    clean,
    headings,
    own_page,
    stays_whole,
    together,
    tone,
    widths,
)
from collector.reports.record_view import Paper
from collector.words.record import text

# Names that official forms use; the reader's machine has them.
_BODY, _HEAD = "仿宋", "黑体"
_WIDTH = 26.0  # centimetres between the margins
_LETTER, _EDGE = 0.22, 0.5  # of a letter of 10 points in a wide font, and of a cell beside its text
# Marks for cells that are put into the one at their left, the one above; and for one that runs down.
_LEFT, _UP, _DOWN = "\ue000", "\ue001", "\ue002"
_BY_HAND = {one.removeprefix("record-").replace("-", "_") for one in BY_HAND}
# Behind a comma of a list of entries a line may end, and not inside their numbers.
_LISTED = re.compile("、(?=#)")


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a form: its name and columns, whether it begins a page, whether it stays on one."""

    name: str
    columns: tuple[Column, ...]
    fresh: bool
    form: bool
    centimetres: tuple[float, ...]


class TemplateError(Exception):
    """The form cannot be filled in: says why."""

    code = "bad_template"


class Cell(str):
    """A cell's text; `fill` is the colour behind it where it is a state."""

    fill: str

    def __new__(cls, text: str, fill: str = "auto") -> "Cell":
        """The text with its colour."""
        made = super().__new__(cls, text)
        made.fill = fill
        return made


def docx(view: Paper, template: Path | None = None) -> bytes:
    """The document. `template` is a form of one's own with the same fields; else the one made here."""
    source = io.BytesIO(
        _template(
            tuple(
                _Part(_part_name(one), one.columns, own_page(one), stays_whole(one), _centimetres(one, view))
                for one in view.tables
            )
        )
    )
    form = DocxTemplate(str(template) if template is not None else source)
    try:
        form.render(_fields(view, form), autoescape=True)
    except Exception as error:  # a form written elsewhere may hold anything
        raise TemplateError(f"{template or 'form'}: {error}") from error
    _merge(form.docx)
    _loose(form.docx)
    out = io.BytesIO()
    form.save(out)
    return out.getvalue()


def _merge(made: Any) -> None:
    """Put cells that others lie over into them: no form can say that of single rows."""
    for row in made.element.body.iter(qn("w:tr")):
        for cell in list(row.findall(qn("w:tc"))):
            said = "".join(node.text or "" for node in cell.iter(qn("w:t")))
            if said == _LEFT:
                _wider(cell.getprevious(), cell)
                row.remove(cell)
            elif said == _UP or said.startswith(_DOWN):
                merge = OxmlElement("w:vMerge")
                merge.set(qn("w:val"), "continue" if said == _UP else "restart")
                properties = cell.get_or_add_tcPr()
                width = properties.find(qn("w:tcW"))
                properties.insert(0 if width is None else properties.index(width) + 1, merge)
                for node in cell.iter(qn("w:t")):
                    node.text = (node.text or "").replace(_UP, "").replace(_DOWN, "")


def _loose(made: Any) -> None:
    """The last row of a form is not kept with what follows it: its rows are kept together."""
    for table in made.element.body.iter(qn("w:tbl")):
        rows = table.findall(qn("w:tr"))
        if rows[0].find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None:
            for keep in list(rows[-1].iter(qn("w:keepNext"))):
                keep.getparent().remove(keep)


def _wider(cell: Any, over: Any) -> None:
    """One more column for a cell, and the width of the one that it lies over."""
    properties = cell.get_or_add_tcPr()
    span = properties.find(qn("w:gridSpan"))
    width = properties.find(qn("w:tcW"))
    if span is None:
        span = OxmlElement("w:gridSpan")
        span.set(qn("w:val"), "1")
        properties.insert(0 if width is None else properties.index(width) + 1, span)
    span.set(qn("w:val"), str(int(span.get(qn("w:val"))) + 1))
    theirs = over.get_or_add_tcPr().find(qn("w:tcW"))
    if width is not None and theirs is not None:
        width.set(qn("w:w"), str(int(width.get(qn("w:w"))) + int(theirs.get(qn("w:w")))))


def _fields(view: Paper, form: DocxTemplate) -> dict[str, Any]:
    """What a form can name: title, facts, parts by name, proof, signatures, qr."""
    code = io.BytesIO()
    segno.make(view.qr, error="m").save(code, kind="png", border=2, scale=6)
    code.seek(0)
    fields: dict[str, Any] = {
        "title": view.title,
        "overview_title": view.overview_title,
        "facts": [{"label": clean(label), "value": clean(value)} for label, value in view.facts],
        "proof": [{"label": clean(label), "value": clean(value)} for label, value in view.proof],
        "proof_title": view.proof_title,
        "signatures": [
            {"label": text(f"record.sign.{who}", view.lang), "value": text("record.sign.line", view.lang)}
            for who in view.signers
        ],
        "qr": InlineImage(form, code, width=Cm(3.2)),
        "qr_label": text("record.qr", view.lang),
        "footer": clean(f"{view.title} · {view.facts[0][1]}"),
    }
    return fields | {_part_name(table): _part(table, view) for table in view.tables}


def _part_name(table: Table) -> str:
    """How a form names a part: problems, unclear, carried, missing, items, findings, human …"""
    return table.name.removeprefix("record-").removeprefix("backup-").replace("-", "_")


def _part(table: Table, view: Paper) -> dict[str, Any]:
    cells = [
        [_cell(cell, column, view) for cell, column in zip(row, table.columns, strict=True)]
        for row in table.rows
    ]
    _mark(table, cells)
    return {
        "title": table.title,
        "note": table.empty if table.name in BY_HAND or not cells else "",
        "headings": headings(table, view.lang) if cells else [],
        "rows": cells,
    }


def _mark(table: Table, cells: list[list[Cell]]) -> None:
    """Cells that run over others, and those others, for `_merge`."""
    for (row, column), (rows, columns) in table.merged.items():
        if rows > 1:
            cells[row][column] = Cell(_DOWN + cells[row][column], cells[row][column].fill)
        for down in range(rows):
            for right in range(columns):
                if down or right:
                    cells[row + down][column + right] = Cell(_LEFT if right else _UP)


def _cell(cell: object, column: Column, view: Paper) -> Cell:
    fill = FILLS.get(tone(cell, column), "auto")
    return Cell(_LISTED.sub("\\g<0>\u200b", together(cell_text(cell, column.kind, view))), fill)


def _centimetres(table: Table, view: Paper) -> tuple[float, ...]:
    """The widths of a table's columns."""
    return tuple(round(width, 2) for width in widths(table, view, _WIDTH, _LETTER, _EDGE))


@lru_cache(maxsize=32)
def _template(parts: tuple[_Part, ...]) -> bytes:
    """The form: fields in double braces, rows repeated, East Asian fonts set everywhere."""
    made: Any = Document()
    _page(made)
    _styles(made)
    title = made.add_paragraph("{{ title }}", style="Title")
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    made.add_paragraph("{{ overview_title }}", style="Heading 1")
    _pairs(made, "facts", 2)
    for part in parts:
        head = made.add_paragraph(f"{{{{ {part.name}.title }}}}", style="Heading 1")
        head.paragraph_format.page_break_before = part.fresh
        _optional(made, f"{part.name}.note", together=part.name in _BY_HAND)
        _grid(made, part)
    made.add_paragraph("{{ proof_title }}", style="Heading 1")
    # A page of boxes alone could be signed for anything: they stay with the evidence.
    _pairs(made, "proof", 1, together=True)
    _gap(made)
    _signatures(made)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _page(made: Any) -> None:
    section = made.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Cm(29.7), Cm(21)
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Cm(1.8))
    line = section.footer.paragraphs[0]
    line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    line.add_run("{{ footer }}　·　")
    for word in ("PAGE", " / ", "NUMPAGES"):
        run = line.add_run(word if word == " / " else "")
        if word != " / ":
            _counter(run, word)


def _counter(run: Any, name: str) -> None:
    """A field that Word counts by itself."""
    for kind, content in (("begin", None), (None, name), ("end", None)):
        if kind is None:
            node = OxmlElement("w:instrText")
            node.set(qn("xml:space"), "preserve")
            node.text = content
        else:
            node = OxmlElement("w:fldChar")
            node.set(qn("w:fldCharType"), kind)
        run._r.append(node)


def _styles(made: Any) -> None:
    for name, font, size in (("Normal", _BODY, 10), ("Heading 1", _HEAD, 13), ("Title", _HEAD, 20)):
        style = made.styles[name]
        style.font.name, style.font.size = "Times New Roman", Pt(size)
        style.font.color.rgb = RGBColor(0, 0, 0)
        run = style.element.get_or_add_rPr()
        fonts = run.get_or_add_rFonts()
        for attribute in [key for key in fonts.attrib if "Theme" in key]:
            del fonts.attrib[attribute]
        # Without this attribute Word and LibreOffice choose a font of their own for Chinese.
        fonts.set(qn("w:eastAsia"), font)
        language = OxmlElement("w:lang")
        language.set(qn("w:val"), "en-US")
        language.set(qn("w:eastAsia"), "zh-CN")
        run.append(language)
    for border in made.styles["Title"].element.findall(f".//{qn('w:pBdr')}"):
        border.getparent().remove(border)


def _optional(made: Any, field: str, *, together: bool) -> None:
    """A paragraph that is only there where the field says something; `together`: it heads a table."""
    made.add_paragraph(f"{{%p if {field} %}}")
    made.add_paragraph(f"{{{{ {field} }}}}").paragraph_format.keep_with_next = together
    made.add_paragraph("{%p endif %}")


def _pairs(made: Any, name: str, per_row: int, together: bool = False) -> None:
    """Label and value side by side, repeated; `together`: on one page with what follows."""
    table = made.add_table(rows=3, cols=2 * per_row, style="Table Grid")
    table.rows[0].cells[0].text = f"{{%tr for pair in {name}|batch({per_row}) %}}"
    for number in range(per_row):
        label, value = table.rows[1].cells[2 * number : 2 * number + 2]
        label.text = f"{{{{ pair[{number}].label }}}}" if per_row == 1 else _maybe(number, "label")
        value.text = f"{{{{ pair[{number}].value }}}}" if per_row == 1 else _maybe(number, "value")
        _shade(label)
    _widths(table, [4.2, _WIDTH / per_row - 4.2] * per_row)
    _whole(table.rows[1])
    for cell in table.rows[1].cells if together else ():
        cell.paragraphs[0].paragraph_format.keep_with_next = True
    table.rows[2].cells[0].text = "{%tr endfor %}"


def _gap(made: Any) -> None:
    """A little room between two tables, which would be one without it."""
    between = made.add_paragraph()
    between.paragraph_format.keep_with_next = True
    between.paragraph_format.space_after = Pt(0)


def _signatures(made: Any) -> None:
    """Boxes to sign, the code beside them: below it they would not fit on the page of the evidence."""
    table = made.add_table(rows=3, cols=3, style="Table Grid")
    table.rows[0].cells[0].text = "{%tr for pair in signatures %}"
    label, value, code = table.rows[1].cells
    label.text, value.text = "{{ pair.label }}", "{{ pair.value }}"
    code.text = f"{{% if loop.first %}}{_DOWN}{{{{ qr }}}}{{% else %}}{_UP}{{% endif %}}"
    code.add_paragraph("{% if loop.first %}{{ qr_label }}{% endif %}")
    for one in code.paragraphs:
        one.alignment = WD_ALIGN_PARAGRAPH.CENTER
        one.paragraph_format.space_before = Pt(3)
    _shade(label)
    _widths(table, [4.2, _WIDTH - 9.4, 5.2])
    _whole(table.rows[1])
    for cell in (label, value, code):
        for one in cell.paragraphs:
            one.paragraph_format.keep_with_next = True
    table.rows[1].height = Cm(1.5)
    table.rows[2].cells[0].text = "{%tr endfor %}"


def _maybe(number: int, key: str) -> str:
    """A pair's label or value; where there is none, its cells go into the one before."""
    return (
        f"{{% if pair[{number}] is defined %}}{{{{ pair[{number}].{key} }}}}{{% else %}}{_LEFT}{{% endif %}}"
    )


def _grid(made: Any, part: _Part) -> None:
    """A table whose rows repeat; gone altogether where there are none."""
    name, columns = part.name, part.columns
    made.add_paragraph(f"{{%p if {name}.rows %}}")
    table = made.add_table(rows=4, cols=len(columns), style="Table Grid")
    for number, column in enumerate(columns):
        head = table.rows[0].cells[number]
        head.text = f"{{{{ {name}.headings[{number}] }}}}"
        _shade(head)
        colour = f"{{% cellbg row[{number}].fill %}}" if column.kind is Kind.STATE else ""
        table.rows[2].cells[number].text = f"{colour}{{{{ row[{number}] }}}}"
    _widths(table, list(part.centimetres))
    for row in (table.rows[0], table.rows[2]):
        _whole(row)
    for cell in table.rows[2].cells if part.form else ():
        cell.paragraphs[0].paragraph_format.keep_with_next = True
    if name in {one.replace("-", "_") for one in TALL}:
        table.rows[2].height = Cm(1.3)
    # The heading comes again on every page.
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    table.rows[1].cells[0].text = f"{{%tr for row in {name}.rows %}}"
    table.rows[3].cells[0].text = "{%tr endfor %}"
    made.add_paragraph("{%p endif %}")


def _widths(table: Any, centimetres: list[float]) -> None:
    """Fixed widths; Word reads them from the cells, others from the columns."""
    table.autofit = False
    for column, width in zip(table.columns, centimetres, strict=True):
        column.width = Cm(width)
        for cell in column.cells:
            cell.width = Cm(width)


def _whole(row: Any) -> None:
    """No page ends inside this row."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _shade(cell: Any) -> None:
    shade = OxmlElement("w:shd")
    for key, value in (("val", "clear"), ("color", "auto"), ("fill", "ECEFF3")):
        shade.set(qn(f"w:{key}"), value)
    cell._tc.get_or_add_tcPr().append(shade)
