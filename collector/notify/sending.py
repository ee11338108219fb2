"""One try to hand a message over, with a deadline that holds whatever the other side does."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from collector.notify.child import ACCEPTED
from collector.notify.means import Means, MeansError
from collector.notify.receipts import Item
from collector.notify.rules import CUSTOM

DEADLINE_S = 60.0
_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
# What a command of the site gets to see of our environment.
_PASSED = ("PATH", "LANG", "LC_ALL", "TZ", "HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "no_proxy")


@dataclass(frozen=True, slots=True)
class Text:
    """What is said. `level`: `failure`, `success`, `warning` or `info`."""

    title: str
    body: str
    level: str
    items: tuple[Item, ...]


def send(means: Means, to: str, text: Text, deadline_s: float = DEADLINE_S) -> str:
    """`accepted`, or a stable code word that says why not; it never raises and never quotes an address."""
    try:
        address = means.address(to)
        argv: Sequence[str] = (sys.executable, "-P", "-m", "collector.notify.child")
        if to.startswith(CUSTOM):
            argv = means.command(to.removeprefix(CUSTOM))
    except MeansError as error:
        return error.code
    said = {"title": text.title, "body": text.body, "level": text.level}
    job = {**said, "items": [asdict(one) for one in text.items]}
    if to.startswith(CUSTOM):
        return _run(argv, job, deadline_s, own=False)
    return _run(argv, {**job, "url": address}, deadline_s, own=True)


def _run(argv: Sequence[str], job: dict[str, Any], deadline_s: float, *, own: bool) -> str:
    environment = {name: os.environ[name] for name in _PASSED if name in os.environ}
    try:
        process = subprocess.Popen(  # noqa: S603  # ourselves, or what notify.yaml allows
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if own else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    except OSError:
        return "no_program"
    with process:
        try:
            out, _ = process.communicate(json.dumps(job, ensure_ascii=False).encode(), timeout=deadline_s)
        except subprocess.TimeoutExpired:
            _end(process)
            return "timeout"
        except OSError:
            _end(process)
            return "broken"
    if not own:
        return ACCEPTED if process.returncode == 0 else "exit_status"
    code = (out or b"").decode("ascii", "replace").strip()
    return code if _CODE.fullmatch(code) else "crashed"


def _end(process: "subprocess.Popen[bytes]") -> None:
    """The process and what it started, for a deadline must hold for a command's children too."""
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
