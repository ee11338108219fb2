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

from agent.drills.settings import Drills
from agent.errors import AgentError
from agent.plain import plain_mapping
from agent.sources.means import Means
from agent.state import State, check_private
from checks.api import Source
from checks.codec import FieldError, from_json


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
    secrets, path = state.path("secrets.yaml"), state.path("agent.yaml")
    try:
        if secrets.exists():
            check_private(secrets)
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise AgentError("settings", f"{error.filename}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise AgentError("settings", f"{path}: no UTF-8") from None
    try:
        return from_json(Settings, plain_mapping(text, path, "settings"), "agent.yaml")
    except FieldError as error:
        raise AgentError("settings", f"{path.parent}/{error}") from None
