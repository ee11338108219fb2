"""How a database is reached by its own tools: no password stands on a command line or in a log.

The password comes from what libpq itself reads (PGPASSFILE, ~/.pgpass, a service file), or from secrets.yaml;
the latter is handed on in a file of mode 0600, in memory where there is such a file system, that is gone when
the program ends.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.errors import AgentError
from agent.secrets import Secrets
from checks.api import ErrorKind, ObservationError

_MEMORY = "/dev/shm"  # noqa: S108  # a killed agent leaves no password on a disk
_KEPT = ("PATH", "HOME", "TZ", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Tools:
    """Names of a product's programs."""

    kind: str
    shell: str
    dump: str
    dump_all: str


TOOLS = {
    "postgresql": Tools("postgresql", "psql", "pg_dump", "pg_dumpall"),
    "kingbase": Tools("kingbase", "ksql", "sys_dump", "sys_dumpall"),
}


@dataclass(frozen=True, slots=True)
class Login:
    """`secret`: a name in secrets.yaml with user and password ("" none). `programs`: directory of the tools
    ("" those on PATH)."""

    database: str
    host: str = ""
    port: int = 0
    user: str = ""
    service: str = ""
    secret: str = ""
    product: str = "postgresql"
    programs: str = ""

    @property
    def tools(self) -> Tools:
        """Names of the tools."""
        return TOOLS[self.product]

    def program(self, name: str) -> str:
        """Path or name of one of them."""
        return os.path.join(self.programs, name) if self.programs else name

    def words(self, user: str) -> list[str]:
        """Options of every tool that say where to connect; never ask for a password."""
        made = ["-w"]
        for option, value in (("-h", self.host), ("-p", str(self.port or "")), ("-U", user)):
            made += [option, value] if value else []
        return made

    @contextlib.contextmanager
    def environment(self, state: Path) -> Iterator[tuple[dict[str, str], str]]:
        """Environment of the tools, and the user to log in as ("" whatever they choose)."""
        made = {name: os.environ[name] for name in _KEPT if name in os.environ}
        made |= {
            name: value for name, value in os.environ.items() if name.startswith(("PG", "KINGBASE", "KB"))
        }
        made |= {"LC_ALL": "C.UTF-8", "PGCLIENTENCODING": "UTF8", "PGAPPNAME": "roundseal-fingerprint"}
        made.setdefault("PGCONNECT_TIMEOUT", "20")
        if self.service:
            made["PGSERVICE"] = self.service
        user, secret = self.user, self._secret(state)
        above = _MEMORY if os.access(_MEMORY, os.W_OK | os.X_OK) else None
        with tempfile.TemporaryDirectory(prefix="roundseal-", dir=above) as folder:
            if secret:
                user = user or secret.get("user", "")
                path = os.path.join(folder, "pass")
                password = secret.get("password", "").replace("\\", "\\\\").replace(":", "\\:")
                with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    file.write(f"*:*:*:*:{password}\n")
                made["PGPASSFILE"] = path
            yield made, user

    def _secret(self, state: Path) -> Mapping[str, str]:
        if not self.secret:
            return {}
        try:
            return Secrets(state).get(self.secret)
        except ObservationError as problem:
            if problem.kind is ErrorKind.DENIED:
                raise AgentError("denied", problem.detail) from None
            raise
