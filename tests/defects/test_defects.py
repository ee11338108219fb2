"""A part of the bench of defects: each planted defect is found where it should be, and nothing else."""

import pytest

FOUND = [
    *(("D01", kind) for kind in ("pg-plain", "tar.gz")),
    *(("D02", kind) for kind in ("pg-plain", "tar.gz")),
    *(
        (name, "pg-plain")
        for name in ("D06", "D11", "D15", "D16", "D17", "D24", "D37", "D40", "D42", "D43", "D45", "D46")
    ),
    *((name, "tar.gz") for name in ("D08", "D09", "D11", "D13", "D20", "D21")),
    *((name, "openssl") for name in ("D27", "D30", "D32")),
    *((name, "age") for name in ("D27", "D32")),
    *(("D18", kind) for kind in ("redis", "device-config")),
    ("D19", "device-config"),
]
BENIGN = [("B17", "pg-plain"), ("B19", "pg-plain"), ("B01", "tar.gz")]


def settled(row):
    """Nothing to settle where a program is missing; said loudly."""
    if row.state == "no_tool":
        pytest.skip(f"NOT TESTED: {row.why}")
    return row


@pytest.mark.parametrize(("name", "kind"), FOUND)
def test_a_planted_defect_is_found(defects, name, kind):
    row = settled(defects.defect(name, kind))
    assert row.state == "found", row


@pytest.mark.parametrize(("name", "kind"), BENIGN)
def test_a_benign_variation_raises_no_alarm(defects, name, kind):
    row = settled(defects.variation(name, kind))
    assert row.state == "good", row
