"""Certificates in files: days left, key size, signature."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Lower, Reading, Seen, Source, State, Unit
from checks.hardening import FileCertificate, SecuredHost
from checks.probes import Certificate

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Facts:
    """The first certificate of each file."""

    files: tuple[FileCertificate, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """Paths (a star stands for names in one directory); limits in days and bits."""

    paths: tuple[str, ...] = (
        "/etc/nginx/ssl/*.crt",
        "/etc/nginx/ssl/*.pem",
        "/etc/nginx/cert/*.pem",
        "/etc/httpd/conf/ssl/*.crt",
        "/etc/pki/tls/certs/localhost*.crt",
        "/etc/letsencrypt/live/*/cert.pem",
    )
    days: Lower = Lower(30, 7)
    rsa_bits: Lower = Lower(2047, 1023)
    ec_bits: Lower = Lower(223, 159)


def observe(host: SecuredHost, params: Params) -> Facts:
    """Certificates that lie in the files."""
    return Facts(tuple(host.security().certificates(params.paths)))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """`certificates` (count), then `PATH:days`, `PATH:key`, `PATH:signature`; a named file that is not there
    is a fault."""
    files = seen.facts.files
    state = State.OK if files else State.UNKNOWN
    yield Reading("certificates", len(files), Unit.COUNT, state, "" if files else "not_asked")
    for one in files:
        if one.certificate is None:
            # A path that somebody named has to hold a certificate.
            state = State.CRIT if one.trouble == "missing" else State.UNKNOWN
            yield Reading(f"{one.path}:days", None, Unit.DAYS, state, one.trouble or "unreadable")
        else:
            yield from _certificate(one.path, one.certificate, seen.taken_at, params)


def _certificate(path: str, found: Certificate, now: int, params: Params) -> Iterator[Reading]:
    yield _days(f"{path}:days", found, now, params.days)
    if found.bits is None:
        yield Reading(f"{path}:key", None, Unit.BITS, State.UNKNOWN, "key_kind_unknown")
    else:
        limits = params.rsa_bits if found.key in ("rsa", "dsa") else params.ec_bits
        state = limits.judge(found.bits)
        yield Reading(f"{path}:key", found.bits, Unit.BITS, state, "" if state is State.OK else "weak_key")
    if found.signature.startswith(("md5", "sha1")):
        yield Reading(f"{path}:signature", None, Unit.NONE, State.WARN, "weak_signature")


def _days(name: str, found: Certificate, now: int, limits: Lower) -> Reading:
    if found.not_before is None or found.not_after is None:
        return Reading(name, None, Unit.DAYS, State.UNKNOWN, "certificate_unreadable")
    left = (found.not_after - now) // _DAY_MS
    if now < found.not_before:
        return Reading(name, left, Unit.DAYS, State.CRIT, "not_yet_valid")
    if now > found.not_after:
        return Reading(name, left, Unit.DAYS, State.CRIT, "expired")
    state = limits.judge(left)
    return Reading(name, left, Unit.DAYS, state, "" if state is State.OK else "expires_soon")


CHECK = Check(
    id="security.certificates",
    version=1,
    title="证书文件",
    title_en="Certificates in files",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-01", "PD-37"),
    needs=("read access to the certificate files; private keys are never read",),
)
