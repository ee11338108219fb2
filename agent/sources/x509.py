"""Certificates read from their DER bytes, whatever state those are in."""

from datetime import UTC, datetime
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from checks.probes import Certificate

_SIGNATURES = {
    "1.2.840.113549.1.1.4": "md5-rsa",
    "1.2.840.113549.1.1.5": "sha1-rsa",
    "1.2.840.113549.1.1.10": "rsa-pss",
    "1.2.840.113549.1.1.11": "sha256-rsa",
    "1.2.840.113549.1.1.12": "sha384-rsa",
    "1.2.840.113549.1.1.13": "sha512-rsa",
    "1.2.840.10040.4.3": "sha1-dsa",
    "1.2.840.10045.4.1": "sha1-ecdsa",
    "1.2.840.10045.4.3.2": "sha256-ecdsa",
    "1.2.840.10045.4.3.3": "sha384-ecdsa",
    "1.2.840.10045.4.3.4": "sha512-ecdsa",
    "1.3.101.112": "ed25519",
    "1.3.101.113": "ed448",
    "1.2.156.10197.1.501": "sm3-sm2",
}
# Content of the SM2 curve's object identifier (1.2.156.10197.1.301), as it stands in a public key.
_SM2_CURVE = bytes.fromhex("06082a811ccf5501822d")


def read(der: bytes) -> Certificate:
    """What the certificate says; `readable` is False for bytes that are none."""
    digest = sha256(der).hexdigest()
    try:
        found = x509.load_der_x509_certificate(der)
        key, bits = _key(found, der)
        return Certificate(
            readable=True,
            sha256=digest,
            subject=found.subject.rfc4514_string(),
            issuer=found.issuer.rfc4514_string(),
            serial=f"{found.serial_number:x}",
            names=_names(found),
            not_before=_ms(found.not_valid_before_utc),
            not_after=_ms(found.not_valid_after_utc),
            key=key,
            bits=bits,
            signature=_signature(found),
            self_issued=found.subject == found.issuer,
        )
    except (ValueError, TypeError, x509.InvalidVersion):
        return Certificate(readable=False, sha256=digest)


def _ms(instant: datetime) -> int:
    return int(instant.astimezone(UTC).timestamp()) * 1000


def _signature(found: x509.Certificate) -> str:
    oid = found.signature_algorithm_oid.dotted_string
    return _SIGNATURES.get(oid, oid)


def _key(found: x509.Certificate, der: bytes) -> tuple[str, int | None]:
    try:
        key = found.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return ("sm2", 256) if _SM2_CURVE in der else ("other", None)
    if isinstance(key, rsa.RSAPublicKey):
        return "rsa", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ec", key.key_size
    if isinstance(key, dsa.DSAPublicKey):
        return "dsa", key.key_size
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519", 256
    return ("ed448", 456) if isinstance(key, ed448.Ed448PublicKey) else ("other", None)


def _names(found: x509.Certificate) -> tuple[str, ...]:
    """Names the certificate is for; the common name only where there are no others, as clients do."""
    try:
        alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        common = found.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return tuple(f"cn:{name.value!s}" for name in common)
    dns = [f"dns:{name}" for name in alternative.get_values_for_type(x509.DNSName)]
    return (*dns, *(f"ip:{address}" for address in alternative.get_values_for_type(x509.IPAddress)))
