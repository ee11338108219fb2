"""What comes off the average (deductions) and off the fee (fines), and the line that any of them has."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

from collector.scoring.choices import Choices, shown
from collector.scoring.counting import Counted, Ledger, Scope
from collector.scoring.model import Cause, Item, Line, LineState, Proof
from collector.scoring.money import Range, sum_of
from collector.scoring.rules import ZERO, Looking, accepted, cause, silence
from collector.scoring.terms import Deduction, Fine, Scoring, Select, Veto
from collector.scoring.unbounded import bound

WHOLE = Scope()
_CODES = {"deduction": "off", "fine": "fined", "veto": "vetoed"}
_ANY, _ANY_FINE = Select("deduction"), Select("fine")


def worst_grade(proofs: Iterable[Proof]) -> str:
    """The weakest grade of the evidence (A best, E worst), `-` where there is none."""
    return max((proof.grade for proof in proofs), default="-")


def line_of(
    prefix: str,
    rule: Deduction | Fine | Veto,
    points: Range,
    found: Counted,
    ledger: Ledger,
    choices: Choices,
) -> Line:
    """A scorecard's line of a deduction, a fine or a veto."""
    known = choices.values
    used = tuple((key, shown(known[key])) for key in ledger.options_of(rule) if key in known)
    held = ledger.accepted(found.items)
    causes = (*accepted(ledger, held), *_silence(rule, found, ledger, choices))
    if len(found.items) > len(held):
        causes = (cause(_CODES[prefix], {"counted": found.low}, found.items),)
    return Line(
        f"{prefix}.{rule.id}",
        rule.clause,
        rule.page,
        rule.title,
        getattr(rule, "tag", "MANUAL"),
        ZERO,
        points.exact,
        bound(points.low),
        points.high,
        LineState.PROVEN if points.exact is not None and not found.gaps else LineState.NOT_PROVEN,
        counted=found.low,
        causes=causes,
        options=used,
        items=found.items,
        gaps=found.gaps,
        grade=worst_grade(ledger.proofs(found.items)),
    )


def _silence(
    rule: Deduction | Fine | Veto, found: Counted, ledger: Ledger, choices: Choices
) -> tuple[Cause, ...]:
    counts = () if rule.count is None else ((rule.count, found),)
    return silence(counts, Looking(ledger, WHOLE, choices))


def deductions(scoring: Scoring, ledger: Ledger, choices: Choices) -> Iterator[Line]:
    """A line with negative points for each deduction, and for what nobody listed."""
    for rule in scoring.deductions:
        found = ledger.count(rule.count, WHOLE, choices)
        yield line_of("deduction", rule, _off(rule, found, ledger, choices), found, ledger, choices)
    rest = list(ledger.unlisted("deduction", (rule.count for rule in scoring.deductions), choices))
    if rest:
        points = -sum((item.value for _, item in rest), ZERO)
        places = tuple(i for i, _ in rest)
        found = Counted(Fraction(len(rest)), Fraction(len(rest)), places)
        rule = Deduction("other", "其他扣分", scoring.clause, "MANUAL", _ANY, scoring.page)
        yield line_of("deduction", rule, Range(points, points), found, ledger, choices)


def _off(rule: Deduction, found: Counted, ledger: Ledger, choices: Choices) -> Range:
    """Points off as a negative range: so much each, or what somebody gave within the rule's range."""
    given = rule.count.kind == "deduction"
    each = None if rule.each is None else choices.amount(rule.each)
    if given:
        # Who states a notice need not know its points: then the contract's count.
        items = [one for one in (ledger.facts.items[i] for i in found.items) if one.kind == rule.count.kind]
        low = sum(((each or ZERO) if one.facts.get("by_rule") else one.value for one in items), ZERO)
    else:
        low = (each or ZERO) * found.low
    worst = each if each is not None else rule.most or ZERO
    return Range(-(low + worst * (found.high - found.low)), -low)


def fines(
    scoring: Scoring, ledger: Ledger, choices: Choices, fee: Fraction, price: Fraction
) -> tuple[tuple[Line, ...], Range]:
    """A line without points for each fine, and all of them in yuan. `fee`: the period's, before its grade."""
    lines, amounts = [], []
    for rule in scoring.fines:
        found = ledger.count(rule.count, WHOLE, choices)
        amounts.append(_fined(rule, found, ledger, choices, fine_each(rule, fee, price, choices), fee))
        if found.items or found.gaps:
            lines.append(line_of("fine", rule, Range(ZERO, ZERO), found, ledger, choices))
    rest = list(ledger.unlisted("fine", (rule.count for rule in scoring.fines), choices))
    if rest:
        total = sum((_yuan(item, fee) for _, item in rest), ZERO)
        amounts.append(Range(total, total))
        found = Counted(Fraction(len(rest)), Fraction(len(rest)), tuple(i for i, _ in rest))
        other = Fine("other", "其他罚款", scoring.clause, _ANY_FINE, scoring.page)
        lines.append(line_of("fine", other, Range(ZERO, ZERO), found, ledger, choices))
    return tuple(lines), sum_of(amounts)


def fine_each(rule: Fine, fee: Fraction, price: Fraction, choices: Choices) -> Fraction | None:
    """Yuan that each counted costs; None where somebody sets it. `fee`: of the period."""
    if rule.share is not None:
        return choices.amount(rule.share) * (price if rule.of == "price" else fee)
    return None if rule.yuan is None else choices.amount(rule.yuan)


def _fined(
    rule: Fine, found: Counted, ledger: Ledger, choices: Choices, each: Fraction | None, fee: Fraction
) -> Range:
    if rule.count.kind == "fine":
        fined = [one for one in (ledger.facts.items[i] for i in found.items) if one.kind == rule.count.kind]
        # Who states a fine of a fixed sum need not know it: then the contract's counts.
        amounts = [(each or ZERO) if one.facts.get("by_rule") is True else _yuan(one, fee) for one in fined]
        once = choices.word(rule.count.by) == "any"
        low = max(amounts, default=ZERO) if once else sum(amounts, ZERO)
    else:
        low = (each or ZERO) * found.low
    worst = each if each is not None else fee * (rule.most or ZERO) / 100
    return Range(low, low + worst * (found.high - found.low))


def _yuan(item: Item, fee: Fraction) -> Fraction:
    """What a fine says: yuan, or per cent of the period's fee (before its grade)."""
    return item.value * fee / 100 if item.facts.get("percent") is True else item.value
