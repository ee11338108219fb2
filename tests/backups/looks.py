"""Looks with backup checks, again and again, written down as recordings where ROUNDSEAL_RECORD is set."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import recordings

from agent.sources.backup import open_backups
from agent.sources.means import Means
from agent.sources.memory import Transient
from checks import registry
from checks.api import ObservationError, Seen, worst
from checks.codec import from_json, to_json

SETTLED_MS = 5_000


@dataclass
class Looker:
    """Looks with one check again and again, remembering what it remembers."""

    check_id: str
    params: dict[str, Any]
    kept: dict[str, Any] = field(default_factory=dict)
    late_ms: int = 0

    def look(self, **more: Any) -> "Looked":
        """Observe and judge."""
        check = registry.get(self.check_id)
        params = from_json(check.params, {**self.params, **more}, "params")
        now = time.time_ns() // 1_000_000
        # As if nothing had been written in the last seconds: that is read again whatever is remembered.
        facts = check.observe(open_backups(Transient(self.kept), Means(), now + SETTLED_MS), params)
        assert from_json(check.facts, to_json(facts), "facts") == facts
        now += self.late_ms
        return Looked(facts, list(check.judge(Seen(facts, now), params)), now, self.check_id, params)

    def fails(self, **more: Any) -> ObservationError:
        """The error of a look that fails."""
        with pytest.raises(ObservationError) as caught:
            self.look(**more)
        given = {"params": {**self.params, **more}, "error": str(caught.value.kind)}
        recordings.keep(
            self.check_id, f"unknown_{caught.value.kind}", {**given, "expect": {"state": "unknown"}}
        )
        return caught.value


@dataclass
class Looked:
    """A look."""

    facts: Any
    readings: list[Any]
    taken_at: int
    check: str
    params: Any

    @property
    def state(self) -> str:
        """The worst state."""
        return str(worst(one.state for one in self.readings))

    def word(self, name: str) -> str:
        """`ok`, or the state and the reason: `crit gap`."""
        found = next(one for one in self.readings if one.name == name)
        return f"{found.state} {found.reason}".strip()

    def bad(self) -> dict[str, str]:
        """Every verdict that is not good, without the grades."""
        return {
            one.name: f"{one.state} {one.reason}".strip()
            for one in self.readings
            if str(one.state) != "ok" and not one.name.endswith(":level")
        }

    def kept(self, name: str) -> "Looked":
        """Itself; written down as a recording where ROUNDSEAL_RECORD is set."""
        params = to_json(self.params)
        params["path"] = "/backup/" + params["path"].rpartition("/")[2]
        value = {"params": params, "facts": to_json(self.facts), "taken_at": self.taken_at}
        recordings.keep(self.check, name, {**value, "expect": recordings.expected(self.readings)})
        return self


@pytest.fixture
def looker() -> Callable[..., Looker]:
    """`looker("backup.wal", path=…)`."""
    return lambda check_id, **params: Looker(
        check_id, {k: str(v) if isinstance(v, Path) else v for k, v in params.items()}
    )
