"""Certificates in files: days left, key size, signature."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Lower, Reading, Seen, Source
from checks.certificates import judge_certificates
from checks.hardening import FileCertificate, SecuredHost


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
    """`certificates` (count), then `PATH:days`, `PATH:key`, `PATH:signature`."""
    yield from judge_certificates(seen.facts.files, seen.taken_at, params)


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
