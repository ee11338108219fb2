"""Whether a TLS service's certificate is trusted, named right and in date, and how weak its crypto is."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from ipaddress import ip_address

from checks.api import Check, Lower, Reading, Seen, Source, State, Unit
from checks.probes import Certificate, Net, TlsAsk, TlsHello, check_host, check_port, check_timeout

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Facts:
    hello: TlsHello


@dataclass(frozen=True, slots=True)
class Params:
    """`name` is what the certificate must be for (default: host). `trust`: whether the chain must lead to
    a trusted root; `ca` (PEM text) replaces the system's roots. `days`: days left of each certificate."""

    host: str
    port: int = 443
    name: str = ""
    trust: bool = True
    ca: str = ""
    days: Lower = Lower(30, 7)
    rsa_bits: Lower = Lower(2047, 1023)
    ec_bits: Lower = Lower(223, 159)
    timeout_ms: int = 5000

    def __post_init__(self) -> None:
        check_host(self.host)
        if self.name:
            check_host(self.name)
        check_port(self.port)
        check_timeout(self.timeout_ms, 1, 60_000)
        if self.ca and "-----BEGIN CERTIFICATE-----" not in self.ca:
            raise ValueError("ca must be certificates as PEM text")


def observe(net: Net, params: Params) -> Facts:
    return Facts(net.tls(TlsAsk(params.host, params.port, params.name, params.ca, params.timeout_ms)))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    hello = seen.facts.hello
    if hello.outcome != "connected":
        yield Reading("handshake", None, Unit.MICROSECONDS, State.CRIT, hello.outcome or "no_answer")
        return
    yield Reading("handshake", hello.tls_us, Unit.MICROSECONDS, State.OK)
    yield _protocol(hello)
    if any(part in hello.cipher.upper() for part in _WEAK_CIPHERS):
        yield Reading("cipher", None, Unit.NONE, State.WARN, "weak_cipher")
    if not hello.chain or not hello.chain[0].readable:
        # A service that shows no certificate we can read has not shown that it is in date.
        yield Reading("days", None, Unit.DAYS, State.UNKNOWN, "certificate_unreadable")
        return
    own = hello.chain[0]
    yield _days("days", own, seen.taken_at, params.days)
    yield from _issuers(hello.chain[1:], seen.taken_at, params.days)
    if params.trust:
        yield _trust(hello, own)
    yield _name(own, params.name or params.host)
    yield _key(own, params)
    yield _signatures(hello.chain)


_WEAK_CIPHERS = ("NULL", "EXP", "RC4", "DES", "MD5", "ADH", "AECDH")

# Readings show the version as a number: 6/5 is TLS 1.2.
_VERSIONS = {
    "TLSv1": Fraction(1),
    "TLSv1.1": Fraction(11, 10),
    "TLSv1.2": Fraction(6, 5),
    "TLSv1.3": Fraction(13, 10),
}
_OLDEST_GOOD = Fraction(6, 5)


def _protocol(hello: TlsHello) -> Reading:
    version = _VERSIONS.get(hello.protocol)
    if version is None:
        old = hello.protocol.startswith("SSL")
        state = State.WARN if old else State.UNKNOWN
        return Reading("protocol", None, Unit.NONE, state, "old_protocol" if old else "protocol_unknown")
    weak = version < _OLDEST_GOOD
    return Reading(
        "protocol", version, Unit.NONE, State.WARN if weak else State.OK, "old_protocol" if weak else ""
    )


def _days(name: str, certificate: Certificate, now: int, limits: Lower) -> Reading:
    if certificate.not_before is None or certificate.not_after is None:
        return Reading(name, None, Unit.DAYS, State.UNKNOWN, "certificate_unreadable")
    left = (certificate.not_after - now) // _DAY_MS
    if now < certificate.not_before:
        return Reading(name, left, Unit.DAYS, State.CRIT, "not_yet_valid")
    if now > certificate.not_after:
        return Reading(name, left, Unit.DAYS, State.CRIT, "expired")
    state = limits.judge(left)
    return Reading(name, left, Unit.DAYS, state, "" if state is State.OK else "expires_soon")


def _issuers(chain: tuple[Certificate, ...], now: int, limits: Lower) -> Iterator[Reading]:
    """Of the issuers sent along, the one whose end comes first."""
    dated = [c for c in chain if c.not_after is not None]
    if dated:
        yield _days("issuer_days", min(dated, key=lambda c: c.not_after or 0), now, limits)


_UNTRUSTED = {18: "self_signed", 19: "self_signed_root", 20: "issuer_unknown", 21: "issuer_unknown"}


def _trust(hello: TlsHello, own: Certificate) -> Reading:
    if hello.verify_code is None:
        return Reading("chain", None, Unit.COUNT, State.UNKNOWN, "not_checked")
    if hello.verify_code == 0:
        return Reading("chain", len(hello.chain), Unit.COUNT, State.OK)
    reason = _UNTRUSTED.get(hello.verify_code, "untrusted")
    if reason == "issuer_unknown" and own.self_issued:
        reason = "self_signed"
    return Reading("chain", len(hello.chain), Unit.COUNT, State.CRIT, reason)


def _name(own: Certificate, wanted: str) -> Reading:
    count = len(own.names)
    if any(_fits(name, wanted) for name in own.names if not name.startswith("cn:")):
        return Reading("name", count, Unit.COUNT, State.OK)
    if any(_fits(name, wanted) for name in own.names):
        # Old clients take the common name; browsers have not since 2017.
        return Reading("name", count, Unit.COUNT, State.WARN, "common_name_only")
    return Reading("name", count, Unit.COUNT, State.CRIT, "wrong_name")


def _fits(name: str, wanted: str) -> bool:
    """Whether a certificate's name covers `wanted`: a star stands for one whole leftmost label."""
    kind, _, pattern = name.partition(":")
    if kind == "ip":
        return pattern == _address(wanted)
    pattern, wanted = pattern.lower().rstrip("."), _ascii(wanted).lower().rstrip(".")
    if pattern == wanted:
        return True
    first, _, rest = wanted.partition(".")
    return bool(first) and "." in rest and pattern == f"*.{rest}"


def _address(text: str) -> str:
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        return ""


def _ascii(name: str) -> str:
    """Certificates hold international names in their ASCII form."""
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def _key(own: Certificate, params: Params) -> Reading:
    if own.bits is None:
        return Reading("key", None, Unit.BITS, State.UNKNOWN, "key_kind_unknown")
    limits = params.rsa_bits if own.key in ("rsa", "dsa") else params.ec_bits
    state = limits.judge(own.bits)
    return Reading("key", own.bits, Unit.BITS, state, "" if state is State.OK else "weak_key")


def _signatures(chain: tuple[Certificate, ...]) -> Reading:
    """How many certificates are signed with a broken hash; a root's own signature proves nothing anyway."""
    counted = [c for c in chain if not (c.self_issued and c is not chain[0])]
    weak = sum(c.signature.startswith(("md5", "sha1")) for c in counted)
    state = State.WARN if weak else State.OK
    return Reading("weak_signatures", weak, Unit.COUNT, state, "weak_signature" if weak else "")


CHECK = Check(
    id="service.tls",
    version=1,
    title="TLS 证书与加密强度",
    title_en="TLS certificate and strength",
    source=Source.NET,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-37", "LH-31", "LH rule 12"),
    needs=("a route to the target",),
)
