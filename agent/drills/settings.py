"""agent.yaml, `drills:`: where drills happen, under whom, and how much they may take.

drills:
  directory: /var/lib/roundseal-drills    # default: STATE/drills/rooms
  user: roundseal-drill                   # a root agent drops to it; default: roundseal-drill, else a number
                                          # that no account and no process has
  quota_mb: 51200                         # of one drill, the copy of the artefact included
  reserve_mb: 1024                        # always left free on that file system
  programs: {postgres: [/opt/kingbase/Server/bin]}   # besides those found by themselves
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_USER = "roundseal-drill"
_UNUSED = range(60_706, 61_184)  # what neither accounts nor systemd's own users are given


@dataclass(frozen=True, slots=True)
class Drills:
    """How drills are done on this machine."""

    directory: str = ""
    user: str = ""
    quota_mb: int = 51_200
    reserve_mb: int = 1024
    jobs: int = 2
    programs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.directory and not self.directory.startswith("/"):
            raise ValueError("drills.directory: an absolute path is wanted")
        if not (1 <= self.quota_mb <= 1 << 30 and 0 <= self.reserve_mb <= 1 << 30 and 1 <= self.jobs <= 64):
            raise ValueError("drills: quota_mb from 1 on, reserve_mb from 0 on, jobs 1 to 64")
        if wrong := [one for many in self.programs.values() for one in many if not one.startswith("/")]:
            raise ValueError(f"drills.programs: {wrong[0]!r} is no absolute path")


@dataclass(frozen=True, slots=True)
class User:
    """Whom a drill runs as; never root."""

    name: str
    uid: int
    gid: int


def user_of(given: Drills) -> User:
    """A root agent drops to the configured user, any other runs as itself. StopError where there is none."""
    # Only where drills happen: every agent reads its settings.
    import pwd

    from agent.drills.errors import StopError

    if os.geteuid():
        name = next((one.pw_name for one in pwd.getpwall() if one.pw_uid == os.geteuid()), "drill")
        return User(name, os.geteuid(), os.getegid())
    try:
        found = pwd.getpwnam(given.user or _USER)
    except KeyError:
        if given.user:
            raise StopError("denied", f"no user {given.user}") from None
        return _unused()
    if not found.pw_uid:
        raise StopError("denied", f"{found.pw_name} is no unprivileged user")
    return User(found.pw_name, found.pw_uid, found.pw_gid)


def _unused() -> User:
    """A number of its own: other services that run as `nobody` could read a drill's memory, its passwords and
    what it restored through /proc."""
    import grp
    import pwd

    from agent.drills.errors import StopError

    taken = _running()
    for number in _UNUSED:
        if number not in taken and not _known(pwd.getpwuid, number) and not _known(grp.getgrgid, number):
            return User("drill", number, number)
    raise StopError("denied", f"no unprivileged user {_USER}")


def _known(ask: Callable[[int], object], number: int) -> bool:
    try:
        ask(number)
    except KeyError:
        return False
    return True


def _running() -> set[int]:
    """User numbers (real, effective, saved, of files) that processes here have."""
    found = set[int]()
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/status", "rb") as file:
                    row = next(line for line in file if line.startswith(b"Uid:"))
            except (OSError, StopIteration):
                continue  # it has just ended
            found.update(map(int, row.split()[1:]))
    return found
