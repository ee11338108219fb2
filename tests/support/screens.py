"""A device's command line as somebody recorded it: screens in place of the source ssh."""

from collections.abc import Sequence
from typing import Any

from checks.remote import Screen


class Scripted:
    """A device's screens as somebody recorded them."""

    def __init__(self, *screens: Screen) -> None:
        self.screens = screens

    def shell(self, _to: Any, _platform: str, commands: Sequence[str], **_: Any) -> tuple[Screen, ...]:
        assert len(commands) >= len(self.screens)
        return self.screens


def screen(text: str, *, cut: bool = False, trouble: str = "") -> Screen:
    return Screen("", text, cut, trouble)
