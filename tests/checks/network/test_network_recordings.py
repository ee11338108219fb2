"""Neighbours, printers and UPS of real devices, as others recorded them: each row is in the facts.

The recordings are read here once more, line by line, without the source's help.
"""

import tarfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.open import open_source
from agent.sources.snmp_responder import Responder, recording
from checks import registry
from checks.api import Seen, Source
from checks.codec import from_json

SHARED = Path(__file__).parents[4] / "shared/data/snmp.tar.xz"
BGP, OSPF = "1.3.6.1.2.1.15.3.1.2", "1.3.6.1.2.1.14.10.1.6"
SUPPLIES, LEVELS = "1.3.6.1.2.1.43.11.1.1.8", "1.3.6.1.2.1.43.11.1.1.9"
BATTERY, MINUTES, CHARGE, ALARMS = (f"1.3.6.1.2.1.33.1.{at}" for at in ("2.1", "2.3", "2.4", "6.1"))
TABLES = {"network.bgp": BGP, "network.ospf": OSPF, "network.printer": LEVELS, "network.ups": BATTERY}
FEWEST = {"network.bgp": 3, "network.ospf": 6, "network.printer": 8, "network.ups": 12}


@pytest.fixture(scope="module")
def devices() -> dict[str, list[list[bytes]]]:
    """Check -> the recordings that hold its table, as lines."""
    if not SHARED.exists():
        pytest.skip("NOT TESTED: ../shared/data/snmp.tar.xz with recorded devices is not present")
    found: dict[str, list[list[bytes]]] = {check: [] for check in TABLES}
    with tarfile.open(SHARED) as packed:
        for member in packed:
            if not member.name.endswith(".snmprec"):
                continue
            data = packed.extractfile(member).read()
            for check, table in TABLES.items():
                if f"\n{table}.".encode() in data:
                    found[check].append(data.splitlines())
    return found


@pytest.fixture
def source(tmp_path: Path) -> Any:
    tmp_path.chmod(0o700)
    (tmp_path / "secrets.yaml").write_text("snmp: {community: look}\n", encoding="utf-8")
    (tmp_path / "secrets.yaml").chmod(0o600)
    return open_source(Source.SNMP, Transient(), Means(state=tmp_path))


def column(lines: list[bytes], oid: str) -> dict[str, int]:
    """Whole numbers of a column by index; a first line counts where an object is recorded twice."""
    found: dict[str, int] = {}
    for line in lines:
        name, _, value = line.decode("latin-1").partition("|")
        if name.startswith(f"{oid}."):
            found.setdefault(name.removeprefix(f"{oid}."), int(value.partition("|")[2]))
    return found


def looked(
    source: Any, check_id: str, devices: dict[str, list[list[bytes]]], **given: Any
) -> Iterator[tuple[list[bytes], Any, dict[str, tuple[Any, str, str]]]]:
    """Lines, facts and {reading: (value, state, reason)} of each device of a check."""
    check = registry.get(check_id)
    assert len(devices[check_id]) >= FEWEST[check_id]
    for lines in devices[check_id]:
        with Responder({b"look": recording(lines)}) as device:
            params = {"address": "127.0.0.1", "port": device.port, "version": 2, "timeout_ms": 60_000} | given
            asked = from_json(check.params, params, "params")
            facts = check.observe(source, asked)
        judged = check.judge(Seen(facts, 1), asked)
        yield lines, facts, {one.name: (one.value, str(one.state), one.reason) for one in judged}


def test_each_bgp_neighbour_is_there_and_only_the_established_are_good(source: Any, devices: Any) -> None:
    for lines, facts, readings in looked(source, "network.bgp", devices):
        states = column(lines, BGP)
        assert {one.address: one.state for one in facts.neighbours} == states
        assert {name for name in states if readings[name][1] == "ok"} == {
            name for name, state in states.items() if state == 6
        }


def test_each_ospf_neighbour_is_there_and_only_the_adjacent_are_good(source: Any, devices: Any) -> None:
    for lines, facts, readings in looked(source, "network.ospf", devices):
        states = column(lines, OSPF)
        assert sorted(one.state for one in facts.neighbours) == sorted(states.values())
        good = [name for name, (_, state, _) in readings.items() if state == "ok"]
        assert len(good) == sum(state in (4, 8) for state in states.values())


def test_each_supply_of_a_printer_is_there_with_its_share(source: Any, devices: Any) -> None:
    for lines, facts, readings in looked(source, "network.printer", devices):
        levels, most = column(lines, LEVELS), column(lines, SUPPLIES)
        assert [(one.level, one.most) for one in facts.supplies] == [
            (level, most.get(index)) for index, level in levels.items()
        ]
        known = [
            Fraction(100 * level, most[index]) for index, level in levels.items() if level >= 0 < most[index]
        ]
        told = [value for value, _, _ in readings.values() if isinstance(value, Fraction)]
        assert sorted(told) == sorted(known)


def test_a_ups_tells_its_charge_and_minutes_and_what_is_no_number_is_unknown(
    source: Any, devices: Any
) -> None:
    seen = set()
    for lines, facts, readings in looked(source, "network.ups", devices):
        charge, minutes = column(lines, CHARGE).get("0"), column(lines, MINUTES).get("0")
        assert facts.charge == charge
        wild = minutes is not None and minutes >= 1 << 31
        seen.add(wild)
        assert facts.minutes == (None if wild else minutes)
        if wild:
            assert readings["time_left"] == (None, "unknown", "not_reported")
        assert facts.alarms_present == column(lines, ALARMS).get("0")
    assert seen == {False, True}
