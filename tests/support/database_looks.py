"""Looks at databases of the tests: how a server is reached, and what a look at it gave."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import recordings

from agent.settings import Settings
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.sql import open_sql
from checks import registry
from checks.api import ObservationError, Seen, worst
from checks.codec import from_json, to_json

PASSWORD = "not-a-real-Secret-7"  # of every account here


@dataclass
class Place:
    """A server, how it is reached, and what looks remember of it."""

    platform: str
    port: int
    state: Path
    database: str = ""
    queries: dict[str, str] = field(default_factory=dict)
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: Path | None = None

    def params(self, **more: Any) -> dict[str, Any]:
        """Connection parameters of a check, as JSON."""
        given = {"address": "127.0.0.1", "platform": self.platform, "port": self.port, "timeout_ms": 60_000}
        return {**given, **({"database": self.database} if self.database else {}), **more}

    def source(self, check_id: str = "") -> Any:
        """The source as the agent opens it."""
        kept = self.kept.setdefault(check_id, {})
        return open_sql(Transient(kept), Means(queries=self.queries, state=self.state))

    def look(self, check_id: str, **more: Any) -> "Looked":
        """Observe and judge."""
        check = registry.get(check_id)
        params = from_json(check.params, self.params(**more), "params")
        facts = check.observe(self.source(check_id), params)
        now = time.time_ns() // 1_000_000
        return Looked(facts, list(check.judge(Seen(facts, now), params)), now, check_id, params)

    def fails(self, check_id: str, **more: Any) -> ObservationError:
        """The error of a look that fails."""
        with pytest.raises(ObservationError) as caught:
            self.look(check_id, **more)
        assert PASSWORD not in str(caught.value)
        recordings.keep(check_id, f"unknown_{caught.value.kind}", {
            "params": self.params(**more), "error": str(caught.value.kind), "expect": {"state": "unknown"},
        })  # fmt: skip
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

    def __getitem__(self, name: str) -> Any:
        return next(one for one in self.readings if one.name == name)

    def kept(self, name: str) -> "Looked":
        """Itself; written down as a recording where ROUNDSEAL_RECORD is set."""
        assert PASSWORD not in json.dumps(to_json(self.facts))
        params = to_json(self.params)
        recordings.keep(self.check, name, {
            "params": params, "facts": to_json(self.facts), "taken_at": self.taken_at,
            "expect": recordings.expected(self.readings),
        })  # fmt: skip
        return self

    def names(self) -> set[str]:
        """Names of all readings."""
        return {one.name for one in self.readings}


def secrets(place: Path, **given: dict[str, str]) -> Path:
    """A state directory that holds these secrets."""
    state = place / "state"
    state.mkdir(mode=0o700, exist_ok=True)
    lines = [
        f"{name}: {{{', '.join(f'{k}: {v!r}' for k, v in parts.items())}}}" for name, parts in given.items()
    ]
    path = state / "secrets.yaml"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    assert Settings()
    return state
