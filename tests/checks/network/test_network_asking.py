"""Several commands of one look keep one deadline together."""

import pytest

from checks.api import ErrorKind, ObservationError
from checks.network._asking import asker
from checks.remote import Login, Ran

TO = Login("10.0.0.1")


class Clocked:
    """Remembers how long each command was given."""

    def __init__(self) -> None:
        self.given: list[int] = []

    def run(self, _to: Login, _command: str, *, timeout_ms: int) -> Ran:
        self.given.append(timeout_ms)
        return Ran(0, "", "", cut=False, elapsed_us=0)


def test_what_one_command_took_the_next_one_has_not() -> None:
    ssh = Clocked()
    ask = asker(ssh, TO, 60_000)  # type: ignore[arg-type]
    for word in ("first", "second", "third"):
        ask(word)
    assert ssh.given == sorted(ssh.given, reverse=True) and 0 < ssh.given[-1] < 60_000


def test_nothing_is_asked_once_the_time_is_over() -> None:
    ssh = Clocked()
    with pytest.raises(ObservationError) as raised:
        asker(ssh, TO, 0)("late")  # type: ignore[arg-type]
    assert raised.value.kind is ErrorKind.TIMEOUT and not ssh.given
