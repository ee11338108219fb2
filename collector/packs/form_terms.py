"""The printed form of a scorecard (考核评分表): the section `form:` of a pack. Plain data, no points.

The form says where each line of `scoring:` stands and in which words; points, limits and money stay where the
rules are. Lines are named as on a scorecard: `visit`, `deduction.complaint`, `fine.sabotage`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

PARTIES = ("vendor", "buyer", "unit", "assessor")


class Sheet(StrEnum):
    """What one sheet is of: each user unit that is scored on its own, or the contract as a whole."""

    UNIT = "unit"
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True)
class FormRow:
    """A row: 考核内容, 评分标准, and the line that fills 分值 and 得分. `number`: the contract's own."""

    line: str
    content: str
    standard: str
    content_en: str
    standard_en: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class FormSection:
    """Rows under one 考核项目."""

    title: str
    title_en: str
    rows: tuple[FormRow, ...]


@dataclass(frozen=True, slots=True)
class FormSheet:
    """One table with who signs below it. `sum`: its points are added up in a last row."""

    of: Sheet
    title: str
    title_en: str
    sections: tuple[FormSection, ...]
    signers: tuple[str, ...] = ()
    sum: bool = True


@dataclass(frozen=True, slots=True)
class Survey:
    """A questionnaire of satisfaction for people: `questions` in its order, `answers` to tick by hand.

    `of`: one for each unit, or one. `line`: the line that its outcome goes to.
    """

    title: str
    title_en: str
    clause: str
    line: str
    questions: tuple[str, ...]
    questions_en: tuple[str, ...]
    answers: tuple[str, ...]
    answers_en: tuple[str, ...]
    of: Sheet = Sheet.CONTRACT
    signers: tuple[str, ...] = ("unit",)


@dataclass(frozen=True, slots=True)
class FormTerms:
    """The form: its title as printed, sheets in their order."""

    title: str
    title_en: str
    clause: str
    sheets: tuple[FormSheet, ...]
    page: str = ""
    survey: Survey | None = None
    signers: tuple[str, ...] = ("vendor", "unit", "assessor")

    def mistakes(self, pack: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """(path, reason): a line stands in the form once, on a sheet that it is scored for.

        A line that has no row is no mistake: it is printed after the others, in the words of its rule.
        """
        known = lines_of(pack)
        seen: set[str] = set()
        for number, sheet in enumerate(self.sheets):
            at: tuple[str | int, ...] = ("sheets", number)
            yield from _parties(sheet.signers, (*at, "signers"))
            for path, line in _lines(sheet):
                here = (*at, *path)
                if line not in known:
                    yield here, f"no line named {line!r}"
                elif line in seen:
                    yield here, f"{line} is there twice"
                elif known[line] is not sheet.of:
                    yield here, f"{line} is scored by {known[line]}, this sheet is by {sheet.of}"
                seen.add(line)
        yield from _parties(self.signers, ("signers",))
        if self.survey is not None:
            yield from _survey(self.survey, known)


def _lines(sheet: FormSheet) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for i, section in enumerate(sheet.sections):
        for j, row in enumerate(section.rows):
            yield ("sections", i, "rows", j, "line"), row.line


def _parties(
    found: tuple[str, ...], at: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for number, one in enumerate(found):
        if one not in PARTIES:
            yield (*at, number), f"{one!r} is none of: {', '.join(PARTIES)}"


def _survey(one: Survey, known: dict[str, Sheet]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if one.line not in known:
        yield ("survey", "line"), f"no line named {one.line!r}"
    for name in ("questions", "answers"):
        if len(getattr(one, name)) != len(getattr(one, f"{name}_en")):
            yield ("survey", f"{name}_en"), f"as many as {name}"
    yield from _parties(one.signers, ("survey", "signers"))


def lines_of(pack: Any) -> dict[str, Sheet]:
    """Every line that a scorecard of the pack may have, and what it is scored for."""
    scoring = pack.scoring
    made = {one.id: Sheet.CONTRACT if one.per == "contract" else Sheet.UNIT for one in scoring.lines}
    for prefix, found in (
        ("deduction", scoring.deductions),
        ("fine", scoring.fines),
        ("veto", scoring.vetoes),
    ):
        made |= {f"{prefix}.{one.id}": Sheet.CONTRACT for one in found}
    return made
