"""`roundseal-verify BUNDLE.zip --policy FILE`: exit 0 verified, 1 something is bad, 2 cannot be done."""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from checks.oneline import one_line
from collector.evidence.policy import Policy, PolicyError, parse_policy
from collector.verify.growth import Paper
from collector.verify.progress import Progress, Tell, silent
from collector.verify.report import Verdict, as_html, as_json, as_text
from collector.verify.verify import Options, verify_bundle

_PAPER = re.compile(r"(\d{1,15}):([0-9a-f]{20,64})\Z")


class _Usage(Exception):
    """It cannot be done; the message says why."""


class _Parser(argparse.ArgumentParser):
    """What is wrong with the words is one line, as every other reason."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {one_line(message)} ({self.prog} --help)\n")


def main(words: Sequence[str] | None = None) -> NoReturn:
    """The program."""
    options = _parser().parse_args(words)
    progress = Progress(sys.stderr) if sys.stderr.isatty() else None
    try:
        verdict = _verify(options, progress or silent)
        if options.html:
            options.html.write_text(as_html(verdict), encoding="utf-8")
    except (_Usage, OSError) as error:
        _end(progress)
        sys.stderr.write(f"roundseal-verify: {one_line(_in_words(error))}\n")
        sys.exit(2)
    _end(progress)
    if options.json:
        sys.stdout.write(json.dumps(as_json(verdict), ensure_ascii=False, indent=1) + "\n")
    else:
        sys.stdout.write(as_text(verdict, options.lang))
    sys.exit(verdict.exit)


def _end(progress: Progress | None) -> None:
    if progress is not None:
        progress.end()


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="roundseal-verify",
        description="Verify an evidence bundle offline. 离线核验存证包。",
        epilog="exit 0: verified; 1: something is bad (each problem is listed); 2: cannot be done, or a part "
        "was judged by another version than this program's",
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE.zip")
    parser.add_argument("--policy", type=Path, required=True, help="your own copy of the log's key")
    parser.add_argument(
        "--paper", metavar="SIZE:ROOT", help="a printed checkpoint: size, 20 or more hex digits"
    )
    parser.add_argument(
        "--full", action="store_true", help="check every signature, not one per key and a sample"
    )
    parser.add_argument("--html", type=Path, metavar="OUT", help="write the report as one page, too")
    parser.add_argument(
        "--lang",
        choices=("en", "zh"),
        default="en",
        help="the language of the report's words; names and codes stay as they are. 报告的语言",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--processes", type=int, default=0, help="default: as many as there are processors")
    return parser


def _verify(options: argparse.Namespace, tell: Tell) -> Verdict:
    policy = _policy(options.policy)
    if not options.bundle.is_file():
        why = "is a directory" if options.bundle.is_dir() else "no such file"
        raise _Usage(f"{options.bundle}: {why}")
    try:
        wanted = Options(_paper(options.paper), options.full, options.processes)
        return verify_bundle(options.bundle, policy, wanted, tell)
    except (OSError, _Usage):
        raise
    except Exception as error:  # hostile bytes must never end in a traceback or pass for verified
        verdict = Verdict(options.bundle.name)
        verdict.findings.add("internal", type(error).__name__, str(error)[:300])
        return verdict


def _in_words(error: Exception) -> str:
    """File and reason, without the system's number."""
    if isinstance(error, OSError) and error.strerror:
        why = error.strerror[:1].lower() + error.strerror[1:]
        return f"{error.filename}: {why}" if error.filename else why
    return str(error)


def _policy(path: Path) -> Policy:
    text = path.read_bytes().decode(errors="replace")
    if "\0" in text or "\ufffd" in text:
        raise _Usage(f"{path} is no policy: it is no text (a policy has lines `log KEY` and `quorum none`)")
    try:
        return parse_policy(text)
    except PolicyError as error:
        raise _Usage(f"{path}: {error}") from None


def _paper(text: str | None) -> Paper | None:
    if text is None:
        return None
    found = _PAPER.match(text.strip().lower().replace(" ", ""))
    if found is None:
        raise _Usage("--paper wants SIZE:ROOT with at least 20 hex digits of the root")
    return Paper(int(found[1]), found[2])


if __name__ == "__main__":
    main()
