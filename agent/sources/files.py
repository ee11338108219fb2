"""The files source: this machine's own, or another one's by SFTP."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from agent.sources import files_states, host_logs
from agent.sources.files_store import Local, Store
from agent.sources.host_counts import Tally
from agent.sources.host_proc import looking
from agent.sources.means import Means
from agent.sources.memory import Memory
from checks.api import Source
from checks.files import Where
from checks.hardening import FileCertificate, FileState
from checks.sources import LogGrowth


class FileLooks:
    """Implements checks.files.Files; `memory` keeps how far each log was read."""

    def __init__(self, memory: Memory, means: Means) -> None:
        self._memory = memory
        self._means = means

    def grown(
        self, at: Where, log: str, patterns: Mapping[str, str], ignore: Sequence[str], most_bytes: int
    ) -> LogGrowth:
        """What was added to a log since the last look."""
        tally = Tally(patterns, ignore, most_bytes)
        with self._store(at) as store:
            found = host_logs.growth(log, log, self._memory, tally, store)
        return replace(found, trouble="garbled") if tally.garbled and not found.trouble else found

    def states(self, at: Where, paths: Sequence[str]) -> Sequence[FileState]:
        """Digest, mode and owner of files."""
        with self._store(at) as store:
            return files_states.states(store, paths)

    def certificates(self, at: Where, paths: Sequence[str]) -> Sequence[FileCertificate]:
        """The first certificate in each of these files."""
        with self._store(at) as store:
            return files_states.certificates(store, paths)

    @contextmanager
    def _store(self, at: Where) -> Iterator[Store]:
        if not at.address:
            with looking("files"):
                yield Local()
            return
        self._means.allow(Source.SSH)
        from agent.sources.files_sftp import sftp  # paramiko comes with it

        with sftp(at.login(), self._means, at.timeout_ms) as store:
            yield store


def open_files(memory: Memory, means: Means) -> FileLooks:
    """The source."""
    return FileLooks(memory, means)
