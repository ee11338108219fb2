"""TLS: greet a service, read its certificates, and tell weak, wrong and other from dead.

Every context here goes down to the oldest protocol and the weakest key that the library can still
speak: an old server must look weak, not dead. Whether that is acceptable is the check's judgement.
"""

import os
import secrets
import select
import socket
import ssl
from functools import lru_cache
from time import perf_counter_ns

from agent.sources.net_connect import Clock, Failed, open_tcp, outcome_of, wait
from checks.api import ErrorKind, ObservationError
from checks.probes import TlsAsk, TlsHello

# X509_V_FLAG_NO_CHECK_TIME: the chain's trust is asked apart from the dates, which the check judges.
_NO_CHECK_TIME = 0x200000


class Untrusted(Failed):
    """The certificate check failed; `code` is OpenSSL's."""

    def __init__(self, code: int) -> None:
        super().__init__("tls_verify")
        self.code = code


def context(*, verify: bool, ca: str, names_and_times: bool = True) -> ssl.SSLContext:
    """Client context; `ca` (PEM text) replaces this system's trust anchors."""
    # The anchors are read once, and again when an update has changed them.
    stamp = 0 if ca or not verify else _stamp(ssl.get_default_verify_paths().cafile)
    return _context(verify, ca, names_and_times, stamp)


def _stamp(path: str | None) -> int:
    try:
        return os.stat(path).st_mtime_ns if path else 0
    except OSError:
        return 0


@lru_cache(maxsize=64)
def _context(verify: bool, ca: str, names_and_times: bool, stamp: int) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    made.set_ciphers("ALL:!aNULL:!eNULL:@SECLEVEL=0")
    made.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
    made.check_hostname = verify and names_and_times
    if not verify:
        made.verify_mode = ssl.CERT_NONE
        return made
    if not names_and_times:
        made.verify_flags |= _NO_CHECK_TIME
    _trust(made, ca)
    return made


def _trust(made: ssl.SSLContext, ca: str) -> None:
    if ca:
        try:
            made.load_verify_locations(cadata=ca)
        except (ssl.SSLError, ValueError) as error:
            raise ObservationError(ErrorKind.GARBLED, f"ca holds no certificate: {error}") from error
        return
    paths = ssl.get_default_verify_paths()
    if not paths.cafile and not (paths.capath and os.listdir(paths.capath)):
        # Without anchors every certificate would look untrusted: that would be our fault, not theirs.
        raise ObservationError(ErrorKind.UNSUPPORTED, "this system has no trust anchors")
    made.load_default_certs()


def handshake(sock: socket.socket, made: ssl.SSLContext, name: str, clock: Clock) -> ssl.SSLSocket:
    """Shake hands on a connected socket; Failed (Untrusted) with a code word. Closes it on failure."""
    wrapped = sock
    try:
        _check_name(name)
        wrapped = made.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)
        wrapped.settimeout(clock.left())
        wrapped.do_handshake()
    except BaseException as error:
        wrapped.close()
        if isinstance(error, OSError):
            raise failed_by(error) from error
        raise
    return wrapped


def _check_name(name: str) -> None:
    # The library would leave its socket open over a name that it can't send.
    try:
        name.encode("idna")
    except UnicodeError as error:
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{name!r} cannot be sent as a name") from error


def failed_by(error: OSError) -> Failed:
    """What an error on a TLS (or plain) connection says about the target."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Untrusted(error.verify_code)
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Failed("closed")
    if isinstance(error, ssl.SSLError):
        return Failed(_word(error.reason or ""))
    return Failed(outcome_of(error))


_REASONS = (
    ("tls_protocol", ("UNSUPPORTED_PROTOCOL", "ALERT_PROTOCOL_VERSION", "VERSION_TOO_LOW")),
    ("not_tls", ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER")),
    ("tls_client_certificate", ("CERTIFICATE_REQUIRED",)),
    ("closed", ("UNEXPECTED_EOF",)),
)


def _word(reason: str) -> str:
    for word, parts in _REASONS:
        if any(part in reason for part in parts):
            return word
    return "tls_handshake"


# After these the service may be one that speaks 国密 TLCP (GB/T 38636), which this library can't.
MAYBE_TLCP = frozenset({"tls_protocol", "tls_handshake", "not_tls", "closed", "reset"})


def refuse_tlcp(host: str, port: int, clock: Clock) -> None:
    """ObservationError unsupported if the service answers a TLCP greeting: alive, but not checkable here."""
    if _speaks_tlcp(host, port, clock):
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{host}:{port} speaks TLCP")


def _speaks_tlcp(host: str, port: int, clock: Clock) -> bool:
    try:
        opened = open_tcp(host, port, clock)
    except Failed:
        return False
    with opened.sock as sock:
        try:
            sock.send(_tlcp_hello())
            answer = b""
            while len(answer) < 11 and wait(sock, select.POLLIN, clock.left()):
                part = sock.recv(64)
                if not part:
                    break
                answer += part
        except (OSError, Failed):
            return False
    # record: type 22, version 0x0101, length; handshake: type 2 (ServerHello), length24, version 0x0101
    return answer[:3] == b"\x16\x01\x01" and answer[5:6] == b"\x02" and answer[9:11] == b"\x01\x01"


def _tlcp_hello() -> bytes:
    # body: version 0x0101 | random 32 | session id (none) | 4 SM2/SM4 suites | null compression
    suites = b"\x00\x08\xe0\x11\xe0\x13\xe0\x51\xe0\x53"
    body = b"\x01\x01" + secrets.token_bytes(32) + b"\x00" + suites + b"\x01\x00"
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x01\x01" + len(message).to_bytes(2, "big") + message


def greet(ask: TlsAsk) -> TlsHello:
    """Shake hands, with the chain checked; if it isn't trusted, once more without, to see what it is."""
    clock = Clock(ask.timeout_ms)
    try:
        try:
            return _greet(ask, context(verify=True, ca=ask.ca, names_and_times=False), 0, clock)
        except Untrusted as problem:
            return _greet(ask, context(verify=False, ca=""), problem.code, clock)
    except Failed as failed:
        if failed.outcome in MAYBE_TLCP:
            refuse_tlcp(ask.host, ask.port, clock)
        return TlsHello(failed.outcome, failed.address, None, None, "", "", None, ())


def _greet(ask: TlsAsk, made: ssl.SSLContext, verify_code: int, clock: Clock) -> TlsHello:
    # Loaded here: pages over TLS are probed far more often, and need no certificate parser.
    from agent.sources import x509

    opened = open_tcp(ask.host, ask.port, clock)
    start = perf_counter_ns()
    with handshake(opened.sock, made, ask.name or ask.host, clock) as wrapped:
        took = (perf_counter_ns() - start) // 1000
        cipher = wrapped.cipher()
        return TlsHello(
            outcome="connected",
            address=opened.address,
            connect_us=opened.connect_us,
            tls_us=took,
            protocol=wrapped.version() or "",
            cipher=cipher[0] if cipher else "",
            verify_code=verify_code,
            chain=tuple(x509.read(der) for der in _chain(wrapped)),
        )


def _chain(wrapped: ssl.SSLSocket) -> list[bytes]:
    if hasattr(wrapped, "get_unverified_chain"):  # Python 3.13 and later
        return list(wrapped.get_unverified_chain() or ())
    # Before that the chain is only on the inner object; its certificates give PEM (1) or DER (2).
    inner = getattr(wrapped, "_sslobj", None)
    chain = inner.get_unverified_chain() if inner is not None else None
    if chain:
        return [bytes(certificate.public_bytes(2)) for certificate in chain]
    leaf = wrapped.getpeercert(binary_form=True)
    return [leaf] if leaf else []
