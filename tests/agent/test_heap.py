"""Giving free pages of the heap back: the call as cffi describes it, what it gives back, and who has none."""

import subprocess
import sys
from pathlib import Path

import pytest
from cffi_made import described

from agent import heap

ROOT = Path(__file__).parents[2]


def test_the_call_is_described_to_cffi_as_cffi_itself_would(tmp_path: Path) -> None:
    ours = heap.TRIM_VERSION, heap.TRIM_TYPES, heap.TRIM_GLOBALS
    assert described("int malloc_trim(size_t);", tmp_path) == ours


def test_what_is_free_between_what_stays_is_given_back() -> None:
    code = (
        "import _cffi_backend\nfrom agent import heap\n"
        "def resident():\n    return int(open('/proc/self/statm').read().split()[1]) * 4\n"
        "many = [bytes(2000) for _ in range(20_000)]\nstays = many[::50]\ndel many\n"
        "before = resident()\nassert heap.give_back()\nprint(before - resident())\n"
    )
    environment = {"MALLOC_ARENA_MAX": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment, check=True
    )
    assert int(done.stdout) > 20_000  # KiB, of 40 000


def test_without_cffi_nothing_is_given_back_and_nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "_cffi_backend", raising=False)
    assert heap.give_back() is False
    assert "_cffi_backend" not in sys.modules
