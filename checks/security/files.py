"""Configuration files that are no longer as they were approved, and those that anybody may change."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.approved import MOST_LISTED, compare, mark
from checks.hardening import FileState, SecuredHost

_OTHERS_WRITE = 0o002


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
    files = [one for one in seen.facts.files if one.trouble != "missing"]
    state = State.OK if files else State.UNKNOWN
    yield Reading("files", len(files), Unit.COUNT, state, "" if files else "missing")
    opened = [one for one in files if not one.trouble and one.mode & _OTHERS_WRITE]
    yield Reading(
        "open_to_all",
        len(opened),
        Unit.COUNT,
        State.CRIT if opened else State.OK,
        "open_to_all" if opened else "",
    )
    for one in opened[:MOST_LISTED]:
        yield Reading(f"{one.path}:open_to_all", None, Unit.NONE, State.CRIT, "open_to_all")
    shut = {one.path: one.trouble for one in files if one.trouble}
    for path in sorted(shut)[:MOST_LISTED]:
        yield Reading(path, None, Unit.NONE, State.UNKNOWN, shut[path])
    approved = params.baseline
    if approved is not None and shut:
        # Whether it has changed nobody can say: it has its own reading already.
        approved = {path: marked for path, marked in approved.items() if path not in shut}
    yield from compare(approved, propose(seen.facts))


def propose(facts: Facts) -> dict[str, str]:
    """A baseline that these facts would meet, for a person to approve."""
    return {one.path: mark(one.sha256, one.mode, one.owner) for one in facts.files if not one.trouble}


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
