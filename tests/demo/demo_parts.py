"""What every part of the demonstration estate is: a real program that can be harmed and healed.

A part says which assets it stands for and what is looked at on them even where its program is missing: such
assets stay in the estate, and the record has to say that they were not inspected.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field

PATHS = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/lib/nut"))
PROBER = "probe-01"  # the agent that looks at everything from beside
HOST = "app-01"  # the agent on the machine itself
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class Cannot(Exception):
    """A part cannot be started or harmed here; its message says why."""


def until(condition, seconds=180.0, what="this", every=0.05):
    """What `condition` gives, as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() >= end:
            raise Cannot(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(every)
    return found


def free_port(kind=socket.SOCK_STREAM):
    """A port of 127.0.0.1 that nobody has now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    """Whether somebody accepts connections there."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def program(name):
    """Path of a program; None where it is not installed."""
    return shutil.which(name, path=PATHS)


def as_user(place, *names):
    """The words that make a command run as one of these users, who then owns `place`; none if not root."""
    if os.geteuid():
        return []
    owner = next(one for one in map(_known, (*names, "nobody")) if one is not None)
    os.chown(place, owner.pw_uid, owner.pw_gid)
    return ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]


def _known(name):
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


@dataclass
class Asset:
    """An asset of the estate: `given` are its further keys, `checks` what a round looks at on it."""

    id: str
    kind: str
    given: dict
    checks: list
    params: dict = field(default_factory=dict)

    def estate(self):
        """Its entry in the estate file."""
        return {"id": self.id, "kind": self.kind, **self.given, "params": self.params}


class Part:
    """A real part. `programs`: what must be installed; `names`: what faults.yaml may write as {name}."""

    name = ""
    programs = ()
    needs_root = False
    exclusive = True  # at most one of its faults at a time

    def __init__(self, place):
        self.place = place / self.name
        self.place.mkdir()
        self.place.chmod(0o755)
        self.names = {}
        self.running = {}

    def missing(self):
        """What is not here; empty where the part can be started."""
        lacks = [one for one in self.programs if program(one) is None]
        return [*lacks, *(["the right to do this as root"] if self.needs_root and os.geteuid() else [])]

    def assets(self):
        """Its assets, started or not."""
        raise NotImplementedError

    def secrets(self):
        """Secrets of the agents by name."""
        return {}

    def start(self):
        """Start it; it answers when this returns."""

    def stop(self):
        """Stop whatever runs of it."""
        for name in list(self.running):
            self.end(name)

    def tick(self):
        """Called before a round: what moves by itself on a real part moves on."""

    def prepare(self, site):
        """Approvals that a person gives once (keys, baselines); called when the agents are enrolled."""

    # processes

    def run(self, name, words, port=None, ready=None, **more):
        """A program of this part, until it is ended."""
        given = {**QUIET, "start_new_session": True, "cwd": self.place, **more}
        with (self.place / f"{name}.out").open("ab") as out:
            given.update(stdout=out, stderr=out)
            process = subprocess.Popen([str(word) for word in words], **given)
        self.running[name] = process
        if port is not None:
            ready = lambda: listens(port)  # noqa: E731
        if ready is not None:
            until(lambda: process.poll() is not None or ready(), 120, f"{self.name}/{name}")
            if process.poll() is not None:
                raise Cannot(f"{self.name}/{name} ended: {self.said(name)}")
        return process

    def said(self, name):
        """The end of what a program printed."""
        return (self.place / f"{name}.out").read_text(errors="replace")[-500:]

    def end(self, name, seconds=60):
        """End a program of this part, whatever state it is in."""
        process = self.running.pop(name)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGCONT)  # one that is paused does not hear the next
            os.killpg(process.pid, signal.SIGTERM)  # some are started by a program that waits for them
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(60)

    def signal(self, name, number):
        """Send a signal to a program of this part, its children included."""
        os.killpg(self.running[name].pid, number)
