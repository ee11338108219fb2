"""The /proc and /sys of other machines: recorded, empty, cut short, of older kernels."""

import os
from pathlib import Path

import pytest

from agent.sources.host import open_host
from agent.sources.host_proc import Tree
from agent.sources.memory import Transient
from checks.api import ErrorKind, ObservationError

# From a four-processor server (Linux 3.10, 2.6.32 for the disk lines of `old`).
STAT = """cpu  74608 2520 24433 1117073 6176 4054 0 120 0 0
cpu0 17841 684 6143 279270 1603 1200 0 30 0 0
cpu1 18300 620 6100 279300 1500 950 0 30 0 0
cpu2 19200 600 6100 279200 1500 950 0 30 0 0
cpu3 19267 616 6090 279303 1573 954 0 30 0 0
intr 8885917 17 0 0 0 0
ctxt 38014093
btime 1418183276
processes 26442
procs_running 2
"""
MEMINFO = """MemTotal:       15666184 kB
MemFree:          440324 kB
Buffers:         1020128 kB
Cached:         12007640 kB
SwapCached:            0 kB
Active:          6761276 kB
Inactive:        6532708 kB
Active(file):    4000000 kB
Inactive(file):  6000000 kB
Shmem:           1000000 kB
SwapTotal:       4194300 kB
SwapFree:        1048575 kB
SReclaimable:      45846 kB
"""


def machine(root: Path, **files: str) -> Path:
    given = {
        "proc/stat": STAT,
        "proc/meminfo": MEMINFO,
        "proc/vmstat": "nr_free_pages 110081\npswpin 1476\npswpout 35045\n",
        "proc/loadavg": "0.21 0.37 12.5 1/719 19737\n",
        "proc/uptime": "1234.5 4000.00\n",
        "proc/sys/kernel/random/boot_id": "6464c8bd-e70f-4c69-b7e2-87eacd350b96\n",
        **{name.replace("__", "/"): text for name, text in files.items()},
    }
    for name, text in given.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def kind_of(root: Path, look: str, *words: str) -> ErrorKind:
    with pytest.raises(ObservationError) as caught:
        getattr(open_host(Transient(), root), look)(*words)
    return caught.value.kind


@pytest.mark.parametrize(
    "available", ["", "MemAvailable: 12000000 kB\n", "MemAvailable: 0 kB\n", "MemAvailable: 99999999 kB\n"]
)
def test_memory_is_what_psutil_makes_of_it_whatever_the_kernel_says(tmp_path: Path, available: str) -> None:
    # Too much: a container that is shown its own total and the machine's available memory.
    root = machine(tmp_path, proc__meminfo=MEMINFO + available)
    found = open_host(Transient(), root).memory()
    there = Tree(root).psutil().virtual_memory()
    assert (found.total, found.available) == (there.total, there.available)
    assert 0 < found.available <= found.total == 15_666_184 * 1024


def test_the_boot_s_instant_is_psutil_s() -> None:
    assert open_host(Transient()).boot("").booted_at == int(Tree(Path("/")).psutil().boot_time()) * 1000


def test_an_absent_proc_is_unsupported(tmp_path: Path) -> None:
    for look in ("cpu", "memory", "mounts", "load", "disks"):
        assert kind_of(tmp_path, look) is ErrorKind.UNSUPPORTED, look
    assert kind_of(tmp_path, "links", "") is ErrorKind.UNSUPPORTED
    assert kind_of(tmp_path, "boot", "/mark") is ErrorKind.UNSUPPORTED


def test_empty_files_are_garbled_rather_than_zero(tmp_path: Path) -> None:
    root = machine(tmp_path, proc__stat="", proc__meminfo="", proc__loadavg="\n", proc__uptime="")
    assert kind_of(root, "load") is ErrorKind.GARBLED
    assert kind_of(root, "boot", "/mark") is ErrorKind.GARBLED
    assert kind_of(root, "cpu") is ErrorKind.GARBLED
    assert kind_of(root, "memory") is ErrorKind.GARBLED


def test_words_for_numbers_are_garbled(tmp_path: Path) -> None:
    root = machine(tmp_path, proc__loadavg="a b c\n", proc__stat="cpu  x y\ncpu0 1\nbtime soon\n")
    for look, words in (("load", ()), ("cpu", ()), ("boot", ("/mark",))):
        assert kind_of(root, look, *words) is ErrorKind.GARBLED


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything: covered where tests run as a user")
def test_a_file_that_may_not_be_read_is_denied(tmp_path: Path) -> None:
    root = machine(tmp_path)
    (root / "proc/loadavg").chmod(0)
    assert kind_of(root, "load") is ErrorKind.DENIED


def test_numbers_of_a_recorded_machine_are_read(tmp_path: Path) -> None:
    host = open_host(Transient(), machine(tmp_path))
    load = host.load()
    assert (load.one, load.five, load.fifteen, load.cores) == (21, 37, 1250, 4)
    span = host.cpu()
    assert span.after.user == 746080 and span.after.idle == 11170730 and span.after.steal == 1200
    assert span.cores == 4
    boot = host.boot("/var/lib/roundseal/planned-restart")
    assert (boot.booted_at, boot.uptime_ms, boot.previous_boot_id) == (1418183276000, 1234500, None)


def test_a_kernel_that_does_not_count_oom_kills_says_so(tmp_path: Path) -> None:
    memory = open_host(Transient(), machine(tmp_path)).memory()
    assert memory.oom_kills is None
    assert (memory.swap_total, memory.swap_free) == (4194300 * 1024, 1048575 * 1024)
    assert 0 < memory.available < memory.total == 15666184 * 1024


def test_oom_kills_are_compared_with_the_last_look(tmp_path: Path) -> None:
    host = open_host(Transient(), machine(tmp_path, proc__vmstat="nr_free_pages 1\noom_kill 3\n"))
    assert (host.memory().oom_kills, host.memory().oom_kills_before) == (3, 3)
    machine(tmp_path, proc__vmstat="oom_kill 5\n")
    memory = host.memory()
    assert (memory.oom_kills, memory.oom_kills_before) == (5, 3)


def test_a_touched_mark_is_seen_with_its_time(tmp_path: Path) -> None:
    root = machine(tmp_path)
    (root / "planned").touch()
    os.utime(root / "planned", (1418183000, 1418183000))
    assert open_host(Transient(), root).boot("/planned").marked_at == 1418183000000


def test_partitions_and_loop_devices_are_no_disks(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        proc__diskstats="   8       0 sda 25354637 34367663 1003346126 18492372 28444756 11134226 505697032"
        " 63877960 0 9653880 82621804\n"
        "   8       1 sda1 250 0 2000 36 0 0 0 0 0 36 36\n"
        "   7       0 loop0 1 0 0 0 0 0 0 0 0 0 0\n"
        " 253       0 dm-0 59910002 0 1003337218 46229572 39231014 0 505697032 1158557800 0"
        " 11325968 1206301256 12 36 509048 827\n",
        sys__block__sda__size="1",
        sys__block__loop0__size="1",
    )
    (root / "sys/block/dm-0").mkdir()
    disks = {disk.name: disk.after for disk in open_host(Transient(), root).disks().disks}
    assert sorted(disks) == ["dm-0", "sda"]
    assert (disks["sda"].reads, disks["sda"].busy_ms) == (25354637, 9653880)
    assert disks["sda"].read_bytes == 1003346126 * 512


NET = """Inter-|   Receive              |  Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier
  eth0: 68210035552 520993275 3 4 0 0 0 0 9315587528 43451486 5 6 0 0 0 0
docker0: 64910168 1065585 0 0 0 0 0 0 2681662018 1929779 0 0 0 0 0 0
"""


def test_links_are_read_with_what_the_kernel_does_not_say(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        proc__net__dev=NET,
        sys__class__net__eth0__flags="0x1003\n",
        sys__class__net__eth0__carrier="1\n",
        sys__class__net__eth0__speed="-1\n",
        sys__class__net__eth0__duplex="full\n",
        sys__class__net__eth0__device__vendor="0x1af4\n",
        sys__class__net__docker0__flags="0x1002\n",
    )
    memory = Transient()
    span = open_host(memory, root).links(["docker0"])
    assert span.elapsed_ms == 1234500, "the first look spans all time since boot"
    docker, eth = span.links
    assert (eth.physical, eth.enabled, eth.carrier, eth.speed_mbit, eth.full_duplex) == (
        True,
        True,
        True,
        None,
        True,
    )
    assert (eth.before, eth.after.errors_in, eth.after.drops_out) == (None, 3, 6)
    assert eth.after.carrier_changes is None
    assert (docker.physical, docker.enabled, docker.carrier) == (False, False, False)
    again = open_host(memory, root).links(["docker0"])
    assert again.links[1].before == eth.after
    assert again.elapsed_ms < 60_000
    assert [link.name for link in open_host(memory, root).links([]).links] == ["eth0"]
