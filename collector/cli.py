"""The commands of `roundseal-collector` (begun by `program.py`): only the asked one is imported."""

import gc
import importlib
import os
from typing import Any

import click

from collector.cli_parts import Group, complain
from collector.estate.errors import EstateError

# name -> "module:command". Commands of later versions say so and exit 2.
_COMMANDS = {
    "init": "collector.cli_server:init",
    "serve": "collector.cli_server:serve",
    "token": "collector.cli_agents:token",
    "agents": "collector.cli_agents:agents",
    "import": "collector.cli_agents:import_",
    "fsck": "collector.cli_store:fsck",
    "rebuild": "collector.cli_store:rebuild",
    "backup": "collector.cli_store:backup",
    "pack": "collector.cli_scorecard:pack",
    "estate": "collector.cli_estate:estate",
    "rounds": "collector.cli_rounds:rounds",
    "round": "collector.cli_rounds:round_",
    "availability": "collector.cli_figures:availability",
    "statement": "collector.cli_statements:statement",
    "key": "collector.cli_keys:key",
    "record": "collector.cli_record:record",
    "report": "collector.cli_report:report",
    "account": "collector.cli_accounts:account",
    "bundle": "collector.cli_bundle:bundle",
    "capacity": "collector.cli_capacity:capacity",
    "baseline": "collector.cli_capacity:baseline",
    "scan": "collector.cli_scan:scan",
    "ledger": "collector.cli_ledger:ledger",
    "backups": "collector.cli_backups:backups",
    "obligations": "collector.cli_obligations:obligations",
    "scorecard": "collector.cli_scorecard:scorecard",
    "faults": "collector.cli_faults:faults",
    "findings": "collector.cli_faults:findings",
    "notify": "collector.cli_messages:notify",
}
_LATER = ("prune",)


class _Lazy(Group):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As a program of its own, which would look for garbage once more at its end."""
        try:
            return super().__call__(*args, **kwargs)
        finally:
            gc.freeze()

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted((*_COMMANDS, *_LATER))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _LATER:
            return _later(cmd_name)
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EstateError as error:
            # Of the estate in force: commands that are given a file tell its mistakes themselves.
            complain("this program cannot read the estate in force; apply it again")
            click.echo(str(error), err=True)
            ctx.exit(2)
        except click.exceptions.NoArgsIsHelpError:
            raise  # what is shown is the help itself
        except click.UsageError as error:
            path = ctx.command_path if error.ctx is None else error.ctx.command_path
            complain(f"{error.format_message().rstrip('.')} ({path} --help)")
            ctx.exit(error.exit_code)


def _later(name: str) -> click.Command:
    @click.command(name, context_settings={"ignore_unknown_options": True}, help="Not in this version.")
    @click.argument("rest", nargs=-1, type=click.UNPROCESSED)
    def later(rest: tuple[str, ...]) -> None:
        raise click.UsageError(f"{name}: not in this version")

    return later


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="roundseal")
def main() -> None:
    """Roundseal collector (巡证 采集端)."""
    # Databases and files made from here on are the owner's alone.
    os.umask(0o077)
