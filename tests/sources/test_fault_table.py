"""Every source against every fault of a peer: which test holds it, and that it is there.

    python tests/sources/test_fault_table.py

prints the table: `x` a test, `-` cannot be, `?` no test.
"""

import re
import sys
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).parent
TESTS = HERE.parent
TABLE = yaml.safe_load((HERE / "faults.yaml").read_text("utf-8"))
CELLS = [(source, fault) for source in TABLE["sources"] for fault in TABLE["faults"]]


def cell(source, fault):
    """What the table says of it; empty: nothing."""
    return TABLE["sources"][source].get(fault, "")


def held(said):
    """Whether the test that it names exists."""
    path, _, name = said.partition("::")
    file = TESTS / path
    if not file.is_file():
        return False
    return not name or re.search(rf"def {re.escape(name)}\b", file.read_text("utf-8")) is not None


@pytest.mark.parametrize("source", TABLE["sources"])
def test_every_fault_of_a_source_has_its_test(source):
    assert TABLE["sources"][source].keys() <= set(TABLE["faults"])
    lacking = [fault for fault in TABLE["faults"] if not cell(source, fault)]
    assert not lacking
    for fault in TABLE["faults"]:
        said = cell(source, fault)
        assert said.startswith("- ") or held(said), (fault, said)


def main():
    """Print it; exit code 1 where a cell has no test."""
    width = max(map(len, TABLE["sources"]))
    print(" " * width, *TABLE["faults"])
    lacking = 0
    for source in TABLE["sources"]:
        marks = []
        for fault in TABLE["faults"]:
            said = cell(source, fault)
            mark = "-" if said.startswith("- ") else "x" if said and held(said) else "?"
            lacking += mark == "?"
            marks.append(mark.center(len(fault)))
        print(source.ljust(width), *marks)
    counts = f"{len(CELLS)} cells, {lacking} without a test"
    print(counts)
    return int(lacking > 0)


if __name__ == "__main__":
    sys.exit(main())
