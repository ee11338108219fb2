"""What the commands of this program share: how a path is given, a data directory opened, an end told."""

import re
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from checks.oneline import one_line
from collector.context import ConfigError, Context, open_context

DIRECTORY = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
PROGRAM = "roundseal-collector"


class Group(click.Group):
    """Commands with the whole first sentence of each, however narrow the terminal is."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, one.get_short_help_str(limit=300)) for name, one in found if one is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; a database that cannot be read ends it with 2, wherever that shows."""
        try:
            return super().invoke(ctx)
        except sqlite3.DatabaseError as error:
            fail(f"database: {error}")
        except Exception as error:
            if isinstance(getattr(error, "orig", None), sqlite3.DatabaseError):
                fail(f"database: {error}")
            raise


class _Written(click.Option):
    """The help and an error show the first name only; the other one is an alias."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        names, self.opts = self.opts, self.opts[:1]
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts = names

    def get_error_hint(self, ctx: click.Context | None) -> str:
        return f"'{self.opts[0]}'"


def written(name: str, *names: str, **more: Any) -> Callable[[Any], Any]:
    """The option for the file that a command writes: `--to` or `--out` as its help says, or the other."""
    (other,) = {"--to", "--out"} - {name}
    return click.option(name, other, *names, cls=_Written, metavar="FILE", type=FILE, **more)


_ERRNO = re.compile(
    r"\[(?:Errno|WinError) -?\d+\] (?P<why>[^:\[\]]+?)(?:: '(?P<file>[^']*)'(?: -> '(?P<to>[^']*)')?)?$"
)


# SQLAlchemy tells a driver's error with its class before it, and the statement behind it.
_OF_DATABASE = re.compile(r"\((?:sqlite3|psycopg(?:\.errors)?)\.\w+\) ")


def counted(number: int, what: str) -> str:
    """So many of a thing, in English: `1 asset`, `2 assets`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def in_words(error: Exception | str) -> str:
    """An error's text with the file and the reason in place of the system's number, without SQL."""

    def said(found: re.Match[str]) -> str:
        why = found["why"][:1].lower() + found["why"][1:]
        places = " -> ".join(filter(None, (found["file"], found["to"])))
        return f"{places}: {why}" if places else why

    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        # Its text would hold the names as Python writes them.
        names = [str(one) for one in (error.filename, error.filename2) if one is not None]
        return f"{' -> '.join(names)}: {error.strerror[:1].lower()}{error.strerror[1:]}"
    return _ERRNO.sub(said, _OF_DATABASE.sub("", str(error).split("\n[SQL: ")[0]))


def of_place(place: Path, error: Exception | str) -> str:
    """The same behind the file or directory it is about, which is named once."""
    said = in_words(error)
    return said if said.startswith(str(place)) else f"{place}: {said}"


def complain(message: Exception | str) -> None:
    """Say what is wrong, behind the program's name as all three programs do it."""
    click.echo(f"{PROGRAM}: {one_line(in_words(message))}", err=True)


def fail(message: Exception | str) -> NoReturn:
    """Say why it cannot be done, and end with 2."""
    complain(message)
    sys.exit(2)


def opened(directory: Path) -> Context:
    """The collector of a data directory; one that cannot be opened ends the program with 2."""
    try:
        return open_context(directory)
    except (ConfigError, OSError) as error:
        fail(str(error))
