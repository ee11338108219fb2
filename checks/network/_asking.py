"""Several commands by SSH within one deadline."""

from collections.abc import Callable
from time import monotonic

from checks.api import ErrorKind, ObservationError
from checks.remote import Login, Ran, Ssh

Ask = Callable[[str], Ran]


def asker(ssh: Ssh, to: Login, timeout_ms: int) -> Ask:
    """What runs one command after another; ObservationError `timeout` once the time of all is over."""
    until = monotonic() + timeout_ms / 1000

    def ask(command: str) -> Ran:
        left = int((until - monotonic()) * 1000)
        if left <= 0:
            raise ObservationError(ErrorKind.TIMEOUT, to.name)
        return ssh.run(to, command, timeout_ms=left)

    return ask
