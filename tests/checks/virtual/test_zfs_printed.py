"""virtual.zfs on what real OpenZFS printed (tests/checks/virtual/zfs/README.md), case by case.

`make zfs-test` runs these on what it has just made, and with ROUNDSEAL_RECORD=1 keeps that here.
"""

import json
import os
import shutil
from pathlib import Path

import pytest
import recordings

from agent.sources.host import open_host
from agent.sources.memory import Transient
from checks.virtual import zfs

KEPT = Path(__file__).parent / "zfs"
MADE = Path(os.environ.get("ROUNDSEAL_ZFS_OUT") or KEPT)
# What each pool must be called, by what was done to it (deploy/vm/zfs_inside.sh).
HEALTH = {
    "ok": {"tank": ("ok", ""), "wide": ("ok", "")},
    "offline": {"tank": ("crit", "degraded"), "wide": ("ok", "")},
    "resilvering_online": {"tank": ("warn", "rebuilding"), "wide": ("ok", "")},
    "whole_again": {"tank": ("ok", ""), "wide": ("ok", "")},
    "faulted_member": {"tank": ("crit", "degraded"), "wide": ("ok", "")},
    "checksum_errors": {"tank": ("ok", ""), "wide": ("warn", "device_errors")},
    "scrubbing": {"tank": ("ok", ""), "wide": ("ok", "")},
    "missing_member": {"tank": ("crit", "degraded"), "wide": ("ok", "")},
    "replacing": {"tank": ("warn", "rebuilding"), "wide": ("ok", "")},
    "replaced": {"tank": ("ok", ""), "wide": ("ok", "")},
    "damaged": {"lone": ("crit", "data_damaged"), "tank": ("ok", "")},
    "nearly_full": {"full": ("ok", ""), "tank": ("ok", "")},
    "suspended": {"gone": ("crit", "offline"), "tank": ("ok", "")},
}
# Those that stand below tests/checks/recordings too, and as what.
RECORDINGS = {
    "ok": "ok",
    "offline": "crit_degraded",
    "damaged": "crit_data_damaged",
    "suspended": "crit_offline",
    "resilvering_online": "warn_rebuilding",
    "checksum_errors": "warn_device_errors",
    "nearly_full": "warn_nearly_full",
}
ERRORS = {"no_module": "unsupported", "denied": "denied"}


def text(case: str, part: str) -> str:
    """Empty for a part that is not kept: nothing was said, or all went well."""
    place = MADE / f"{case}.{part}"
    return place.read_text("utf-8") if place.exists() else ""


@pytest.fixture
def look(tmp_path, monkeypatch, looked):
    """The result of a look through the host's real source: a zpool on PATH prints what the real one did."""

    def run(case: str, name: str = ""):
        lines = ["#!/bin/sh", f"cd {tmp_path}; cat $1; cat $1.told >&2; exit $(cat $1.exit)"]
        for word in ("list", "status"):
            (tmp_path / word).write_text(text(case, word))
            (tmp_path / f"{word}.told").write_text(text(case, f"{word}.told"))
            (tmp_path / f"{word}.exit").write_text(text(case, f"{word}.exit") or "0")
        (tmp_path / "zpool").write_text("\n".join([*lines, ""]))
        (tmp_path / "zpool").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return looked("virtual.zfs", {}, open_host(Transient()), name)

    return run


def readings(result) -> dict[str, tuple[str, str]]:
    return {one.name: (one.state.value, one.reason) for one in result.readings}


def test_all_cases_are_there() -> None:
    there = {path.name.partition(".")[0] for path in MADE.glob("*.status*")}
    assert there == {*HEALTH, *ERRORS, "none"}


@pytest.mark.parametrize("case", HEALTH)
def test_pools_are_what_was_made_of_them(look, case) -> None:
    result = look(case, RECORDINGS.get(case, ""))
    found = readings(result)
    assert {
        name.removesuffix(":health"): said for name, said in found.items() if name.endswith(":health")
    } == (HEALTH[case])
    full = {name for name, said in found.items() if said == ("warn", "nearly_full")}
    assert full == ({"full:used"} if case == "nearly_full" else set())


def test_a_pool_that_is_rebuilt_in_sequence_is_not_whole_yet() -> None:
    """OpenZFS names the device then (`zpool replace -s`); the rest is a real answer."""
    listed, status = text("resilvering_online", "list"), text("resilvering_online", "status")
    assert status.count("resilver in progress") == 1
    sequential = status.replace("resilver in progress", "resilver (mirror-0) in progress")
    assert [one.scan for one in zfs.parse(listed, sequential)] == ["resilver", ""]


def test_rows_that_are_none_take_no_time_that_grows_with_their_square() -> None:
    (pool,) = zfs.parse("tank\t1\t1\tONLINE\n", "  pool: tank\n" + "\t\n" * 100_000)
    assert pool.errors is None


def test_no_pool_is_unknown(look) -> None:
    assert readings(look("none", "unknown_none")) == {"storage_pools": ("unknown", "no_parts")}


@pytest.mark.parametrize("case", ERRORS)
def test_a_zpool_that_cannot_look_says_why(look, case) -> None:
    result = look(case, f"unknown_{ERRORS[case]}")
    assert result.error == ERRORS[case]


@pytest.mark.skipif(MADE == KEPT, reason="NOT TESTED: the look inside the virtual machine (make zfs-test)")
def test_the_look_in_the_machine_itself_read_the_same(look) -> None:
    for case in (*HEALTH, "none"):
        inside = json.loads(text(case, "look"))["readings"]
        assert {name: (state, reason) for name, _, state, reason in inside} == readings(look(case)), case
    assert {case: json.loads(text(case, "look"))["error"] for case in ERRORS} == ERRORS


def test_what_was_made_is_kept_where_that_is_wanted() -> None:
    if recordings.wanted() and MADE != KEPT:
        for path in MADE.glob("*.*"):
            if path.suffix != ".look" and path.read_text("utf-8").strip() not in ("", "0"):
                shutil.copy(path, KEPT / path.name)
    assert any(KEPT.glob("*.status"))
