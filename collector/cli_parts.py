"""What the commands of this program share: how a path is given, a data directory opened, an end told."""

import sys
from pathlib import Path
from typing import NoReturn

import click

from collector.context import ConfigError, Context, open_context

DIRECTORY = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


def fail(message: str) -> NoReturn:
    """Say why it cannot be done, and end with 2."""
    click.echo(f"error: {message}", err=True)
    sys.exit(2)


def opened(directory: Path) -> Context:
    """The collector of a data directory; one that cannot be opened ends the program with 2."""
    try:
        return open_context(directory)
    except (ConfigError, OSError) as error:
        fail(str(error))
