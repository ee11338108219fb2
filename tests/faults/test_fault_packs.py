"""The sections of the four packs, and what a pack may not say."""

from pathlib import Path

import pytest

from collector.faults.options import KEYS
from collector.packs.errors import PackError
from collector.packs.loading import SCHEMES, names, packaged
from collector.packs.reading import read_pack


def changed(pack, old, new):
    """The pack of that name with one text in its faults replaced."""

    def read(name):
        data = (SCHEMES / name).read_bytes()
        if name.endswith("/faults.yaml"):
            assert data.decode().count(old) >= 1, old
            data = data.decode().replace(old, new, 1).encode()
        return data

    return read_pack(f"{pack}.yaml", read)


@pytest.mark.parametrize(
    ("pack", "old", "new", "place"),
    [
        ("luohe-2026", "start: problem", "start: problm", "faults.clocks[response].start"),
        ("luohe-2026", 'stop: "arrived:engineer"', 'stop: "arrived:driver"', "attendance_engineer"),
        ("luohe-2026", "counts_as: late", "counts_as: later", "counts_as"),
        (
            "luohe-2026",
            '"2": {count: 10, unit: minutes}',
            '"2": {count: 9, unit: minutes}',
            "wrong way round",
        ),
        (
            "luohe-2026",
            '"4": {count: 30, unit: minutes}',
            '"5": {count: 30, unit: minutes}',
            "'5' is none of",
        ),
        (
            "luohe-2026",
            "critical: {count: 24, unit: hours}",
            "critical: {count: 0, unit: hours}",
            "one unit at least",
        ),
        ("luohe-2026", "medium:", "middling:", "'middling' is none of"),
        ("luohe-2026", "  due: {crit:", "  due: {critical:", "'critical' is none of"),
        ("luohe-2026", "id: recovery", "id: response", "twice"),
        ("pingdingshan-2024", "down_over_s: 18000", "down_over_s: 1800", "wrong way round"),
        ("pingdingshan-2024", "min_fault_s: 60", "min_fault_s: sixty", "min_fault_s"),
        ("pingdingshan-2024", "unit: working_hours", "unit: office_hours", "unit"),
        ("huaian-2025", "scored_basis: scorecard", "scored_basis: scorecards", "no clock has the basis"),
        ("huaian-2025", "late_item: incident_late", "late_item: incidents_late", "no kind of item"),
        ("huaian-2025", "kind: emergency", "kind: urgency", "'urgency' is none of"),
    ],
)
def test_a_wrong_word_or_limit_names_its_file_and_place(pack, old, new, place):
    with pytest.raises(PackError) as found:
        changed(pack, old, new)
    text = str(found.value)
    assert "faults.yaml" in text
    assert place in text


def test_levels_that_stand_in_another_order_are_a_mistake():
    terms = packaged("pingdingshan-2024").pack.faults
    assert terms is not None
    backwards = type(terms)(clause="", levels=tuple(reversed(terms.levels)))
    assert [path for path, _ in backwards.mistakes(None)] != []
    assert list(terms.mistakes(None)) == []


def test_every_pack_has_a_clause_at_each_limit():
    for name in names():
        pack = packaged(name).pack
        for section in (pack.faults, pack.vulnerabilities):
            rules = () if section is None else section.clocks
            assert [rule.id for rule in rules if not rule.clause] == []
        assert pack.findings is not None and pack.findings.due_clause


def test_the_options_that_change_faults_are_options_of_some_pack():
    known = {option.key for name in names() for option in packaged(name).pack.options}
    assert known >= KEYS


def test_the_sections_stand_in_files_of_their_own():
    assert [str(p) for p in sorted(Path(SCHEMES).glob("*/faults.yaml"))] != []
