"""`fsck`, `rebuild`, `backup`, `pack`: the log and its database."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from collector.cli_parts import complain, fail, of_place
from collector.context import ConfigError, Context, locked, open_context

DIRECTORY = click.Path(file_okay=False, path_type=Path)
_QUICK = "; --full checks every signature and body"


def _open(directory: Path) -> Context:
    try:
        return open_context(directory, derived=False)  # only what is evidence is looked at here
    except Exception as error:  # a damaged database raises whatever it likes: say it, exit 2
        fail(of_place(directory, error))


@click.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option(
    "--full", is_flag=True, help="Every signature, header and body; else the newest signature of each key."
)
@click.option("--bodies", is_flag=True, help="Every body too.")
@click.option("--json", "as_json", is_flag=True)
def fsck(directory: Path, full: bool, bodies: bool, as_json: bool) -> None:
    """Read the whole log again: tree, chains, signatures. Exit 1 when something is wrong."""
    from sqlalchemy.exc import SQLAlchemyError

    from collector.jobs.fsck import Fsck

    with _open(directory) as context:
        try:
            report = Fsck(context, full=full, bodies=bodies).run()
        except SQLAlchemyError as error:
            fail(of_place(directory, error))
    if as_json:
        click.echo(json.dumps(asdict(report)))
    else:
        for problem in report.problems:
            where = f"entry {problem.idx}" if problem.idx >= 0 else "log"
            click.echo(f"{where}: {problem.code}: {problem.detail}")
        click.echo(
            f"{report.entries} entries, {report.batches} batches, {report.checkpoints} checkpoints, "
            f"{report.signatures} signatures and {report.bodies} bodies checked, "
            f"{len(report.problems)} problems, root {report.root}{'' if full else _QUICK}"
        )
    sys.exit(1 if report.problems else 0)


@click.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--if-needed", is_flag=True, help="Only where another version of the program derived them.")
def rebuild(directory: Path, *, if_needed: bool) -> None:
    """Make every derived table again from the log (the server must not run)."""
    from collector.jobs import derive
    from collector.store.evidence import Damaged

    try:
        with locked(directory), _open(directory) as context:
            if if_needed and context.fits():
                return
            derive.rebuild(context)
    except (ConfigError, Damaged, OSError) as error:
        fail(error)
    click.echo("rebuilt")


@click.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--no-secrets", is_flag=True, help="Leave secrets.yaml out (tokens of channels).")
def backup(directory: Path, file: Path, no_secrets: bool) -> None:
    """Write everything into FILE (a tar) while the server runs; the log key is in it.

    Restore: mkdir -m 700 NEW && tar -xpf FILE -C NEW, then serve NEW.
    """
    from collector.jobs.backup import backup as write

    if not file.parent.is_dir():
        fail(f"{file}: there is no directory {file.parent}")
    try:
        with _open(directory) as context:
            size, left = write(context, file, secrets=not no_secrets)
    except OSError as error:
        # What is written first stands beside FILE under a name of its own, which says nothing to people.
        beside = Path(error.filename or "").parent == file.parent and error.strerror
        fail(f"{file}: {error.strerror}" if beside else str(error))
    except ConfigError as error:
        fail(str(error))
    click.echo(f"{file}: {size} entries")
    for name in left:
        click.echo(
            f"left out: {name}; after a restore no message goes out that needs it until it is copied there"
        )


@click.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
def pack(directory: Path) -> None:
    """Move entries of finished days into verified packs; nothing is lost, less room is used."""
    from collector.jobs.packing import pack_finished
    from collector.store.evidence import Damaged

    with _open(directory) as context:
        try:
            groups, before, after = pack_finished(context)
        except Damaged as error:
            complain(error)
            sys.exit(1)
    click.echo(f"{groups} groups of 256 entries, {before} bytes to {after}")
