"""`scorecard case FILE` and `pack check FILE`: what needs no data directory."""

import sys
from importlib import import_module
from pathlib import Path

import click

from collector.cli_parts import FILE, Group, fail, of_place

# Commands that need the database, loaded only when they are asked for.
_OVER_THE_LOG = {
    "show": "collector.cli_scorecards_dir",
    "seal": "collector.cli_scorecards_dir",
    "periods": "collector.cli_scorecards_dir",
    "term": "collector.cli_scorecards_dir",
    "changes": "collector.cli_scorecards_dir",
    "suspicious": "collector.cli_suspicious",
    "settle": "collector.cli_settle",
}


class _Scorecard(Group):
    """`scorecard DIR …` makes a scorecard; `scorecard case FILE` runs worked examples."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = {*self.list_commands(ctx), *ctx.help_option_names}
        if args and args[0] not in known:
            args = ["show", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted((*super().list_commands(ctx), *_OVER_THE_LOG))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _OVER_THE_LOG:
            command: click.Command = getattr(import_module(_OVER_THE_LOG[cmd_name]), cmd_name)
            return command
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Scorecard)
def scorecard() -> None:
    """Points, grade and money of a period; `scorecard case FILE` runs worked examples."""


@scorecard.command()
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True)
def case(file: Path, as_json: bool) -> None:
    """Scorecards of the worked examples in FILE; exit 1 if one differs from what it expects."""
    from collector.cli_cases import run_file
    from collector.packs.loading import packaged
    from collector.scoring.cases import run_cases

    run_file(file, lambda document: run_cases(document, packaged), as_json)


class _Pack(Group):
    """`pack DIR` packs finished days of the log; `pack check FILE` explains a contract pack."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.list_commands(ctx), *ctx.help_option_names}:
            args = ["days", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted((*super().list_commands(ctx), "days"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "days":
            command: click.Command = import_module("collector.cli_store").pack
            return command
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Pack)
def pack() -> None:
    """Contract packs (`pack check FILE`), and packing finished days of the log (`pack DIR`)."""


@pack.command()
def schema() -> None:
    """JSON Schema of a pack's YAML, for editors; made from the same classes that read it."""
    from collector.packs.schema import text

    click.echo(text(), nl=False)


@pack.command()
@click.argument("file")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh")
@click.option("--json", "as_json", is_flag=True, help="The compiled pack, as its digest is made of it.")
def check(file: str, lang: str, as_json: bool) -> None:
    """Read the pack in FILE (or one that comes with the program, by name) and explain it clause by clause.

    Exit 0: it can be used; 1: it has mistakes, each with file, line and path; 2: it cannot be read.
    """
    from collector.packs.errors import PackError
    from collector.packs.explain import explain
    from collector.packs.loading import from_file, names, packaged

    if file not in names() and not Path(file).is_file():
        fail(f"{file}: neither a file nor one of {', '.join(names())}")
    try:
        made = packaged(file) if file in names() else from_file(Path(file))
    except PackError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(1)
    except OSError as error:
        fail(of_place(Path(file), error))
    click.echo(made.body.decode() if as_json else "\n".join(explain(made, lang)))
