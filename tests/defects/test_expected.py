"""The list of what must be found: complete, in the words of the levels, planted in every kind."""

import pytest

from checks.artefacts.levels import REASONS


@pytest.fixture(scope="module")
def listed(defects):
    import run

    return run.EXPECTED


def reasons(spec):
    for one in (spec, *spec.get("per", {}).values()):
        words = one["reason"] if isinstance(one["reason"], list) else [one["reason"]]
        yield one["level"], words


def test_there_are_64_defects_and_30_variations(listed):
    assert sorted(listed["defects"]) == [f"D{n:02}" for n in range(1, 65)]
    assert sorted(listed["benign"]) == [f"B{n:02}" for n in range(1, 31)]


def test_levels_are_those_of_their_words(listed):
    for name, spec in listed["defects"].items():
        for level, words in reasons(spec):
            assert f"L{min(int(REASONS[word]) for word in words)}" == level, name


def test_each_defect_is_planted_in_every_kind_that_is_listed(listed):
    import case

    missing = [
        (name, kind)
        for name, spec in listed["defects"].items()
        for kind in spec["kinds"]
        if (name, kind) not in case.PLANTS
    ]
    assert missing == []
