"""The machine itself, with its own agent: a small file system, a program that must run, a log, files."""

import os
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta

from demo_certs import certificate
from demo_parts import HOST, Asset, Part

from agent.sources.host import open_host
from agent.sources.memory import Transient
from checks.security import files as configs

HOUR_S = 3600


class Machine(Part):
    """What the agent on this machine looks at."""

    name = "machine"
    programs = ("mount", "umount")
    agent = HOST

    def __init__(self, place):
        super().__init__(place)
        self.disk = self.place / "disk"
        self.log = self.place / "application.log"
        self.config = self.place / "application.conf"
        self.cert = self.place / "application.pem"
        self.stamp = self.place / "backup.done"
        self.marks = {}
        self.mounted = os.geteuid() == 0  # until it is tried
        self.names = {
            "disk": str(self.disk), "log": str(self.log), "config": str(self.config), "cert": str(self.cert),
        }  # fmt: skip

    def assets(self):
        # A shared machine has other people's loads, ports and programs: only what is ours is looked at.
        none = {"warn": None, "crit": None}
        params = {
            "host.filesystem": {"ignore_paths": ["*"], "required": [str(self.disk)]},
            "host.memory": {"used": {"warn": 98, "crit": 100}, "swap": none, "oom_kills": none},
            "host.processes": {
                "expected": [{"name": "worker", "pattern": self._mark(), "least": 1, "most": 1}],
                "zombies": none, "stuck": none,
            },
            "host.log": {"logs": [str(self.log)]},
            "host.jobs": {"ignore": ["*"], "stamps": [{"name": "backup", "path": str(self.stamp)}]},
            "security.files": {"paths": [str(self.config)], "baseline": self.marks},
            "security.certificates": {"paths": [str(self.cert)]},
        }  # fmt: skip
        if not self.mounted:
            del params["host.filesystem"]
        return [Asset(HOST, "server", {"agent": self.agent}, [*params], params)]

    def missing(self):
        # Without a file system of its own one thing less is looked at; the machine is here all the same.
        return []

    def _mark(self):
        return f"worker-of-{self.place.parent.name}"

    def start(self):
        self.disk.mkdir()
        self.mount_again()
        if not self.mounted:
            self.origin = "NOT MOUNTED: no file system of its own without the right to mount"
        self.log.write_text("started\n")
        self.config.write_text("workers = 4\n")
        self.config.chmod(0o644)
        self.write_certificate(400)
        self.stamp.write_text("done\n")
        self.work()
        source = open_host(Transient({}))
        params = configs.Params(paths=(str(self.config),))
        self.marks = configs.propose(configs.observe(source, params))

    def stop(self):
        super().stop()
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.disk)], check=False)
            self.mounted = False

    # faults

    def work(self):
        """The program that must run."""
        self.run("worker", ["sh", "-c", f"exec -a {self._mark()} sleep 100000"], executable="/bin/bash")

    def worker_dies(self):
        """It is killed."""
        self.signal("worker", signal.SIGKILL)
        self.running.pop("worker").wait(60)

    def disk_full(self):
        """Its file system has no room left."""
        with (self.disk / "fill").open("wb", buffering=0) as file:
            try:
                while file.write(bytes(1 << 16)):
                    pass
            except OSError:
                return

    def inodes_used_up(self):
        """Hundreds of small files: no more can be made."""
        place = self.disk / "many"
        place.mkdir()
        try:
            for at in range(1000):
                (place / str(at)).touch()
        except OSError:
            return

    def read_only(self):
        """It can only be read."""
        subprocess.run(["mount", "-o", "remount,ro", str(self.disk)], check=True)

    def disk_gone(self):
        """It is not mounted any more."""
        subprocess.run(["umount", "-l", str(self.disk)], check=True)

    def mount_again(self):
        """Its file system as it was."""
        words = ["mount", "-t", "tmpfs", "-o", "size=8m,nr_inodes=400,mode=755", "tmpfs", str(self.disk)]
        self.mounted = subprocess.run(words, capture_output=True, check=False).returncode == 0

    def writable(self):
        """It can be written again."""
        subprocess.run(["mount", "-o", "remount,rw", str(self.disk)], check=True)

    def empty_disk(self):
        """Room again."""
        subprocess.run(["rm", "-rf", str(self.disk / "fill"), str(self.disk / "many")], check=True)

    def _say(self, line, times):
        with self.log.open("a") as file:
            file.write(f"{line}\n" * times)

    def errors_logged(self):
        """Its application logs 150 errors."""
        self._say("request failed: error 500", 150)

    def logins_fail(self):
        """Somebody tries passwords."""
        self._say("sshd[1]: Failed password for root from 192.0.2.7", 8)

    def kernel_fault(self):
        """A disk answers no more."""
        self._say("kernel: blk_update_request: I/O error, dev sdb", 1)

    def quiet(self):
        """Nothing to undo: what was logged was logged."""

    def config_changed(self):
        """Somebody changes its configuration."""
        self.config.write_text("workers = 400\n")

    def config_open(self):
        """Anybody may change its configuration."""
        self.config.chmod(0o666)

    def config_back(self):
        """Configuration as approved."""
        self.config.write_text("workers = 4\n")
        self.config.chmod(0o644)

    def write_certificate(self, days):
        """A certificate for so many days."""
        now = datetime.now(UTC)
        pem, _ = certificate(
            "application.test", now - timedelta(days=30), now + timedelta(days=days, hours=1)
        )
        self.cert.write_bytes(pem)

    def certificate_expired(self):
        """Its certificate ran out yesterday."""
        self.write_certificate(-1)

    def certificate_renewed(self):
        """A good one."""
        self.write_certificate(400)

    def backup_late(self):
        """The night's backup did not end: the one before is 30 hours old."""
        then = time.time() - 30 * HOUR_S
        os.utime(self.stamp, (then, then))

    def backup_empty(self):
        """The backup's mark is empty."""
        self.stamp.write_text("")

    def backup_done(self):
        """It is done."""
        self.stamp.write_text("done\n")
