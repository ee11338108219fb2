"""Whether a web page answers as declared: status, text, place, time; its digest is kept as a fact."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.probes import HttpAnswer, HttpAsk, Net


class Method(StrEnum):
    """Only methods that change nothing on the target."""

    GET = "GET"
    HEAD = "HEAD"


@dataclass(frozen=True, slots=True)
class Facts:
    answer: HttpAnswer


@dataclass(frozen=True, slots=True)
class Params:
    """`host` replaces the name in the Host header and in the certificate, to ask one server of many by
    its address. `location`: where the last redirect must lead (followed or not). `ca`: PEM text."""

    url: str
    text: str = ""
    status: tuple[int, ...] = (200,)
    method: Method = Method.GET
    host: str = ""
    follow: bool = True
    max_redirects: int = 5
    location: str = ""
    verify: bool = True
    ca: str = ""
    max_bytes: int = 1 << 20
    timeout_ms: int = 5000
    latency_ms: Upper = Upper(None, None)

    def __post_init__(self) -> None:
        _check_url(self.url)
        if any(not (c.isalnum() or c in "-._:[]") for c in self.host):
            raise ValueError("host is a bare name or address, with a port at most")
        if not self.status or any(not 100 <= s <= 599 for s in self.status):
            raise ValueError("status lists at least one code of 100 to 599")
        if self.text and self.method is Method.HEAD:
            raise ValueError("a HEAD answer has no text to look for")
        if self.ca and "-----BEGIN CERTIFICATE-----" not in self.ca:
            raise ValueError("ca must be certificates as PEM text")
        if not 1 <= self.timeout_ms <= 60_000 or not 0 <= self.max_redirects <= 20:
            raise ValueError("timeout_ms must be 1 to 60000, max_redirects 0 to 20")
        if not 1 <= self.max_bytes <= 1 << 26:
            raise ValueError("max_bytes must be 1 to 67108864")


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("url must be http://HOST… or https://HOST…")
    if parts.username is not None or parts.password is not None:
        raise ValueError("url must not carry a user name or password: it is signed and logged")
    if any(c <= " " or c == "\x7f" for c in url):
        raise ValueError("url must not hold white space or control characters")
    if parts.port == 0:
        raise ValueError("the port must be 1 to 65535")


def observe(net: Net, params: Params) -> Facts:
    ask = HttpAsk(
        url=params.url,
        method=params.method.value,
        host=params.host,
        text=params.text,
        max_redirects=params.max_redirects if params.follow else 0,
        max_bytes=params.max_bytes,
        verify=params.verify,
        ca=params.ca,
        timeout_ms=params.timeout_ms,
    )
    return Facts(net.http(ask))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    answer = seen.facts.answer
    if answer.outcome != "answered":
        yield Reading("status", answer.status, Unit.NONE, State.CRIT, _why(answer))
        return
    good = answer.status in params.status
    state = State.OK if good else State.CRIT
    yield Reading("status", answer.status, Unit.NONE, state, "" if good else "status_unexpected")
    if params.text:
        yield _text(answer)
    if params.location:
        right = answer.location == params.location
        yield Reading(
            "location",
            int(right),
            Unit.COUNT,
            State.OK if right else State.CRIT,
            "" if right else "location_unexpected",
        )
    yield from _transport(answer, params)
    yield from _times(answer, params)


# Words for the codes of OpenSSL's certificate check that a reader can act on.
_VERIFY = {
    9: "tls_not_yet_valid",
    10: "tls_expired",
    18: "tls_self_signed",
    19: "tls_self_signed",
    20: "tls_untrusted",
    21: "tls_untrusted",
    62: "tls_wrong_name",
    64: "tls_wrong_name",
}


def _why(answer: HttpAnswer) -> str:
    if answer.outcome == "tls_verify" and answer.verify_code is not None:
        return _VERIFY.get(answer.verify_code, "tls_verify")
    return answer.outcome or "no_answer"


def _text(answer: HttpAnswer) -> Reading:
    if answer.text_found:
        return Reading("text", 1, Unit.COUNT, State.OK)
    if answer.text_found is None:
        return Reading("text", None, Unit.COUNT, State.UNKNOWN, "encoding_unread")
    if answer.cut:
        # The rest of the page was not read: its absence is not proven.
        return Reading("text", None, Unit.COUNT, State.UNKNOWN, "body_cut")
    return Reading("text", 0, Unit.COUNT, State.CRIT, "text_absent")


# Wire versions below these are weak; the service answers, so it isn't down.
_OLD = frozenset({"SSLv3", "TLSv1", "TLSv1.1"})


def _transport(answer: HttpAnswer, params: Params) -> Iterator[Reading]:
    if params.url.startswith("https:") and answer.url.startswith("http:"):
        yield Reading("transport", None, Unit.NONE, State.WARN, "redirect_to_plain")
    elif answer.protocol in _OLD:
        yield Reading("transport", None, Unit.NONE, State.WARN, "old_protocol")


def _times(answer: HttpAnswer, params: Params) -> Iterator[Reading]:
    for name, value in (
        ("resolve", answer.resolve_us),
        ("connect", answer.connect_us),
        ("tls", answer.tls_us),
        ("first_byte", answer.first_byte_us),
    ):
        if value is not None:
            yield Reading(name, value, Unit.MICROSECONDS, State.OK)
    if answer.total_us is None:
        yield Reading("total", None, Unit.MICROSECONDS, State.UNKNOWN, "no_time")
        return
    state = params.latency_ms.judge(answer.total_us, per=1000)
    yield Reading("total", answer.total_us, Unit.MICROSECONDS, state, "" if state is State.OK else "slow")


CHECK = Check(
    id="service.http",
    version=1,
    title="网页服务拨测",
    title_en="Web page probe",
    source=Source.NET,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-28", "PD-37", "LH-31"),
    needs=("a route to the target",),
)
