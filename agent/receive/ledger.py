"""What was received from whom: counts that only grow, so that a look that is lost takes nothing with it."""

import json
import os
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.receive.redact import redacted

MOST_SENDERS = 2048
MOST_WORDS = 100
MOST_HEARD = 5
RATE = 200  # messages a second of one sender, in the long run
BURST = 2000
OTHER = "other"
_TOTALS = ("limited", "garbled", "refused")


@dataclass(slots=True)
class Sender:
    """One sender's counts of one kind of message."""

    counts: dict[str, int] = field(default_factory=dict)
    limited: int = 0
    garbled: int = 0
    refused: int = 0
    last_at: int | None = None
    heard: deque[tuple[int, str, str]] = field(default_factory=lambda: deque(maxlen=MOST_HEARD))
    room: float = BURST
    filled: float = 0.0

    @property
    def messages(self) -> int:
        """All that it sent."""
        return sum(self.counts.values()) + self.limited + self.garbled + self.refused

    def may(self, now: float) -> bool:
        """Whether one more message is looked at; else it is counted as limited."""
        self.room = min(BURST, self.room + (now - self.filled) * RATE)
        self.filled = now
        if self.room < 1:
            self.limited += 1
            return False
        self.room -= 1
        return True

    def count(self, word: str, text: str) -> None:
        """A message of this severity or kind."""
        if word not in self.counts and len(self.counts) >= MOST_WORDS:
            word = OTHER
        self.counts[word] = self.counts.get(word, 0) + 1
        self.heard.append((_now(), word, redacted(text)))


class Ledger:
    """All senders since the start, which `run` tells from another; `known`: file of those asked for."""

    def __init__(self, known: Path) -> None:
        self.run = secrets.token_hex(8)
        self.started = time.monotonic()
        self.lost: dict[str, int] = {}
        self._senders: OrderedDict[tuple[str, str], Sender] = OrderedDict()
        self._gone = Sender()  # what senders sent that had to make room
        self._known = known
        self._asked = _read(known)

    def sender(self, what: str, address: str) -> Sender:
        """Its counts; the one longest silent that nobody asks for makes room."""
        key = (what, address)
        found = self._senders.get(key)
        if found is None:
            if len(self._senders) >= MOST_SENDERS:
                self._forget()
            found = self._senders[key] = Sender(filled=time.monotonic())
        self._senders.move_to_end(key)
        found.last_at = _now()
        return found

    def of(self, what: str, addresses: Iterable[str]) -> dict[str, Any]:
        """Counts of a sender that may use any of these addresses, as JSON; from now on it is no stranger."""
        made: dict[str, Any] = {"counts": {}, "heard": [], "last_at": None, **dict.fromkeys(_TOTALS, 0)}
        for address in addresses:
            self._ask(address)
            one = self._senders.get((what, address))
            if one is None:
                continue
            for word, count in one.counts.items():
                made["counts"][word] = made["counts"].get(word, 0) + count
            for name in _TOTALS:
                made[name] += getattr(one, name)
            made["heard"] = sorted([*made["heard"], *map(list, one.heard)])[-MOST_HEARD:]
            made["last_at"] = max(filter(None, (made["last_at"], one.last_at)), default=None)
        return {**self._head(), **made}

    def whole(self) -> dict[str, Any]:
        """All senders together, as JSON."""
        strangers = {address for _, address in self._senders} - self._asked
        everybody = [*self._senders.values(), self._gone]
        sent = sum(one.messages for (_, address), one in self._senders.items() if address in strangers)
        return {
            **self._head(),
            "senders": len({address for _, address in self._senders}),
            "messages": sum(one.messages for one in everybody),
            "strangers": len(strangers),
            "stranger_messages": sent + self._gone.messages,
            **{name: sum(getattr(one, name) for one in everybody) for name in _TOTALS},
        }

    def _head(self) -> dict[str, Any]:
        listening = int((time.monotonic() - self.started) * 1000)
        return {"run": self.run, "listening_ms": listening, "lost": sum(self.lost.values())}

    def _forget(self) -> None:
        spare = next((key for key in self._senders if key[1] not in self._asked), next(iter(self._senders)))
        gone = self._senders.pop(spare)
        self._gone.counts[OTHER] = self._gone.counts.get(OTHER, 0) + sum(gone.counts.values())
        for name in _TOTALS:
            setattr(self._gone, name, getattr(self._gone, name) + getattr(gone, name))

    def _ask(self, address: str) -> None:
        """Remember it over a restart: until its next look it would be a stranger."""
        if address in self._asked or len(self._asked) >= MOST_SENDERS:
            return
        self._asked.add(address)
        beside = self._known.with_name(self._known.name + ".part")
        try:
            beside.write_text(json.dumps(sorted(self._asked)), "utf-8")
            os.replace(beside, self._known)
        except OSError:  # a full disk: it is remembered until the restart
            return


def _now() -> int:
    return time.time_ns() // 1_000_000


def _read(known: Path) -> set[str]:
    try:
        found = json.loads(known.read_text("utf-8"))
    except (OSError, ValueError):
        return set()
    return {one for one in found if isinstance(one, str)} if isinstance(found, list) else set()
