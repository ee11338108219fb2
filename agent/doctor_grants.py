"""What grants a look that could not be taken: the line to write, the command to type, the package to install.

Only told, never done: `doctor` changes nothing.
"""

import getpass
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from checks.api import Check, Source

# Debian's package, and that of Red Hat's kin (openEuler, Kylin, Anolis) where it has another name.
_PACKAGES: Mapping[str, tuple[str, str]] = {
    "auditctl": ("auditd", "audit"),
    "borg": ("borgbackup", "borgbackup"),
    "ceph": ("ceph-common", "ceph-common"),
    "curl": ("curl", "curl"),
    "ip6tables-save": ("iptables", "iptables"),
    "iptables-save": ("iptables", "iptables"),
    "ipmitool": ("ipmitool", "ipmitool"),
    "journalctl": ("systemd", "systemd"),
    "lvs": ("lvm2", "lvm2"),
    "multipath": ("multipath-tools", "device-mapper-multipath"),
    "nft": ("nftables", "nftables"),
    "nginx": ("nginx", "nginx"),
    "restic": ("restic", "restic"),
    "smartctl": ("smartmontools", "smartmontools"),
    "sudo": ("sudo", "sudo"),
    "vgs": ("lvm2", "lvm2"),
    "virsh": ("libvirt-clients", "libvirt-client"),
    "zpool": ("zfsutils-linux", "zfs"),
}
_MAKERS = {"storcli64": "StorCLI", "MegaCli64": "MegaCLI"}
_MODULES = {"psycopg": "agent-sql", "pymysql": "agent-sql"}
_ABSENT = re.compile(r"^([A-Za-z0-9_.-]+) is not installed")
_ROOT = re.compile(r"sudo does not allow (/[^\s:]+)|see the unit roundseal-root-commands")
_DOOR = "systemctl enable --now roundseal-root-commands.socket"
_INSTALLED = Path("/etc/systemd/system/roundseal-root-commands.socket")
_OID = re.compile(r"\b1\.3\.6\.1(?:\.\d+)*\b")
_QUOTED = re.compile(r"`([^`]+)`")
_USER = re.compile(r"\broundseal-agent\b(?= ALL=)|(?<=u:)roundseal-agent\b")


def lines(check: Check[Any, Any], params: Mapping[str, Any], kind: str, detail: str) -> tuple[str, ...]:
    """What a person who may grant it has to do; nothing where the trouble is another."""
    if absent := _ABSENT.search(detail):
        return tuple(_package(absent[1]))
    if asked := _ROOT.search(detail):
        by_sudo = asked[1] is not None and not _INSTALLED.exists()  # inside the unit sudo would fail
        return (f"/etc/sudoers.d/roundseal-agent: {sudoers(asked[1])}" if by_sudo else _DOOR,)
    if check.source is Source.SNMP or (check.source is Source.DEVICE and not params.get("platform")):
        return tuple(_view(check, params)) if kind in ("denied", "unsupported", "timeout") else ()
    if kind not in ("denied", "unsupported"):
        return ()
    if "secret" in detail or "pinned" in detail or "host key" in detail or "not in this kernel" in detail:
        return ()  # a point of its own says so; or nobody can grant it
    if check.source is Source.SQL:
        return tuple(_grant(params))
    if check.source is Source.BMC:
        return tuple(_role(params))
    return tuple(dict.fromkeys(_needs(check)))


def _package(program: str) -> Iterator[str]:
    if program in _PACKAGES:
        debian, red_hat = _PACKAGES[program]
        yield f"apt-get install {debian}   (Red Hat and its kin: dnf install {red_hat})"
    elif program in _MAKERS:
        yield f"install {_MAKERS[program]} of the controller's maker"
    elif program in _MODULES:
        yield f"pip install 'roundseal[{_MODULES[program]}]' into the agent's environment"


def sudoers(path: str) -> str:
    """The line that lets this user run what the agent runs of this program as root, and nothing else.

    KIND and DEVICE are to be written out for each drive: a `*` of sudoers takes blanks too, and with them
    further options.
    """
    from agent.sources.host_commands import COMMANDS

    name = path.rpartition("/")[2]
    asked = sorted(
        " ".join((path, *each.argv[1:])).replace(",", "\\,").replace("{} {}", "KIND DEVICE")
        for each in COMMANDS.values()
        if each.root and each.argv[0] == name
    )
    return f"{user()} ALL=(root) NOPASSWD: {', '.join(asked or [path])}"


def user() -> str:
    """Whom this process runs as."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "roundseal-agent"


def _view(check: Check[Any, Any], params: Mapping[str, Any]) -> Iterator[str]:
    """net-snmp's words; devices have their own for the same: a read-only view of these subtrees."""
    trees = dict.fromkeys(oid for need in check.needs for oid in _OID.findall(need)) or ("1.3.6.1.2.1",)
    yield "a read-only view: " + "; ".join(f"view roundseal included .{oid}" for oid in trees)
    if params.get("version", 3) == 3:
        yield "rouser USER priv -V roundseal   (USER: of the secret)"
    else:
        yield "rocommunity COMMUNITY THIS-HOST -V roundseal   (COMMUNITY: of the secret)"


def _grant(params: Mapping[str, Any]) -> Iterator[str]:
    from checks import sql

    words = {
        "kingbase": sql.KINGBASE_GRANT,
        "mysql": sql.MYSQL_GRANT,
        "oracle": sql.ORACLE_GRANT,
        "dameng": sql.DAMENG_GRANT,
        "redis": "ACL SETUSER inspector on >PASSWORD +ping +info +cluster|info +cluster|nodes",
    }
    yield words.get(str(params.get("platform", "postgresql")), sql.POSTGRES_GRANT)


def _role(params: Mapping[str, Any]) -> Iterator[str]:
    if params.get("protocol") == "ipmi":
        yield "ipmitool channel setaccess CHANNEL USER-ID ipmi=on privilege=2   (2: USER)"
        return
    yield 'PATCH /redfish/v1/AccountService/Accounts/ID {"RoleId": "ReadOnly"}'


def _needs(check: Check[Any, Any]) -> Iterator[str]:
    for need in check.needs:
        quoted = _QUOTED.findall(need)
        yield from (_USER.sub(user(), line) for line in quoted) if quoted else (need,)
