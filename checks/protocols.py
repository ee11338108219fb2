"""What a check of an application can see: scripted HTTP, and small clients of other protocols.

An `outcome` is a code word for what the target did, as in checks/probes.py, and:

    answered   the protocol was spoken to its end
    closed, cut_short, garbled, too_long   the peer hung up, or said what the protocol does not know
    redirect_loop, redirect_bad, tls_…     as for a page

What kept the look itself from working (no secret of that name, credentials refused, dead resolver) is an
ObservationError. Times are whole microseconds. Facts hold no URL, no token and no credential: a value in
which a part of the secret occurs is replaced by asterisks.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from fractions import Fraction
from typing import Protocol
from urllib.parse import urlsplit

from checks.api import Reading, State, Unit, Upper
from checks.probes import check_host

DIGEST = "${digest}"


class Verb(StrEnum):
    """Methods of a step. What a POST does on the target is the script's author's to answer for."""

    GET = "GET"
    POST = "POST"


@dataclass(frozen=True, slots=True)
class Upload:
    """A fixed sample, sent as one file of a form; `content` is base64."""

    content: str
    field: str = "file"
    filename: str = "sample.docx"
    content_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a script and what its answer must be.

    `${name}` stands for a part of the secret (`${user}`, `${password}`), a value taken before, `${now}`
    (epoch seconds), `${nonce}`, `${basic}` (user and password for a Basic header), or `${signature}` (SHA-1
    of the sorted token, now and nonce, as WeChat signs). A header `Authorization: ${digest}` answers a server
    that asks for digest authentication with user and password of the secret. `take`: name ->
    `json:a.b.0`, `header:location` or `regex:…` (its first group). `read`: what is kept as facts: JSON
    paths (`*` stands for every member of a list) or `regex:…` (its first group, every match). `equals`:
    JSON path -> text.
    """

    url: str
    name: str = ""
    method: Verb = Verb.GET
    form: Mapping[str, str] = field(default_factory=dict)
    json: str = ""
    upload: Upload | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: tuple[int, ...] = (200,)
    text: str = ""
    absent: str = ""
    equals: Mapping[str, str] = field(default_factory=dict)
    read: tuple[str, ...] = ()
    take: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")) or any(c <= " " for c in self.url):
            raise ValueError("url must begin with http:// or https:// and hold no space")
        check_url(self.url)
        if "@" in self.url.split("/")[2] or "${password}" in self.url:
            raise ValueError("url holds no credential: every server on the way would log it")
        if not self.status or any(not 100 <= code <= 599 for code in self.status):
            raise ValueError("status lists at least one code of 100 to 599")
        if self.method is Verb.GET and (self.form or self.json or self.upload):
            raise ValueError("a GET sends no form, json or upload")
        if any(
            not how.startswith(("json:", "header:", "regex:")) or len(how) > 300 for how in self.take.values()
        ):
            raise ValueError("take: json:…, header:… or regex:… of at most 300 characters")


@dataclass(frozen=True, slots=True)
class Script:
    """Requests in their order; cookies are kept. `secret` is a name; `ca` replaces the trust anchors."""

    steps: tuple[Step, ...]
    secret: str = ""
    verify: bool = True
    ca: str = ""
    max_redirects: int = 5
    max_bytes: int = 1 << 20
    timeout_ms: int = 20_000

    def __post_init__(self) -> None:
        if not 1 <= len(self.steps) <= 20:
            raise ValueError("a script has 1 to 20 steps")
        if not 0 <= self.max_redirects <= 20 or not 1 <= self.max_bytes <= 1 << 26:
            raise ValueError("max_redirects must be 0 to 20, max_bytes 1 to 67108864")
        check_timeout(self.timeout_ms)


@dataclass(frozen=True, slots=True)
class StepSeen:
    """What one step showed; the script ends at the first step that did not go as it says.

    `digest` is SHA-256 over the body as read. `fields`: JSON path -> values ("" where one is missing,
    no values where the path leads nowhere). `login_form`: the answer holds a field for a password.
    `pages`: pages of a PDF. `not_taken`: names that the answer did not give.
    """

    name: str
    outcome: str
    address: str | None
    redirects: int
    status: int | None
    total_us: int
    body_bytes: int | None = None
    digest: str = ""
    text_found: bool | None = None
    absent_found: bool | None = None
    login_form: bool = False
    pages: int | None = None
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    not_taken: tuple[str, ...] = ()


def check_url(url: str) -> None:
    """ValueError unless the address names a host, and a port that may be."""
    parts = urlsplit(url)
    check_host(parts.hostname or "")
    if parts.port == 0:
        raise ValueError("port must be 1 to 65535")


def check_timeout(timeout_ms: int) -> None:
    """ValueError unless this many milliseconds may be spent on one look."""
    if not 1 <= timeout_ms <= 120_000:
        raise ValueError("timeout_ms must be 1 to 120000")


class Tls(StrEnum):
    """How a connection is secured."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A service to talk to. `name` replaces the address in the certificate; `secret` is a name."""

    address: str
    port: int
    tls: Tls = Tls.NONE
    secret: str = ""
    name: str = ""
    verify: bool = True
    ca: str = ""
    timeout_ms: int = 10_000

    def __post_init__(self) -> None:
        check_host(self.address)
        if not 1 <= self.port <= 65535:
            raise ValueError("port must be 1 to 65535")
        check_timeout(self.timeout_ms)


@dataclass(frozen=True, slots=True)
class Talk:
    """How a conversation went: its outcome, the address it was with, its time, and TLS where it was."""

    outcome: str
    address: str | None
    total_us: int
    tls: str = ""
    verify_code: int | None = None


@dataclass(frozen=True, slots=True)
class MailSeen:
    """A mail service. `code`: of the last SMTP reply. `messages`: in the INBOX, where a login was made."""

    talk: Talk
    offers: tuple[str, ...] = ()
    code: int | None = None
    logged_in: bool | None = None
    messages: int | None = None


@dataclass(frozen=True, slots=True)
class DirectorySeen:
    """An LDAP service: result code of the bind (0: success) and of the search, and entries found."""

    talk: Talk
    bind: int | None = None
    search: int | None = None
    entries: int | None = None


@dataclass(frozen=True, slots=True)
class SocketSeen:
    """A WebSocket: HTTP status, whether the key was accepted (RFC 6455 4.2.2), whether a ping came back."""

    talk: Talk
    status: int | None = None
    accepted: bool | None = None
    pong: bool | None = None


@dataclass(frozen=True, slots=True)
class GatewaySeen:
    """An SMPP gateway: command status of bind and enquire_link (0: success)."""

    talk: Talk
    bind: int | None = None
    enquire: int | None = None


@dataclass(frozen=True, slots=True)
class SipSeen:
    """What a SIP peer answered to OPTIONS."""

    talk: Talk
    status: int | None = None
    product: str = ""


class Kind(StrEnum):
    """Tables of a Modbus device."""

    COIL = "coil"
    DISCRETE = "discrete"
    HOLDING = "holding"
    INPUT = "input"


@dataclass(frozen=True, slots=True)
class Register:
    """A Modbus value at `at` (0-based), `words` registers long, high word first, signed or not."""

    kind: Kind
    at: int
    words: int = 1
    signed: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.at <= 65535 or self.words not in (1, 2):
            raise ValueError("at must be 0 to 65535, words 1 or 2")


@dataclass(frozen=True, slots=True)
class RegistersSeen:
    """Values by name as the device holds them; `exceptions`: Modbus exception codes by name."""

    talk: Talk
    values: Mapping[str, int] = field(default_factory=dict)
    exceptions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UpsSeen:
    """Variables of a UPS as upsd tells them; `error`: its error word (`UNKNOWN-UPS`, `DATA-STALE` …)."""

    talk: Talk
    variables: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True)
class StreamSeen:
    """An RTSP stream: status of each method, packets received, those lost by sequence number, distinct
    RTP timestamps (frames), bytes. `picture`: SHA-256 of a decoded thumbnail, `luma`: its mean and the
    mean difference of two, in hundredths of 0 to 255; None where no decoder (ffmpeg) was there."""

    talk: Talk
    statuses: Mapping[str, int] = field(default_factory=dict)
    tracks: int = 0
    packets: int = 0
    lost: int = 0
    frames: int = 0
    octets: int = 0
    picture: str = ""
    luma: int | None = None
    change: int | None = None


@dataclass(frozen=True, slots=True)
class DeviceSeen:
    """What an ONVIF device says it is, and its clock (UTC epoch ms); `fault`: its SOAP fault's code."""

    talk: Talk
    status: int | None = None
    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""
    clock_ms: int | None = None
    asked_ms: int | None = None
    fault: str = ""


class Protocols(Protocol):
    """Services as seen from here. Every call ends within its timeout."""

    def run(self, script: Script) -> tuple[StepSeen, ...]:
        """Take the steps until one does not go as it says."""

    def smtp(self, end: Endpoint) -> MailSeen:
        """Greet; STARTTLS where asked for; log in where a secret (`user`, `password`) is named; leave."""

    def imap(self, end: Endpoint) -> MailSeen:
        """As smtp; count the messages of the INBOX, read-only."""

    def ldap(self, end: Endpoint, base: str) -> DirectorySeen:
        """Bind (secret `user` is the DN; none: anonymously), read the entry `base`, unbind."""

    def websocket(self, url: str, *, verify: bool, ca: str, timeout_ms: int) -> SocketSeen:
        """Shake hands, ping, close."""

    def smpp(self, end: Endpoint) -> GatewaySeen:
        """Bind as transmitter (secret `user`, `password`), enquire_link, unbind. Sends no message."""

    def sip(self, end: Endpoint, *, udp: bool) -> SipSeen:
        """Ask for OPTIONS."""

    def modbus(self, end: Endpoint, unit: int, registers: Mapping[str, Register]) -> RegistersSeen:
        """Read registers; writes none."""

    def nut(self, end: Endpoint, ups: str) -> UpsSeen:
        """List the variables of a UPS."""

    def rtsp(self, url: str, *, secret: str, seconds: int, timeout_ms: int) -> StreamSeen:
        """OPTIONS, DESCRIBE, SETUP, PLAY interleaved for `seconds`, TEARDOWN."""

    def onvif(self, url: str, *, secret: str, verify: bool, ca: str, timeout_ms: int) -> DeviceSeen:
        """GetSystemDateAndTime, then GetDeviceInformation."""


def not_answered(talk: Talk) -> tuple[Reading, ...]:
    """The one reading of a conversation that did not come to its end; none where it did."""
    if talk.outcome == "answered":
        return ()
    return (Reading("answer", None, Unit.MICROSECONDS, State.CRIT, talk.outcome or "no_answer"),)


def answered(talk: Talk, latency_ms: Upper) -> Reading:
    """The time of a conversation that came to its end."""
    state = latency_ms.judge(Fraction(talk.total_us, 1000))
    return Reading("answer", talk.total_us, Unit.MICROSECONDS, state, "" if state is State.OK else "slow")


def judge_steps(seen: Sequence[StepSeen], script: Script) -> Iterator[Reading]:
    """One reading a step, `NAME:answer`: its time, or why it is bad; unknown for those not come to."""
    for number, step in enumerate(script.steps):
        name = f"{step.name or number + 1}:answer"
        if number >= len(seen):
            yield Reading(name, None, Unit.MICROSECONDS, State.UNKNOWN, "not_reached")
            continue
        why = why_bad(seen[number], step)
        yield Reading(name, seen[number].total_us, Unit.MICROSECONDS, _step_state(why), why)


def _step_state(why: str) -> State:
    if not why:
        return State.OK
    return State.UNKNOWN if why == "encoding_unread" else State.CRIT


def why_bad(seen: StepSeen, step: Step) -> str:
    """Code word for what is not as the step says; empty where all is."""
    if seen.outcome != "answered":
        return seen.outcome or "no_answer"
    text_missing = bool(step.text) and not seen.text_found
    if seen.login_form and (text_missing or seen.not_taken):
        return "login_again"
    if seen.status not in step.status:
        return "status_unexpected"
    if text_missing:
        return "encoding_unread" if seen.text_found is None else "text_absent"
    if step.absent and seen.absent_found is not False:
        return "text_forbidden"
    return "not_taken" if seen.not_taken else _why_field(seen, step)


def _why_field(seen: StepSeen, step: Step) -> str:
    for path, wanted in step.equals.items():
        found = seen.fields.get(path, ())
        if not found:
            return "field_missing"
        if any(one != wanted for one in found):
            return "field_unexpected"
    return ""


def whole(text: str) -> int | None:
    """The number that a field holds, decimals cut off; None where it is none."""
    found = _WHOLE.fullmatch(text.strip())
    return int(found[1]) if found else None


_WHOLE = re.compile(r"([+-]?[0-9]{1,15})(?:\.[0-9]*)?")


def instant_ms(text: str, zone_hours: int) -> int | None:
    """UTC epoch ms of an epoch (seconds or ms) or of ISO 8601 (in `zone_hours` where it names no zone)."""
    text = text.strip()
    number = whole(text) if text.isascii() and text.isdigit() else None
    if number is not None and len(text) >= 9:
        return number if number >= 10**11 else number * 1000
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            found = found.replace(tzinfo=timezone(timedelta(hours=zone_hours)))
        return (found - _EPOCH) // _MILLISECOND
    except (ValueError, OverflowError):
        return None


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
