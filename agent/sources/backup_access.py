"""Trying what must be refused: as another account of this machine, or logged in to another by SFTP.

Real backups are only opened for reading, and one byte is read. What is overwritten and deleted is a canary, a
file of no bytes with the same owner and mode in the same directory. Here the agent puts it there, if it may
(it must be root for another's); on other machines `.roundseal-canary` must stand there already.
"""

import base64
import binascii
import contextlib
import fcntl
import hashlib
import os
import pwd
import re
import secrets as random
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from agent.sources.backup_guard import Guard
from agent.sources.sftp_wire import Wire
from checks.places import Attempts, Entry, LoginKey

Enter = Callable[[str], AbstractContextManager[Wire | None]]
Act = Callable[[bytes], object]
CANARY = ".roundseal-canary"
_KEY = re.compile(r"(?:^|\s)((?:ssh|ecdsa|sk)-[a-z0-9@.-]+) ([A-Za-z0-9+/=]+)")
_GETFLAGS = 0x80086601
_KEPT = 0x10 | 0x20  # immutable, append only
# Run as the other account, with nothing of the agent's: argv is the file and the canary.
_TRIAL = """
import os, sys
def tried(act):
    try:
        act()
    except PermissionError:
        return "refused"
    except FileNotFoundError:
        # A directory that may not be searched hides what is in it.
        return "missing"
    except OSError:
        return "unreadable"
    return "allowed"
def read():
    number = os.open(sys.argv[1], os.O_RDONLY | os.O_NONBLOCK)
    os.read(number, 1)
def overwrite():
    os.open(sys.argv[2], os.O_WRONLY | os.O_NONBLOCK)
print(tried(read), *(("missing", "missing") if not sys.argv[2] else
      (tried(overwrite), tried(lambda: os.unlink(sys.argv[2])))))
"""


class LocalAccess:
    """Implements checks.places.Access on this machine."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def attempts(self, account: str, file: Entry) -> Attempts:
        """As this account."""
        try:
            user = pwd.getpwnam(account)
        except KeyError:
            return Attempts("no_account", "no_account", "no_account")
        if user.pw_uid == 0:
            return Attempts("allowed", "allowed", "allowed")  # root is refused nothing
        target = file.path if file.kind == "file" else _first_below(file.path)
        with _canary(file) as canary:
            said = self._tried(user, target, canary)
        if len(said) != 3:
            return Attempts("no_tool", "no_tool", "no_tool")
        read, overwrite, delete = said
        if _kept(target):
            delete = overwrite = "refused"  # the kernel refuses it of everybody, whatever the canary says
        elif not canary:
            overwrite = delete = "no_baseline"
        return Attempts(read, overwrite, delete)

    def keys(self, user: str) -> Sequence[LoginKey] | None:
        """What lets in as this user."""
        try:
            home = pwd.getpwnam(user).pw_dir
        except KeyError:
            return None
        found: list[LoginKey] = []
        for name in ("authorized_keys", "authorized_keys2"):
            try:
                with self._guard.call():
                    text = Path(home, ".ssh", name).read_text("utf-8", "replace")
            except FileNotFoundError:
                continue
            except OSError:
                return None
            found += authorized(user, text)
        return found

    def listening(self) -> Sequence[int] | None:
        """TCP ports offered to others."""
        found: set[int] = set()
        for name in ("tcp", "tcp6"):
            try:
                lines = Path("/proc/net", name).read_text().splitlines()[1:]
            except FileNotFoundError:
                if name == "tcp":
                    return None
                continue  # a machine without IPv6
            except OSError:
                return None
            for line in lines:
                fields = line.split()
                address, _, port = fields[1].rpartition(":")
                if fields[3] == "0A" and not _loopback(address):
                    found.add(int(port, 16))
        return sorted(found)

    def _tried(self, user: pwd.struct_passwd, target: str, canary: str) -> list[str]:
        # This process's own Python may lie where the account may not go; any other will do.
        for program in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
            said = self._said(user, [program, "-I", "-S", "-c", _TRIAL, target, canary])
            if len(said) == 3:
                return said
        return []

    def _said(self, user: pwd.struct_passwd, words: list[str]) -> list[str]:
        as_other: dict[str, Any] = {}
        if os.geteuid() == 0:
            groups = os.getgrouplist(user.pw_name, user.pw_gid)
            as_other = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": groups}
        elif user.pw_uid != os.geteuid():
            words = ["/usr/bin/sudo", "-n", "-u", user.pw_name, "--", *words]
        patience = max(min(self._guard.left, self._guard.stall_s), 0.1)
        try:
            ran = subprocess.run(  # noqa: S603  # no shell, and a program of ours
                words,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                cwd="/",
                env={},
                check=False,
                timeout=patience,
                **as_other,
            )
        except (OSError, subprocess.SubprocessError):
            return []
        return ran.stdout.decode("ascii", "replace").split() if ran.returncode == 0 else []


def _first_below(folder: str) -> str:
    """A file of a directory artefact, for reading a byte of."""
    for top, _, names in os.walk(folder):
        if names:
            return f"{top}/{min(names)}"
    return folder


@contextlib.contextmanager
def _canary(like: Entry) -> Iterator[str]:
    """A file of no bytes beside a backup, with its owner and mode; "" where the agent may not put one."""
    path = f"{like.path.rpartition('/')[0]}/{CANARY}-{random.token_hex(6)}"
    try:
        _put(path, os.lstat(like.path))
    except OSError:
        yield ""
        return
    try:
        yield path
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)


def _put(path: str, like: os.stat_result) -> None:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        if (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(number, like.st_uid, like.st_gid)
        os.fchmod(number, like.st_mode & 0o666)
    except OSError:
        os.unlink(path)
        raise
    finally:
        os.close(number)


def _kept(path: str) -> bool:
    """Whether the file system itself keeps it: immutable or append-only."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        told = fcntl.ioctl(number, _GETFLAGS, struct.pack("l", 0))
        return bool(int(struct.unpack("l", told)[0]) & _KEPT)
    except OSError:
        return False
    finally:
        os.close(number)


def _loopback(address: str) -> bool:
    return address in ("0100007F", "00000000000000000000000001000000") or address.endswith("0100007F")


def authorized(user: str, text: str) -> Iterator[LoginKey]:
    """Keys of an authorized_keys file."""
    for line in text.splitlines():
        found = _KEY.search(line)
        if line.lstrip().startswith("#") or found is None:
            continue
        try:
            raw = base64.b64decode(found[2], validate=True)
        except (binascii.Error, ValueError):
            continue
        digest = base64.b64encode(hashlib.sha256(raw).digest()).decode().rstrip("=")
        options = line[: found.start(1)]
        yield LoginKey(user, found[1], f"SHA256:{digest}", "command=" in options or "restrict" in options)


class SftpAccess:
    """Implements checks.places.Access on another machine: accounts are names of secrets to log in with."""

    def __init__(self, enter: Enter) -> None:
        self._enter = enter

    def attempts(self, account: str, file: Entry) -> Attempts:
        """Logged in as the user of this secret."""
        raw = os.fsencode(file.path)
        canary = os.fsencode(f"{file.path.rpartition('/')[0]}/{CANARY}")
        with self._enter(account) as wire:
            if wire is None:
                # It may be locked out, or the secret is old: only who is let in and then refused proves it.
                return Attempts("denied", "denied", "denied")
            read = _answer(wire.tried_read, raw)
            there = _answer(wire.lstat, canary) == "allowed"
            overwrite = _answer(wire.tried_write, canary) if there else "no_baseline"
            delete = _answer(wire.tried_remove, canary) if there else "no_baseline"
        return Attempts(read, overwrite, delete)

    def keys(self, user: str) -> Sequence[LoginKey] | None:
        """Not told from here."""
        del user
        return None

    def listening(self) -> Sequence[int] | None:
        """Not told from here."""
        return None


def _answer(act: Act, path: bytes) -> str:
    try:
        act(path)
    except PermissionError:
        return "refused"
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "unreadable"
    return "allowed"
