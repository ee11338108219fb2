"""agent.yaml, `drills:`: where drills happen, under whom, and how much they may take.

drills:
  directory: /var/lib/roundseal-drills    # default: STATE/drills/rooms
  user: roundseal-drill                   # a root agent drops to it; default: roundseal-drill, else nobody
  quota_mb: 51200                         # of one drill, the copy of the artefact included
  reserve_mb: 1024                        # always left free on that file system
  programs: {postgres: [/opt/kingbase/Server/bin]}   # besides those found by themselves
"""

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.drills.errors import StopError

_USERS = ("roundseal-drill", "nobody")


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
    if os.geteuid():
        name = next((one.pw_name for one in pwd.getpwall() if one.pw_uid == os.geteuid()), "drill")
        return User(name, os.geteuid(), os.getegid())
    for name in (given.user,) if given.user else _USERS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if found.pw_uid:
            return User(found.pw_name, found.pw_uid, found.pw_gid)
    raise StopError("denied", f"no unprivileged user {given.user or _USERS[0]}")
