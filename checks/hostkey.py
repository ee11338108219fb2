"""One check of an SSH host key, declared by each package whose assets are reached so."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source
from checks.probes import check_timeout
from checks.remote import HostKey, Ssh, judge_host_key, login


@dataclass(frozen=True, slots=True)
class Facts:
    key: HostKey


@dataclass(frozen=True, slots=True)
class Params:
    address: str
    port: int = 22
    secret: str = "ssh"  # noqa: S105  # a name to look up on the agent, no secret
    legacy: bool = False
    hop: str = ""
    hop_secret: str = "bastion"  # noqa: S105  # likewise
    timeout_ms: int = 10_000

    def __post_init__(self) -> None:
        login(self)
        check_timeout(self.timeout_ms, 1, 60_000)


def observe(ssh: Ssh, params: Params) -> Facts:
    return Facts(ssh.host_key(login(params), timeout_ms=params.timeout_ms))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    yield from judge_host_key(seen.facts.key)


def declare(check_id: str, title: str, title_en: str) -> Check[Facts, Params]:
    """The check under the id of its package."""
    return Check(
        id=check_id,
        version=1,
        title=title,
        title_en=title_en,
        source=Source.SSH,
        facts=Facts,
        params=Params,
        observe=observe,
        judge=judge,
        clauses=("PD-32", "LH rule 18"),
        needs=("the host key approved once: roundseal-agent trust ADDRESS:PORT",),
    )
