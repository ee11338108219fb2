"""Which channels there are: webhook and command of our own, all others by apprise (extra `notify`)."""

import warnings
from functools import cache
from importlib.util import find_spec
from typing import Any

from collector.notify.rules import ALIASES, CUSTOM, SECRET

OWN = frozenset({"json", "jsons", SECRET.removesuffix(":"), CUSTOM.removesuffix(":")})
NO_EXTRA = "needs the extra `notify` (apprise), which is not installed here; json, jsons and custom do not"


def missing(channel: str) -> str:
    """Whether this channel needs what is not installed here; "" where it does not."""
    return f"{channel} {NO_EXTRA}" if channel not in OWN and find_spec("apprise") is None else ""


def trouble(channel: str) -> str:
    """Why nothing can go out by this channel from here; "" where it can. It loads every channel there is: not
    for a server."""
    if channel in OWN or missing(channel):
        return missing(channel)
    return "" if ALIASES.get(channel, channel) in _known() else f"apprise knows no channel {channel}"


@cache
def _known() -> frozenset[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # what apprise imports is not ours
        from apprise.manager_plugins import NotificationManager

        manager: Any = NotificationManager
        return frozenset(str(name) for name in manager().schemas())
