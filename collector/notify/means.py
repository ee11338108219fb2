"""How a recipient of the estate becomes an address: the collector's own secrets and commands.

DIR/secrets.yaml   {NAME: text, …}                          0600, refused otherwise; never printed or logged
DIR/notify.yaml    {commands: {NAME: [/path, argument, …]}}     nobody but its owner may write it
"""

import re
from collections.abc import Mapping
from hmac import digest
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from collector.notify.rules import CUSTOM, SECRET

_NAME = re.compile(r"\{([A-Za-z0-9][A-Za-z0-9_.-]{0,62})\}")
_DOMAIN = b"roundseal/recipient/v1\n"


class MeansError(Exception):
    """A recipient cannot be reached as things are set up here: stable `code`, detail without any secret."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Means:
    """The files of one collector's directory; read anew each time they are asked for."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def address(self, to: str) -> str:
        """The address that a recipient of the estate stands for; of a command its name. MeansError."""
        if to.startswith(CUSTOM):
            self.command(to.removeprefix(CUSTOM))
            return to
        if to.startswith(SECRET):
            return self._secret(to.removeprefix(SECRET))
        return _NAME.sub(lambda found: quote(self._secret(found[1]), safe=""), to)

    def command(self, name: str) -> tuple[str, ...]:
        """The command of a name: its program by its whole path, and its arguments."""
        path = self._directory / "notify.yaml"
        found = self._read(path, 0o022, "chmod go-w")
        commands = found.get("commands")
        argv = commands.get(name) if isinstance(commands, dict) else None
        if argv is None:
            raise MeansError("no_command", f"{path.name} has no command {name}")
        good = isinstance(argv, list) and argv and all(isinstance(part, str) for part in argv)
        if not good or not argv[0].startswith("/"):
            raise MeansError(
                "bad_settings", f"{path.name}: {name}: a list with a whole path in front is wanted"
            )
        return tuple(argv)

    def _secret(self, name: str) -> str:
        path = self._directory / "secrets.yaml"
        found = self._read(path, 0o077, "chmod 600").get(name)
        if not isinstance(found, str) or not found:
            raise MeansError("no_secret", f"{path.name} has no text {name}")
        return found

    def _read(self, path: Path, others: int, cure: str) -> Mapping[str, Any]:
        try:
            if path.stat().st_mode & others:
                raise MeansError("bad_settings", f"{path.name}: others can get at it: {cure}")
            made = yaml.safe_load(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise MeansError("no_settings", f"{path.name} is not there") from None
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            # Not the parser's words: they quote what stands in the file.
            raise MeansError("bad_settings", f"{path.name} cannot be read") from None
        if not isinstance(made, dict):
            raise MeansError("bad_settings", f"{path.name}: names and their values are wanted")
        return made


def address_digest(key: bytes, address: str) -> str:
    """HMAC-SHA-256 (hex) of an address under a key that only this collector has: nobody can guess a number
    or mailbox from it, and another address shows."""
    return digest(key, _DOMAIN + address.encode(), "sha256").hex()
