"""A throwaway home for gpg: it holds one key for one look, on a memory filesystem where there is one."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator

from checks.artefacts.layers import LayerError
from checks.places import Tools

# Paths of sockets are short, so the home is not below somebody's deep directory.
_PREFIX = "rs-gpg-"
_MEMORY = "/dev/shm"  # noqa: S108  # a directory of our own is made in it, open to nobody else


@contextlib.contextmanager
def home(tools: Tools, key: str) -> Iterator[str]:
    """A gpg home with this armoured secret key in it ("" none); LayerError no_tool, does_not_open."""
    if tools.find("gpg") is None:
        raise LayerError("no_tool", "gpg", "gpg")
    above = _MEMORY if os.access(_MEMORY, os.W_OK) else tempfile.gettempdir()
    _sweep(tools, above)
    prefix = f"{_PREFIX}{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=above, ignore_cleanup_errors=True) as made:
        try:
            if key:
                _import(tools, made, key)
            yield made
        finally:
            # gpg leaves an agent running, which holds the key: it goes with the home.
            _end_agent(tools, made)


def _end_agent(tools: Tools, made: str) -> None:
    if tools.find("gpgconf") is not None:
        with tools.stream(["gpgconf", "--homedir", made, "--kill", "all"]) as stream:
            stream.out.read()
            stream.finish()


def _sweep(tools: Tools, above: str) -> None:
    """Homes of looks that were killed: the key in one of them outlives nobody."""
    for name in os.listdir(above):
        number = name.removeprefix(_PREFIX).partition("-")[0]
        path = f"{above}/{name}"
        if not name.startswith(_PREFIX) or not number.isdigit() or os.path.exists(f"/proc/{number}"):
            continue
        if os.lstat(path).st_uid == os.geteuid() and not os.path.islink(path):
            _end_agent(tools, path)
            shutil.rmtree(path, ignore_errors=True)


def argv(made: str) -> list[str]:
    """How gpg is called there: it asks nobody and trusts its home alone."""
    return [
        *("gpg", "--homedir", made, "--batch", "--no-tty", "--quiet", "--pinentry-mode", "loopback"),
        *("--no-auto-check-trustdb", "--no-options", "--verbose"),
    ]


def _import(tools: Tools, made: str, key: str) -> None:
    asked = [*argv(made), "--import", "/dev/fd/3"]
    with tools.stream(asked, secrets={3: key.encode()}) as stream:
        stream.out.read()
        if stream.finish() or b"secret key" not in stream.complaint:
            raise LayerError("no_key", "gpg", "the secret's key is no secret key that gpg can read")
