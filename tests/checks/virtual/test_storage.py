"""Storage programs: their outputs through the real host source, by programs of these names on PATH."""

import os

import pytest
from parts import loaded

from agent.sources import host_commands
from agent.sources.host import open_host
from agent.sources.memory import Transient
from checks import registry
from checks.api import ErrorKind, ObservationError, Seen
from checks.codec import from_json

outputs = loaded("checks/virtual/outputs.py")


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Put programs on PATH that print something: {name: [(word of its command line, output), …]}."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def add(name: str, *answers: tuple[str, object], exit_code: int = 0, shout: str = "") -> None:
        lines = ["#!/bin/sh", 'case "$*" in']
        for i, (word, said) in enumerate(answers):
            (tmp_path / f"{name}{i}").write_text(outputs.text(said))
            lines.append(f'  *"{word}"*) cat {tmp_path}/{name}{i};;')
        lines += ["esac", f"echo '{shout}' >&2", f"exit {exit_code}"]
        made = folder / name
        made.write_text("\n".join(lines) + "\n")
        made.chmod(0o755)

    return add


def look(check_id: str, **params: object) -> dict:
    check = registry.get(check_id)
    wanted = from_json(check.params, params, "params")
    facts = check.observe(open_host(Transient()), wanted)
    return {one.name: (one.state.value, one.reason) for one in check.judge(Seen(facts, 0), wanted)}


def test_md_tells_whole_rebuilding_degraded_and_inactive_arrays_apart(programs) -> None:
    programs("cat", ("mdstat", outputs.MDSTAT))
    found = look("virtual.md")
    assert found["md0:working"] == ("ok", "")
    assert found["md1:working"] == ("warn", "rebuilding")
    assert found["md2:working"] == ("crit", "degraded")
    assert found["md3:working"] == ("crit", "inactive")
    assert found["md4:working"] == ("ok", "")


def test_a_container_of_external_metadata_is_no_array(programs) -> None:
    container = "\nmd127 : inactive sdb[1](S) sda[0](S)\n      7932 blocks super external:imsm\n"
    programs("cat", ("mdstat", outputs.MDSTAT.split("\n\n")[0] + "\n" + container))
    assert list(look("virtual.md")) == ["md0:working"]


def test_no_array_at_all_is_unknown_and_too_few_are_critical(programs) -> None:
    programs("cat", ("mdstat", "Personalities :\nunused devices: <none>\n"))
    assert look("virtual.md")["arrays"][0] == "unknown"
    assert look("virtual.md", expected=1)["arrays"][0] == "crit"


def test_lvm_finds_missing_disks_and_pools_that_fill_up(programs) -> None:
    programs("vgs", ("", outputs.VGS))
    programs("lvs", ("", outputs.LVS))
    found = look("virtual.lvm")
    assert found["data:disks_missing"] == ("crit", "disks_missing")
    assert found["root:disks_missing"] == ("ok", "")
    assert found["data/mirror:health"] == ("crit", "volume_unhealthy")
    assert found["root/thin:data"] == ("warn", "nearly_full")
    assert found["root/thin:metadata"] == ("ok", "")


def test_multipath_counts_working_paths(programs) -> None:
    programs("multipath", ("-ll", outputs.MULTIPATH))
    found = look("virtual.multipath")
    assert found["mpatha:paths"] == ("warn", "paths_down")
    assert found["3600508b4000156d700012000000b0000:paths"] == ("crit", "paths_down")


def test_ceph_in_both_shapes_of_its_answer(programs) -> None:
    for shape in (outputs.CEPH, {**outputs.CEPH, "osdmap": {"osdmap": outputs.CEPH["osdmap"]}}):
        programs("ceph", ("-s", shape))
        found = look("virtual.ceph")
        assert found["health"] == ("warn", "health_warning")
        assert found["quorum"] == ("warn", "too_few")
        assert found["osds_up"] == ("warn", "too_few")
        assert found["used"] == ("crit", "nearly_full")


def test_zfs_pools_with_their_device_errors(programs) -> None:
    programs("zpool", ("list", outputs.ZPOOL_LIST), ("status", outputs.ZPOOL_STATUS))
    found = look("virtual.zfs")
    assert found["tank:health"] == ("crit", "degraded")
    assert found["tank:used"] == ("warn", "nearly_full")
    assert found["backup:health"] == ("warn", "device_errors")


def test_raid_controllers_by_storcli(programs) -> None:
    programs("storcli64", ("show", outputs.STORCLI))
    found = look("virtual.raid")
    assert found["c0:health"] == ("ok", "")
    assert found["c0 volume 1/1:health"][0] == "crit"
    assert found["c0 drive 252:1:health"] == ("warn", "rebuilding")
    assert found["c0 drive 252:2:health"][0] == "crit"
    assert found["c0 battery CVPM02:health"] == ("ok", "")


def test_raid_controllers_by_megacli(programs) -> None:
    programs("MegaCli64", ("-LDInfo", outputs.MEGACLI_VOLUMES), ("-PDList", outputs.MEGACLI_DRIVES))
    found = look("virtual.raid", tool="megacli")
    assert found["c0 volume 0:health"][0] == "crit"
    assert found["c0 drive 252:0:health"] == ("ok", "")
    assert found["c0 drive 252:1:health"] == ("warn", "device_errors")


@pytest.mark.parametrize(
    "said", ["", "[]", "{}", '{"report": 1}', '{"Controllers": [1, {}]}', "\0\0", "{" * 9999]
)
@pytest.mark.parametrize(
    ("check_id", "names"),
    [
        ("virtual.lvm", ("vgs", "lvs")),
        ("virtual.multipath", ("multipath",)),
        ("virtual.ceph", ("ceph",)),
        ("virtual.zfs", ("zpool",)),
        ("virtual.raid", ("storcli64",)),
        ("server.smart", ("smartctl",)),
    ],
)
def test_odd_output_is_an_error_or_unknown_and_never_fine(programs, check_id, names, said) -> None:
    for name in names:
        programs(name, ("", said))
    try:
        states = {state for state, _ in look(check_id).values()}
    except ObservationError as problem:
        states = {"unknown" if problem.kind is ErrorKind.GARBLED else problem.kind.value}
    assert "unknown" in states


def test_texts_in_any_bytes_are_printable_and_harmless(programs, tmp_path) -> None:
    """A pool named in another charset, with escapes of a terminal: facts and readings hold neither."""
    programs("zpool", ("list", "NAME\t1000\t100\tONLINE\n"), ("status", "  pool: NAME\n state: ONLINE\n"))
    listed = tmp_path / "zpool0"
    for name in ("数据".encode("gb18030"), b"\x1b[2J\x1b[31mtank\x07", b"\xff\xfe\x80"):
        listed.write_bytes(listed.read_bytes().replace(listed.read_bytes().split(b"\t")[0], name))
        for found in look("virtual.zfs"):
            assert found.isprintable() and found.endswith((":health", ":used")), found


def test_a_program_that_fails_says_why(programs) -> None:
    programs("multipath", exit_code=1, shout="multipath: must be root")
    with pytest.raises(ObservationError) as caught:
        look("virtual.multipath")
    assert caught.value.kind is ErrorKind.DENIED


def test_a_missing_program_is_unsupported(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(host_commands, "_PLACES", ())  # it may be installed here
    with pytest.raises(ObservationError) as caught:
        look("virtual.zfs")
    assert caught.value.kind is ErrorKind.UNSUPPORTED


def test_smart_of_each_drive_that_the_scan_names(programs) -> None:
    drives = {"devices": [{"name": "/dev/sda", "type": "sat"}, {"name": "/dev/bus/0", "type": "megaraid,3"}]}
    healthy = {"smart_status": {"passed": True}, "serial_number": "S1"}
    programs(
        "smartctl",
        ("--scan", drives),
        ("-d sat /dev/sda", healthy),
        ("-d megaraid,3 /dev/bus/0", {"smart_status": {"passed": False}}),
    )
    found = look("server.smart", expected=2)
    assert found["S1:health"] == ("ok", "")
    assert found["/dev/bus/0:megaraid,3:health"] == ("crit", "smart_failed")


def test_a_disk_that_the_kernel_renamed_is_the_same_one_in_the_readings(programs) -> None:
    """After a restart the kernel may count otherwise: a finding stays with its disk, not with a name."""

    def disk(device: str, **parts: object) -> tuple[str, dict[str, object]]:
        return f"-d sat {device}", {"model_name": "WDC  WD40", "smart_status": {"passed": True}, **parts}

    devices = [{"name": f"/dev/sd{letter}", "type": "sat"} for letter in "ab"]
    good, bad = {"serial_number": "S:1"}, {"serial_number": "S2", "smart_status": {"passed": False}}
    for first, second in ((good, bad), (bad, good)):
        programs(
            "smartctl",
            ("--scan", {"devices": devices}),
            disk("/dev/sda", **first),
            disk("/dev/sdb", **second),
        )
        found = look("server.smart", expected=2)
        assert found["WDC WD40 S 1:health"] == ("ok", "")
        assert found["WDC WD40 S2:health"] == ("crit", "smart_failed")
    assert "WDC WD40 S2:health" not in look("server.smart", expected=1, ignore=["S2"])


def test_disks_that_tell_the_same_serial_number_are_told_apart_by_their_device(programs) -> None:
    same = {"model_name": "LUN", "serial_number": "0", "smart_status": {"passed": True}}
    devices = [{"name": f"/dev/sd{letter}", "type": "sat"} for letter in "ab"]
    programs(
        "smartctl", ("--scan", {"devices": devices}), ("-d sat /dev/sda", same), ("-d sat /dev/sdb", same)
    )
    found = look("server.smart", expected=2)
    assert found["LUN 0 /dev/sda:health"] == found["LUN 0 /dev/sdb:health"] == ("ok", "")


def test_a_sata_disk_that_the_scan_lists_as_scsi_is_asked_by_the_program_s_own_choice(programs) -> None:
    """`smartctl --scan` opens nothing that it lists; with `-d scsi` a SATA disk tells no status."""
    programs(
        "smartctl",
        (
            "--scan",
            {"devices": [{"name": "/dev/sda", "info_name": "/dev/sda", "type": "scsi", "protocol": "SCSI"}]},
        ),
        ("-d auto /dev/sda", {"smart_status": {"passed": True}, "serial_number": "SN0001"}),
        ("-d scsi /dev/sda", {"serial_number": ""}),
    )
    assert look("server.smart", expected=1)["SN0001:health"] == ("ok", "")


class TestTheRunner:
    def test_only_what_the_table_holds_is_run(self) -> None:
        for name, words in (("rm", ()), ("md", ("x",)), ("smart.drive", ("sat", "/dev/sda; reboot"))):
            with pytest.raises(ObservationError) as caught:
                host_commands.command(name, words, 1000)
            assert caught.value.kind is ErrorKind.DENIED

    @pytest.mark.parametrize("word", ["-x", "/etc/passwd", "../../dev/sda", "/dev/sda\n", ""])
    def test_a_word_that_does_not_fit_is_denied(self, word: str) -> None:
        with pytest.raises(ObservationError) as caught:
            host_commands.argv_of("smart.drive", ("sat", word))
        assert caught.value.kind is ErrorKind.DENIED

    @pytest.mark.parametrize(
        "device", ["watchdog", "st0", "char/10:130", "disk/../watchdog", "shm/own", "sda1/x"]
    )
    def test_only_disks_and_controllers_are_opened_by_smartctl(self, device: str) -> None:
        """To open a watchdog arms it; a tape is wound back when it is closed."""
        with pytest.raises(ObservationError) as caught:
            host_commands.argv_of("smart.drive", ("scsi", f"/dev/{device}"))
        assert caught.value.kind is ErrorKind.DENIED

    @pytest.mark.parametrize("kind", ["jmb39x,0,s33,force", "jmb39x-q,1", "jms56x,0,force", "sat+jmb39x,0"])
    def test_a_way_to_ask_that_writes_to_the_disk_is_denied(self, kind: str) -> None:
        """smartctl(8): these pass their commands by writing to sector 33 to 62."""
        with pytest.raises(ObservationError) as caught:
            host_commands.argv_of("smart.drive", (kind, "/dev/sda"))
        assert caught.value.kind is ErrorKind.DENIED

    @pytest.mark.parametrize(
        ("kind", "device"),
        [
            *(("auto", "/dev/sda"), ("sat", "/dev/sdaa"), ("nvme", "/dev/nvme0"), ("nvme", "/dev/nvme12n1")),
            *(("sat+megaraid,4", "/dev/bus/0"), ("usbjmicron", "/dev/sdb"), ("areca,1", "/dev/sg2")),
            *(("cciss,2", "/dev/cciss/c0d0"), ("sssraid,0,1", "/dev/bsg/sssraid0"), ("cciss,0", "/dev/sg3")),
        ],
    )
    def test_what_a_scan_lists_is_asked(self, kind: str, device: str) -> None:
        assert host_commands.argv_of("smart.drive", (kind, device))[-2:] == (kind, device)

    def test_a_program_that_does_not_end_is_stopped(self) -> None:
        with pytest.raises(ObservationError) as caught:
            host_commands.run(("/bin/sleep", "600"), timeout_ms=200)
        assert caught.value.kind is ErrorKind.TIMEOUT

    def test_output_without_end_is_garbled(self) -> None:
        with pytest.raises(ObservationError) as caught:
            host_commands.run(("/bin/cat", "/dev/zero"), timeout_ms=60_000)
        assert caught.value.kind is ErrorKind.GARBLED

    def test_a_child_left_behind_delays_nothing(self) -> None:
        made = host_commands.run(("/bin/sh", "-c", "sleep 600 & echo done"), timeout_ms=60_000)
        assert made.text == "done\n"

    def test_a_program_that_closes_its_pipes_before_it_ends_is_not_taken_for_failed(self) -> None:
        made = host_commands.run(
            ("/bin/sh", "-c", "echo done; exec >&- 2>&-; sleep 0.5; exit 3"), timeout_ms=60_000
        )
        assert (made.exit, made.text) == (3, "done\n")

    def test_a_program_that_closes_its_pipes_and_does_not_end_is_stopped(self) -> None:
        with pytest.raises(ObservationError) as caught:
            host_commands.run(("/bin/sh", "-c", "exec >&- 2>&-; sleep 600"), timeout_ms=300)
        assert caught.value.kind is ErrorKind.TIMEOUT

    def test_a_program_that_anybody_may_change_is_not_run(self, tmp_path, monkeypatch) -> None:
        (tmp_path / "zpool").write_text("#!/bin/sh\n")
        (tmp_path / "zpool").chmod(0o777)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(ObservationError) as caught:
            host_commands.command("zfs.status", (), 1000)
        assert caught.value.kind is ErrorKind.DENIED

    @pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: only root can give a program to another")
    @pytest.mark.parametrize(("owner", "group", "mode"), [(65534, 0, 0o755), (0, 65534, 0o775)])
    def test_root_runs_no_program_that_another_may_change(
        self, tmp_path, monkeypatch, owner: int, group: int, mode: int
    ) -> None:
        (tmp_path / "zpool").write_text("#!/bin/sh\n")
        os.chown(tmp_path / "zpool", owner, group)
        (tmp_path / "zpool").chmod(mode)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(ObservationError) as caught:
            host_commands.command("zfs.status", (), 1000)
        assert caught.value.kind is ErrorKind.DENIED

    def test_every_word_of_the_table_has_its_pattern(self) -> None:
        for name, command in host_commands.COMMANDS.items():
            assert command.argv.count("{}") == len(command.words), name


@pytest.mark.parametrize(
    ("check_id", "program", "said", "kind", "words"),
    [
        ("virtual.md", "cat", "cat: /proc/mdstat: No such file or directory", "unsupported", "md is not in"),
        (
            "virtual.domains",
            "virsh",
            "error: Failed to connect socket to '/run/libvirt/libvirt-sock-ro': No such file or directory",
            "unsupported",
            "libvirt is not running",
        ),
        (
            "virtual.pools",
            "virsh",
            "error: Failed to connect socket to '/run/libvirt/virtqemud-sock': Connection refused",
            "refused",
            "Connection refused",
        ),
        ("virtual.pools", "virsh", "error: internal error", "garbled", "internal error"),
    ],
)
def test_what_is_not_there_is_unsupported_rather_than_garbled(
    programs, check_id: str, program: str, said: str, kind: str, words: str
) -> None:
    programs(program, exit_code=1, shout=said.replace("'", "'\"'\"'"))
    check = registry.get(check_id)
    with pytest.raises(ObservationError, match=words) as caught:
        check.observe(open_host(Transient()), check.params())
    assert caught.value.kind == kind
