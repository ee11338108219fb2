"""Certificates in files of this machine or another: days left, key size, signature."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Lower, Reading, Seen, Source
from checks.certificates import judge_certificates
from checks.files import SFTP_NEEDS, Files, Where, check_paths
from checks.hardening import FileCertificate


@dataclass(frozen=True, slots=True)
class Facts:
    """The first certificate of each file."""

    files: tuple[FileCertificate, ...]


@dataclass(frozen=True, slots=True)
class Params(Where):
    """Where the files lie. `paths` (required; a star stands for names in one directory); limits in days and
    bits."""

    paths: tuple[str, ...] = ()
    days: Lower = Lower(30, 7)
    rsa_bits: Lower = Lower(2047, 1023)
    ec_bits: Lower = Lower(223, 159)

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        check_paths(self.paths, "paths")


def observe(files: Files, params: Params) -> Facts:
    return Facts(tuple(files.certificates(params, params.paths)))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """`certificates` (count), then `PATH:days`, `PATH:key`, `PATH:signature`."""
    yield from judge_certificates(seen.facts.files, seen.taken_at, params)


CHECK = Check(
    id="file.certificate",
    version=1,
    title="证书文件 (应用)",
    title_en="Certificates in files of applications",
    source=Source.FILES,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-01", "PD-37"),
    needs=(
        SFTP_NEEDS,
        "private keys are never read",
        "tried on files of this machine and, through OpenSSH's SFTP, on another's",
    ),
)
