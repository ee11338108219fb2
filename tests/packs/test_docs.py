"""The worked examples of docs/packs can be followed by hand: the program comes to the same."""

import re
from pathlib import Path

import pytest
import yaml

from collector.packs.loading import names, packaged
from collector.scoring.cases import run_cases

DOCS = Path(__file__).resolve().parents[2] / "docs" / "packs"


def blocks(name):
    return re.findall(r"^```yaml\n(.*?)^```$", (DOCS / f"{name}.md").read_text(), re.M | re.S)


@pytest.mark.parametrize("name", names())
def test_every_pack_has_two_examples_that_come_out_as_written(name):
    found = blocks(name)
    assert len(found) >= 2
    for block in found:
        report = run_cases(yaml.safe_load(block), packaged)
        assert report.results
        assert report.differing == ()


@pytest.mark.parametrize("name", names())
def test_the_money_of_an_example_stands_in_its_text(name):
    text = (DOCS / f"{name}.md").read_text()
    prose = re.sub(r"^```yaml\n.*?^```$", "", text, flags=re.M | re.S).replace("\N{MINUS SIGN}", "-")
    for block in blocks(name):
        example = yaml.safe_load(block)[0]["expect"]
        last = next(
            example[key] for key in ("net", "period_payment", "deduct", "final_payment") if key in example
        )
        shown = f"{int(last.split('.')[0]):,}".replace(",", " ")
        assert shown in " ".join(prose.split()), last


def test_every_pack_is_on_the_index():
    text = (DOCS / "index.md").read_text()
    assert [name for name in names() if f"[{name}.md]" not in text] == []
