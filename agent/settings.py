"""The agent's own settings, agent.yaml: what its host allows and how much it may keep.

plugins:                      # command lines that a plan may ask for, by name; nothing else is ever run
  raid: [/usr/lib/nagios/plugins/check_raid, --warn]
queries:                      # SELECTs that database.query may run, by name
  rejected: SELECT count(*) FROM item WHERE rejected
off: [ssh, snmp]              # sources this agent does not look through: what a plan asks of them is `denied`
spool: {days: 7, max_mb: 512}
drills: {user: roundseal-drill, quota_mb: 51200}    # agent/drills/settings.py
receive:                      # what others may send to this agent; at loopback unless an address is given
  syslog: {address: 127.0.0.1, port: 5514}                    # UDP and TCP
  syslog_tls: {port: 6514, certificate: /etc/…/pem, key: /etc/…/key, ca: /etc/…/senders.pem}
  traps: {address: 127.0.0.1, port: 1162, secrets: [traps]}   # communities and v3 users it believes
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.drills.settings import Drills
from agent.errors import AgentError
from agent.sources.means import Means
from agent.state import State, check_private
from checks.api import Source
from checks.codec import FieldError, from_json

_DEEPEST = 6
_TAGS = {"int", "bool", "null", "str", "seq", "map"}


@dataclass(frozen=True, slots=True)
class Spool:
    """How long accepted batches stay, and how many megabytes all of them may take."""

    days: int = 7
    max_mb: int = 512

    def __post_init__(self) -> None:
        if not (1 <= self.days <= 366 and 1 <= self.max_mb <= 1 << 20):
            raise ValueError("days from 1 to 366, max_mb from 1 on")


@dataclass(frozen=True, slots=True)
class Listen:
    """Where syslog is listened for: an address of this machine, port 0 is any free one."""

    address: str = "127.0.0.1"
    port: int = 5514

    def __post_init__(self) -> None:
        from ipaddress import ip_address  # only where something is received

        ip_address(self.address)
        if not 0 <= self.port <= 65535:
            raise ValueError("port must be 0 to 65535")


@dataclass(frozen=True, slots=True)
class ListenTls(Listen):
    """Where syslog over TLS is listened for (RFC 5425): our certificate and key, files of PEM. `ca`: who must
    have signed a sender's certificate; empty: senders need none."""

    port: int = 6514
    certificate: str = field(kw_only=True)
    key: str = field(kw_only=True)
    ca: str = ""

    def __post_init__(self) -> None:
        super(ListenTls, self).__post_init__()
        if not all(one.startswith("/") for one in (self.certificate, self.key, self.ca or "/")):
            raise ValueError("certificate, key and ca are absolute paths")


@dataclass(frozen=True, slots=True)
class ListenTraps(Listen):
    """Where traps are listened for, and names of secrets whose communities and users are believed."""

    port: int = 1162
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receive:
    """What is received; nothing unless it is said."""

    syslog: Listen | None = None
    traps: ListenTraps | None = None
    syslog_tls: ListenTls | None = None

    @property
    def anything(self) -> bool:
        """Whether a receiver is wanted at all."""
        return any((self.syslog, self.traps, self.syslog_tls))


@dataclass(frozen=True, slots=True)
class Settings:
    """All of agent.yaml."""

    plugins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    queries: Mapping[str, str] = field(default_factory=dict)
    off: frozenset[Source] = frozenset()
    spool: Spool = Spool()
    receive: Receive = Receive()
    drills: Drills = field(default_factory=Drills)

    def __post_init__(self) -> None:
        for name, argv in self.plugins.items():
            if not argv or not argv[0].startswith("/"):
                raise ValueError(
                    f"plugins.{name}: a command line that begins with an absolute path is wanted"
                )

    def means(self, state: State) -> Means:
        """What sources may use of it."""
        return Means(self.plugins, self.queries, state.root, self.off)


def read(state: State) -> Settings:
    """Settings of this state directory; AgentError names file and line. Secrets others can read: refused."""
    secrets = state.path("secrets.yaml")
    if secrets.exists():
        check_private(secrets)
    path = state.path("agent.yaml")
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise AgentError("settings", f"{path}: {error}") from None
    try:
        return from_json(Settings, plain_yaml(text, path) or {}, "agent.yaml")
    except FieldError as error:
        raise AgentError("settings", f"{path.parent}/{error}") from None


def plain_yaml(text: str, path: Path, *, quiet: bool = False) -> Any:
    """Value of a YAML text; AgentError names file and line. `quiet`: and nothing of what stands there."""
    # Loaded only where there is a file: it takes two megabytes for good.
    import yaml

    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        return None if node is None else _plain(node, path)
    except AgentError as error:
        if not quiet:
            raise
        raise AgentError(error.code, error.detail.partition(": ")[0] + ": not what is wanted here") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        # A problem may quote what stands there: an alias, a character.
        raise AgentError("settings", f"{path}:{line}: {'no YAML' if quiet else error.problem}") from None
    except yaml.YAMLError as error:
        raise AgentError("settings", f"{path}: {'no YAML' if quiet else error}") from None


def _plain(node: Any, path: Path, depth: int = 0) -> Any:
    """Value of a YAML node; doubled keys and odd types are refused with their line."""
    line = node.start_mark.line + 1
    kind = node.tag.rpartition(":")[2]
    if depth > _DEEPEST:  # also ends an alias to what it stands in
        raise AgentError("settings", f"{path}:{line}: nested deeper than {_DEEPEST}")
    if kind not in _TAGS:
        # YAML 1.1 reads 22:30 as a number and 1.5 as a float: quote it.
        raise AgentError(
            "settings", f"{path}:{line}: {node.value!r} is read as {kind}; quote it if a text is meant"
        )
    if node.id == "sequence":
        return [_plain(item, path, depth + 1) for item in node.value]
    if node.id == "mapping":
        made: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in made:
                raise AgentError("settings", f"{path}:{key.start_mark.line + 1}: {name!r} appears twice")
            made[name] = _plain(value, path, depth + 1)
        return made
    return _scalar(node.value, kind, f"{path}:{line}")


def _scalar(text: str, kind: str, place: str) -> Any:
    if kind == "int":
        if not text.isdigit():
            raise AgentError(
                "settings", f"{place}: {text!r} is not a plain whole number; quote it if a text is meant"
            )
        return int(text)
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    return None if kind == "null" else text
