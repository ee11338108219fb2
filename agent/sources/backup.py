"""The source of backup checks: places where backups lie, tools that read them."""

import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent.sources.backup_guard import Guard
from agent.sources.backup_local import LocalPlace
from agent.sources.backup_shelf import LocalShelf
from agent.sources.backup_tools import LocalTools
from agent.sources.means import Means
from agent.sources.memory import Memory
from agent.sources.sftp_wire import Wire
from checks.api import ErrorKind, ObservationError, Source
from checks.files import Where
from checks.places import Access, Place, Tools

if TYPE_CHECKING:
    from checks.drills import Drills


class BackupLooks:
    """Implements checks.places.Backups."""

    def __init__(self, memory: Memory, means: Means, now: int) -> None:
        self._memory = memory
        self._means = means
        self._now = now
        self.guard = Guard(time.monotonic() + 86_400)
        self._tools = LocalTools(self.guard)

    @contextmanager
    def place(self, at: Where) -> Iterator[Place]:
        """Where an artefact lies."""
        self.guard.tighten(getattr(at, "budget_s", 3600), at.timeout_ms / 1000)
        if not at.address:
            yield LocalPlace(self.guard)
            return
        self._means.allow(Source.SSH)
        from agent.sources.backup_sftp import sftp_place  # paramiko comes with it

        with sftp_place(at.login(), self._means, self.guard) as place:
            yield place

    @contextmanager
    def access(self, at: Where) -> Iterator[Access]:
        """Trying, where an artefact lies."""
        from agent.sources.backup_access import LocalAccess, SftpAccess

        if not at.address:
            yield LocalAccess(self.guard)
            return
        self._means.allow(Source.SSH)
        from agent.sources.backup_sftp import sftp_wire

        @contextmanager
        def enter(account: str) -> Iterator[Wire | None]:
            with ExitStack() as held:
                try:
                    login = replace(at.login(), secret=account)
                    self._means.secret(account)  # a missing one is no refusal
                    made = held.enter_context(sftp_wire(login, self._means, self.guard))
                except ObservationError as problem:
                    if problem.kind is not ErrorKind.DENIED or "login refused" not in problem.detail:
                        raise
                    made = None
                yield made

        yield SftpAccess(enter)

    def shelf(self, key: str) -> LocalShelf:
        """Files kept under this key."""
        made = LocalShelf(self._means.state, key)
        weakref.finalize(self, made.close)
        return made

    @property
    def tools(self) -> Tools:
        """Programs."""
        return self._tools

    def before(self, key: str, now: str) -> str | None:
        """What was remembered under this key at the last look; `now` takes its place."""
        held = self._memory.swap(key, now)
        return held if isinstance(held, str) else None

    def reader(self, name: str) -> Mapping[str, Any]:
        """A reader pack of reports by its name."""
        from agent.sources.backup_readers import reader

        return reader(name, self._means.state)

    def secret(self, name: str) -> Mapping[str, str]:
        """A credential by its name."""
        return self._means.secret(name)

    def drills(self) -> "Drills":
        """Restore drills, as agent.yaml allows them."""
        from agent.drills.drill import local_drills

        return local_drills(self, self._means.state)

    def now(self) -> int:
        """When this source was opened, UTC epoch milliseconds."""
        return self._now


def open_backups(memory: Memory, means: Means, now: int) -> BackupLooks:
    """The source."""
    return BackupLooks(memory, means, now)
