"""The few calls of the Linux kernel that Python 3.11 does not have: namespaces, mounts, prctl.

Run inside the cell as a plain file, so it imports nothing of ours.
"""

import ctypes
import os

NEWNS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND = 1, 2, 4, 8, 32, 4096
REC, PRIVATE, DETACH = 16384, 1 << 18, 2
_PDEATHSIG, _NO_NEW_PRIVS, _NOT_DUMPABLE = 1, 38, 4
# What statvfs says of a mount, and the mount flag that keeps it: a user namespace may not drop them.
_KEPT = {1: RDONLY, 2: NOSUID, 4: NODEV, 8: NOEXEC, 1024: 1024, 2048: 2048, 4096: 1 << 21}
_libc = ctypes.CDLL(None, use_errno=True)


def _checked(answer: int, what: str) -> None:
    if answer:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave namespaces; with NEWPID it is the next child that is in the new one."""
    _checked(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """mount(2)."""
    words = [os.fsencode(word) for word in (source, target, kind, options)]
    _checked(_libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3]), f"mount {target}")


def bind(source: str, target: str, flags: int) -> None:
    """Show a directory or file a second time, with these flags and those it already has."""
    mount(source, target, "", BIND | REC)
    held = os.statvfs(target).f_flag
    kept = sum(flag for bit, flag in _KEPT.items() if held & bit)
    mount("", target, "", BIND | REMOUNT | flags | kept)


def pivot(root: str) -> None:
    """`root` becomes the root, and the old one is gone."""
    os.mkdir(f"{root}/.old")
    _checked(_libc.pivot_root(os.fsencode(root), os.fsencode(f"{root}/.old")), "pivot_root")
    os.chdir("/")
    _checked(_libc.umount2(b"/.old", DETACH), "umount")
    os.rmdir("/.old")


def die_with_parent() -> None:
    """SIGKILL when the parent's thread ends."""
    _checked(_libc.prctl(_PDEATHSIG, 9, 0, 0, 0), "prctl")


def no_new_privileges() -> None:
    """No set-uid program raises this process or its children any more."""
    _checked(_libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")


def not_dumpable() -> None:
    """Nobody of the same user may trace this process or read its memory."""
    _checked(_libc.prctl(_NOT_DUMPABLE, 0, 0, 0, 0), "prctl")
