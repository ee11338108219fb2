"""The verifier needs no installed package, says which signatures it used, and its page names every code."""

import subprocess
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from checks.wire.note import format_vkey
from collector.evidence.periods import parse_period
from collector.jobs.bundles import make_bundle
from collector.verify.advice import ADVICE
from collector.verify.findings import CODES

ROOT = Path(__file__).resolve().parents[2]


def test_it_runs_without_any_package_and_says_so(load: Any, tmp_path: Path):
    yard = load("yard").Yard(tmp_path / "collector")
    yard.open()
    yard.apply()
    yard.enrol("web-01")
    yard.hour()
    path, policy = tmp_path / "good.zip", tmp_path / "policy"
    make_bundle(yard.context, parse_period("2026-11-15", ZoneInfo("Asia/Shanghai"), yard.hands.ms), path)
    policy.write_text(f"log {format_vkey(yard.context.vkey)}\nquorum none\n")
    yard.context.close()
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from collector.verify.cli import main; "
        f"main([{str(path)!r}, '--policy', {str(policy)!r}, '--full'])"
    )
    command = [sys.executable, "-I", "-S", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "signatures by pure" in done.stdout and done.stdout.endswith("VERIFIED\n")


def test_what_words_documents_anew_needs_no_package():
    """All of the verifier's modules, those that it shares with the collector's documents too."""
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import pkgutil, collector.verify; "
        "names = [one.name for one in pkgutil.iter_modules(collector.verify.__path__)]; "
        "[__import__(f'collector.verify.{name}') for name in names if name != 'swift']; "
        "from collector.documents.draft import PARTS; print(len(names), sorted(PARTS)[0])"
    )
    command = [sys.executable, "-I", "-S", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout.endswith(" actions\n")


def test_the_page_explains_every_code_as_the_program_does():
    page = (ROOT / "docs" / "verifier.md").read_text(encoding="utf-8")
    codes = page.partition("## Codes of problems")[2]
    rows = [line for line in codes.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{code}` | {meaning} | {ADVICE[code]} |" for code, meaning in CODES.items()]
    assert ADVICE.keys() == CODES.keys()
