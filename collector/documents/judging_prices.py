"""What deductions, fines and vetoes of a pack cost, in words, and what the fines of a scorecard came to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from collector.packs.model import Pack
from collector.packs.options import from_text, resolve
from collector.scoring.choices import Choices
from collector.scoring.kinds import PERCENTS
from collector.scoring.model import Item, Line, PeriodFacts, Scorecard
from collector.scoring.money import fee_of, fen
from collector.scoring.offs import fine_each
from collector.scoring.rules import number
from collector.scoring.terms import Deduction, Fine, Scoring, Select, Veto

_ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Off:
    """A rule that takes off: the id of its line, titles, clause, and what each costs (Chinese, English)."""

    line: str
    title: str
    title_en: str
    clause: str
    page: str
    price: tuple[str, str]


def choices_of(pack: Pack, card: Scorecard) -> Choices:
    """The options that a scorecard was made with."""
    known = {one.key: one for one in pack.options}
    texts = {key: text for key, text in card.options if key in known}
    return Choices(resolve(pack, {key: from_text(known[key], text) for key, text in texts.items()}))


def offs_of(pack: Pack, choices: Choices) -> Iterator[Off]:
    """Every deduction, fine and veto of the pack, in its order."""
    scoring = pack.scoring
    for one in scoring.deductions:
        yield _off("deduction", one, _points(one, choices))
    for fine in scoring.fines:
        yield _off("fine", fine, _money(fine, choices))
    for veto in scoring.vetoes:
        yield _off("veto", veto, _effect(veto, scoring))


def _off(prefix: str, one: Deduction | Fine | Veto, price: tuple[str, str]) -> Off:
    return Off(f"{prefix}.{one.id}", one.title, one.title_en, one.clause, one.page, price)


def _points(one: Deduction, choices: Choices) -> tuple[str, str]:
    if one.each is not None:
        each = choices.amount(one.each)
        if not each:
            return "不扣分", "no points off"
        return f"每次 -{number(each)}", f"-{number(each)} each"
    low, high = (number(limit) if limit is not None else "…" for limit in (one.least, one.most))
    return f"-{low} ~ -{high}", f"-{low} to -{high}"


def _effect(one: Veto, scoring: Scoring) -> tuple[str, str]:
    """What a veto does to its period."""
    zh, en = [], []
    if one.grade:
        english = next((band.name_en for band in scoring.grades if band.name == one.grade), "")
        zh, en = [f"等次最高“{one.grade}”"], [f"grade {english or one.grade} at best"]
    if one.pays is not None:
        share = f"{number(one.pays * 100)} %"
        zh, en = [*zh, f"当期最多支付 {share}"], [*en, f"at most {share} of the period is paid"]
    if one.loses is not None:
        share = f"{number(one.loses * 100)} %"
        zh, en = [*zh, f"扣质保金 {share}"], [*en, f"loses {share} of the retention"]
    return "，".join(["否决", *zh]), ", ".join(["veto", *en])


def _money(one: Fine, choices: Choices) -> tuple[str, str]:
    if one.share is not None:
        share = f"{number(choices.amount(one.share) * 100)} %"
        whole = ("合同总价", "the contract total") if one.of == "price" else ("当期费用", "the fee")
        return f"每次{whole[0]} {share}", f"{share} of {whole[1]} each"
    if one.yuan is not None:
        each = f"{fen(choices.amount(one.yuan)):,.0f}"
        return f"{each} 元", f"{each} yuan"
    low, high = (number(limit) if limit is not None else "…" for limit in (one.least, one.most))
    share = f"{low} %" if low == high else f"{low} ~ {high} %"
    return f"当期费用 {share}", f"{share} of the fee"


def fined(pack: Pack, card: Scorecard, facts: PeriodFacts, choices: Choices) -> dict[str, Decimal]:
    """Yuan of each fine on a scorecard by its line; what is still open is not in it."""
    rules = {f"fine.{one.id}": one for one in pack.scoring.fines}
    fee = fee_of(pack, card.period.share)
    found = {line.id: line for line in card.lines if line.id.startswith("fine.")}
    each = {key: fine_each(rule, fee, pack.price, choices) for key, rule in rules.items()}
    return {
        key: fen(_fined(rules.get(key), line, facts, fee, each.get(key), choices))
        for key, line in found.items()
    }


def _fined(
    rule: Fine | None,
    line: Line,
    facts: PeriodFacts,
    fee: Fraction,
    each: Fraction | None,
    choices: Choices,
) -> Fraction:
    if rule is not None and rule.count.kind != "fine":
        return (each or _ZERO) * (line.counted or _ZERO)
    items = [facts.items[place] for place in line.items]
    amounts = [_said(one, fee, each) for one in items]
    if rule is not None and choices.word(rule.count.by) == "any":
        return max(amounts, default=_ZERO)
    return sum(amounts, _ZERO)


def _said(one: Item, fee: Fraction, each: Fraction | None) -> Fraction:
    if one.facts.get("by_rule") is True:
        return each or _ZERO
    return one.value * fee / 100 if one.facts.get("percent") is True else one.value


def percents_of(pack: Pack) -> frozenset[str]:
    """Lines and vetoes that go by a percentage."""
    made = {
        f"veto.{one.id}"
        for one in pack.scoring.vetoes
        if one.below is not None and one.count is not None and _shares(one.count)
    }
    for one in pack.scoring.lines:
        if (one.steps is not None and _shares(one.steps.value)) or (
            one.tiers is not None and (one.tiers.required is not None or _shares(one.tiers.value))
        ):
            made.add(one.id)
    return frozenset(made)


def _shares(count: Select) -> bool:
    return count.kind in PERCENTS


def english_of(pack: Pack) -> Mapping[str, str]:
    """English titles of lines by the ids that they have on a scorecard."""
    scoring = pack.scoring
    made = {one.id: one.title_en for one in scoring.lines}
    made |= {f"deduction.{one.id}": one.title_en for one in scoring.deductions}
    made |= {f"fine.{one.id}": one.title_en for one in scoring.fines}
    return made | {f"veto.{one.id}": one.title_en for one in scoring.vetoes}
