"""virtual.ceph on what a real cluster's client printed (ceph/README.md), case by case."""

from pathlib import Path

import pytest
from parts import loaded

from agent.sources.host import open_host
from agent.sources.memory import Transient

capacity = loaded("../collector/jobs/capacity.py")
PRINTED = Path(__file__).parent / "ceph"
# health, osds_up, pgs_whole of each case, by what was done to the cluster (test_ceph_live.py).
OK = ("ok", "")
CASES = {
    "whole": ("ok", OK, OK, OK),
    "store_down": ("warn", ("warn", "health_warning"), ("warn", "too_few"), ("warn", "degraded")),
    "stores_down": ("crit", ("crit", "data_unavailable"), ("crit", "too_few"), ("warn", "degraded")),
    "noout": ("warn", ("warn", "health_warning"), OK, OK),
    "noout_muted": ("warn", ("warn", "health_muted"), OK, OK),
    "nearly_full": ("warn", ("warn", "health_warning"), OK, OK),
    "full": ("crit", ("crit", "health_critical"), OK, OK),
    "full_muted": ("crit", ("crit", "health_muted"), OK, OK),
    "monitor_down": ("warn", ("warn", "health_warning"), OK, OK),
    "manager_down": ("unknown", ("warn", "health_warning"), OK, ("unknown", "no_manager")),
}


@pytest.fixture
def look(tmp_path, monkeypatch, looked):
    """The result of a look through the host's real source: a ceph on PATH prints what the real one did."""

    def run(said: bytes, name: str = "", **params: object):
        (tmp_path / "said").write_bytes(said)
        (tmp_path / "ceph").write_text(f"#!/bin/sh\ncat {tmp_path}/said\n")
        (tmp_path / "ceph").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return looked("virtual.ceph", params, open_host(Transient()), name)

    return run


def test_every_recording_is_judged() -> None:
    assert {path.stem for path in PRINTED.glob("*.json")} == set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_a_cluster_is_what_was_made_of_it(look, case) -> None:
    worst, health, osds_up, pgs_whole = CASES[case]
    kept = "ok" if case == "whole" else f"{worst}_{case}"
    result = look((PRINTED / f"{case}.json").read_bytes(), kept, user="roundseal")
    assert result.state == worst
    found = {one.name: (one.state.value, one.reason) for one in result.readings}
    assert (found["health"], found["osds_up"], found["pgs_whole"]) == (health, osds_up, pgs_whole)
    assert found["quorum"] == (("warn", "too_few") if case == "monitor_down" else OK)
    assert found["used"] == (("unknown", "no_manager") if case == "manager_down" else OK)


def test_space_that_nobody_counts_is_no_point_of_a_trend(look) -> None:
    amounts = capacity.AMOUNTS["virtual.ceph"]
    for case, points in (("whole", 1), ("manager_down", 0)):
        facts = look((PRINTED / f"{case}.json").read_bytes()).facts
        assert len(list(amounts(facts))) == points


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (b"active+undersized+degraded+remapped+backfilling", ("warn", "rebuilding")),
        (b"active+recovery_wait+degraded", ("warn", "rebuilding")),
        (b"active+clean+inconsistent", ("warn", "degraded")),
        # Nobody may read or write it meanwhile.
        (b"remapped+peering", ("warn", "degraded")),
        # Moved elsewhere with all their copies, as the balancer does it all day; being checked.
        (b"active+remapped+backfilling", OK),
        (b"active+clean+scrubbing+deep", OK),
    ],
)
def test_placement_groups_in_states_that_were_not_made(look, states, expected) -> None:
    """The states' names are Ceph's documented ones; the rest of the bytes is a real answer."""
    said = (PRINTED / "whole.json").read_bytes()
    assert said.count(b'"active+clean"') == 1
    result = look(said.replace(b'"active+clean"', b'"' + states + b'"'))
    (found,) = (one for one in result.readings if one.name == "pgs_whole")
    assert (found.state.value, found.reason) == expected
    assert found.value == (9 if expected == OK else 0)


@pytest.mark.parametrize(
    "rows", [b"{}", b"[1]", b'[{"state_name":"active+clean"}]', b'[{"count":3}]', b"null"]
)
def test_placement_groups_that_are_not_understood_are_unknown(look, rows) -> None:
    said = (PRINTED / "whole.json").read_bytes()
    begin = said.index(b"[{", said.index(b'"pgs_by_state"'))
    result = look(said[:begin] + rows + said[said.index(b"]", begin) + 1 :])
    (found,) = (one for one in result.readings if one.name == "pgs_whole")
    assert (found.state.value, found.reason) == ("unknown", "not_reported")
