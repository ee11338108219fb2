"""A case file, the store and the verifier meet in one `score`, and what it says stands in the pack's YAML."""

import shutil

import pytest

import collector.judging.judge as judge
import collector.scoring.case_huaian as huaian
import collector.scoring.case_luohe as luohe
import collector.scoring.case_pingdingshan as pingdingshan
from collector.packs.loading import SCHEMES, from_file
from collector.scoring import score as scoring
from collector.scoring.cases import SCHEMES as CASES
from collector.scoring.cases import run_cases

# One number in the YAML of each pack, a case that rests on it, and what it comes to before and after.
CHANGES = [
    ("luohe-2026", "each: 2\n", "each: 1\n", "luohe_monthly", {}, "total", "100", "96"),
    (
        "pingdingshan-2024",
        "each: 20, title: 一级",
        "each: 7, title: 一级",
        "pds_quarterly",
        {"faults": [{"level": 1}]},
        "total",
        80,
        93,
    ),
    (
        "huaian-2025",
        "full_from: 90",
        "full_from: 80",
        "huaian_yearly",
        {"satisfaction": 75},
        "payable_total",
        "1267444.44",
        "1342000.00",
    ),
]


@pytest.mark.parametrize(("name", "old", "new", "scheme", "given", "key", "before", "after"), CHANGES)
def test_another_number_in_the_yaml_is_another_scorecard(
    tmp_path, name, old, new, scheme, given, key, before, after
):
    shutil.copytree(SCHEMES, tmp_path / "schemes")
    file = tmp_path / "schemes" / name / "scoring.yaml"
    text = file.read_text()
    assert old in text
    example = [{"id": "x", "scheme": scheme, "input": given}]
    assert (
        run_cases(example, lambda _: from_file(tmp_path / "schemes" / f"{name}.yaml")).results[0].got[key]
        == before
    )
    file.write_text(text.replace(old, new))
    assert (
        run_cases(example, lambda _: from_file(tmp_path / "schemes" / f"{name}.yaml")).results[0].got[key]
        == after
    )


def test_the_usual_pack_of_each_scheme_is_the_contracts():
    assert {name: scheme.pack for name, scheme in CASES.items()} == {
        "luohe_monthly": "luohe-2026",
        "pds_quarterly": "pingdingshan-2024",
        "huaian_yearly": "huaian-2025",
    }


def test_cases_and_the_judge_of_the_store_call_the_same_function():
    assert {module.score for module in (luohe, pingdingshan, huaian, judge)} == {scoring.score}


def test_scoring_needs_neither_yaml_nor_anything_that_is_not_in_the_standard_library():
    import subprocess
    import sys

    code = (
        "import sys, collector.scoring.score, collector.scoring.settlement, collector.packs.model;"
        "print([m for m in sys.modules if m.split('.')[0] in ('yaml', 'pydantic', 'sqlalchemy', 'flask')])"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"
