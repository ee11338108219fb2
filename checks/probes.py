"""What a probe can see: the Net and Plugins sources, and the facts they bring back.

An `outcome` is a code word: what the target did. Words for a connection:

    connected   refused   timeout   reset   unreachable (the network said so)   dns_nxdomain

A probe that could not work at all (dead resolver, no permission, no descriptors, no route of our
own) raises ObservationError instead. Times are whole microseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from checks.sources import ClockOffset
from checks.x509 import Certificate as Certificate


def check_host(host: str) -> None:
    """ValueError unless `host` may be a name or an address."""
    if not host or len(host) > 253 or any(c <= " " or c in "/@\x7f" for c in host):
        raise ValueError(f"{host[:64]!r} is no host name or address")


def check_port(port: int, least: int = 1) -> None:
    """ValueError unless `port` is one; `least` 0 where that stands for the protocol's own."""
    if not least <= port <= 65535:
        raise ValueError(f"port must be {least} to 65535")


def check_timeout(timeout_ms: int, least: int, most: int) -> None:
    """ValueError unless a look may take so long."""
    if not least <= timeout_ms <= most:
        raise ValueError(f"timeout_ms must be {least} to {most}")


@dataclass(frozen=True, slots=True)
class Connection:
    """One TCP connection asked for. `address` is the last address tried, None if there was none."""

    outcome: str
    address: str | None
    resolve_us: int | None
    connect_us: int | None


@dataclass(frozen=True, slots=True)
class Echoes:
    """Echo requests sent to one address and the answers that came back in time.

    outcome: sent, dns_nxdomain. `unreachable` counts requests a router or the host itself refused.
    """

    outcome: str
    address: str | None
    sent: int
    unreachable: int
    rtts_us: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class HttpAsk:
    """One page to ask for. `ca` is PEM text that replaces the system's trust anchors."""

    url: str
    method: str
    host: str
    text: str
    max_redirects: int
    max_bytes: int
    verify: bool
    ca: str
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back.

    outcome: answered, a connection's word, closed (before an answer), cut_short (in the body), garbled,
    redirect_loop, redirect_bad, or a tls_… word. Phases are those of the last hop; total_us covers all
    hops. `digest` is SHA-256 over the body as read (content coding undone), at most max_bytes of it;
    `cut` says that there was more. `text_found` is None where the text could not be looked for.
    """

    outcome: str
    url: str
    address: str | None
    redirects: int
    status: int | None
    location: str
    resolve_us: int | None
    connect_us: int | None
    tls_us: int | None
    first_byte_us: int | None
    total_us: int | None
    protocol: str
    verify_code: int | None
    content_type: str
    charset: str
    body_bytes: int | None
    cut: bool
    digest: str
    text_found: bool | None


@dataclass(frozen=True, slots=True)
class TlsAsk:
    """A TLS service to greet. `ca` is PEM text that replaces the system's trust anchors."""

    host: str
    port: int
    name: str
    ca: str
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class TlsHello:
    """What a TLS service showed.

    outcome: connected, or why there was no handshake (a connection's word, closed, not_tls,
    tls_protocol, tls_handshake). `verify_code` is OpenSSL's for the chain alone (0: trusted; names and
    dates are judged from the certificates). `chain` is as sent, the server's own certificate first.
    """

    outcome: str
    address: str | None
    connect_us: int | None
    tls_us: int | None
    protocol: str
    cipher: str
    verify_code: int | None
    chain: tuple[Certificate, ...]


@dataclass(frozen=True, slots=True)
class DnsAsk:
    """One question. An empty `server` means the first one this host is set up with."""

    name: str
    kind: str
    server: str
    port: int
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """What the server said. outcome: answered, timeout, refused, unreachable, reset, garbled.

    `records` are those of the kind asked for, in presentation form, lower case where names are, sorted.
    """

    outcome: str
    server: str
    port: int
    transport: str
    rcode: str
    records: tuple[str, ...]
    aliases: tuple[str, ...]
    ttl: int | None
    authoritative: bool
    answer_us: int | None


class Net(Protocol):
    """The network as seen from here. Every call ends within its timeout."""

    def ping(self, host: str, *, count: int, gap_ms: int, timeout_ms: int) -> Echoes:
        """Send `count` echo requests, `gap_ms` apart, and wait at most `timeout_ms` after the last."""

    def tcp(self, host: str, port: int, *, timeout_ms: int) -> Connection:
        """Open one connection and close it again."""

    def http(self, ask: HttpAsk) -> HttpAnswer:
        """Ask for one page."""

    def tls(self, ask: TlsAsk) -> TlsHello:
        """Shake hands and read the certificates."""

    def dns(self, ask: DnsAsk) -> DnsAnswer:
        """Put one question to one server."""

    def time_server(self, host: str, port: int, *, timeout_ms: int) -> ClockOffset:
        """Ask a time server for the time once."""


@dataclass(frozen=True, slots=True)
class Perf:
    """One item of a plugin's performance data; `value` is None where the plugin itself said U."""

    label: str
    value: Fraction | None
    unit: str


@dataclass(frozen=True, slots=True)
class PluginRun:
    """One run of a monitoring plugin.

    `exit` is None when a signal ended it (then `signal` is set). `programs` maps each program file of
    the command line to its SHA-256. `first_line` is the SHA-256 of the first line as printed, without
    its performance data. `unread` counts items of performance data that could not be read.
    """

    exit: int | None
    signal: int | None
    elapsed_us: int
    programs: Mapping[str, str]
    first_line: str
    output_bytes: int
    cut: bool
    perf: tuple[Perf, ...]
    unread: int


class Plugins(Protocol):
    """Monitoring plugins that this host's own settings allow, by name."""

    def run(self, name: str, *, timeout_ms: int) -> PluginRun:
        """Run it once; ObservationError denied if its name isn't listed."""
