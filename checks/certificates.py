"""How certificates that lie in files are judged: days left, key size, signature."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from checks.api import Lower, Reading, State, Unit
from checks.hardening import FileCertificate
from checks.probes import Certificate

_DAY_MS = 86_400_000


class Limits(Protocol):
    """Limits in days and bits."""

    @property
    def days(self) -> Lower:
        """Days left."""

    @property
    def rsa_bits(self) -> Lower:
        """Size of RSA and DSA keys."""

    @property
    def ec_bits(self) -> Lower:
        """Size of keys on curves."""


def judge_certificates(found: Sequence[FileCertificate], now: int, limits: Limits) -> Iterator[Reading]:
    """`certificates` (count), then `PATH:days`, `PATH:key`, `PATH:signature`; a named file that is not there
    is a fault. `now`: when it was looked, UTC ms."""
    state = State.OK if found else State.UNKNOWN
    yield Reading("certificates", len(found), Unit.COUNT, state, "" if found else "not_asked")
    for one in found:
        if one.certificate is None:
            # A path that somebody named has to hold a certificate.
            state = State.CRIT if one.trouble == "missing" else State.UNKNOWN
            yield Reading(f"{one.path}:days", None, Unit.DAYS, state, one.trouble or "unreadable")
        else:
            yield from _certificate(one.path, one.certificate, now, limits)


def _certificate(path: str, found: Certificate, now: int, limits: Limits) -> Iterator[Reading]:
    yield _days(f"{path}:days", found, now, limits.days)
    if found.bits is None:
        yield Reading(f"{path}:key", None, Unit.BITS, State.UNKNOWN, "key_kind_unknown")
    else:
        size = limits.rsa_bits if found.key in ("rsa", "dsa") else limits.ec_bits
        state = size.judge(found.bits)
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
