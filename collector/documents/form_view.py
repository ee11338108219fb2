"""A scorecard in the form that its contract prints: 考核项目, 考核内容, 分值, 评分标准, 得分, 备注.

The pack's section `form:` gives the words and their order; a pack without one gets a form made of its rules.
What is not proven says so where its points would stand; no box is ever ticked here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from collector.documents.judging_prices import Off
from collector.documents.judging_view import Words, cited, is_off, last
from collector.documents.numbers import points, spanned, yuan
from collector.documents.tables import Column, Kind, Table
from collector.packs.form_terms import FormRow, FormSection, FormSheet, FormTerms, Sheet, Survey
from collector.scoring.model import Line, LineState, Sum
from collector.scoring.money import weight_of
from collector.scoring.rules import number
from collector.scoring.unbounded import bound, least
from collector.words.document import doc
from collector.words.judging import text, word
from collector.words.record import text as record_text

COLUMNS = (
    Column("j_number"),
    Column("j_section"),
    Column("j_task"),
    Column("j_full", Kind.NUMBER),
    Column("j_criteria"),
    Column("j_points", Kind.NUMBER),
    Column("j_note"),
)
_WIDE = len(COLUMNS)
_GROUPS = {"deduction": "doc.form.deductions", "fine": "doc.form.fines", "veto": "doc.form.vetoes"}


def _joined(*parts: str | None) -> str | None:
    """Notes in one; None where there is none."""
    return "; ".join(part for part in parts if part) or None


@dataclass(slots=True)
class _Grid:
    """Rows as they grow, with the cells that run over several columns or rows."""

    rows: list[tuple[object, ...]] = field(default_factory=list)
    merged: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def add(self, *cells: object) -> None:
        """One row of single cells."""
        self.rows.append(cells)

    def across(self, label: str, value: str, note: str = "", full: str = "") -> None:
        """A row of sums: a label over the first columns, then full points, points and a note."""
        self.merged[len(self.rows), 0] = (1, 3)
        self.rows.append((label, None, None, full or None, None, value, note or None))

    def whole(self, content: str) -> None:
        """One cell over all columns."""
        self.merged[len(self.rows), 0] = (1, _WIDE)
        self.rows.append((content, *(None for _ in COLUMNS[1:])))

    def down(self, start: int) -> None:
        """Put the section's cells from `start` on into one."""
        if len(self.rows) - start > 1:
            self.merged[start, 1] = (len(self.rows) - start, 1)


@dataclass(frozen=True, slots=True)
class FormWords:
    """The form of one scorecard in one language. `offs`: what the pack takes off, in its order."""

    words: Words
    terms: FormTerms
    offs: Sequence[Off] = ()

    @property
    def lang(self) -> str:
        """The language."""
        return self.words.lang

    def _said(self, zh: str, en: str) -> str:
        return zh if self.lang == "zh" else en or zh

    def title(self) -> str:
        """The form's own title."""
        return self._said(self.terms.title, self.terms.title_en)

    def tables(self) -> Iterator[Table]:
        """Every sheet: of each unit, of the contract; then the form of satisfaction."""
        units = list(dict.fromkeys(one.unit for one in self._lines() if one.unit is not None))
        sheets = [*self.terms.sheets]
        if all(sheet.of is not Sheet.CONTRACT for sheet in sheets):
            sheets.append(FormSheet(Sheet.CONTRACT, "汇总表", "Summary", (), self.terms.signers))
        number = 0
        for sheet in sheets:
            for unit in units if sheet.of is Sheet.UNIT else (None,):
                yield self._sheet(sheet, unit, number)
                number += 1
        survey = self.terms.survey
        for unit in () if survey is None else units if survey.of is Sheet.UNIT else (None,):
            if survey is not None:
                yield self._survey(survey, unit, number)
                number += 1

    def _lines(self) -> list[Line]:
        return [one for one in self.words.judged.card.lines if not is_off(one)]

    def _named(self, title: str, unit: str | None) -> str:
        return title if unit is None else f"{title} · {self.words.place(unit, None)}"

    # -- one sheet

    def _sheet(self, sheet: FormSheet, unit: str | None, number: int) -> Table:
        grid = _Grid()
        whole = sheet.of is Sheet.CONTRACT
        by_id = {one.id: one for one in self.words.judged.card.lines if one.unit == unit}
        if whole and any(one.unit is not None for one in self.words.judged.card.sums):
            self._units(grid)
        for section in self._sections(sheet, by_id):
            self._section(grid, section, by_id)
        scored = [one for one in by_id.values() if not is_off(one)]
        if scored and sheet.sum and not whole:
            self._sum(grid, scored)
        if whole:
            self._offs(grid, by_id)
            self._total(grid)
        if sheet.signers:
            grid.whole(self._sign(sheet.signers))
        title = self._named(self._said(sheet.title, sheet.title_en), unit)
        return Table(f"doc-form-{number}", title, COLUMNS, grid.rows, "", merged=grid.merged)

    def _sections(self, sheet: FormSheet, by_id: Mapping[str, Line]) -> Iterator[FormSection]:
        """The sheet's sections, and what the form leaves out: no line of a scorecard goes unsaid."""
        listed = {row.line for one in self.terms.sheets for section in one.sections for row in section.rows}
        yield from sheet.sections
        for one in by_id.values():
            if one.id not in listed and not is_off(one):
                name = self.words.judged.english.get(one.id) or one.title
                said = cited(one.clause, one.page)
                yield FormSection(one.title, name, (FormRow(one.id, one.title, said, name, said),))

    def _section(self, grid: _Grid, section: FormSection, by_id: Mapping[str, Line]) -> None:
        start = len(grid.rows)
        for row in section.rows:
            one = by_id.get(row.line)
            if one is None:
                continue
            name = self._said(section.title, section.title_en) if len(grid.rows) == start else None
            grid.add(
                row.number or str(len(grid.rows) + 1),
                name,
                self._said(row.content, row.content_en),
                points(one.full),
                self._said(row.standard, row.standard_en),
                self.score(one),
                self.note(one),
            )
        grid.down(start)

    def score(self, one: Line) -> str:
        """The cell 得分: points where they are proven, else that they are not."""
        if one.points is None or one.state is LineState.NOT_PROVEN:
            return doc("doc.not_proven", self.lang)
        return points(one.points)

    def note(self, one: Line) -> str:
        """Counts, range, causes, who measured, evidence."""
        lang, join = self.lang, text("judging.join", self.lang)
        said = [
            doc(f"doc.{key}", lang, n=self.words.count(one, value))
            for key, value in (("required", one.required), ("counted", one.counted), ("missing", one.missing))
            if value is not None
        ]
        if one.low != one.high:
            said.append(doc("doc.form.may_be", lang, range=self.words.range_of(one.low, one.high)))
        why = self.words.why(one)
        evidence = self.words.proofs(one)
        grade = f" ({one.grade})" if one.grade not in ("", "-") and evidence != "–" else ""
        said += ["" if why == "–" else why, "" if evidence == "–" else evidence + grade]
        said.append(word("tag", one.tag, lang) if one.tag == "MANUAL" else "")
        return join.join(filter(None, said)) or "–"

    def _sum(self, grid: _Grid, lines: Sequence[Line]) -> None:
        low = bound(sum((least(one.low) for one in lines), Fraction(0)))
        high = sum((one.high for one in lines), Fraction(0))
        proven = all(one.points is not None and one.state is not LineState.NOT_PROVEN for one in lines)
        full = points(sum((one.full for one in lines), Fraction(0)))
        self._across(grid, doc("doc.sum", self.lang), (low, high), proven, full)

    def _across(
        self, grid: _Grid, label: str, span_: tuple[Fraction | None, Fraction], proven: bool, full: str = ""
    ) -> None:
        shown = points(span_[1]) if proven else doc("doc.not_proven", self.lang)
        note = "" if proven else doc("doc.form.may_be", self.lang, range=self.words.range_of(*span_))
        grid.across(label, shown, note, full)

    # -- the summary

    def _units(self, grid: _Grid) -> None:
        start = len(grid.rows)
        sums = [one for one in self.words.judged.card.sums if one.unit is not None]
        for place, one in enumerate(sums, 1):
            name = doc("doc.form.units", self.lang) if place == 1 else None
            shown, note = self._unit(one)
            note = _joined(note, self._weight(one.unit))
            full = points(sum((line.full for line in self._lines() if line.unit == one.unit), Fraction(0)))
            grid.add(str(place), name, self.words.place(one.unit, None), full, None, shown, note)
        grid.down(start)
        judged = self.words.judged
        shares = [judged.shares.get(one.unit or "", Fraction(0)) for one in sums]
        low = sum((least(one.low) * share for one, share in zip(sums, shares, strict=True)), Fraction(0))
        high = sum((one.high * share for one, share in zip(sums, shares, strict=True)), Fraction(0))
        proven = all(one.points is not None for one in sums)
        key = "doc.form.mean" if judged.weights is None else "doc.form.weighed"
        self._across(grid, doc(key, self.lang, n=len(sums)), (bound(low), high), proven)

    def _weight(self, unit: str | None) -> str | None:
        """How much a unit counts in the mean, where not all count the same."""
        judged = self.words.judged
        found = next((one for one in judged.facts.units if one.id == unit), None)
        if judged.weights is None or found is None:
            return None
        known = judged.weights.systems
        said = [doc("doc.form.weight", self.lang, n=number(weight_of(judged.weights, found.id, found.kind)))]
        said += [
            f"{one.name or one.id} x {number(known[one.id])}" for one in found.systems if one.id in known
        ]
        return ", ".join(said)

    def _unit(self, one: Sum) -> tuple[str, str | None]:
        if one.points is not None:
            return points(one.points), None
        said = doc("doc.form.may_be", self.lang, range=self.words.range_of(one.low, one.high))
        return doc("doc.not_proven", self.lang), said

    def _offs(self, grid: _Grid, by_id: Mapping[str, Line]) -> None:
        known = {one.line for one in self.offs}
        more = [
            Off(one.id, one.title, self.words.line_name(one), one.clause, one.page, ("–", "–"))
            for one in by_id.values()
            if is_off(one) and one.id not in known
        ]
        for prefix, key in _GROUPS.items():
            start = len(grid.rows)
            for one in (*self.offs, *more):
                if one.line.partition(".")[0] != prefix:
                    continue
                name = doc(key, self.lang) if len(grid.rows) == start else None
                number = str(len(grid.rows) - start + 1)
                shown, note = self._off(one, by_id.get(one.line))
                price = one.price[0 if self.lang == "zh" else 1]
                title = self._said(one.title, one.title_en)
                grid.add(number, name, title, price, cited(one.clause, one.page), shown, note)
            grid.down(start)

    def _off(self, one: Off, line: Line | None) -> tuple[str, str | None]:
        """Points or yuan off, or whether a veto holds; what nobody stated and nothing showed is nought."""
        veto = one.line.startswith("veto.")
        if line is None:
            return (doc("doc.form.no_veto", self.lang) if veto else "0"), None
        note = self.note(line) if line.items or line.gaps else None
        if line.points is None or line.state is LineState.NOT_PROVEN:
            return doc("doc.not_proven", self.lang), note
        if veto:
            return doc("doc.form.veto" if line.items else "doc.form.no_veto", self.lang), note
        if one.line.startswith("fine."):
            return self.words.points_of(line), note
        return points(line.points), note

    def _total(self, grid: _Grid) -> None:
        card, lang = self.words.judged.card, self.lang
        self._across(
            grid,
            doc("doc.form.total", lang),
            (card.low, card.high),
            card.total is not None,
            points(self.words.judged.full),
        )
        grid.across(doc("doc.fact.grade", lang), self.words.grade(card.grade) or doc("doc.not_proven", lang))
        paid = last(card.money)
        if paid is not None:
            low_high = spanned(paid.low, paid.high, lang)
            label = f"{self.words.step(paid.id)} ({doc('doc.form.in_yuan', lang)})"
            proven = paid.yuan is not None
            shown = yuan(paid.yuan) if proven else doc("doc.not_proven", lang)
            grid.across(label, shown, "" if proven else doc("doc.form.may_be", lang, range=low_high))

    def _sign(self, signers: Sequence[str]) -> str:
        gap = "　　"
        boxes = [f"{record_text(f'record.sign.{who}', self.lang)}: {'　' * 8}" for who in signers]
        return gap.join([*boxes, doc("doc.form.date", self.lang)])

    # -- satisfaction

    def _survey(self, one: Survey, unit: str | None, number: int) -> Table:
        """The questionnaire, empty: people tick; beside it what somebody has stated of it."""
        lang, answers = self.lang, one.answers if self.lang == "zh" else one.answers_en
        columns = (Column("j_number"), Column("j_task"), Column("j_answers"), Column("j_note"))
        questions = one.questions if lang == "zh" else one.questions_en
        boxes = "　　".join(f"□ {answer}" for answer in answers)
        rows: list[tuple[object, ...]] = [
            (str(n), question, boxes, None) for n, question in enumerate(questions, 1)
        ]
        merged = {}
        lines = [line for line in self._lines() if (line.id, line.unit) == (one.line, unit)]
        for content in (
            *(doc("doc.form.stated", lang, points=self.score(line), note=self.note(line)) for line in lines),
            self._sign(one.signers),
        ):
            merged[len(rows), 0] = (1, len(columns))
            rows.append((content, None, None, None))
        title = self._named(self._said(one.title, one.title_en), unit)
        return Table(f"doc-form-{number}", title, columns, rows, "", merged=merged)


def form_of(words: Words) -> FormWords:
    """The form of a scorecard: its pack's, or one made of the rules."""
    judged = words.judged
    terms = judged.form or plain_form(("考核评分表", "Scorecard"), judged.card.lines, judged.english)
    return FormWords(words, terms, judged.offs)


def plain_form(title: tuple[str, str], lines: Sequence[Line], english: Mapping[str, str]) -> FormTerms:
    """A form of a pack that has none: a sheet by unit where lines are scored by unit, and one for all."""
    sheets = []
    for of, name in ((Sheet.UNIT, ("使用单位评分表", "Sheet of a user unit")), (Sheet.CONTRACT, title)):
        mine = [one for one in lines if (one.unit is not None) is (of is Sheet.UNIT) and not is_off(one)]
        sections = {
            one.id: FormSection(one.title, english.get(one.id) or one.title, (_row(one, english),))
            for one in mine
        }
        if mine or of is Sheet.CONTRACT:
            sheets.append(FormSheet(of, *name, tuple(sections.values()), ("vendor", "unit", "buyer")))
    return FormTerms(*title, "", tuple(sheets))


def _row(one: Line, english: Mapping[str, str]) -> FormRow:
    said, name = cited(one.clause, one.page), english.get(one.id) or one.title
    return FormRow(one.id, one.title, said, name, said)
