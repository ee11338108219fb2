"""A pack in words, clause by clause: what a clerk reads before he trusts it."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from collector.packs.explain_limits import fault_limits, flaw_limits, number_with_unit, wanted
from collector.packs.explain_numbers import numbers
from collector.packs.explain_vetoes import kept_back, vetoed, weighed
from collector.packs.explain_words import CHOSEN, FACTS, KINDS, ROUNDINGS, WORDS
from collector.packs.model import Compiled, Pack
from collector.packs.options import resolve
from collector.scoring.choices import Choices, named_in, options_in, shown
from collector.scoring.kinds import PERCENTS
from collector.scoring.rules import number
from collector.scoring.terms import (
    Amount,
    Band,
    Deduction,
    Fine,
    LineRule,
    Named,
    Option,
    Scoring,
    Select,
    Term,
    Tiers,
    Wanted,
    Word,
)


class _Words:
    """One language of a pack's explanation."""

    def __init__(self, pack: Pack, lang: str) -> None:
        self.pack = pack
        self.place = 1 if lang == "en" else 0
        self.choices = Choices(resolve(pack, {}))

    def say(self, word: str, **values: object) -> str:
        """A sentence with its values; an English title falls back to the Chinese one."""
        if "title_en" in values:
            values["title_en"] = values["title_en"] or values.get("title", "")
        return WORDS[word][self.place].format(**values)

    def amount(self, amount: Amount | None) -> str:
        """A number, with the option that decides it."""
        if not isinstance(amount, Named):
            return "-" if amount is None else number(amount)
        return self.named(amount)

    def percent(self, share: Amount) -> str:
        """A share as per cent, with the option that decides it."""
        return _percent(share) if isinstance(share, Fraction) else self.amount(share)

    def spread(self, amount: Amount) -> str:
        """A number, or what each word of its option makes of it."""
        return self.depends(amount) if isinstance(amount, Named) else number(amount)

    def named(self, named: Named) -> str:
        """The value of an option and its key."""
        value = shown(self.choices.values[named.option])
        return self.say("option_in", value=self.chosen(value) or "-", key=named.option)

    def word(self, word: Word) -> str:
        """A word, with the option that decides it."""
        return self.named(word) if isinstance(word, Named) else word

    def wanted(self, wanted: Wanted) -> str:
        """Words of which a fact must be one."""
        return self.named(wanted) if isinstance(wanted, Named) else "/".join(shown(one) for one in wanted)

    def what(self, select: Select) -> str:
        """Which items, in words, how they are told apart, and the options that decide it."""
        kind = KINDS[select.kind][self.place]
        by = self.choices.word(select.by)
        said = kind if by in ("item", "value") else self.say("distinct", by=self.chosen(by), kind=kind)
        return said + self.back(select) + self.depends(select)

    def back(self, select: Select) -> str:
        """How many earlier periods count too, and below which value."""
        back = self.say("back", n=select.periods - 1) if select.periods > 1 else ""
        return back + (
            "" if select.below is None else self.say("only_below", limit=_of_kind(select, select.below))
        )

    def depends(self, part: Any, when: Mapping[str, Any] | None = None) -> str:
        """The options that decide a part, and those that must have some value for it to count."""
        maps = {named.option: named.map for named in named_in(part)}
        facts = {
            one.option: (word, fact)
            for word, held in (("takes", "where"), ("drops", "unless"))
            for fact, one in getattr(part, held, {}).items()
            if isinstance(one, Named)
        }
        said = []
        for key in options_in(part):
            taken = [self._takes(w, v, *facts.get(key, ("is", ""))) for w, v in maps.get(key, {}).items()]
            said.append(self.say("of_option", key=key, values=self.say("and").join(taken)) if taken else key)
        said += [f"{key} = {self.wanted(wanted)}" for key, wanted in (when or {}).items()]
        return self.say("depends", keys=self.say("and_then").join(said)) if said else ""

    def _takes(self, value: str, stands_for: Any, word: str, fact: str) -> str:
        """What a value of an option makes of a part: a number or a way to count, or a fact that is wanted."""
        if fact and stands_for == ():
            word = f"{word}_none"
        name = FACTS.get(fact, (fact, fact))[self.place]
        return self.say(word, value=value, fact=name, is_=self.plain(stands_for))

    def plain(self, value: Any) -> str:
        """What an option's word stands for: facts that a person or nobody has told, or numbers."""
        values = value if isinstance(value, tuple) else (value,)
        words = {True: "yes", False: "no", None: "not_told"}
        said = [
            self.say(words[one]) if one is None or isinstance(one, bool) else self.chosen(shown(one))
            for one in values
        ]
        return "/".join(said) or self.say("none")

    def chosen(self, value: str) -> str:
        """A word of an option, as people say it where there is a word for it."""
        return CHOSEN.get(value, (value, value))[self.place]

    def rounded(self, word: Word) -> str:
        """How parts are rounded, with the option that decides it."""
        chosen = self.choices.word(word)
        said = ROUNDINGS.get(chosen, (chosen, chosen))[self.place]
        return self.say("option_in", value=said, key=word.option) if isinstance(word, Named) else said

    def clause(self, part: Any) -> str:
        """The line that quotes the clause."""
        page = getattr(part, "page", "")
        return self.say("clause", clause=part.clause, page=f"〔{page}〕" if page else "")

    def floor(self, floor: Amount | None) -> str:
        """How low it may go."""
        if isinstance(floor, Named) and shown(self.choices.values[floor.option]) == "none":
            return self.say("no_floor") + self.say("depends", keys=floor.option)
        return self.say("no_floor") if floor is None else self.say("floor", floor=self.amount(floor))


def explain(compiled: Compiled, lang: str = "zh") -> Iterator[str]:
    """Lines of text in `zh` or `en`."""
    pack = compiled.pack
    say = _Words(pack, lang)
    yield say.say("pack", pack=pack.pack, title=pack.title, title_en=pack.title_en)
    yield say.say("digest", digest=compiled.digest)
    for one in pack.documents:
        signed = say.say("signed", day=one.signed) if one.signed else ""
        yield say.say("document", key=one.key, title=one.title, signed=signed)
        yield from (say.say("gap", text=text) for text in one.gaps)
    yield say.say("price", price=f"{Decimal(pack.price.numerator) / pack.price.denominator:,.2f}")
    yield from _periods(say)
    yield from _scoring(pack.scoring, say)
    yield from _vetoes(pack.scoring, say)
    yield from _money(pack.scoring, say)
    yield from _sections(pack, say)
    yield say.say("numbers")
    yield from (
        say.say("number", place=place, value=_number(value, say)) for place, value in numbers(compiled.body)
    )
    yield say.say("options", count=len(pack.options))
    for option in pack.options:
        yield from _option(option, say)


def _number(value: str, say: _Words) -> str:
    """A number with its unit; in English as the pack's file has it."""
    count, _, unit = value.partition(" ")
    return number_with_unit(int(count), unit, say) if unit and say.place == 0 else value


def _periods(say: _Words) -> Iterator[str]:
    rule = say.pack.periods
    anchor = "" if rule.anchor_day is None else say.say("anchor", day=say.amount(rule.anchor_day))
    if rule.evaluate_working_days is not None:
        anchor += say.say("evaluated", days=rule.evaluate_working_days)
    start = rule.start or say.say("start_estate")
    yield say.say("periods", months=rule.months, count=rule.count, start=start, anchor=anchor)
    yield say.clause(rule)


def _scoring(scoring: Scoring, say: _Words) -> Iterator[str]:
    yield say.say("lines", full=number(scoring.full))
    yield say.clause(scoring)
    for line in scoring.lines:
        yield from _line(line, say)
    for name, parts in (("deductions", scoring.deductions), ("fines", scoring.fines)):
        if parts:
            yield say.say(name, whole=say.say("off_mean" if _averaged(scoring, say) else "off_total"))
        for part in parts:
            yield from _off(part, say)
    floor = say.floor(scoring.floor).lstrip("；; ")
    most = "" if scoring.most is None else say.say("at_most", points=say.amount(scoring.most))
    yield say.say(
        "total",
        floor=(f"（{floor}）" if say.place == 0 else f" ({floor})") + most,
        rounding=say.rounded(scoring.rounding),
    )
    yield say.say("grades")
    for band in scoring.grades:
        limit = say.say("below") if band.at_least is None else say.say("from", points=number(band.at_least))
        yield say.say(
            "grade",
            name=band.name,
            name_en=band.name_en or band.name,
            limit=limit,
            share=_pays(band, say) + _each_point(band, say),
        )


def _averaged(scoring: Scoring, say: _Words) -> bool:
    return any(say.choices.word(line.per) != "contract" for line in scoring.lines)


def _pays(band: Band, say: _Words) -> str:
    """What a grade is worth: its share, or where points are the share how they are it."""
    ratio = say.pack.scoring.money.ratio
    if ratio is None or band.share != 1:
        return _percent(band.share)
    if band.at_least is not None and band.at_least >= ratio.full_from:
        return say.say("in_full")
    return say.say("in_ratio", full=number(ratio.full_from))


def _vetoes(scoring: Scoring, say: _Words) -> Iterator[str]:
    if scoring.vetoes:
        yield say.say("vetoes")
    for veto in scoring.vetoes:
        said = vetoed(veto, scoring, say)
        yield say.say("veto", id=veto.id, title=veto.title, title_en=veto.title_en, below=said)
        yield say.clause(veto)
    if scoring.weights is not None:
        yield from weighed(scoring.weights, say)


def _each_point(band: Band, say: _Words) -> str:
    if band.each_point is None:
        return ""
    word = "each_point" if say.pack.scoring.money.rate is None else "each_point_more"
    return say.say(word, each=_percent(band.each_point), part=say.word(band.part))


def _of_kind(select: Select, value: Fraction, of_percents: bool = False) -> str:
    """A value that a rule compares with: a percentage where its kind is one."""
    return f"{number(value)}{'%' if of_percents or select.kind in PERCENTS else ''}"


def _percent(share: Fraction) -> str:
    return f"{number(share * 100)}%"


def _line(line: LineRule, say: _Words) -> Iterator[str]:
    per = say.choices.word(line.per)
    rule = say.say(f"per_{per}") + _rule(line, say)
    # Only these can fall below nought by themselves.
    if line.deduct is not None or line.steps is not None or line.floor != 0:
        rule += say.floor(line.floor)
    if line.full_for:
        rule += say.say("full_for", kinds="/".join(say.chosen(kind) for kind in line.full_for))
    if per == "system":
        rule += say.say("na", na=say.word(line.na))
    if line.bonus:
        rule += say.say("bonus")
    yield say.say(
        "line",
        id=line.id,
        title=line.title,
        title_en=line.title_en,
        full=number(line.full),
        tag=line.tag,
        rule=rule,
    )
    yield say.clause(line)


def _rule(line: LineRule, say: _Words) -> str:
    if line.earn is not None:
        what, each, most = say.what(line.earn.count), say.amount(line.earn.each), say.amount(line.earn.most)
        return say.say("earn", what=what, each=each, most=most)
    if line.given is not None:
        default = line.given.default
        tail = "" if default is None else say.say("default", points=say.amount(default))
        return say.say("given", default=tail)
    if line.either is not None:
        judge = line.either.judge_in
        tail = say.say("judge", numbers=say.wanted(judge)) if judge != () else ""
        least = say.amount(line.either.at_least)
        return say.say("either", what=say.what(line.either.count), least=least, judge=tail)
    if line.deduct is not None:
        return say.say("deduct", terms="；".join(_term(term, say) for term in line.deduct.terms))
    return _measured(line, say)


def _measured(line: LineRule, say: _Words) -> str:
    if line.share is not None:
        return say.say("share", present=say.what(line.share.present), required=say.what(line.share.required))
    if line.tiers is not None:
        return _tiers(line.tiers, say)
    if line.steps is None:
        return ""
    said = say.say(
        "steps",
        what=say.what(line.steps.value),
        target=_of_kind(line.steps.value, line.steps.target),
        step=_of_kind(line.steps.value, line.steps.step),
        each=say.amount(line.steps.each),
        rounding=say.rounded(line.steps.rounding),
    )
    if line.steps.nothing_below is not None:
        said += say.say("nothing_below", limit=_of_kind(line.steps.value, line.steps.nothing_below))
    if line.steps.of_days is not None:
        said += say.say("of_days", days=say.spread(line.steps.of_days))
    return said


def _tiers(rule: Tiers, say: _Words) -> str:
    what = say.what(rule.value)
    if rule.required is not None:
        what = say.say("per_cent_of", present=what, required=say.what(rule.required))
    said = [
        say.say(
            "tier",
            points=say.amount(one.points),
            limit=say.say("below")
            if one.at_least is None
            else say.say("tier_from", limit=_of_kind(rule.value, one.at_least, rule.required is not None)),
        )
        for one in rule.tiers
    ]
    return say.say("tiers", what=what, tiers="；".join(said) if say.place == 0 else "; ".join(said))


def _term(term: Term, say: _Words) -> str:
    word = "times" if term.per > 1 else "unit_of_value" if term.count.by == "value" else "once"
    # Conditions are said beside a title: the number of a level must show.
    english = (term.title_en or KINDS[term.count.kind][1]) + _conditions(term.count)
    title = term.title if say.place == 0 else english
    said = say.say(
        "term",
        title=title or say.what(term.count),
        per=say.say(word, per=term.per),
        each=say.amount(term.each),
        options=say.back(term.count) + say.depends(term.count, term.when),
    )
    if term.free:
        said += say.say("free", n=term.free)
    if term.most is not None:
        said += say.say("at_most", points=say.amount(term.most))
    return said + (f"〔{term.clause}〕" if term.clause else "")


def _conditions(select: Select) -> str:
    """Plain conditions on the items, for readers who have no title in their language."""
    plain = {fact: one for fact, one in select.where.items() if not isinstance(one, Named)}
    parts = [f"{fact} {'/'.join(shown(value) for value in one)}" for fact, one in plain.items()]
    return f" ({', '.join(parts)})" if parts else ""


def _off(part: Deduction | Fine, say: _Words) -> Iterator[str]:
    each = part.each if isinstance(part, Deduction) else part.yuan
    unit = (
        ("分" if say.place == 0 else " points")
        if isinstance(part, Deduction)
        else ("元" if say.place == 0 else " yuan")
    )
    options = say.back(part.count) + say.depends(part.count)
    if isinstance(part, Fine) and part.share is not None:
        text = say.say(f"share_of_{part.of}", share=say.percent(part.share)) + options
    elif each is not None:
        text = say.say("each", each=say.amount(each), unit=unit, options=options)
        if isinstance(part, Fine) and part.count.kind == "fine":
            text += say.say("stated")
    elif part.least is not None and part.most is not None:
        unit = "%" if isinstance(part, Fine) else unit
        word = "set_at" if part.least == part.most else "range"
        text = say.say(word, least=number(part.least), most=number(part.most), unit=unit) + options
    else:
        text = say.say("as_said") + options
    if isinstance(part, Fine) and part.ends:
        text += say.say("ends")
    yield say.say("deduction", id=part.id, title=part.title, title_en=part.title_en, each=text)
    yield say.clause(part)


def _money(scoring: Scoring, say: _Words) -> Iterator[str]:
    rule = scoring.money
    yield say.say("money")
    if rule.fee is not None:
        net, paid = (say.floor(one).lstrip("；;") for one in (rule.fee.net_floor, rule.fee.payment_floor))
        yield say.say("fee", fee=number(rule.fee.fee), n=rule.fee.payment_periods, net=net, paid=paid)
        if rule.fee.fines_cap is not None:
            yield say.say("fines_cap", share=say.percent(rule.fee.fines_cap))
        yield say.clause(rule.fee)
    if rule.rate is not None:
        yield say.say("rate", cap=_percent(rule.rate.cap), prepaid=_percent(rule.rate.prepaid))
        yield say.clause(rule.rate)
        for extra in rule.rate.extras:
            each = (
                _percent(extra.share)
                if extra.share is not None
                else f"{number(extra.yuan or Fraction(0))} 元"
            )
            options = say.back(extra.count) + say.depends(extra.count, extra.when)
            yield say.say("extra", title=extra.title, title_en=extra.title_en, each=each, options=options)
            yield say.clause(extra)
    if rule.retention is not None:
        yield from kept_back(rule.retention, say)
    if rule.ratio is not None:
        full, prepaid = number(rule.ratio.full_from), _percent(rule.ratio.prepaid)
        yield say.say("ratio", full=full, prepaid=prepaid)
        yield say.clause(rule.ratio)


def _sections(pack: Pack, say: _Words) -> Iterator[str]:
    """The sections of other parts: obligations, clocks on faults, documents."""
    if pack.obligations is not None:
        yield say.say("obligations", count=len(pack.obligations.obligations))
        if any("alert_rules" in one.what for held in pack.obligations.obligations for one in held.cadences):
            yield say.say("alert_rules", share=_percent(pack.obligations.alert_rules_least))
        for one in pack.obligations.obligations:
            line = say.say("priced", line=one.line) if one.line else say.say("unpriced")
            limit = one.limit or one.why_not or "-"
            yield say.say("obligation", id=one.id, tag=one.tag, zh=one.zh, en=one.en, limit=limit, line=line)
            yield say.clause(one)
    if pack.faults is not None:
        yield from fault_limits(pack.faults, say)
    yield from flaw_limits(pack.vulnerabilities, pack.findings, say)
    if pack.archive is not None:
        yield from wanted(pack.archive, say)


def _option(option: Option, say: _Words) -> Iterator[str]:
    allowed = "/".join(shown(one) for one in option.allowed) or f"{option.least}..{option.most}"
    yield say.say(
        "option",
        number=option.number,
        key=option.key,
        default=shown(option.default) or "-",
        allowed=allowed,
        both=say.say("both") if option.contradiction else "",
        zh=option.zh,
        en=option.en,
    )
    yield say.clause(option)
