"""Which channels there are: webhook and command of our own, all others by apprise (extra `notify`)."""

from functools import cache
from importlib.util import find_spec
from typing import Any

from collector.notify.rules import ALIASES, CUSTOM, SECRET

OWN = frozenset({"json", "jsons", SECRET.removesuffix(":"), CUSTOM.removesuffix(":")})
NO_EXTRA = "needs the extra `notify` (apprise), which is not installed here; json, jsons and custom do not"


def trouble(channel: str) -> str:
    """Why nothing can go out by this channel from here; "" where it can."""
    if channel in OWN:
        return ""
    if find_spec("apprise") is None:
        return f"{channel} {NO_EXTRA}"
    return "" if ALIASES.get(channel, channel) in _known() else f"apprise knows no channel {channel}"


@cache
def _known() -> frozenset[str]:
    from apprise.manager_plugins import NotificationManager

    manager: Any = NotificationManager
    return frozenset(str(name) for name in manager().schemas())
