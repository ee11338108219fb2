"""A few parts of the demonstration estate: what is planted is found, and nothing else; what cannot be looked
at is said. The whole of it: make demo-estate, demo-faults, demo-idle, demo-off (docs/demo.md)."""

from collections import Counter

import demo_faults
import demo_host
import demo_snmp
import demo_talk
import pytest
from demo_parts import PROBER, Asset, Part, free_port
from demo_site import Finding

from checks import registry


class Absent(Part):
    """A part whose program nobody has."""

    name = "absent"
    programs = ("no-such-program-anywhere",)

    def __init__(self, place):
        super().__init__(place)
        self.port = free_port()

    def assets(self):
        section = {"address": "127.0.0.1", "port": self.port, "platform": "redis", "secret": ""}
        return [Asset("absent-1", "cache", {"via": PROBER, "sql": section}, ["database.redis"])]


def few(place):
    machine = demo_host.Machine(place)
    machine.agent = PROBER
    return [machine, demo_snmp.Lab(place), demo_snmp.Ups(place), demo_talk.Dns(place), Absent(place)]


@pytest.fixture(scope="module")
def running(demo):
    """The parts above, a collector, an agent; one round has been."""
    with demo.running(few, quick=True) as made:
        made.first = made.warm()
        yield made


def test_what_is_planted_is_found_and_nothing_else_and_each_asset_is_in_the_record(running):
    names = ("worker-dies", "backup-late", "lab-overheats", "ups-on-battery", "dns-stops")
    planted = [one for one in demo_faults.possible(demo_faults.read(), running.parts) if one.id in names]
    try:
        expected = demo_faults.plant(planted, running.parts)
        record = running.site.round()
    finally:
        demo_faults.heal(planted, running.parts)
    # dnsmasq may not be here: then its asset is not inspected, and its fault not planted.
    assert len(planted) == len(names) - any(part.name == "dns" for part in running.absent)
    assert running.bad(record) == expected
    away = {asset.id for part in running.absent for asset in part.assets()}
    assert "absent-1" in away
    assert {one.target for one in record.not_inspected} >= {"absent-1"}
    assert {one.target for one in record.items} | away == {one.id for one in running.site.assets()}


def test_a_source_switched_off_leaves_its_assets_not_inspected_and_the_record_no_shorter(demo, running):
    looks, problems = demo.without(running, "snmp", before=running.first)
    assert problems == []
    assert {asset for asset, _ in looks} == {"lab-1", "ups-1"}


def test_the_faults_can_be_drawn_and_name_what_is_there(demo, tmp_path, monkeypatch):
    # As on a machine without the recordings of real devices.
    monkeypatch.setitem(demo_snmp._held, "found", [])
    parts = demo.every(tmp_path)
    faults = demo_faults.possible(demo_faults.read(), parts)
    by_name = {part.name: part for part in parts}
    assert len(faults) >= 30 and set(Counter(one.source for one in faults)) == {*demo_faults.SOURCES}
    for one in faults:
        part = by_name[one.part]
        assert getattr(part, one.make).__doc__ and getattr(part, one.undo)
        for found in one.expected(part):
            assert isinstance(found, Finding) and found.check in registry.ids()
            assert found.state in ("warn", "crit", "unknown", "not inspected")
    for seed in range(20):
        drawn = demo_faults.choose(faults, parts, seed)
        assert len(drawn) == demo_faults.PLANTED
        assert {one.source for one in drawn} == {*demo_faults.SOURCES}
        assert drawn == demo_faults.choose(faults, parts, seed)
        touched = [(f.asset, f.check) for one in drawn for f in one.expected(by_name[one.part])]
        both = Counter(pair for one in drawn for pair in {
            (f.asset, f.check) for f in one.expected(by_name[one.part])})  # fmt: skip
        assert touched and max(both.values()) == 1
