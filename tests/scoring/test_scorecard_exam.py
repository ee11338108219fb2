"""Scorecards that somebody worked from the contracts' text alone, before he had seen the program."""

from pathlib import Path

import pytest
import yaml

from collector.packs.loading import packaged
from collector.scoring.cases import run_case

EXAMPLES = [
    example
    for name in ("exam.yaml", "exam_more.yaml", "exam_third.yaml", "exam_fourth.yaml", "exam_fifth.yaml")
    for example in yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))["examples"]
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one["id"])
def test_every_figure_that_the_text_gives_comes_out(example):
    result = run_case(example["id"], example, packaged)
    assert result.got == example["expect"], example["why"]
    assert result.agrees


def test_the_exam_knows_every_scheme_pack_and_says_why():
    assert {one["scheme"] for one in EXAMPLES} == {"luohe_monthly", "pds_quarterly", "huaian_yearly"}
    assert "pingdingshan-2025" in {one.get("pack") for one in EXAMPLES}
    assert all(one["why"] for one in EXAMPLES)
    assert len({one["id"] for one in EXAMPLES}) == len(EXAMPLES) >= 355
