"""What a look by a program's output needs: run one of the allowed read-only programs by its name.

The host runs them itself; SSH runs the same ones on another machine. Names: agent/sources/host_commands.py.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

from checks.api import ErrorKind, ObservationError

# What a check needs whose program only root may run; a line of sudoers follows. Inside the unit sudo fails.
ROOT = (
    "root: `systemctl enable --now roundseal-root-commands.socket`, "
    "or for an agent without its unit the sudoers line"
)


@dataclass(frozen=True, slots=True)
class CommandOutput:
    """Exit code (negative: the signal that ended it), output, the beginning of its complaints."""

    exit: int
    output: bytes = field(repr=False)
    told: str = ""

    @property
    def text(self) -> str:
        """The output; bytes that are no UTF-8 are replaced."""
        return self.output.decode("utf-8", "replace")

    @property
    def digest(self) -> str:
        """SHA-256 of the output (hex)."""
        return sha256(self.output).hexdigest()

    def json(self) -> Mapping[str, Any]:
        """The output as a JSON object; ObservationError where it is none. Numbers with a point stay texts."""
        try:
            made = json.loads(self.text, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError):
            made = None
        if not isinstance(made, dict):
            raise ObservationError(ErrorKind.GARBLED, self.told[:200] or "no JSON object in the output")
        return made

    def sound(self) -> "CommandOutput":
        """Itself, where the program ended well; else an ObservationError with what it said."""
        if self.exit == 0:
            return self
        told = self.told.strip().rpartition("\n")[2][:200]
        for mark, kind, words in _COMPLAINTS:
            if mark in self.told.lower():
                raise ObservationError(kind, words or told)
        raise ObservationError(ErrorKind.GARBLED, told or f"exit code {self.exit}")


# What programs complain of (LC_ALL=C), its kind, and our words where it is something that is not there.
_COMPLAINTS = (
    ("permission denied", ErrorKind.DENIED, ""),
    ("not permitted", ErrorKind.DENIED, ""),
    ("must be root", ErrorKind.DENIED, ""),
    ("mdstat: no such file", ErrorKind.UNSUPPORTED, "md is not in this kernel (no /proc/mdstat)"),
    ("-sock-ro': no such file", ErrorKind.UNSUPPORTED, "libvirt is not running (no socket of it)"),
    ("-sock': no such file", ErrorKind.UNSUPPORTED, "libvirt is not running (no socket of it)"),
    ("zfs modules are not loaded", ErrorKind.UNSUPPORTED, "the module of ZFS is not loaded"),
    ("(error calling conf_read_file)", ErrorKind.UNSUPPORTED, "no /etc/ceph/ceph.conf here"),
    ("-sock-ro': connection refused", ErrorKind.REFUSED, ""),
    ("-sock': connection refused", ErrorKind.REFUSED, ""),
)


class Commands(Protocol):
    """Something that runs the allowed programs."""

    def command(self, name: str, *words: str, timeout_ms: int = 20_000) -> CommandOutput:
        """Output of the program that `name` stands for, `words` in its places."""

    def reach(self, host: str, port: int, *, timeout_ms: int) -> str:
        """How an attempt to connect ends: `connected`, or a word of what went wrong."""


def text(value: object) -> str:
    """A text of some output as it can be signed: bounded, in one line."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    whole = str(value)[:200].encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() else " " for c in whole).strip()


def whole(value: object) -> int | None:
    """A whole number, also written as a text or with decimals (cut off); None where there is none."""
    if isinstance(value, str):
        digits = value.strip().partition(".")[0]
        value = int(digits) if digits.removeprefix("-").isdecimal() and len(digits) < 20 else None
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 53 else None
