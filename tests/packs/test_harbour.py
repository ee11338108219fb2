"""Weights, vetoes by a line, fixed fines that people state and retention need YAML only: scored by hand."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from collector.documents.scorecard_tables import judged_by, tables
from collector.packs.errors import PackError
from collector.packs.explain import explain
from collector.packs.loading import from_file, names, packaged
from collector.packs.model import compiled, read_back
from collector.scoring.model import Gap, Item, LineState, PackPeriod, PeriodFacts, System, Unit
from collector.scoring.retention import Payment
from collector.scoring.score import score
from collector.scoring.settlement import settle

FILE = Path(__file__).with_name("harbour.yaml")
PACK = from_file(FILE)
HALVES = (
    PackPeriod("half-1", 1, 0, 0, date(2028, 1, 1), date(2028, 7, 1)),
    PackPeriod("half-2", 2, 0, 0, date(2028, 7, 1), date(2029, 1, 1)),
)
UNITS = (
    Unit("port", "港口", systems=(System("crane", "岸桥"), System("gate", "闸口"))),
    Unit("east", "东县", "county", (System("web", "网站"),)),
    Unit("west", "西站"),
)
WARRANTY = Item("veto", facts={"item": "warranty"})


def facts(*more, rounds=(10, 5, 3), late=0, period=HALVES[0], gaps=()):
    """Port 40 + 15, East 20 + 10, West 12 + 20 (without a system); backups of the crane count three times."""
    items = [
        *(Item("inspection", unit=unit.id) for unit, n in zip(UNITS, rounds, strict=True) for _ in range(n)),
        *[Item("backup", unit="port", system="crane")] * 4,  # 20; the gate has none: (3 x 20 + 0) / 4 = 15
        *[Item("backup", unit="east", system="web")] * 2,
        *[Item("incident_late")] * late,
        *more,
    ]
    return PeriodFacts(period, 0, UNITS, tuple(items), tuple(gaps))


def variant(tmp_path, *changes):
    """The pack with other YAML in some places."""
    text = FILE.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file = tmp_path / "harbour.yaml"
    file.write_text(text, encoding="utf-8")
    return from_file(file)


def yuan(made):
    return {one.id: one.yuan for one in made.money}


def fine(item, value=None):
    told = {"by_rule": True} if value is None else {}
    return Item("fine", Fraction(value or 0), facts={"item": item, "percent": False, **told})


def test_units_and_systems_count_by_their_weights():
    card = score(PACK, facts())
    assert {one.unit: one.points for one in card.sums if one.unit} == {"port": 55, "east": 30, "west": 32}
    # (3 x 55 + 2 x 30 + 1 x 32) / 6 = 257 / 6, and 40 of the contract's own line
    assert card.total == Fraction(257, 6) + 40
    assert (card.grade, card.vetoes, yuan(card)["payable_total"]) == ("合格", (), Decimal("600000.00"))


def test_a_veto_by_the_points_of_one_line_leaves_the_period_nothing():
    free, held = score(PACK, facts(late=2)), score(PACK, facts(late=3))
    assert (free.vetoes, free.grade) == ((), "基本合格")  # 20 points are left on the line, 62.83 in all
    assert yuan(free)["payable_total"] == Decimal("471250.00")  # 600 000 x 62.8333 / 80
    assert (held.vetoes, held.grade) == (("faults",), "不合格")
    assert yuan(held) == {
        "fines": Decimal("0.00"),
        "payable_total": Decimal("0.00"),
        "final_payment": Decimal("0.00"),
        "repayable": Decimal("180000.00"),  # 30 % of the half's 600 000 were prepaid
    }
    line = next(one for one in held.lines if one.id == "veto.faults")
    (why,) = line.causes
    assert (line.tag, line.counted) == ("SEMI", None)  # measured as the line is
    assert (why.code, why.numbers) == ("vetoed_line", {"line": "faults", "points": "10", "limit": "15"})
    assert line.items == next(one for one in held.lines if one.id == "faults").items != ()


def test_a_veto_by_the_worst_unit_caps_the_grade_alone():
    # Port 40 + 15, East 40 + 10, West 8 + 20: (165 + 100 + 28) / 6 + 40 = 88.83
    card = score(PACK, facts(rounds=(10, 10, 2)))
    assert (card.total, card.vetoes, card.grade) == (Fraction(293, 6) + 40, ("patrols",), "基本合格")
    assert yuan(card)["payable_total"] == Decimal("600000.00")
    line = next(one for one in card.lines if one.id == "veto.patrols")
    assert len(line.items) == 2  # West's two rounds, nobody else's


def test_a_gap_makes_a_veto_one_that_may_hold_and_bounds_the_money():
    card = score(PACK, facts(gaps=[Gap("incident_late", "not_observed", at_most=3)]))
    line = next(one for one in card.lines if one.id == "veto.faults")
    assert (card.vetoes, card.grade, line.state, line.points) == ((), None, LineState.NOT_PROVEN, None)
    payable = next(one for one in card.money if one.id == "payable_total")
    assert (payable.low, payable.high, payable.yuan) == (Decimal("0.00"), Decimal("600000.00"), None)


def test_a_stated_fine_costs_what_the_contract_fixes_unless_a_sum_is_stated():
    card = score(PACK, facts(fine("mess"), fine("mess", 1500), fine("leak")))
    assert yuan(card)["fines"] == Decimal("15500.00")  # 2 000 + 1 500 + 1 % of 1 200 000
    assert yuan(card)["payable_total"] == Decimal("584500.00")


def test_a_share_of_the_payment_is_kept_back_for_a_year():
    made = settle(PACK, [score(PACK, facts(period=one)) for one in HALVES])
    assert yuan(made) == {
        "fines": Decimal("0.00"),
        "payable_total": Decimal("1200000.00"),
        "final_payment": Decimal("840000.00"),
        "repayable": Decimal("0.00"),
        "retained": Decimal("42000.00"),  # 5 % of 840 000
        "retention_lost": Decimal("0.00"),
        "paid_now": Decimal("798000.00"),
        "retention_due@2030-01-01": Decimal("42000.00"),
    }


@pytest.mark.parametrize(
    ("halves", "lost", "left"), [((0,), "25200.00", "16800.00"), ((0, 1), "42000.00", "0.00")]
)
def test_what_a_veto_loses_of_it_is_never_more_than_all_and_takes_nothing_else(halves, lost, left):
    broken = [[WARRANTY] if n in halves else [] for n in range(2)]
    cards = [score(PACK, facts(*more, period=one)) for more, one in zip(broken, HALVES, strict=True)]
    assert cards[0].vetoes == ("warranty",) and cards[0].grade == "合格"
    made = yuan(settle(PACK, cards))
    assert (made["retention_lost"], made["retention_due@2030-01-01"]) == (Decimal(lost), Decimal(left))
    assert (made["final_payment"], made["paid_now"]) == (Decimal("840000.00"), Decimal("798000.00"))


def test_what_is_kept_back_is_due_by_the_end_of_the_payment_though_half_of_it_is_still_to_come():
    cards = [score(PACK, facts(period=HALVES[0]))]
    alone, whole = (settle(PACK, cards, payment=one) for one in (Payment(), Payment(HALVES[1].end)))
    assert "retention_due@2029-07-01" in yuan(alone) and "retention_due@2030-01-01" in yuan(whole)


def test_a_veto_loses_by_the_text_that_judged_its_period(tmp_path):
    later = variant(tmp_path, ("- {id: warranty,", "- {id: guarantee,"))
    cards = [score(PACK, facts(WARRANTY, period=HALVES[0])), score(later, facts(period=HALVES[1]))]
    texts = {one.digest: one.pack for one in (PACK, later)}
    assert cards[0].vetoes == ("warranty",) and len(texts) == 2
    made = yuan(settle(later, cards, payment=Payment(HALVES[1].end, texts)))
    assert made["retention_lost"] == Decimal("25200.00")


def test_what_may_be_lost_bounds_what_is_due():
    gap = Gap("veto", "not_accepted", at_most=1, facts={"item": "warranty"})
    cards = [score(PACK, facts(period=HALVES[0], gaps=[gap])), score(PACK, facts(period=HALVES[1]))]
    step = next(one for one in settle(PACK, cards).money if one.id.startswith("retention_due"))
    assert (step.low, step.high, step.yuan) == (Decimal("16800.00"), Decimal("42000.00"), None)


RATE = (
    "ratio: {clause: 第9条, full_from: 80, prepaid: 30%}",
    "rate: {clause: 第9条, prepaid: 50%}",
)
BANDS = (
    ("{name: 合格, name_en: good, at_least: 80, share: 100%}", "{name: 合格, at_least: 80, share: 0}"),
    ("name_en: fair, at_least: 60, share: 100%", "name_en: fair, at_least: 60, share: 5%"),
    ("{name: 不合格, name_en: bad, share: 0}", "{name: 不合格, name_en: bad, share: 10%}"),
)


def test_where_shares_of_the_total_come_off_a_veto_takes_the_whole_part_of_its_period(tmp_path):
    pack = variant(tmp_path, RATE, *BANDS)
    cards = [
        score(pack, facts(fine("mess"), late=3)),
        score(pack, facts(rounds=(10, 10, 2), period=HALVES[1])),
    ]
    # Half of 1 200 000, for nothing of the first half is paid; the second has the second grade's 5 %.
    assert [yuan(one)["deduct"] for one in cards] == [Decimal("600000.00"), Decimal("60000.00")]
    made = yuan(settle(pack, cards))
    assert made["all_deductions"] == Decimal("662000.00") and made["final_payment"] == Decimal("0.00")
    assert (made["retained"], made["paid_now"]) == (Decimal("0.00"), Decimal("0.00"))


FEE = (RATE[0], "fee: {fee: 600000, clause: 第9条, payment_periods: 1}")


def test_of_a_fee_a_veto_and_a_retention_leave_what_they_say(tmp_path):
    pack = variant(
        tmp_path, FEE, ("pays: 0}", "pays: 20%}"), ("不合格, name_en: bad, share: 0", "不合格, share: 50%")
    )
    card = score(pack, facts(fine("mess"), late=3))
    assert yuan(card) == {
        "fee_after_grade": Decimal("120000.00"),  # the grade alone would leave 300 000
        "fines": Decimal("2000.00"),
        "net": Decimal("118000.00"),
    }
    made = yuan(settle(pack, [card]))
    assert made["period_payment"] == Decimal("118000.00") and made["retained"] == Decimal("5900.00")
    assert made["retention_due@2029-07-01"] == Decimal("5900.00")


# Each key alone: what it is changed to, and what is another in a case (or only in the explanation).
KEYS = {
    "weights.units": ("units: {port: 3}, ", "", "total"),
    "weights.kinds": ("kinds: {county: 2}, ", "", "total"),
    "weights.systems": ("systems: {crane: 3}", "systems: {}", "total"),
    "veto.line": ("line: faults, below: 15", "line: patrols, below: 1", "vetoes"),
    "veto.below": ("line: faults, below: 15", "line: faults, below: 10", "vetoes"),
    "veto.of": ("of: worst, below: 12", "below: 12", "vetoes"),
    "veto.grade": (", grade: 不合格, pays: 0", ", pays: 0", "grade"),
    "veto.pays": (", grade: 不合格, pays: 0", ", grade: 不合格", "money"),
    "veto.loses": ("loses: 60%", "loses: 10%", "money"),
    "fine.yuan": ("yuan: 2000", "yuan: 3000", "money"),
    "fine.share": ("share: 1%, of: price", "share: 1%", "money"),
    "retention.share": ("share: 5%, months", "share: 6%, months", "money"),
    "retention.of": ("share: 5%, months", "share: 5%, of: price, months", "money"),
    "retention.months": ("months: 12, clause: 第10条", "months: 24, clause: 第10条", "money"),
    "retention.until": ("months: 12, clause: 第10条", "until: '2031-01-01', clause: 第10条", "money"),
    "alert_rules_least": ("alert_rules_least: 1/2", "alert_rules_least: 9/10", "words"),
}


def outcomes(pack):
    """What a bad and a good half come to by a pack, and how it is explained."""
    bad = facts(fine("mess"), fine("leak"), WARRANTY, rounds=(10, 10, 10), late=3)
    cards = [score(pack, bad), score(pack, facts(rounds=(10, 10, 2), period=HALVES[1]))]
    return {
        "total": [one.total for one in cards],
        "vetoes": [one.vetoes for one in cards],
        "grade": [one.grade for one in cards],
        "money": settle(pack, cards).money,
        "words": list(explain(pack, "en"))[2:],
    }


@pytest.mark.parametrize("key", KEYS)
def test_each_key_alone_changes_a_case_and_the_words(tmp_path, key):
    old, new, what = KEYS[key]
    mine, other = outcomes(PACK), outcomes(variant(tmp_path, (old, new)))
    assert mine[what] != other[what]
    assert mine["words"] != other["words"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pack_check_says_all_of_it(lang):
    said = "\n".join(explain(PACK, lang))
    wanted = {
        "en": (
            "units: port x 3",
            "kinds of units: county x 2",
            "systems: crane x 3",
            "below 15 points on Faults; the period has grade bad at best; at most 0% of the period's fee",
            "below 12 points of any one unit on Inspections; the period has grade fair at best",
            "60% of the retention is lost",
            "retention: 5% of each payment, due 12 months after the end of the last period paid for",
            "2000 yuan each, stated by a person, of this sum where no other is stated",
            "Handled too late: 10 off each time",
            "for 50% of it",
        ),
        "zh": (
            "故障低于 15 分",
            "扣除质保金的 60%",
            "每次付款的 5%",
            "单位类别：county x 2",
            "至少 50% 的时间",
        ),
    }[lang]
    assert [words for words in wanted if words not in said] == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("port: 3", "port: 0", "weights.units.port: must be more than 0"),
        ("line: faults, below: 15", "line: fault, below: 15", "no line named 'fault'; did you mean faults?"),
        ("line: faults, below: 15", "line: faults", "below how many points"),
        ("line: faults, below: 15", "line: faults, below: 41", "it would always hold"),
        ("line: faults, below: 15", "below: 15", "exactly one of count, line is wanted, none is given"),
        ("{kind: veto, where: {item: warranty}}", "{kind: veto}, line: faults, below: 1", "not both"),
        ("of: worst", "of: best", "'best' is none of: mean, worst"),
        ("grade: 不合格, pays: 0", "grade: 不及格, pays: 0", "no grade named '不及格'"),
        ("loses: 60%", "loses: 160%", "is between 0 and 1"),
        ("retention: {share: 5%", "retention: {share: 0", "is more than 0 and at most 1"),
        ("months: 12, clause: 第10条", "clause: 第10条", "exactly one of months, until"),
        ("months: 12, clause: 第10条", "until: '2031-02-30', clause: 第10条", "is no day such as"),
        ("share: 5%, months", "share: 5%, of: fee, months", "'fee' is none of: payment, price"),
        ("alert_rules_least: 1/2", "alert_rules_least: 2", "alert_rules_least: is between 0 and 1"),
        (
            "retention: {share: 5%, months: 12, clause: 第10条 质保金5%，期满一年后支付}",
            "",
            "there is no retention",
        ),
    ],
)
def test_a_mistake_in_it_is_told(tmp_path, old, new, says):
    with pytest.raises(PackError, match=says.replace("?", r"\?")):
        variant(tmp_path, (old, new))


@pytest.mark.parametrize("name", names())
def test_a_pack_without_these_keys_has_the_bytes_that_it_had_before_there_were_any(name):
    """So its digest, by which seals and settlements cite it, is the same under programs of both kinds."""
    made = packaged(name)
    for key in ("weights", "retention", "alert_rules_least", "loses", "pays"):
        assert f'"{key}"'.encode() not in made.body
    assert compiled(read_back(made.body).pack) == made


def test_a_pack_with_them_is_read_back_as_it_was_logged():
    assert read_back(PACK.body) == PACK


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_form_prints_weights_and_what_each_veto_does(lang):
    card = score(PACK, facts(fine("mess"), rounds=(10, 10, 2), late=3))
    made = list(tables(judged_by(PACK.pack, card, facts(fine("mess"), rounds=(10, 10, 2), late=3)), lang))
    rows = [[str(cell) for cell in row if cell is not None] for one in made for row in one.rows]
    said = "\n".join(" | ".join(row) for row in rows)
    wanted = {
        "zh": (
            "港口 | 60 | 55 | 权重 3, 岸桥 x 3",
            "3 个使用单位加权平均 | 48.83",
            "否决，等次最高“不合格”，当期最多支付 0 %",
            "故障 得 10 分，低于 15 分",
            "2,000.00 元",
        ),
        "en": (
            "weight 2",
            "Mean of 3 units by their weights | 48.83",
            "veto, grade bad at best, at most 0 % of the period is paid",
            "Faults has 10 points, below 15",
            "Handled too late: 3, 30 points off",
        ),
    }[lang]
    assert [words for words in wanted if words not in said] == []
