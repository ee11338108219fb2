"""Credentials for other machines: STATE/secrets.yaml, which only this agent's user may read.

    core-switches: {community: …}
    snmp-ro: {user: ops, auth: sha256, auth_password: …, privacy: aes128, privacy_password: …}
    inspect: {user: inspect, key: /etc/roundseal/id_ed25519}
    ledger-db: {user: inspector, password: …}

A plan names a secret, never holds one; which keys a source wants is written on the source's page. The
file is read again when it has changed. Nothing of it is ever printed, logged or signed.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from agent.errors import AgentError
from agent.plain import plain_mapping
from agent.state import check_private
from checks.api import ErrorKind, ObservationError


class Secret(Mapping[str, str]):
    """The parts of one secret; printing it shows their names only."""

    __slots__ = ("_name", "_parts")

    def __init__(self, name: str, parts: Mapping[str, str]) -> None:
        self._name = name
        self._parts = dict(parts)

    def __getitem__(self, key: str) -> str:
        try:
            return self._parts[key]
        except KeyError:
            raise ObservationError(ErrorKind.DENIED, f"secret {self._name} has no {key}") from None

    def get(self, key: str, default: str = "") -> str:  # type: ignore[override]  # texts only
        """The part, or the default."""
        return self._parts.get(key, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def __repr__(self) -> str:
        return f"Secret({self._name!r}, {sorted(self._parts)})"


class Secrets:
    """secrets.yaml of one state directory; without a directory there are none."""

    def __init__(self, state: Path | None) -> None:
        self._path = None if state is None else state / "secrets.yaml"
        self._stamp: tuple[int, int] | None = None
        self._held: dict[str, Secret] = {}

    def get(self, name: str) -> Secret:
        """The secret of this name; ObservationError `denied` says what is missing and where to put it."""
        path = self._path
        try:
            if path is None:
                raise FileNotFoundError
            found = path.stat()
            if (found.st_mtime_ns, found.st_ino) != self._stamp:
                check_private(path)
                self._held = _read(path)
                self._stamp = (found.st_mtime_ns, found.st_ino)
        except FileNotFoundError:
            self._held, self._stamp = {}, None
        except (AgentError, OSError) as error:
            raise ObservationError(ErrorKind.DENIED, f"secrets.yaml: {error}") from None
        if name not in self._held:
            raise ObservationError(ErrorKind.DENIED, f"no secret {name!r} in {path or 'secrets.yaml'}")
        return self._held[name]


def count(path: Path) -> int:
    """How many secrets the file holds; AgentError or OSError where it cannot be read."""
    return len(_read(path))


def _read(path: Path) -> dict[str, Secret]:
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise AgentError("secrets", f"{path}: no UTF-8") from None
    given = plain_mapping(text, path, "secrets", quiet=True)
    made = {}
    for name, parts in given.items():
        if not isinstance(parts, dict) or not all(isinstance(part, str | int) for part in parts.values()):
            raise AgentError("secrets", f"{path}: {name}: parts with texts are wanted")
        made[name] = Secret(name, {key: str(part) for key, part in parts.items()})
    return made
