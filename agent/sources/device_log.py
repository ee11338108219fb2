"""A device's own log: how many messages of which severity it holds that it did not hold at the last look."""

import re
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256

from agent.sources.memory import Memory
from checks.api import ErrorKind, ObservationError
from checks.device import LogNews

COMMANDS: Mapping[str, str] = {
    "huawei_vrp": "display logbuffer",
    "hp_comware": "display logbuffer",
    "ruijie_os": "show logging",
    "cisco_ios": "show logging",
}
_MOST = 4096  # messages looked at; of more the first and the last, whichever are the newest
# `%%01IFNET/4/LINK_STATE`, `IFNET/3/PHY_UPDOWN:`; `%LINEPROTO-5-UPDOWN:`
_MESSAGE = re.compile(
    r"%%\d\d\w[\w-]*/([0-7])/\w|[\s%][A-Z][A-Z0-9_-]*/([0-7])/[A-Z]|%[A-Z]\w*(?:-[A-Z0-9_]+)*?-([0-7])-[A-Z]"
)
# What the platforms show above the messages, even where there are none.
_HEAD = re.compile(r"log ?buffer|logging|syslog", re.IGNORECASE)


def news(text: str, memory: Memory, key: str) -> LogNews:
    """Compare with what was held at the last look, whatever the order; `garbled` where this is no log."""
    messages = [(line.strip(), _severity(line)) for line in text.split("\n")]
    told = [(line, level) for line, level in messages if level]
    told = told[: _MOST // 2] + told[_MOST // 2 :][-(_MOST // 2) :]
    if not told and not _HEAD.search(text):
        raise ObservationError(ErrorKind.GARBLED, "nothing in it looks like a device's log")
    marks = [sha256(line.encode("utf-8", "replace")).hexdigest()[:16] for line, _ in told]
    # The same line twice is two messages.
    before = memory.swap(key, {"marks": dict(Counter(marks))})
    old = before.get("marks") if isinstance(before, dict) else None
    if not isinstance(old, dict):
        return LogNews(True, False, len(told), 0, {}, sha256(b"").hexdigest())
    left = Counter({mark: count for mark, count in old.items() if isinstance(count, int)})
    lost = bool(left) and not any(mark in left for mark in marks)
    counts: Counter[str] = Counter()
    fresh = sha256()
    for (_, level), mark in zip(told, marks, strict=True):
        if left[mark] > 0:
            left[mark] -= 1
        else:
            counts[level] += 1
            fresh.update(mark.encode())
    return LogNews(False, lost, len(told), counts.total(), dict(sorted(counts.items())), fresh.hexdigest())


def _severity(line: str) -> str:
    found = _MESSAGE.search(" " + line)
    return next(one for one in found.groups() if one) if found else ""
