"""Memory errors read from a tree of the kernel's files: none there, first look, new ones, a restart."""

import pytest

from agent.sources.host import open_host
from agent.sources.memory import Transient
from checks.api import ErrorKind, State


class Machine:
    """A root with the files of one memory controller and two modules."""

    def __init__(self, root):
        self.root = root
        self.put("proc/sys/kernel/random/boot_id", "boot-1")

    def put(self, path, text):
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{text}\n")

    def count(self, corrected, uncorrected, modules=((0, 0), (0, 0))):
        mc = "sys/devices/system/edac/mc/mc0"
        self.put(f"{mc}/mc_name", "Skylake Socket#0 IMC#0")
        self.put(f"{mc}/ce_count", corrected)
        self.put(f"{mc}/ue_count", uncorrected)
        for at, (ce, ue) in enumerate(modules):
            self.put(f"{mc}/dimm{at}/dimm_label", f"CPU_SrcID#0_MC#0_Chan#0_DIMM#{at}")
            self.put(f"{mc}/dimm{at}/dimm_ce_count", ce)
            self.put(f"{mc}/dimm{at}/dimm_ue_count", ue)


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.fixture
def host(machine):
    return open_host(Transient(), machine.root)


def test_a_machine_whose_errors_nobody_counts_is_unsupported(host, looked):
    assert looked("server.ecc", {}, host).error is ErrorKind.UNSUPPORTED


def test_counts_that_cannot_be_read_are_unknown(machine, host, looked, why):
    machine.count("many", "")
    assert why(looked("server.ecc", {}, host, "unknown")) == {
        "mc0:corrected": "not_counted",
        "mc0:uncorrected": "not_counted",
    }


def test_errors_before_the_first_look_may_be_old_and_none_is_none(machine, host, looked, why):
    machine.count(7, 0, ((7, 0), (0, 0)))
    found = why(looked("server.ecc", {}, host))
    assert found["mc0:corrected"] == "first_look"
    assert found["mc0/CPU_SrcID#0_MC#0_Chan#0_DIMM#0:errors_since_start"] == "corrected_errors"


def test_new_errors_are_told_with_their_module(machine, host, looked, why):
    machine.count(0, 0)
    assert looked("server.ecc", {}, host, "ok").state is State.OK
    machine.count(5, 0, ((0, 0), (5, 0)))
    assert looked("server.ecc", {}, host, "warn").state is State.WARN
    machine.count(5, 1, ((0, 1), (5, 0)))
    found = looked("server.ecc", {}, host, "crit")
    assert why(found)["mc0:uncorrected"] == "uncorrectable_errors"
    assert why(found)["mc0:corrected"] == "ok", "they were told at the look before"
    assert why(found)["mc0/CPU_SrcID#0_MC#0_Chan#0_DIMM#0:errors_since_start"] == "uncorrectable_errors"


def test_a_restart_begins_anew(machine, host, looked, why):
    machine.count(100, 0)
    looked("server.ecc", {}, host)
    machine.put("proc/sys/kernel/random/boot_id", "boot-2")
    machine.count(0, 0)
    assert looked("server.ecc", {}, host).state is State.OK
    machine.count(3, 0)
    assert why(looked("server.ecc", {}, host))["mc0:corrected"] == "corrected_errors"
