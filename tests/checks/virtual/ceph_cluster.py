"""A Ceph cluster of its own processes on loopback: monitors, a manager, stores in memory; cephx on."""

import json
import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ports import free_port

PROGRAMS = ("ceph", "ceph-mon", "ceph-mgr", "ceph-osd", "ceph-authtool", "monmaptool", "rados")
MONITORS, STORES = ("a", "b", "c"), ("0", "1", "2")
# The account that the check's page asks for, and one that may do nothing.
LEAST, NOBODY = "roundseal", "nobody"
_CAPS = {
    "mon.": ("mon", "allow *"),
    "client.admin": ("mon", "allow *", "osd", "allow *", "mgr", "allow *"),
    f"client.{LEAST}": ("mon", "allow r"),
    f"client.{NOBODY}": ("mds", "allow r"),
    "mgr.x": ("mon", "allow profile mgr", "osd", "allow *"),
    **{
        f"osd.{one}": ("mon", "allow profile osd", "mgr", "allow profile osd", "osd", "allow *")
        for one in STORES
    },
}
_RATIOS = {"nearfull": "0.85", "backfillfull": "0.9", "full": "0.95"}
# Short waits and small stores; nothing that `ceph -s` says depends on them but how soon.
_CONF = """\
[global]
fsid = {fsid}
mon host = {hosts}
keyring = {folder}/keyring
public addr = 127.0.0.1
cluster addr = 127.0.0.1
run dir = {folder}
crash dir = {folder}
admin socket = {folder}/$name.asok
log file = {folder}/$name.log
mon data = {folder}/mon.$id
mgr data = {folder}/mgr.$id
osd data = {folder}/osd.$id
osd objectstore = memstore
memstore device bytes = 67108864
osd pool default size = 2
osd pool default min size = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd heartbeat grace = 5
osd heartbeat interval = 1
mon osd min down reporters = 1
mon data avail warn = 1
mon data avail crit = 0
mon lease = 1
mon tick interval = 1
mon mgr beacon grace = 10
mon mgr mkfs grace = 1
mon pg stuck threshold = 5
mgr tick period = 1
mgr stats period = 1
mgr initial modules =
auth allow insecure global id reclaim = false
"""


def missing() -> list[str]:
    """Programs of Ceph that are not installed."""
    return [one for one in PROGRAMS if shutil.which(one) is None]


class Cluster:
    """`folder`: all that it has; its client's configuration is `conf`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.conf = folder, folder / "ceph.conf"
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.all = (
            *(f"mon.{one}" for one in MONITORS),
            "mgr.x",
            *(f"osd.{one}" for one in STORES),
        )
        ports = [free_port() for _ in MONITORS]
        self.fsid, self.addresses = str(uuid.uuid4()), [f"127.0.0.1:{port}" for port in ports]
        self.conf.write_text(
            _CONF.format(fsid=self.fsid, folder=folder, hosts=",".join(f"v2:{one}" for one in self.addresses))
        )

    def begin(self) -> None:
        """Found the cluster and wait until all of it is up."""
        keyring, monmap = str(self.folder / "keyring"), str(self.folder / "monmap")
        self._run("ceph-authtool", "--create-keyring", keyring)
        for name, caps in _CAPS.items():
            pairs = zip(caps[::2], caps[1::2], strict=True)
            words = [word for pair in pairs for word in ("--cap", *pair)]
            self._run("ceph-authtool", keyring, "--gen-key", "-n", name, *words)
        added = [
            word
            for name, at in zip(MONITORS, self.addresses, strict=True)
            for word in ("--addv", name, f"[v2:{at}]")
        ]
        self._run("monmaptool", "--create", "--fsid", self.fsid, *added, monmap)
        for name in MONITORS:
            self._run("ceph-mon", "--mkfs", "-i", name, "--monmap", monmap, "--keyring", keyring)
            self.start(f"mon.{name}")
        self.ceph("auth", "import", "-i", keyring)  # --mkfs took in the administrator only
        (self.folder / "mgr.x").mkdir()
        self.start("mgr.x")
        for name in STORES:
            own = str(uuid.uuid4())
            (self.folder / f"osd.{name}").mkdir()
            self.ceph("osd", "new", own)
            self._run("ceph-osd", "-i", name, "--mkfs", "--osd-uuid", own)
            self.start(f"osd.{name}")
        self.ceph("osd", "pool", "create", "files", "8")
        self.ceph("osd", "pool", "application", "enable", "files", "rados")

    def put(self, name: str, size: int) -> None:
        """An object of zeros in the pool."""
        (self.folder / "object").write_bytes(bytes(size))
        self._run("rados", "-p", "files", "put", name, str(self.folder / "object"))

    def start(self, name: str) -> None:
        """Start one of its daemons, e.g. `osd.0`."""
        kind, _, number = name.partition(".")
        with (self.folder / f"{name}.out").open("ab") as log:
            self.running[name] = subprocess.Popen(
                (f"ceph-{kind}", "-f", "-i", number, "-c", str(self.conf)), stdout=log, stderr=log
            )

    def stop(self, *names: str) -> None:
        """Switch daemons off: they say good-bye and keep what they hold."""
        self._end(signal.SIGTERM, names)

    def kill(self, *names: str) -> None:
        """End daemons at once; stores lose what they hold."""
        self._end(signal.SIGKILL, names)

    def _end(self, signum: int, names: tuple[str, ...]) -> None:
        for name in names:
            self.running[name].send_signal(signum)
        for name in names:
            self.running.pop(name).wait(120)

    def mend(self) -> None:
        """Everything runs, nothing is set or muted; wait until the cluster itself says so."""
        gone = [name for name in self.all if name not in self.running]
        for name in gone:
            self.start(name)
        if not gone and sound(json.loads(self.ceph("-s", "-f", "json"))):
            return
        for words in (
            ("osd", "unset", "noout"),
            *(("osd", f"set-{name}-ratio", full) for name, full in _RATIOS.items()),
            ("health", "unmute"),
        ):
            self.ceph(*words)
        self.until("health", sound)

    def ceph(self, *words: str) -> str:
        """What the administrator's client prints."""
        return self._run("ceph", "--connect-timeout", "60", *words)

    def until(self, what: str, true: Callable[[dict[str, Any]], Any], seconds: float = 180.0) -> bytes:
        """The bytes of `ceph -s -f json` as soon as what they say is `true`."""
        end = time.monotonic() + seconds
        while True:
            said = self.ceph("-s", "-f", "json")
            if true(json.loads(said)):
                return said.encode()
            assert time.monotonic() < end, f"waited in vain for {what}: {said}"

    def _run(self, program: str, *words: str) -> str:
        made = subprocess.run(
            (program, *words),
            env={**os.environ, "CEPH_CONF": str(self.conf)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert made.returncode == 0, (program, words, made.stderr)
        return made.stdout


def sound(said: dict[str, Any]) -> bool:
    """Whether the cluster's own client says that all is well, and its figures are there."""
    groups = [row["state_name"] for row in said["pgmap"]["pgs_by_state"]]
    return (
        said["health"] == {"status": "HEALTH_OK", "checks": {}, "mutes": []}
        and len(said["quorum_names"]) == len(MONITORS)
        and said["osdmap"]["num_up_osds"] == len(STORES)
        and said["mgrmap"]["available"]
        and groups == ["active+clean"]
    )


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster that has begun; all its daemons are gone afterwards."""
    made = Cluster(folder)
    try:
        made.begin()
        yield made
    finally:
        made.kill(*made.running)
