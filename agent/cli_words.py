"""The words of `roundseal-agent`'s command line.

In a module of its own: argparse and what it loads would stay with a resident agent for good (1.4 MiB).
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from agent.state import DEFAULT
from checks.oneline import one_line


def parser(run: Mapping[str, Any]) -> argparse.ArgumentParser:
    """`run`: the function of each command."""
    made = _Parser(
        prog="roundseal-agent", description="Roundseal agent (巡证代理)", formatter_class=_Formatter
    )
    made.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = made.add_subparsers(metavar="COMMAND", required=True, prog="roundseal-agent")
    enrol = _command(commands, "enrol", run["enrol"], "make a key here and ask the collector to let it in")
    enrol.add_argument("url", metavar="URL", help="the collector, e.g. https://10.0.0.5:8443")
    enrol.add_argument(
        "token", metavar="TOKEN", help="enrol1.… as `roundseal-collector token create` printed it"
    )
    enrol.add_argument(
        "--wait",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="wait until the code has been approved (default)",
    )
    enrol.add_argument("--force", action="store_true", help="move an existing enrolment aside")
    _command(commands, "run", run["run"], "look, sign and send until stopped", as_json=False)
    _command(
        commands, "status", run["status"], "what this agent has done, and how it stands with the collector"
    )
    doctor = _command(commands, "doctor", run["doctor"], "what can be measured here, what cannot, and why")
    doctor.add_argument(
        "--site-report",
        type=Path,
        metavar="FILE",
        help="instead: raw answers of the planned targets, without secrets, shown and then written",
    )
    doctor.add_argument("--yes", action="store_true", help="write the site report without asking")
    check = _command(commands, "check", run["check"], "run one check now and print what it saw")
    check.add_argument("id", metavar="ID", help="e.g. host.cpu")
    check.add_argument("--param", action="append", default=[], metavar="K=V", help="a parameter of the check")
    check.add_argument(
        "--target", default="", metavar="T", help="name of what is looked at (default: this host)"
    )
    _trust_words(commands, run["trust"])
    once = _command(commands, "once", run["once"], "take every look of a plan once, into a sealed file")
    once.add_argument(
        "--plan", required=True, type=Path, metavar="FILE", help="the plan, as the collector served it"
    )
    once.add_argument("--seal", required=True, type=Path, metavar="FILE.xz", help="the file to write")
    _parse_words(commands, run["parse"])
    found = _command(
        commands, "discover", run["discover"], "what a device is and has, and a piece of estate for it"
    )
    ways = "snmp://ADDRESS[:PORT]?version=2&secret=NAME, ssh://…, redfish://…, ipmi://…"
    found.add_argument("target", metavar="TARGET", help=ways)
    found.add_argument("--readings", type=Path, metavar="FILE", help="write all readings as JSON")
    _backup_words(commands, run["backup verify"])
    _drill_words(commands, run)
    _fingerprint_words(commands, run)
    return made


def _fingerprint_words(commands: Any, run: Mapping[str, Any]) -> None:
    text = "what is in a database when it is backed up: counts and sums of its rows"
    fingerprint = commands.add_parser("fingerprint", help=text, description=text, formatter_class=_Formatter)
    verbs = fingerprint.add_subparsers(metavar="VERB", required=True, prog="roundseal-agent fingerprint")
    take = _taking(verbs, "take", run["fingerprint take"], "of one instant, to a file or the screen")
    take.add_argument("--out", "--to", type=Path, metavar="FILE", help="write it there")
    take.add_argument("--before", type=Path, metavar="FILE", help="as the first half of a sandwich")
    wrap = _taking(verbs, "wrap", run["fingerprint wrap"], "make a dump and its fingerprint in one snapshot")
    wrap.add_argument("--out", "--to", type=Path, required=True, metavar="PATH", help="the dump to make")
    forms = ("custom", "directory", "tar", "plain")
    wrap.add_argument("--format", choices=forms, default="custom", help="of the dump (custom)")
    wrap.add_argument("--globals", type=Path, metavar="FILE", help="roles of the cluster too, into this file")
    wrap.add_argument("words", nargs="*", metavar="OPTION", help="behind --: more options for the dump")
    both = _taking(verbs, "sandwich", run["fingerprint sandwich"], "before and after a dump that others make")
    both.add_argument("--artefact", type=Path, required=True, metavar="PATH", help="the dump they make")
    both.add_argument("--before", type=Path, metavar="FILE", help="what `take --before FILE` took")
    both.add_argument("--lock", action="store_true", help="of mariadb: nobody writes meanwhile (RELOAD)")
    both.add_argument("words", nargs="*", metavar="COMMAND", help="behind --: the command that makes it")


def _taking(verbs: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    made = _command(verbs, name, run, text)
    made.add_argument("--database", required=True, metavar="D", help="its name")
    made.add_argument("--host", default="", metavar="H", help="address, or directory of the socket")
    made.add_argument("--port", type=int, default=0, metavar="P")
    made.add_argument("--user", default="", metavar="U")
    made.add_argument("--service", default="", metavar="S", help="of libpq's service file, instead")
    made.add_argument("--secret", default="", metavar="NAME", help="user and password, in secrets.yaml")
    made.add_argument("--product", choices=("postgresql", "kingbase", "mariadb"), default="postgresql")
    text = "of mariadb: the dump's, where it changes the text of rows (--option=--skip-tz-utc)"
    made.add_argument("--option", action="append", default=[], metavar="OPTION", help=text)
    made.add_argument("--programs", default="", metavar="DIR", help="where the product's tools are")
    made.add_argument("--rate", type=float, default=0.0, metavar="MIB", help="rows of so many MiB a second")
    made.add_argument("--pause-file", default="", metavar="FILE", help="while it is there nothing is read")
    made.add_argument("--longest", type=int, default=4 * 3600, metavar="S", help="seconds at most (14400)")
    made.add_argument("--strong", action="store_true", help="sums nobody can forge: SHAKE-256")
    return made


def _drill_words(commands: Any, run: Mapping[str, Any]) -> None:
    text = "restore drills: a backup into a throwaway instance, cut off from everything"
    drill = commands.add_parser("drill", help=text, description=text, formatter_class=_Formatter)
    verbs = drill.add_subparsers(metavar="VERB", required=True, prog="roundseal-agent drill")
    once = _command(verbs, "run", run["drill run"], "do one now: exit 0 good, 1 bad, 2 could not tell")
    once.add_argument(
        "object", metavar="OBJECT", nargs="?", default="", help="an object of the plan in force"
    )
    once.add_argument("--target", default="", metavar="PATH", help="instead: this artefact")
    once.add_argument("--kind", default="", metavar="K", help="of --target: postgres, basebackup, mariadb …")
    once.add_argument(
        "--questions", default="", metavar="FILE", help="YAML: a list of {id, sql or path, expected}"
    )
    once.add_argument("--fingerprint", default="", metavar="FILE", help="what the source took beside it")
    once.add_argument(
        "--param", action="append", default=[], metavar="K=V", help="a parameter of the check backup.drill"
    )
    _command(verbs, "sweep", run["drill sweep"], "remove what a killed drill left")


def _backup_words(commands: Any, run: Any) -> None:
    text = "read backups here and now, without a collector"
    backup = commands.add_parser("backup", help=text, description=text, formatter_class=_Formatter)
    verbs = backup.add_subparsers(metavar="VERB", required=True, prog="roundseal-agent backup")
    verify = _command(verbs, "verify", run, "verify one backup: exit 0 good, 1 bad, 2 could not tell")
    verify.add_argument("path", type=_some_path, metavar="PATH", help="the file or directory")
    verify.add_argument("--kind", required=True, metavar="K", help="what it is, e.g. postgres, tree, restic")
    verify.add_argument(
        "--fingerprint", default="", metavar="FILE", help="fingerprint that was taken at the source"
    )
    verify.add_argument(
        "--upto", default="", metavar="LEVEL", help="ask no more than up to this level, e.g. well_formed"
    )
    verify.add_argument(
        "--param", action="append", default=[], metavar="K=V", help="a parameter of the check backup.K"
    )


def _some_path(text: str) -> Path:
    # `verify "$FILE"` with an empty variable must not take what lies around for a backup.
    if not text:
        raise argparse.ArgumentTypeError("no path is given")
    return Path(text)


def _parse_words(commands: Any, run: Any) -> None:
    text = "read a recorded output of a network device and print its fields"
    parse: argparse.ArgumentParser = commands.add_parser(
        "parse", help=text, description=text, formatter_class=_Formatter
    )
    parse.add_argument("file", type=Path, metavar="FILE", help="the recorded output; - is standard input")
    parse.add_argument(
        "--platform", required=True, metavar="P", help="e.g. huawei_vrp, h3c, ruijie, cisco_ios"
    )
    parse.add_argument(
        "--command", required=True, dest="device_command", metavar="C", help='e.g. "display version"'
    )
    parse.add_argument(
        "--naming",
        choices=("ntc", "fork"),
        default="ntc",
        help="whose meaning a field has that ntc-templates and its fork mean differently (docs/parse.md)",
    )
    parse.add_argument("--json", action="store_true", help="print JSON")
    parse.set_defaults(command=run)


def _trust_words(commands: Any, run: Any) -> None:
    trust = _command(commands, "trust", run, "read a target's SSH host key, print its fingerprint and pin it")
    trust.add_argument("target", metavar="TARGET", help="ADDRESS or ADDRESS:PORT")
    trust.add_argument("--key", default="", metavar="SHA256:…", help="pin it only if it is this one")
    trust.add_argument("--replace", action="store_true", help="pin it in place of another one")
    trust.add_argument("--legacy", action="store_true", help="an old device: speak SHA-1 and CBC too")
    trust.add_argument("--hop", default="", metavar="ADDRESS:PORT", help="reach it through this bastion")
    trust.add_argument(
        "--hop-secret", default="bastion", metavar="NAME", help="the bastion's secret (bastion)"
    )


class _Parser(argparse.ArgumentParser):
    """What is wrong with the words is one line, as every other reason."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"roundseal-agent: {one_line(message)} ({self.prog} --help)\n")


class _Formatter(argparse.HelpFormatter):
    """With a width of its own argparse need not load shutil and three compressors to ask the terminal."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        # The other name of a file to write is an alias: the program beside this one calls it so.
        if list(action.option_strings) == ["--out", "--to"]:
            return f"--out {self._format_args(action, action.dest.upper())}"
        return super()._format_action_invocation(action)


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any, **__: Any) -> None:
        from importlib.metadata import version

        parser.exit(0, f"roundseal-agent {version('roundseal')}\n")


def _command(
    commands: Any, name: str, run: Any, text: str, *, as_json: bool = True
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text, formatter_class=_Formatter
    )
    parser.add_argument(
        "--state", type=Path, default=DEFAULT, metavar="DIR", help=f"state directory ({DEFAULT})"
    )
    if as_json:
        parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=run)
    return parser
