"""Configuration files that are no longer as they were approved, and those that anybody may change."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source
from checks.drift import judge_files, marks
from checks.hardening import FileState, SecuredHost


@dataclass(frozen=True, slots=True)
class Facts:
    """The files' states, content as SHA-256."""

    files: tuple[FileState, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """Paths (a star stands for names in one directory). `baseline` maps a path to its mark (None: nobody
    has approved one, which is unknown); what is not there now and was not approved is no difference."""

    paths: tuple[str, ...] = (
        "/etc/crontab",
        "/etc/fstab",
        "/etc/hosts",
        "/etc/login.defs",
        "/etc/pam.d/*",
        "/etc/resolv.conf",
        "/etc/security/*.conf",
        "/etc/ssh/sshd_config",
        "/etc/ssh/sshd_config.d/*",
        "/etc/sudoers",
        "/etc/sudoers.d/*",
        "/etc/sysctl.conf",
        "/etc/sysctl.d/*",
    )
    baseline: Mapping[str, str] | None = None


def observe(host: SecuredHost, params: Params) -> Facts:
    """Each file's digest, mode and owner."""
    return Facts(tuple(host.security().files(params.paths)))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """`files`, `open_to_all` (counts), then the baseline's; a file that cannot be read is unknown."""
    yield from judge_files(seen.facts.files, params.baseline)


def propose(facts: Facts) -> dict[str, str]:
    """A baseline that these facts would meet, for a person to approve."""
    return marks(facts.files)


CHECK = Check(
    id="security.files",
    version=1,
    title="配置文件变更",
    title_en="Configuration file drift",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-30", "HA-02", "LH rule 19"),
    needs=("read access to the files (an ACL: `setfacl -m u:roundseal-agent:r FILE`)",),
)
