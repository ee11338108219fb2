"""Whether a server shows the SSH host key that was approved: another one is a finding."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source
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
        if not 1 <= self.timeout_ms <= 60_000:
            raise ValueError("timeout_ms must be 1 to 60000")


def observe(ssh: Ssh, params: Params) -> Facts:
    return Facts(ssh.host_key(login(params), timeout_ms=params.timeout_ms))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    yield from judge_host_key(seen.facts.key)


CHECK = Check(
    id="server.ssh",
    version=1,
    title="服务器 SSH 主机密钥",
    title_en="Server SSH host key",
    source=Source.SSH,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-32", "LH rule 18"),
    needs=("the host key approved once: roundseal-agent trust ADDRESS:PORT",),
)
