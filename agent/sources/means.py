"""What of this agent's own files a source may use: allow-lists and credentials."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.secrets import Secret, Secrets
from checks.api import ErrorKind, ObservationError, Source


@dataclass(frozen=True, slots=True)
class Means:
    """`plugins`, `queries`: agent.yaml's allow-lists; `state`: directory of secrets.yaml and pins; `off`:
    sources that agent.yaml switches off."""

    plugins: Mapping[str, Sequence[str]] = field(default_factory=dict)
    queries: Mapping[str, str] = field(default_factory=dict)
    state: Path | None = None
    off: frozenset[Source] = frozenset()
    _secrets: list[Secrets] = field(default_factory=list, repr=False, compare=False)

    def allow(self, source: Source) -> None:
        """ObservationError `denied` where this agent does not look in that way."""
        if source in self.off:
            raise ObservationError(ErrorKind.DENIED, f"agent.yaml switches the source {source.value} off")

    def secret(self, name: str) -> Secret:
        """A credential by its name; ObservationError `denied` where it is not there."""
        if not self._secrets:
            self._secrets.append(Secrets(self.state))
        return self._secrets[0].get(name)
