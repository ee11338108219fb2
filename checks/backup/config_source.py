"""How long a network device's running configuration is, told by itself: with this the kept ones are compared
when they shrink or grow.

Planned at the source (`backup.config_source` in the object's `params`); the collector sets it beside the
configurations kept within an hour of the look.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, ErrorKind, ObservationError, Reading, Seen, Source, State, Unit
from checks.artefacts import deviceconfig
from checks.network._configs import DIALECTS, lines, whole
from checks.remote import Ssh, login


@dataclass(frozen=True, slots=True)
class Facts:
    """No line of it. `lines`, `bytes`: of what somebody configured, without blank and fleeting lines; `core`:
    digest without clocks, salts and certificates, as backup.device_config gives it for a kept one."""

    lines: int
    bytes: int
    core: str


@dataclass(frozen=True, slots=True)
class Params:
    """How the device is reached (see the source ssh). `platform`: huawei_vrp, hp_comware, cisco_ios or
    ruijie_os. `least_lines`: a shorter one is a finding."""

    address: str
    platform: str
    port: int = 22
    secret: str = "ssh"  # noqa: S105  # a name to look up on the agent, no secret
    legacy: bool = False
    hop: str = ""
    hop_secret: str = "bastion"  # noqa: S105  # likewise
    timeout_ms: int = 60_000
    least_lines: int = 5

    def __post_init__(self) -> None:
        login(self)
        if self.platform not in DIALECTS:
            raise ValueError(f"platform must be one of {', '.join(DIALECTS)}")


def observe(ssh: Ssh, params: Params) -> Facts:
    dialect = DIALECTS[params.platform]
    screens = ssh.shell(login(params), params.platform, (dialect.running,), timeout_ms=params.timeout_ms)
    if not screens or screens[0].trouble == "unknown_command":
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{params.address} does not show its configuration")
    shown = screens[0]
    if shown.trouble:
        raise ObservationError(ErrorKind.DENIED, f"{params.address}: this user may not see the configuration")
    if shown.cut or not whole(shown.text, dialect):
        raise ObservationError(ErrorKind.GARBLED, f"{params.address}: the configuration breaks off")
    held = lines(shown.text)
    size = sum(len(line.encode("utf-8", "replace")) + 1 for line in held)
    text = deviceconfig.read(shown.text.encode("utf-8", "replace"), params.platform)
    return Facts(len(held), size, text.core)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    held = seen.facts
    short = held.lines < params.least_lines
    state = State.CRIT if short else State.OK
    yield Reading("lines", held.lines, Unit.COUNT, state, "nothing_inside" if short else "")
    yield Reading("held", held.bytes, Unit.BYTES, State.OK)


CHECK = Check(
    id="backup.config_source",
    version=1,
    title="网络设备运行配置长度 (源端)",
    title_en="How long a device's running configuration is, at the source",
    source=Source.SSH,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-05", "HA-08", "HA-11", "PD-30", "LH annex 1 r12"),
    needs=("a login that may show the running configuration, and change nothing",),
)
