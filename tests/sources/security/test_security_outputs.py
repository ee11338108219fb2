"""Outputs of programs that are not on every machine, and of those that are."""

import shutil
import subprocess
from collections import namedtuple
from pathlib import Path

import pytest

from agent.sources import (
    host_security_jobs,
    host_security_patches,
    host_security_programs,
    host_security_sensors,
)
from agent.sources.host import open_host
from agent.sources.memory import Transient

# Written after the programs' own manuals, not taken from a machine.
DNF = """
NetworkManager.x86_64                1:1.48.10-5.el9_5          baseos
bash.x86_64                          5.1.8-9.el9                baseos
python3-a-name-that-is-longer.noarch 3.9.21-1.el9_5             appstream
Obsoleting Packages
grub2-tools.x86_64                   1:2.06-94.el9              baseos
"""
ADVISORIES = """RHSA-2026:1111 Important/Sec. NetworkManager-1:1.48.10-5.el9_5.x86_64
FEDORA-2026-1 Moderate/Sec.  bash-5.1.8-9.el9.x86_64
FEDORA-2026-2 bugfix         tar-1.34-7.el9.x86_64
"""
ADVISORIES_5 = """Name            Type     Severity  Package                          Issued
FEDORA-2026-3   security Important bash-5.2.37-1.fc42.x86_64   2026-10-01 00:22:11
"""
ZYPPER = """<?xml version='1.0'?>
<stream>
<update-status version="0.6">
<update-list>
<update kind="package" name="bash" edition="5.2-1" arch="x86_64"><summary>a</summary></update>
<update name="openSUSE-2026-7" edition="1" kind="patch" category="security"><summary>b</summary></update>
</update-list>
</update-status>
</stream>
"""


def test_updates_of_dnf_end_where_obsolete_packages_begin():
    assert host_security_patches.read_rpm(DNF) == ["NetworkManager", "bash", "python3-a-name-that-is-longer"]
    assert host_security_patches.read_rpm("") == []


def test_security_advisories_of_dnf_4_and_5_name_their_packages():
    assert host_security_patches.read_advisories(ADVISORIES) == ["NetworkManager", "bash"]
    assert host_security_patches.read_advisories(ADVISORIES_5) == ["bash"]


def test_zypper_answers_in_xml_or_not_at_all():
    assert host_security_patches.read_zypper(ZYPPER) == ["bash", "openSUSE-2026-7"]
    with pytest.raises(ValueError):
        host_security_patches.read_zypper("Loading repository data...")


def test_apt_s_own_dry_run_is_read_line_for_line():
    if shutil.which("apt-get") is None:
        pytest.skip("NOT TESTED: this machine has no apt")
    words = ["apt-get", "-s", "-o", "Debug::NoLocking=1", "--with-new-pkgs", "upgrade"]
    output = subprocess.run(
        words, capture_output=True, text=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    )
    outstanding, security = host_security_patches.read_apt(output.stdout)
    lines = [
        line for line in output.stdout.splitlines() if line.startswith("Inst ") and " [" in line.split("(")[0]
    ]
    assert len(outstanding) == len(lines)
    assert set(security) <= set(outstanding)


APT = """Inst libssl3 [3.0.19-1~deb12u2] (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64])
Inst bash [5.2.15-2+b8] (5.2.15-2+b13 Debian:12.15/oldstable [amd64])
Inst linux-image-6.1.0-41-amd64 (6.1.158-1 Debian-Security:12/oldstable-security [amd64])
Conf libssl3 (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64])
"""


def test_a_new_kernel_package_is_counted_through_the_one_that_wants_it():
    assert host_security_patches.read_apt(APT) == (["libssl3", "bash"], ["libssl3"])


def test_the_date_of_the_newest_index_is_the_age_of_the_metadata(tmp_path: Path):
    lists = tmp_path / "Debian_InRelease"
    lists.write_text(
        "-----BEGIN PGP SIGNED MESSAGE-----\n\nOrigin: Debian\nDate: Sat, 16 May 2026 09:31:07 UTC\n"
    )
    assert host_security_patches._release_at(str(lists)) == 1_778_923_867_000
    lists.write_text("Date: nonsense\n")
    assert host_security_patches._release_at(str(lists)) is None
    assert host_security_patches._release_at(str(tmp_path / "none")) is None


def test_a_machine_without_a_known_package_tool_is_unsupported(tmp_path: Path):
    from checks.api import ErrorKind, ObservationError

    with pytest.raises(ObservationError) as caught:
        open_host(Transient(), tmp_path).security().patches()
    assert caught.value.kind is ErrorKind.UNSUPPORTED


AUDIT = "enabled 2\nfailure 1\npid 812\nlost 7\nbacklog 0\nloginuid_immutable 0 unlocked\n"


def test_audit_says_on_locked_and_how_much_was_lost():
    found = host_security_programs.read_audit(True, AUDIT, "-w /etc/passwd -p wa\n-a never,task\n", None)
    assert (found.enabled, found.rules, found.lost, found.trouble) == (2, 2, 7, "")
    none = host_security_programs.read_audit(False, AUDIT, "No rules\n", None)
    assert none.rules == 0
    assert host_security_programs.read_audit(False, "", "", None).trouble == "unreadable"


TIMERS = """Id=a.timer
Unit=a.service
NextElapseUSecRealtime=Sun 2026-11-22 00:00:00 UTC
LastTriggerUSec=Sat 2026-11-21 00:00:04 UTC

Unit=b.service
Id=b.timer
NextElapseUSecRealtime=
LastTriggerUSec=n/a
"""
SERVICES = """Id=a.service
Result=exit-code
ExecMainStatus=3
ExecMainExitTimestamp=Sat 2026-11-21 00:00:06 UTC

Id=b.service
Result=success
ExecMainStatus=0
ExecMainExitTimestamp=
"""


def test_a_timer_s_result_is_that_of_its_unit_and_none_before_it_ran():
    a, b = host_security_jobs.read_timers(TIMERS, SERVICES)
    assert (a.timer, a.result, a.exit, a.last_at) == ("a.timer", "exit-code", 3, 1_795_219_204_000)
    assert (b.result, b.exit, b.last_at, b.next_at) == ("", None, None, None)
    assert host_security_jobs.read_timers("", "") == ()


Chip = namedtuple("Chip", "label current high critical")
Fan = namedtuple("Fan", "label current")


def test_sensors_that_share_a_name_are_told_apart_and_a_chip_without_limits_has_none():
    chips = {"nvme": [Chip("Composite", 38.85, 81.85, 84.85), Chip("Composite", 40.0, 65261.85, None)]}
    found = host_security_sensors.read(chips, {"dell": [Fan("", 2100)]})
    assert [(one.name, one.value, one.high) for one in found.temperatures] == [
        ("nvme/Composite", 38850, 81850),
        ("nvme/Composite#2", 40000, None),
    ]
    assert [(one.name, one.value) for one in found.fans] == [("dell", 2100)]
    assert (
        host_security_sensors.read({"x": [Chip("", float("nan"), None, 0.0)]}, {}).temperatures[0].value
        is None
    )
