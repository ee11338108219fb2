"""The `roundseal-agent` program. Commands load what they need; bad input ends in one clear line."""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from agent.errors import AgentError
from agent.state import DEFAULT, State

GOOD, BAD, CANNOT = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0 good, 1 bad, 2 cannot be done."""
    words = list(sys.argv[1:] if argv is None else argv)
    args = _plain_run(words) or _parsed(words)
    command: Callable[[SimpleNamespace], int] = args.command
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


def _plain_run(words: Sequence[str]) -> SimpleNamespace | None:
    """`run`, `run --state DIR`: what services start, without loading argparse."""
    if (
        list(words[:1]) != ["run"]
        or len(words) not in (1, 3)
        or words[1:2] not in ([], ["--state"])
        or words[-1][:1] == "-"
    ):
        return None
    return SimpleNamespace(command=_run, state=Path(words[2]) if len(words) == 3 else DEFAULT)


def _parsed(words: Sequence[str]) -> SimpleNamespace:
    from agent.cli_words import parser

    run = {
        "enrol": _enrol,
        "run": _run,
        "status": _status,
        "doctor": _doctor,
        "check": _check,
        "once": _once,
        "trust": _trust,
        "parse": _parse,
        "discover": _discover,
        "backup verify": _backup_verify,
        "drill run": _drill_run,
        "fingerprint take": _fingerprint("take"),
        "fingerprint wrap": _fingerprint("wrap"),
        "fingerprint sandwich": _fingerprint("sandwich"),
        "drill sweep": _drill_sweep,
    }
    return SimpleNamespace(**vars(parser(run).parse_args(words)))


def _fail(text: str) -> int:
    from checks.oneline import one_line

    print(f"roundseal-agent: {one_line(text)}", file=sys.stderr)
    return CANNOT


def _show(args: SimpleNamespace, value: dict[str, Any], text: str) -> None:
    print(json.dumps(value, ensure_ascii=False) if args.json else text)


def _enrol(args: SimpleNamespace) -> int:
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


def _run(args: SimpleNamespace) -> int:
    _one_arena()
    from agent import daemon, log
    from agent.clock import Clock

    log.to_stderr()
    daemon.run(State(args.state), Clock())
    return GOOD


# The unit says the same: a service need not start over.
_SMALLER = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TRIM_THRESHOLD_": "65536",
    "MALLOC_TOP_PAD_": "16384",
    "PYTHONNODEBUGRANGES": "1",
    "LC_ALL": "C",
}


def _one_arena() -> None:
    """Start over with one malloc arena that gives back what it need not keep.

    With one per thread an agent keeps two megabytes more for good; with thresholds that grow, half a one;
    with the columns of each instruction, which only draw the marks below a traceback's lines, a quarter; with
    tables of a language an eighth (Python takes C for UTF-8, and programs get an environment of their own).
    """
    if "MALLOC_ARENA_MAX" not in os.environ:
        for name, value in _SMALLER.items():
            os.environ.setdefault(name, value)
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - ourselves


def _status(args: SimpleNamespace) -> int:
    from agent import status

    found = status.read(State(args.state), time.time_ns() // 1_000_000)
    _show(args, found.value, found.text)
    return found.exit


def _doctor(args: SimpleNamespace) -> int:
    if args.site_report is not None:
        from agent import site_report

        found = site_report.run(
            State(args.state), args.site_report, site_report.ask_on_terminal(args.yes, quiet=args.json)
        )
    else:
        from agent import doctor

        found = doctor.examine(State(args.state))
    _show(args, found.value, found.text)
    return found.exit


def _check(args: SimpleNamespace) -> int:
    from agent import single

    found = single.run(State(args.state), args.id, args.param, args.target)
    _show(args, found.value, found.text)
    return found.exit


def _trust(args: SimpleNamespace) -> int:
    from agent import trust

    wish = trust.Wish(args.target, args.key, args.hop, args.hop_secret, args.legacy, args.replace)
    found = trust.run(State(args.state), wish)
    _show(args, found.value, found.text)
    return found.exit


def _once(args: SimpleNamespace) -> int:
    from agent import log, once

    log.to_stderr()
    found = once.run(State(args.state), args.plan, args.seal)
    _show(args, found.value, found.text)
    return GOOD


def _parse(args: SimpleNamespace) -> int:
    from agent.parsing import command

    found = command.run(args.platform, args.device_command, args.file, args.naming)
    _show(args, found.value, found.text)
    return GOOD


def _discover(args: SimpleNamespace) -> int:
    from agent import discover

    found = discover.run(State(args.state), args.target, args.readings)
    _show(args, found.value, found.text)
    return found.exit


def _drill_run(args: SimpleNamespace) -> int:
    from agent.drills import command

    wish = command.Wish(args.object, args.target, args.kind, args.questions, args.fingerprint, args.param)
    found = command.run(args.state, wish)
    _show(args, found.value, found.text)
    return found.exit


def _drill_sweep(args: SimpleNamespace) -> int:
    from agent.drills import command

    found = command.sweep(args.state)
    _show(args, found.value, found.text)
    return found.exit


def _backup_verify(args: SimpleNamespace) -> int:
    from agent import backup_verify

    wish = backup_verify.Wish(args.path, args.kind, args.fingerprint, args.param, args.upto)
    found = backup_verify.run(args.state, wish)
    _show(args, found.value, found.text)
    return found.exit


def _fingerprint(verb: str) -> Callable[[SimpleNamespace], int]:
    def run(args: SimpleNamespace) -> int:
        from agent.fingerprints import cli

        found = getattr(cli, verb)(args)
        _show(args, found.value, found.text)
        exit_code: int = found.exit
        return exit_code

    return run


if __name__ == "__main__":
    sys.exit(main())
