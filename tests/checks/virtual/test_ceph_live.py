"""virtual.ceph on a real cluster (`make storage-test` installs Ceph): whole, and with its daemons stopped.

With ROUNDSEAL_RECORD=1 the bytes that its client printed are written to tests/checks/virtual/ceph.
"""

import shutil
from pathlib import Path

import pytest
import recordings
from parts import loaded

from agent.sources.host import open_host
from agent.sources.memory import Transient
from checks import registry
from checks.api import ErrorKind, ObservationError, Seen
from checks.codec import from_json

ceph_cluster = loaded("checks/virtual/ceph_cluster.py")
MISSING = ceph_cluster.missing()
pytestmark = pytest.mark.skipif(
    bool(MISSING), reason=f"NOT TESTED: {', '.join(MISSING)} not installed (make storage-test)"
)
PRINTED = Path(__file__).parent / "ceph"
LEAST = {"user": ceph_cluster.LEAST}


def begun(folder):
    """A cluster with an object in it."""
    folder.mkdir(exist_ok=True)
    with ceph_cluster.cluster(folder) as made:
        made.until("stores", lambda said: said["osdmap"]["num_up_osds"] == len(ceph_cluster.STORES))
        made.put("first", 20_000_000)
        yield made


@pytest.fixture(scope="module")
def began(tmp_path_factory):
    yield from begun(tmp_path_factory.mktemp("ceph"))


@pytest.fixture
def client(tmp_path, monkeypatch):
    """`client(cluster)`: the agent finds the real client, which finds that cluster."""

    def found(made):
        folder = tmp_path / "bin"
        folder.mkdir()
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        real = shutil.which("ceph", path="/usr/bin:/bin")
        (folder / "ceph").write_text(f'#!/bin/sh\nexec {real} -c {tmp_path}/ceph.conf "$@"\n')
        (folder / "ceph").chmod(0o755)
        (tmp_path / "ceph.conf").write_bytes(made.conf.read_bytes())
        return made

    return found


@pytest.fixture
def cluster(began, client):
    """The cluster that tests share, all of it well."""
    began.mend()
    return client(began)


@pytest.fixture
def own(tmp_path, client):
    """A cluster that a test may spoil."""
    for made in begun(tmp_path / "ceph"):
        yield client(made)


def look(params=LEAST):
    """Readings: name -> (value, state, reason)."""
    check = registry.get("virtual.ceph")
    wanted = from_json(check.params, params, "params")
    facts = check.observe(open_host(Transient()), wanted)
    return {one.name: (one.value, one.state.value, one.reason) for one in check.judge(Seen(facts, 0), wanted)}


def keep(name, printed):
    if recordings.wanted():
        PRINTED.mkdir(exist_ok=True)
        (PRINTED / f"{name}.json").write_bytes(printed)


def test_a_whole_cluster_is_well_by_the_key_that_the_page_asks_for_and_by_the_administrator_s(
    cluster,
) -> None:
    keep("whole", cluster.until("whole", ceph_cluster.sound))
    for params in (LEAST, {}):
        found = look(params)
        assert found["health"][1] == found["used"][1] == "ok"
        assert found["quorum"] == (3, "ok", "") and found["osds_up"] == (3, "ok", "")
        assert found["pgs_whole"] == (9, "ok", "")


@pytest.mark.parametrize("user", [ceph_cluster.NOBODY, "stranger"])
def test_a_key_that_may_not_ask_is_denied(cluster, user) -> None:
    with pytest.raises(ObservationError, match="RADOS permission denied") as caught:
        look({"user": user})
    assert caught.value.kind is ErrorKind.DENIED


def test_a_machine_without_the_cluster_s_configuration_is_unsupported(cluster, tmp_path) -> None:
    (tmp_path / "ceph.conf").unlink()
    with pytest.raises(ObservationError, match=r"no /etc/ceph/ceph\.conf") as caught:
        look()
    assert caught.value.kind is ErrorKind.UNSUPPORTED


def test_a_stopped_store_is_a_warning_and_so_are_the_copies_it_takes_away(cluster) -> None:
    cluster.stop("osd.2")
    keep("store_down", cluster.until("copies", lambda said: "PG_DEGRADED" in said["health"]["checks"]))
    found = look()
    assert found["health"] == (None, "warn", "health_warning")
    assert found["osds_up"] == (2, "warn", "too_few")
    assert found["pgs_whole"][1:] == ("warn", "degraded")


def test_stores_that_are_all_down_are_critical_though_ceph_only_warns(own) -> None:
    own.until("stores", ceph_cluster.sound)
    own.stop("osd.0", "osd.1", "osd.2")
    printed = own.until("data", lambda said: "PG_AVAILABILITY" in said["health"]["checks"])
    assert b'"status":"HEALTH_WARN"' in printed
    keep("stores_down", printed)
    found = look()
    assert found["health"] == (None, "crit", "data_unavailable")
    assert found["osds_up"] == (0, "crit", "too_few")
    assert found["pgs_whole"] == (0, "warn", "degraded")


def test_a_warning_that_somebody_muted_is_still_one(cluster) -> None:
    cluster.ceph("osd", "set", "noout")
    keep("noout", cluster.until("flag", lambda said: "OSDMAP_FLAGS" in said["health"]["checks"]))
    assert look()["health"] == (None, "warn", "health_warning")
    cluster.ceph("health", "mute", "OSDMAP_FLAGS", "--sticky")
    keep("noout_muted", cluster.until("mute", lambda said: said["health"]["status"] == "HEALTH_OK"))
    assert look()["health"] == (None, "warn", "health_muted")


def test_a_cluster_that_fills_up(cluster) -> None:
    cluster.ceph("osd", "set-nearfull-ratio", "0.05")
    keep("nearly_full", cluster.until("warning", lambda said: "OSD_NEARFULL" in said["health"]["checks"]))
    assert look()["health"] == (None, "warn", "health_warning")
    cluster.ceph("osd", "set-backfillfull-ratio", "0.06")
    cluster.ceph("osd", "set-full-ratio", "0.07")
    keep("full", cluster.until("error", lambda said: "OSD_FULL" in said["health"]["checks"]))
    found = look({**LEAST, "used": {"warn": 10, "crit": 15}})
    assert found["health"] == (None, "crit", "health_critical")
    assert found["used"][1:] == ("crit", "nearly_full")


def test_an_error_that_somebody_muted_stays_critical(cluster) -> None:
    cluster.ceph("osd", "set-backfillfull-ratio", "0.06")
    cluster.ceph("osd", "set-nearfull-ratio", "0.05")
    cluster.ceph("osd", "set-full-ratio", "0.07")
    cluster.until("error", lambda said: {"OSD_FULL", "POOL_FULL"} <= set(said["health"]["checks"]))
    cluster.ceph("health", "mute", "OSD_FULL", "--sticky")  # else gone as one more fills up
    keep("full_muted", cluster.until("mute", lambda said: said["health"]["status"] == "HEALTH_WARN"))
    assert look()["health"] == (None, "crit", "health_muted")


def test_a_monitor_that_is_gone_is_missed_in_the_quorum(cluster) -> None:
    cluster.kill("mon.c")
    keep("monitor_down", cluster.until("quorum", lambda said: "MON_DOWN" in said["health"]["checks"]))
    found = look()
    assert found["quorum"] == (2, "warn", "too_few")
    assert found["health"] == (None, "warn", "health_warning")


def test_without_a_quorum_the_client_waits_and_that_is_a_timeout(cluster) -> None:
    cluster.kill("mon.b", "mon.c")

    def failed():
        try:
            look()
        except ObservationError as problem:
            return problem.kind
        return None

    # The one that is left answers for a moment.
    assert next(filter(None, (failed() for _ in range(600)))) is ErrorKind.TIMEOUT


def test_without_a_manager_space_and_copies_are_unknown_though_figures_are_printed(cluster) -> None:
    cluster.kill("mgr.x")
    printed = cluster.until("manager", lambda said: "MGR_DOWN" in said["health"]["checks"])
    assert b'"bytes_used":0,' not in printed and b"active+clean" in printed
    keep("manager_down", printed)
    found = look()
    assert found["health"] == (None, "warn", "health_warning")
    assert found["pgs_whole"] == found["used"] == (None, "unknown", "no_manager")
