"""The bench itself: what was not planted, or is found without it, is not found."""

import pytest


@pytest.fixture
def planted(monkeypatch, defects):
    """Another plant in the place of one that is registered; None: none."""
    import case

    def put(name, kind, make, *, standing=True):
        if make is None:
            monkeypatch.delitem(case.PLANTS, (name, kind))
        else:
            monkeypatch.setitem(case.PLANTS, (name, kind), case.Planted(make, standing))
        row = defects.defect(name, kind)
        if row.state == "no_tool":
            pytest.skip(f"NOT TESTED: {row.why}")
        return row

    return put


def nothing(case):
    """Damages nothing."""


def the_same_bytes(case):
    case.path.write_bytes(case.path.read_bytes())


@pytest.mark.parametrize("make", [nothing, the_same_bytes])
def test_a_plant_that_changes_nothing_is_not_found(planted, make):
    assert planted("D11", "tar.gz", make).state == "missed"


def test_what_the_good_ones_are_called_as_well_is_not_found(planted, defects):
    """Asked so that every day is late, a dump of yesterday is not what makes it late."""
    import case

    made = case.PLANTS["D07", "redis"].make

    def every_day_is_late(one):
        made(one)
        one.params |= {"max_age_s": 26 * 3600}
        one.victims |= {path.name for path in one.made.days}

    row = planted("D07", "redis", every_day_is_late, standing=False)
    assert row.state == "broken" and "good ones" in row.why


def test_a_defect_that_is_not_planted_is_not_found(planted):
    assert planted("D11", "tar.gz", None).state == "not_planted"


def test_one_case_leaves_nothing_to_the_next(defects):
    """A directory's owner, a file's bytes and what the check kept in files are as they were."""
    row = defects.defect("D25", "tar.gz")
    site = defects.site("tar.gz")
    assert row.state == "found" and site.restored().bad == {} and site.differing() == set()


def test_what_nothing_was_recorded_of_is_found_by_reading_it(defects):
    assert defects.alone("D09", "tar.gz").state == "found"


def test_what_rests_on_the_one_that_was_hit_may_say_so_and_nothing_else(defects):
    """Of a chain the middle day is hit: the next one's manifest then rests on none; any other word counts."""
    import run

    middle = run.Bench(defects.world, 7, 1)
    try:
        row = middle.defect("D17", "tree")
        assert row.state == "found" and row.others == {}
        case = run.c.Case(defects.world, middle.site("tree").made, "tree", 7, 1)
        later, before = case.made.days[2].name, case.made.days[0].name
        for name, word, state in (
            (later, (3, "manifest_missing"), "found"),
            (later, (3, "changed"), "missed"),
            (before, (3, "manifest_missing"), "missed"),
        ):
            bad = {case.path.name: {(3, "manifest_missing")}, name: {word}}
            said = run.v.Said(bad=bad, untold={}, good={})
            assert run.judged(run.Row("D17", "tree", ""), case, said).state == state, (name, word)
    finally:
        middle.site("tree").put_back()


@pytest.fixture
def bench(defects):
    import bench

    return bench


def test_a_case_that_no_run_tried_fails_the_bench(bench, capsys):
    cells = bench.wanted(["D28"])
    run = bench.run.Row("D28", "zip", "found")
    assert bench.summary({what: bench.whole({("D28", "zip"): run}, cells[what]) for what in cells})
    assert not bench.summary({what: bench.whole({}, cells[what]) for what in cells})
    assert "0 of 1 (defect, kind) cells; not run 1" in capsys.readouterr().out


def test_rows_of_another_world_are_no_part_of_a_table(bench, tmp_path):
    of = {"seed": 7, "size": 1_000_000, "place": 2}
    bench.write(
        tmp_path / "rows.json",
        of,
        {"defects": {("D28", "zip"): bench.run.Row("D28", "zip", "found")}, "alone": {}, "benign": {}},
    )
    assert list(bench.read([tmp_path / "rows.json"], of)["defects"]) == [("D28", "zip")]
    with pytest.raises(SystemExit, match="seed"):
        bench.read([tmp_path / "rows.json"], {**of, "seed": 8})
