"""What the commands of this program share: how a path is given, a data directory opened, an end told."""

import re
import sys
from pathlib import Path
from typing import NoReturn

import click

from collector.context import ConfigError, Context, open_context

DIRECTORY = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


_ERRNO = re.compile(
    r"\[(?:Errno|WinError) -?\d+\] (?P<why>[^:\[\]]+?)(?:: '(?P<file>[^']*)'(?: -> '(?P<to>[^']*)')?)?$"
)


def counted(number: int, what: str) -> str:
    """So many of a thing, in English: `1 asset`, `2 assets`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def in_words(error: Exception | str) -> str:
    """An error's text with the file and the reason in place of the system's number."""

    def said(found: re.Match[str]) -> str:
        why = found["why"][:1].lower() + found["why"][1:]
        places = " -> ".join(filter(None, (found["file"], found["to"])))
        return f"{places}: {why}" if places else why

    return _ERRNO.sub(said, str(error))


def of_place(place: Path, error: Exception | str) -> str:
    """The same behind the file or directory it is about, which is named once."""
    said = in_words(error)
    return said if said.startswith(str(place)) else f"{place}: {said}"


def fail(message: str) -> NoReturn:
    """Say why it cannot be done, and end with 2."""
    click.echo(f"error: {in_words(message)}", err=True)
    sys.exit(2)


def opened(directory: Path) -> Context:
    """The collector of a data directory; one that cannot be opened ends the program with 2."""
    try:
        return open_context(directory)
    except (ConfigError, OSError) as error:
        fail(str(error))
