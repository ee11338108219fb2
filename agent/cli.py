"""The `roundseal-agent` program. Commands load what they need; bad input ends in one clear line."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from agent.errors import AgentError
from agent.state import DEFAULT, State

GOOD, BAD, CANNOT = 0, 1, 2
_LATER = ("discover", "parse")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0 good, 1 bad, 2 cannot be done."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in _LATER:
        return _fail(f"{words[0]}: not in this version")
    args = _parser().parse_args(words)
    command: Callable[[argparse.Namespace], int] = args.command
    try:
        return command(args)
    except AgentError as error:
        if getattr(args, "json", False):
            print(json.dumps({"status": error.code, "detail": error.detail}, ensure_ascii=False))
        return _fail(f"{error.code}: {error.detail}")
    except KeyboardInterrupt:
        return CANNOT
    except BrokenPipeError:
        return CANNOT


def _fail(text: str) -> int:
    print(f"roundseal-agent: {text}", file=sys.stderr)
    return CANNOT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="roundseal-agent", description="Roundseal agent (巡证 巡检端)", formatter_class=_Formatter
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, prog="roundseal-agent")
    enrol = _command(commands, "enrol", _enrol, "make a key here and ask the collector to let it in")
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
    _command(commands, "run", _run, "look, sign and send until stopped", as_json=False)
    _command(commands, "status", _status, "what this agent has done, and how it stands with the collector")
    _command(commands, "doctor", _doctor, "what can be measured here, what cannot, and why")
    check = _command(commands, "check", _check, "run one check now and print what it saw")
    check.add_argument("id", metavar="ID", help="e.g. host.cpu")
    check.add_argument("--param", action="append", default=[], metavar="K=V", help="a parameter of the check")
    check.add_argument(
        "--target", default="", metavar="T", help="name of what is looked at (default: this host)"
    )
    once = _command(commands, "once", _once, "take every look of a plan once, into a sealed file")
    once.add_argument(
        "--plan", required=True, type=Path, metavar="FILE", help="the plan, as the collector served it"
    )
    once.add_argument("--seal", required=True, type=Path, metavar="FILE.xz", help="the file to write")
    for name in _LATER:
        commands.add_parser(name, help="not in this version", formatter_class=_Formatter)
    return parser


class _Formatter(argparse.HelpFormatter):
    """With a width of its own argparse need not load shutil and three compressors to ask the terminal."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100)


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any, **__: Any) -> None:
        from importlib.metadata import version

        parser.exit(0, f"roundseal-agent {version('roundseal')}\n")


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], text: str, *, as_json: bool = True
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


def _show(args: argparse.Namespace, value: dict[str, Any], text: str) -> None:
    print(json.dumps(value, ensure_ascii=False) if args.json else text)


def _enrol(args: argparse.Namespace) -> int:
    from agent import enrol

    state = State(args.state)
    identity = enrol.start(state, args.url, args.token, force=args.force)
    code = enrol.code_of(identity)
    if not args.json:
        print(f"agent {identity.agent}, epoch {identity.epoch}\napproval code  {code}", flush=True)
        print(f"On the collector: roundseal-collector agents approve DIR {code}", flush=True)
    if args.wait:
        identity = enrol.wait(state, identity, lambda: False)
    value = {
        "status": identity.status,
        "agent": identity.agent,
        "epoch": identity.epoch,
        "code": code,
        "state": str(args.state),
    }
    _show(args, value, f"{identity.status}; start it with: roundseal-agent run --state {args.state}")
    return GOOD


def _run(args: argparse.Namespace) -> int:
    _one_arena()
    from agent import daemon, log
    from agent.clock import Clock

    log.to_stderr()
    daemon.run(State(args.state), Clock())
    return GOOD


def _one_arena() -> None:
    """Start over with one malloc arena that gives back what it need not keep.

    With one per thread an agent keeps two megabytes more for good; with thresholds that grow, half a one.
    """
    if "MALLOC_ARENA_MAX" not in os.environ:
        os.environ["MALLOC_ARENA_MAX"] = "1"
        os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", "65536")
        os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", "65536")
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - ourselves


def _status(args: argparse.Namespace) -> int:
    from agent import status

    found = status.read(State(args.state), time.time_ns() // 1_000_000)
    _show(args, found.value, found.text)
    return found.exit


def _doctor(args: argparse.Namespace) -> int:
    from agent import doctor

    found = doctor.examine(State(args.state))
    _show(args, found.value, found.text)
    return found.exit


def _check(args: argparse.Namespace) -> int:
    from agent import single

    found = single.run(State(args.state), args.id, args.param, args.target)
    _show(args, found.value, found.text)
    return found.exit


def _once(args: argparse.Namespace) -> int:
    from agent import log, once

    log.to_stderr()
    found = once.run(State(args.state), args.plan, args.seal)
    _show(args, found.value, found.text)
    return GOOD


if __name__ == "__main__":
    sys.exit(main())
