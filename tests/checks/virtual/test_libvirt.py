"""libvirt's own test driver through virsh."""

import shutil

import pytest

from agent.sources.host import open_host
from agent.sources.memory import Transient
from checks import registry
from checks.api import ErrorKind, ObservationError, Seen
from checks.codec import from_json

pytestmark = pytest.mark.skipif(
    shutil.which("virsh") is None, reason="NOT TESTED: virsh (libvirt-clients) is not installed"
)


def driver(tmp_path, machines: dict[str, int]) -> str:
    """A test:/// URI with machines in these states."""
    parts = [
        f"<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'><name>{name}</name>"
        f"<memory>8192</memory><os><type>hvm</type></os><test:runstate>{state}</test:runstate></domain>"
        for name, state in machines.items()
    ]
    file = tmp_path / "node.xml"
    file.write_text(f"<node>{''.join(parts)}</node>")
    return f"test://{file}"


def look(check_id: str, **params: object) -> dict:
    check = registry.get(check_id)
    wanted = from_json(check.params, params, "params")
    facts = check.observe(open_host(Transient()), wanted)
    return {one.name: (one.value, one.state.value, one.reason) for one in check.judge(Seen(facts, 0), wanted)}


def test_the_default_machine_runs() -> None:
    found = look("virtual.domains", uri="test:///default", running=["test"])
    assert found["test:power"] == (1, "ok", "")
    assert found["machines_running"][0] == 1


def test_a_machine_that_must_run_and_is_not_there_is_critical() -> None:
    found = look("virtual.domains", uri="test:///default", running=["app-01"])
    assert found["app-01:power"][1:] == ("crit", "missing")


def test_machines_in_other_states(tmp_path) -> None:
    uri = driver(tmp_path, {"应用 01": 1, "db-01": 5, "old": 5, "bad": 6, "held": 3})
    found = look("virtual.domains", uri=uri, running=["应用 01", "db-01"])
    assert found["应用 01:power"][1] == "ok"
    assert found["db-01:power"][1:] == ("crit", "not_running")
    assert found["old:power"][1] == "ok"
    assert found["bad:power"][1:] == ("crit", "crashed")
    assert found["held:power"][1:] == ("warn", "paused")


def test_pools_and_how_full_they_are() -> None:
    found = look("virtual.pools", uri="test:///default", expected=1)
    assert found["default-pool:used"] == (0, "ok", "")
    assert look("virtual.pools", uri="test:///default", expected=2)["storage_pools"][1] == "crit"


def test_a_hypervisor_that_is_not_there_is_an_error(tmp_path) -> None:
    with pytest.raises(ObservationError) as caught:
        look("virtual.domains", uri=f"test://{tmp_path}/none.xml")
    assert caught.value.kind is ErrorKind.GARBLED
