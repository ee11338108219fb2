"""`fingerprint take|sandwich --product mariadb`: what the job that dumps MySQL or MariaDB calls."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from agent.errors import AgentError
from agent.fingerprints import mariadb
from agent.fingerprints.login import Login
from agent.fingerprints.mariadb import Server
from agent.fingerprints.take import Pace, now_ms
from agent.fingerprints.wrap import Before, beside, called, measured, write
from agent.secrets import Secrets
from agent.sources.backup_tools import LocalTools
from checks.api import ObservationError
from checks.artefacts.fingerprint import Fingerprint, dump

KINDS = ("mariadb", "mysql")


@dataclass(frozen=True, slots=True)
class Wish:
    """How it is to be taken. `options`: of the job's dump, where they change the text of rows; `lock`: nobody
    writes while the command makes its dump. `state`: directory of secrets.yaml."""

    login: Login
    pace: Pace
    options: tuple[str, ...]
    lock: bool
    state: Path

    def server(self) -> Server:
        """How the client reaches it: a host that begins with a slash is its socket."""
        login = self.login
        with _told():
            secret = Secrets(self.state).get(login.secret) if login.secret else {}
        socket = login.host if login.host.startswith("/") else ""
        try:
            return Server(
                user=login.user or secret.get("user", ""),
                password=secret.get("password", ""),
                socket=socket,
                host="" if socket else login.host or "localhost",
                port=login.port or 3306,
                options=("--default-character-set=utf8mb4", *self.options),
            )
        except ValueError as problem:
            raise AgentError("bad_param", str(problem)) from None


class _Paced:
    """What the client writes, read as fast as is wanted: the pipe holds it back, and the server with it. The
    server ends a client that takes nothing for so long as its `net_write_timeout`: in a pause one block is
    read in every third of that."""

    def __init__(self, stream: BinaryIO, pace: Pace, patience_s: float) -> None:
        self._stream, self._pace, self._most_s = stream, pace, patience_s / 3

    def read(self, size: int) -> bytes:
        """As of a file."""
        self._pace.left_ms()
        block = self._stream.read(size)
        self._pace.after(len(block), self._most_s)
        return block


def alone(wish: Wish) -> Fingerprint:
    """A fingerprint of one instant of its own."""
    server = wish.server()
    with _told():
        patience_s = mariadb.patience(LocalTools(), server) if wish.pace.pause else 0

    def paced(stream: BinaryIO) -> BinaryIO:
        return cast(BinaryIO, _Paced(stream, wish.pace, patience_s))

    with _told():
        return mariadb.take(LocalTools(), server, wish.login.database, now_ms, paced)


def before(wish: Wish) -> Before:
    """The first half of a sandwich."""
    return Before(alone(wish), {})


def after(wish: Wish, artefact: Path, held: Before) -> Fingerprint:
    """Take the second half, and put what both agree on beside the artefact."""
    first = held.fingerprint
    if first.kind not in KINDS or first.database != wish.login.database:
        raise AgentError("wrong_source", f"the first one is of {first.kind} {first.database}")
    return _kept(mariadb.between(held.fingerprint, alone(wish)), artefact)


def around(wish: Wish, artefact: Path, command: Sequence[str]) -> Fingerprint:
    """Fingerprints before and after somebody else's dump; with `lock` one, while nobody may write."""
    if not wish.lock:
        first = before(wish)
        called(command, os.environ, wish.pace)
        return after(wish, artefact, first)
    with _told(), mariadb.locked(LocalTools(), wish.server()):
        made = alone(wish)
        called(command, os.environ, wish.pace)
    return _kept(made, artefact)


def _kept(made: Fingerprint, artefact: Path) -> Fingerprint:
    if not os.path.lexists(artefact):
        raise AgentError("no_file", f"{artefact} is not there")
    made = replace(made, artefact=measured(artefact, artefact.name))
    write(beside(artefact), dump(made))
    return made


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What a source would sign as "could not look" ends a command."""
    try:
        yield
    except ObservationError as problem:
        raise AgentError(problem.kind.value, problem.detail) from None
