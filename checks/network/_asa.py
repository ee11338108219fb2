"""The configuration of Cisco ASA: its heads and sums come off, and what it opens stands in lines of its own.

It shows some passwords as stars in both texts: that such a one changed is not seen.
"""

import re
from collections.abc import Sequence

from checks.network._configs import Dialect, Opened

PLATFORM = "cisco_asa"
DIALECT = Dialect("show running-config", "show startup-config", frozenset({": end"}), hashes=False)
# `: Saved`, `: Written by … at …`, `: Serial Number: …`, `: end`.
_FLEETING = re.compile(r"(?::|Cryptochecksum:)")
_TELNET = re.compile(r"telnet (\S+)(?: (\S+))? \S+$")
_SSH = re.compile(r"ssh (\S+)(?: (\S+))? \S+$")
_WORDS = re.compile(
    r"(?:ssh|telnet) (?:timeout|version|key-exchange|cipher|stricthostkeycheck|pubkey-chain|scopy|stack)\b"
)
_OLD = re.compile(r"snmp-server host(?:-group)? (?!.*\bversion 3\b).*\bcommunity\b|snmp-server community\b")
_GROUP = re.compile(r"snmp-server host-group (?!.*\bversion 3\b)")
_NAME = re.compile(r"snmp-server (?:community|host(?:-group)? .*\bcommunity)(?: ([08]))? (\S+)")
_EVERYBODY = ("0.0.0.0", "::/0", "any")  # noqa: S104  # as it is written in a configuration


def text(shown: str) -> str:
    """What somebody configured: the same of the running and of the saved one."""
    rows = (line.rstrip() for line in shown.replace("\r", "").split("\n"))
    return "\n".join(line for line in rows if line and not _FLEETING.match(line))


def opened(shown: str) -> Opened:
    """What it lets in, and from where. Only hosts that are named may ask by SNMP; its pages are TLS only.

    A group of hosts is an object elsewhere: how large it is nobody looked.
    """
    rows = [line for line in shown.split("\n") if not _WORDS.match(line)]
    telnet = [found[1] for line in rows if (found := _TELNET.match(line))]
    doors = telnet + [found[1] for line in rows if (found := _SSH.match(line))]
    old = any(map(_OLD.match, rows))
    groups = any(map(_GROUP.match, rows))
    return Opened(
        telnet=bool(telnet),
        http=False,
        snmp_old=old,
        community_default=_default(rows),
        terminals_limited=not any(door.startswith(_EVERYBODY) for door in doors) if doors else None,
        snmp_limited=True if old and not groups else None,
    )


def _default(rows: Sequence[str]) -> bool | None:
    """Whether a community is public or private; None where one is shown as stars, or encrypted (8)."""
    named = [(found[1], found[2]) for line in rows if (found := _NAME.match(line))]
    if any(name in ("public", "private") for _, name in named):
        return True
    return None if any(form == "8" or not name.strip("*") for form, name in named) else False
