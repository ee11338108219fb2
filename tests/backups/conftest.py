"""Looks at real backups through the agent's own source, and recordings made of them.

With ROUNDSEAL_RECORD=1 every look that a test names is written to tests/checks/recordings/<id>/<name>.json.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import recordings

from agent.sources.backup import open_backups
from agent.sources.memory import Transient
from checks import registry
from checks.api import ErrorKind, ObservationError, Source
from checks.codec import from_json
from checks.result import Item, Result, When, decode, encode, look, rejudge


@dataclass
class Secrets:
    """What a look may ask for, as the agent's means give it."""

    known: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    state: Path | None = None

    def secret(self, name: str) -> Mapping[str, str]:
        """One of them; denied where it is not there."""
        if name not in self.known:
            raise ObservationError(ErrorKind.DENIED, name)
        return self.known[name]

    def allow(self, source: Source) -> None:
        """Everything."""


@dataclass
class Verified:
    """One look."""

    result: Result
    facts: Any

    @property
    def reasons(self) -> dict[str, str]:
        """Level (or reading) -> word, of everything that is not ok; the grade left out."""
        return {
            one.name.rpartition(":")[2]: one.reason
            for one in self.result.readings
            if one.reason and not one.name.endswith(":level")
        }

    def of(self, name: str) -> dict[str, str]:
        """The same for one artefact."""
        return {
            one.name.rpartition(":")[2]: one.reason
            for one in self.result.readings
            if one.reason and one.name.startswith(f"{name}:") and not one.name.endswith(":level")
        }


@pytest.fixture
def verified(tmp_path: Path) -> Callable[..., Verified]:
    """`verified(check_id, params, secrets=…, memory={…}, name="recording", now=ms)`."""

    state = tmp_path / "agent-state"
    state.mkdir(mode=0o700)

    def run(
        check_id: str,
        params: dict[str, Any],
        *,
        secrets: Mapping[str, Mapping[str, str]] | None = None,
        memory: dict[str, Any] | None = None,
        name: str = "",
        now: int | None = None,
    ) -> Verified:
        check = registry.get(check_id)
        moment = now or time.time_ns() // 1_000_000
        held = Transient(memory if memory is not None else {})
        source = open_backups(held, Secrets(secrets or {}, state), moment)  # type: ignore[arg-type]
        item = Item(check_id, check.version, "target", None, params)
        result = look(check, item, source, vantage="here", when=When(slot=0), now=lambda: moment)
        line = encode(result)
        for secret in (secrets or {}).values():
            assert not any(value and value.encode() in line for value in secret.values())
        assert decode(line) == result
        if result.error is None:
            assert rejudge(check, decode(line), params) == result.readings
            assert all(one.reason for one in result.readings if one.state.value != "ok")
        if name:
            # Where the test ran is nobody's business.
            hidden = {r"/tmp/[^\"]*?/backup": "/backup"}
            recordings.keep(check_id, name, recordings.of_line(line, params, moment), hidden)
        return Verified(result, None if result.error else from_json(check.facts, result.facts))

    return run
