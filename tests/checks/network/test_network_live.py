"""The checks through the real SNMP source against a real snmpd, whose tables hold what a device would say."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ports import free_port

from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.open import open_source
from checks import registry
from checks.api import ErrorKind, ObservationError, Seen, Source
from checks.codec import from_json, to_json
from checks.snmp import Peer

AT = 1_795_255_710_806
SNMPD = shutil.which("snmpd")

UPS = "1.3.6.1.2.1.33.1"
SUPPLY = "1.3.6.1.2.1.43.11.1.1"
DEVICE = f"""
override {UPS}.2.1.0 integer 3
override {UPS}.2.3.0 integer 12
override {UPS}.2.4.0 integer 55
override {UPS}.4.1.0 integer 5
override {UPS}.4.4.1.5.1 integer 40
override {UPS}.6.1.0 uinteger 1
override {UPS}.6.2.1.2.1 object_id {UPS}.6.3.2
override {SUPPLY}.6.1.1 octet_str "Black Toner"
override {SUPPLY}.8.1.1 integer 1000
override {SUPPLY}.9.1.1 integer 400
override 1.3.6.1.2.1.25.3.5.1.1.1 integer 3
override 1.3.6.1.2.1.15.3.1.2.10.0.0.2 integer 6
override 1.3.6.1.2.1.15.3.1.3.10.0.0.2 integer 2
override 1.3.6.1.2.1.15.3.1.16.10.0.0.2 uinteger 86400
override 1.3.6.1.2.1.14.10.1.3.10.1.0.2.0 octet_str "1.1.1.2"
override 1.3.6.1.2.1.14.10.1.6.10.1.0.2.0 integer 5
"""


@pytest.fixture(scope="module")
def snmpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Port of a running snmpd, community `look`."""
    if SNMPD is None:
        pytest.skip("NOT TESTED: snmpd is not installed")
    folder: Path = tmp_path_factory.mktemp("snmpd")
    port = free_port(socket.SOCK_DGRAM)
    (folder / "conf").write_text(f"rocommunity look 127.0.0.1\nsysName edge-1\n{DEVICE}", encoding="utf-8")
    words = [
        SNMPD,
        "-f",
        "-Lo",
        "-C",
        "-c",
        str(folder / "conf"),
        "-p",
        str(folder / "pid"),
        f"udp:127.0.0.1:{port}",
    ]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            words, stdout=log, stderr=log, env={"SNMP_PERSISTENT_DIR": str(folder), "MIBS": ""}
        ) as daemon,
    ):
        try:
            listening(tmp_path_factory.mktemp("state"), port)
            yield port
        finally:
            daemon.terminate()
            daemon.wait(60)


def opened(folder: Path) -> Any:
    folder.chmod(0o700)
    (folder / "secrets.yaml").write_text("snmp: {community: look}\n", encoding="utf-8")
    (folder / "secrets.yaml").chmod(0o600)
    memory, means = Transient(), Means(state=folder)
    return lambda kind: open_source(kind, memory, means)


@pytest.fixture
def source(tmp_path: Path) -> Any:
    return opened(tmp_path)


def listening(folder: Path, port: int) -> None:
    """Return when the daemon answers."""
    deadline = time.monotonic() + 60
    while True:
        try:
            opened(folder)(Source.SNMP).look(Peer("127.0.0.1", port, 2, timeout_ms=5000), ())
            return
        except ObservationError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def looked(source: Any, check_id: str, port: int, **params: Any) -> dict[str, tuple[str, str]]:
    """(state, reason) by reading."""
    check = registry.get(check_id)
    given = {"address": "127.0.0.1", "port": port, "version": 2, "timeout_ms": 30_000} | params
    asked = from_json(check.params, given, "params")
    facts = from_json(check.facts, to_json(check.observe(source(check.source), asked)), "facts")
    return {one.name: (one.state.value, one.reason) for one in check.judge(Seen(facts, AT), asked)}


def test_a_ups_on_battery_is_seen_through_the_wire(source: Any, snmpd: int) -> None:
    found = looked(source, "network.ups", snmpd)
    assert found["source"] == ("crit", "on_battery")
    assert found["battery"] == ("crit", "battery_low")
    assert found["charge"] == ("warn", "battery_low")
    assert found["time_left"] == ("warn", "little_time")
    assert found["1:load"] == ("ok", "")
    assert found["alarms"] == ("crit", "alarms")


def test_a_printer_tells_of_its_toner(source: Any, snmpd: int) -> None:
    found = looked(source, "network.printer", snmpd)
    assert found["Black Toner"] == ("ok", "")
    assert found["faults"] == ("unknown", "not_reported")


def test_neighbours_are_those_of_the_tables(source: Any, snmpd: int) -> None:
    assert looked(source, "network.bgp", snmpd, expected=["10.0.0.2", "10.0.0.9"]) == {
        "neighbours": ("ok", ""),
        "10.0.0.2": ("ok", ""),
        "10.0.0.9": ("crit", "missing"),
    }
    found = looked(source, "network.ospf", snmpd, expected=["1.1.1.2"])
    assert found["1.1.1.2 10.1.0.2"] == ("crit", "not_adjacent")


def test_a_hosts_own_disks_are_read_and_one_that_is_gone_is_missed(source: Any, snmpd: int) -> None:
    check = registry.get("network.storage")
    given = {"address": "127.0.0.1", "port": snmpd, "version": 2, "timeout_ms": 30_000, "expected": ["/"]}
    asked = from_json(check.params, given, "params")
    facts = check.observe(source(check.source), asked)
    [root] = [one for one in facts.stores if one.name == "/"]
    told = os.statvfs("/")
    assert root.total == pytest.approx(told.f_blocks * told.f_frsize, rel=0.01)
    assert root.used == pytest.approx((told.f_blocks - told.f_bfree) * told.f_frsize, rel=0.05)
    found = looked(source, "network.storage", snmpd, expected=["/", "/no-such-disk"])
    assert found["/no-such-disk"] == ("crit", "missing") and "/" in found


def test_a_hosts_own_ports_and_memory_are_read(source: Any, snmpd: int) -> None:
    first = looked(source, "network.interfaces", snmpd, expected=["lo"])
    assert first["lo:link"] == ("ok", "") and first["counters"] == ("unknown", "first_look")
    deadline = time.monotonic() + 60
    second = first
    # A look in the same hundredth of a second of the device's clock has nothing to compare.
    while "lo:errors_hourly" not in second and time.monotonic() < deadline:
        time.sleep(0.2)
        second = looked(source, "network.interfaces", snmpd, expected=["lo", "nowhere"])
    assert second["nowhere"] == ("crit", "missing") and second["lo:errors_hourly"] == ("ok", "")
    found = looked(source, "network.memory", snmpd)
    assert found and "unknown" not in {state for state, _ in found.values()}
    assert looked(source, "network.device", snmpd, name="EDGE-1")["device_name"] == ("ok", "")


def test_a_wrong_community_is_no_reading(source: Any, snmpd: int, tmp_path: Path) -> None:
    (tmp_path / "secrets.yaml").write_text("snmp: {community: wrong}\n", encoding="utf-8")
    with pytest.raises(ObservationError) as raised:
        looked(source, "network.ups", snmpd, timeout_ms=1500)
    assert raised.value.kind in (ErrorKind.TIMEOUT, ErrorKind.DENIED, ErrorKind.UNREACHABLE)
    assert "wrong" not in str(raised.value)
