"""Programs that tell the security state: asked without a shell, with a deadline, never to change anything."""

import os
from collections.abc import Collection

from agent.sources import programs, root_door
from agent.sources.host_proc import Tree, which
from checks.api import ErrorKind, ObservationError

_DENIED = ("ermission denied", "not permitted", "must be root", "need to be root", "uperuser", "ccess denied")


def ask(tree: Tree, program: str, *words: str, good: Collection[int] = (0,), timeout: float = 60.0) -> str:
    """Standard output of a program of this machine; unsupported below a recorded root."""
    path = which(program) or _aside(program)
    if path is None or tree.root.resolve() != tree.root.resolve().parent:
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{program} is not installed")
    if os.geteuid() != 0 and root_door.is_open():
        from agent.sources import host_commands

        if (name := host_commands.named((program, *words))) is not None:
            made = host_commands.command(name, (), int(timeout * 1000))
            return _sound(program, made.exit, made.output, made.told.encode(), good)
    folders = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
    environment = {"PATH": folders, "LC_ALL": "C", "TZ": "UTC"}
    try:
        done = programs.run([path, *words], environment, timeout)
    except TimeoutError as error:
        raise ObservationError(ErrorKind.TIMEOUT, program) from error
    except ValueError as error:
        raise ObservationError(ErrorKind.GARBLED, f"{program}: {error}") from None
    return _sound(program, done.code, done.output, done.told, good)


def _sound(program: str, code: int, output: bytes, told: bytes, good: Collection[int]) -> str:
    """The output of a program that ended well; ObservationError with what it complained of."""
    if code not in good:
        complaint = (told or output).decode("utf-8", "replace").strip()[:400]
        kind = ErrorKind.DENIED if any(word in complaint for word in _DENIED) else ErrorKind.UNSUPPORTED
        raise ObservationError(kind, f"{program}: {complaint}")
    return output.decode("utf-8", "replace")


def _aside(program: str) -> str | None:
    """Administrators' programs, which an ordinary user's PATH leaves out."""
    for folder in ("/usr/sbin", "/sbin"):
        if os.access(f"{folder}/{program}", os.X_OK):
            return f"{folder}/{program}"
    return None
