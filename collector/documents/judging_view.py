"""A scorecard in words: the tables that pages and documents share."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from checks.recurrence import zone
from collector.documents.judged import Judged
from collector.documents.judging_causes import cause
from collector.documents.judging_columns import GAPS, ITEMS, LINES, MONEY, OPTIONS, OTHERS, SUMS, TODO
from collector.documents.numbers import percent, points, shortened, span, spanned, yuan
from collector.documents.tables import Column, Link, Table
from collector.faults.said import onset_of
from collector.scoring.model import Gap, Item, Line, LineState, Money, Other, Proof
from collector.words.judging import text, word

COVERING = frozenset({"inspection", "availability", "scan"})
"""Kinds of items that say that something was looked at."""

_MOST_PROOFS = 3
_ZONE = "Asia/Shanghai"  # of every contract
# What is not there yet is asked for by its other name.
_WANTED = {"document_present": "document_missing"}
# Facts of a gap that say what it is about.
_SUBJECTS = ("item", "fault", "finding", "vulnerability", "obligation", "object", "event", "promise")
_ELSEWHERE = ("j_clause", "j_evidence", "j_options")
_COUNTS = ("j_required", "j_counted", "j_missing", "j_grade")


def cited(clause: str, page: str) -> str:
    """A clause with its page, once."""
    return clause if page in clause else f"{clause} {page}".strip()


def is_off(line: Line) -> bool:
    """Whether it takes points or money off and gives none: a deduction, a fine, a veto."""
    return line.full == 0 and line.id.partition(".")[0] in ("deduction", "fine", "veto")


def state_of(line: Line) -> str:
    """How a line stands: only proven and full points are good."""
    if line.state is LineState.NOT_PROVEN:
        return "j_not_proven"
    if line.state is LineState.NOT_APPLICABLE:
        return "j_not_applicable"
    if is_off(line):
        if line.items and line.points == 0 and line.id.startswith("deduction."):
            return "j_proven"  # it was seen, and costs nothing
        return "j_lost" if line.items else "j_nothing"
    return "j_full" if line.points is not None and line.points >= line.full else "j_lost"


@dataclass(frozen=True, slots=True)
class Words:
    """Rows in one language. `entry`: where an entry is shown, `line`: where a line is ("" for documents)."""

    judged: Judged
    lang: str
    entry: Callable[[int], str] | None = None
    line: Callable[[Line], str] | None = None

    def short(self, made: Table) -> Table:
        """The lines for a page: clause, entries, options stand on each line's own page and in the workbook;
        a column of counts that says nothing of any line is left out."""
        keep = [
            n
            for n, column in enumerate(made.columns)
            if column.key not in _ELSEWHERE
            and (column.key not in _COUNTS or any(row[n] not in (None, "", "–", "0") for row in made.rows))
        ]
        rows = [tuple(row[n] for n in keep) for row in made.rows]
        return Table(made.name, made.title, tuple(made.columns[n] for n in keep), rows, made.empty, made.args)

    def lines(self, chosen: Sequence[Line], name: str = "judging-lines", title: str = "") -> Table:
        """Lines: required, counted, missing, points, evidence."""
        return self._table(name, "lines", LINES, map(self._line, chosen), title)

    def _line(self, one: Line) -> tuple[object, ...]:
        return (
            self.title(one),
            cited(one.clause, one.page),
            word("tag", one.tag, self.lang),
            self.full_of(one),
            *(self.count(one, value) for value in (one.required, one.counted, one.missing)),
            self.points_of(one),
            state_of(one),
            one.grade,
            self.why(one),
            self.proofs(one),
            text("judging.part", self.lang).join(f"{key}={value}" for key, value in one.options) or "–",
        )

    def count(self, one: Line, value: Fraction | None) -> str:
        """What a line counts: a number, or a percentage."""
        return percent(value) if one.id in self.judged.percents else points(value)

    def title(self, one: Line) -> object:
        """A line's name, leading to its page where there is one."""
        name = self.line_name(one)
        return name if self.line is None else Link(name, self.line(one))

    def grade(self, name: str | None) -> str:
        """A grade's name in the language; "" where it is open."""
        return (self.judged.grades.get(name or "") if self.lang != "zh" else "") or name or ""

    def line_name(self, one: Line) -> str:
        """A line's name."""
        return one.title if self.lang == "zh" else self.judged.english.get(one.id) or one.title

    def changed(self, what: str, value: str) -> str:
        """A value that an amendment names: points as a decimal number, yuan with separators."""
        try:
            if what.startswith("money."):
                return yuan(Decimal(value))
            return points(Fraction(value), 2) if what == "total" or what.startswith("line.") else value
        except (ValueError, ArithmeticError):
            return value

    def change(self, what: str) -> str:
        """What an amendment changed: a line's name, a step of the money, total, grade or vetoes."""
        kind, _, name = what.partition(".")
        if kind == "money":
            return self.step(name)
        found = next((one for one in self.judged.card.lines if one.id == name), None)
        if kind == "line":
            return self._taken(name) if found is None else self.line_name(found)
        return word("change", what, self.lang)

    def _taken(self, name: str) -> str:
        """What a fine or a deduction is called that nobody has to pay any more."""
        off = next((one for one in self.judged.offs if one.line == name), None)
        if off is None:
            return name
        return off.title if self.lang == "zh" else off.title_en or off.title

    def points_of(self, one: Line) -> str:
        """Its points, or the range that evidence still leaves."""
        if one.state is LineState.NOT_APPLICABLE and one.points is None:
            return "–"
        if one.id.startswith("fine."):
            key = "judging.yuan" if one.state is not LineState.NOT_PROVEN else "judging.yuan.open"
            return text(key, self.lang, n=yuan(self.judged.fined.get(one.id)))
        return points(one.points) if one.points is not None else self.range_of(one.low, one.high)

    def full_of(self, one: Line) -> str:
        """The points there are; of what takes off, what each costs."""
        if not is_off(one):
            return points(one.full)
        found = next((off.price for off in self.judged.offs if off.line == one.id), ("–", "–"))
        return found[0 if self.lang == "zh" else 1]

    def range_of(self, low: Fraction | None, high: Fraction) -> str:
        """From one to the other; without a lower bound where nothing limits what may come off."""
        begin = text("judging.no_lower", self.lang) if low is None else points(low)
        return span(begin, points(high), self.lang)

    def why(self, one: Line) -> str:
        """Why its points are as they are."""
        of_percents = one.id in self.judged.percents
        said = [
            cause(found.code, self._named(shortened(found.numbers, of_percents)), self.lang)
            for found in one.causes
        ]
        for number in one.gaps:
            gap = self.judged.facts.gaps[number]
            said.append(f"{word('item', gap.kind, self.lang)}: {word('gap', gap.reason, self.lang)}")
        return text("judging.join", self.lang).join(dict.fromkeys(filter(None, said))) or "–"

    def _named(self, numbers: Mapping[str, str]) -> Mapping[str, str]:
        """Titles that a cause speaks of, in the language."""
        made = dict(numbers)
        if "line" in made:
            line = next((one for one in self.judged.card.lines if one.id == made["line"]), None)
            made["line"] = made["line"] if line is None else self.line_name(line)
        if self.lang == "en" and "title" in made:
            made["title"] = self.judged.terms.get(made["title"]) or made["title"]
        return made

    def proofs(self, one: Line) -> str:
        """The entries behind it; of a line that counts nothing, since looks showed none, the looked at."""
        items = [self.judged.facts.items[number] for number in one.items]
        found = self.references(proof for item in items for proof in item.proofs)
        return found if items or one.gaps else self.looked(one) or found

    def looked(self, one: Line) -> str:
        """First and last entry of rounds, figures and imports of the period, where nothing was found of what
        only looks can show: "no fault" rests on them."""
        if one.id not in self.judged.by_looking or one.points is None:
            return ""
        seen = [
            proof.entry
            for item in self.judged.facts.items
            if item.kind in COVERING and (one.unit is None or item.unit in (None, one.unit))
            for proof in item.proofs
        ]
        if not seen:
            return ""
        return text("judging.looked", self.lang, first=min(seen), last=max(seen))

    def references(self, found: Iterable[Proof]) -> str:
        """The first few entries, and how many more there are."""
        places = list(dict.fromkeys(reference(one) for one in found))
        shown = text("judging.part", self.lang).join(places[:_MOST_PROOFS])
        more = len(places) - _MOST_PROOFS
        return (shown or "–") + (text("judging.more", self.lang, n=more) if more > 0 else "")

    def sums(self) -> Table:
        """Points by unit."""
        rows = [
            (
                self.place(one.unit, None),
                points(one.points),
                self.range_of(one.low, one.high),
                "j_not_proven" if one.points is None else "j_proven",
            )
            for one in self.judged.card.sums
        ]
        return self._table("judging-sums", "sums", SUMS, rows)

    def money(self, found: Sequence[Money] | None = None) -> Table:
        """The settlement, step by step."""
        return self._table("judging-money", "money", MONEY, map(self._money, found or self.judged.card.money))

    def _money(self, one: Money) -> tuple[object, ...]:
        amount = yuan(one.yuan) if one.yuan is not None else spanned(one.low, one.high, self.lang)
        return self.step(one.id), one.clause, amount, "j_not_proven" if one.yuan is None else "j_proven"

    def step(self, code: str) -> str:
        """A step of the settlement in words."""
        named = self.judged.steps.get(code)
        if named is not None:
            return (named[0] if self.lang == "zh" else named[1]) or named[0]
        name, _, day = code.partition("@")
        return word("step", name, self.lang).replace("{day}", day)

    def others(self) -> Table:
        """Both readings where the contract contradicts itself, with their money."""
        return self._table("judging-others", "others", OTHERS, map(self._other, self.judged.card.others))

    def _other(self, one: Other) -> tuple[object, ...]:
        mine, theirs = last(self.judged.card.money), last(one.money)
        both = mine is not None and theirs is not None and mine.yuan is not None and theirs.yuan is not None
        gap = theirs.yuan - mine.yuan if both else None  # type: ignore[union-attr,operator]  # both are there
        about = self.judged.about.get(one.option)
        clause = one.clause or (about[0] if about else "")
        return (
            one.option,
            one.value,
            clause or "–",
            points(one.total),
            self.grade(one.grade) or "–",
            yuan(theirs.yuan if theirs else None),
            "–" if gap is None else f"{gap:+,.2f}",
        )

    def options(self) -> Table:
        """Every option of the pack as it was chosen."""
        rows = []
        for key, value in self.judged.card.options:
            clause, zh, en = self.judged.about.get(key, ("", "", ""))
            rows.append((key, value or "–", clause or "–", (zh if self.lang == "zh" else en) or "–"))
        return self._table("judging-options", "options", OPTIONS, rows)

    def todo(self) -> Table:
        """What can still be done, soonest first: a row for each kind, place and limit."""
        gaps: dict[tuple[object, ...], list[int]] = {}
        priced = {number for line in self.judged.card.lines for number in line.gaps}
        for number, one in enumerate(self.judged.facts.gaps):
            if number not in priced:
                continue
            key = (one.until_ms is None, one.until_ms or 0, one.kind, one.reason, one.unit or "", one.who)
            gaps.setdefault(key, []).append(number)
        rows = [self._todo(gaps[key]) for key in sorted(gaps, key=lambda key: (key[:2], key[2:]))]
        return self._table("judging-todo", "todo", TODO, rows)

    def _todo(self, numbers: Sequence[int]) -> tuple[object, ...]:
        found = [self.judged.facts.gaps[number] for number in numbers]
        one = found[0]
        lines = [line for line in self.judged.card.lines if set(numbers) & set(line.gaps)]
        stake = self.judged.staked(lines)
        most = None if any(gap.at_most is None for gap in found) else sum(gap.at_most or 0 for gap in found)
        names = dict.fromkeys(self.line_name(line) for line in lines)
        return (
            word("item", _WANTED.get(one.kind, one.kind), self.lang) + self._items_of(found),
            self._places(found),
            word("gap", one.reason, self.lang),
            most,
            text("judging.part", self.lang).join(names) or "–",
            self._staked(lines, stake),
            word("who", one.who, self.lang) if one.who else "–",
            one.until_ms,
        )

    def _staked(self, lines: Sequence[Line], stake: Fraction | None) -> str:
        """Points that hang on lines; of fines and vetoes, which have none, what each costs."""
        if stake is None:
            return text("judging.no_limit", self.lang)
        if stake or not lines or not all(is_off(line) for line in lines):
            return points(stake, 2)  # as the total is printed
        return text("judging.part", self.lang).join(dict.fromkeys(self.full_of(line) for line in lines))

    def value(self, key: str, value: object) -> str:
        """What a fact says: of a fault its system and time, of a document or a deduction its name."""
        if isinstance(value, bool):
            return text("judging.yes" if value else "judging.no", self.lang)
        said = str(value)
        if key == "fault" and (named := onset_of(said)) is not None:
            when = datetime.fromtimestamp(named[1] / 1000, zone(_ZONE)).strftime("%m-%d %H:%M:%S")
            return text("judging.fault.of", self.lang, name=self.place(None, named[0]), when=when)
        place = 0 if self.lang == "zh" else 1
        if key == "item" and (known := self.judged.documents.get(said)) is not None:
            return known[place]
        off = next((one for one in self.judged.offs if one.line.partition(".")[2] == said), None)
        if key == "item" and off is not None:
            return (off.title, off.title_en or off.title)[place]
        return said if isinstance(value, int) else word("word", said, self.lang)

    def _places(self, found: Sequence[Gap]) -> str:
        """Of which unit and system; of several systems how many."""
        systems = list(dict.fromkeys(one.system for one in found if one.system))
        if len(systems) < 2:
            return self.place(found[0].unit, systems[0] if systems else None)
        return f"{self.place(found[0].unit, None)} / {text('judging.systems', self.lang, n=len(systems))}"

    def _items_of(self, found: Sequence[Gap]) -> str:
        subjects = dict.fromkeys(
            self.value(key, value)
            for gap in found
            for key, value in gap.facts.items()
            if value and key in _SUBJECTS
        )
        shown = list(subjects)[:2]
        if not shown:
            return ""
        more = text("judging.more", self.lang, n=len(subjects) - 2) if len(subjects) > 2 else ""
        return f" ({text('judging.part', self.lang).join(shown)}{more})"

    def items(self, one: Line) -> Table:
        """What a line counted, each with its entry."""
        found = [self.judged.facts.items[number] for number in one.items]
        return self._table(
            "judging-items",
            "items",
            ITEMS,
            (row for item in found for row in self._item(item, one.id in self.judged.percents)),
        )

    def _item(self, one: Item, of_percents: bool) -> Iterator[tuple[object, ...]]:
        of_percents = of_percents or one.facts.get("percent") is True
        for proof in one.proofs or (None,):
            yield (
                word("item", one.kind, self.lang),
                self.value("fault", one.title) if one.title else "–",
                self.place(one.unit, one.system),
                one.day.isoformat() if one.day else "–",
                percent(one.value) if of_percents else points(one.value),
                self.facts(one.facts),
                proof.signer if proof else "–",
                proof.grade if proof else "–",
                self._entry(proof),
            )

    def _entry(self, proof: Proof | None) -> object:
        if proof is None:
            return None
        if self.entry is None:
            return reference(proof)
        anchor = "" if proof.line is None else f"?line={proof.line}#line-{proof.line}"
        return Link(reference(proof), self.entry(proof.entry) + anchor)

    def facts(self, found: Mapping[str, object]) -> str:
        """What else is known of it, as written in the log."""
        parts = []
        for key, value in found.items():
            if value not in (None, ""):
                parts.append(f"{word('fact', key, self.lang)}: {self.value(key, value)}")
        return text("judging.join", self.lang).join(parts) or "–"

    def gaps(self, one: Line) -> Table:
        """What keeps a line from being proven."""
        rows = [
            (
                word("item", gap.kind, self.lang),
                self.place(gap.unit, gap.system),
                word("gap", gap.reason, self.lang),
                gap.at_most,
                self.facts(gap.facts),
                word("who", gap.who, self.lang) if gap.who else "–",
                gap.until_ms,
            )
            for gap in (self.judged.facts.gaps[number] for number in one.gaps)
        ]
        return self._table("judging-gaps", "gaps", GAPS, rows)

    def place(self, unit: str | None, system: str | None) -> str:
        """What something is about."""
        found = [self.judged.names.get(one, one) for one in (unit, system) if one]
        return " / ".join(found) or text("judging.lines.contract", self.lang)

    def _table(
        self,
        name: str,
        key: str,
        columns: tuple[Column, ...],
        rows: Iterable[Sequence[object]],
        title: str = "",
    ) -> Table:
        return table(name, key, columns, rows, self.lang, title)


def table(
    name: str,
    key: str,
    columns: tuple[Column, ...],
    rows: Iterable[Sequence[object]],
    lang: str,
    title: str = "",
) -> Table:
    """A table with the title and the word for nothing that belong to `judging.KEY`."""
    return Table(
        name, title or text(f"judging.{key}", lang), columns, list(rows), text(f"judging.{key}.none", lang)
    )


def reference(proof: Proof) -> str:
    """An entry, and the line in its body."""
    return f"#{proof.entry}" + (f"/{proof.line}" if proof.line is not None else "")


def last(found: Sequence[Money]) -> Money | None:
    """What comes out of a period: what is paid for it, or taken off for it."""
    by_id = {one.id: one for one in found}
    return next((by_id[name] for name in ("net", "deduct", "final_payment") if name in by_id), None)
