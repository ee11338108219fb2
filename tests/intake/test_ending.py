"""A signal is never lost, whenever it comes; a `threading.Event` set by the handler lost some."""

import signal
import subprocess
import sys
from pathlib import Path

from collector.ending import ending

ROUNDS = """
import random, signal
from collector.ending import ending
random.seed(7)
for _ in range(5000):
    with ending(signal.SIGALRM) as end:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 6e-5))
        assert end.wait(60)
print("never lost")
"""


def test_a_signal_at_any_moment_of_the_waiting_ends_it():
    done = subprocess.run(
        [sys.executable, "-c", ROUNDS],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "never lost\n", done.stderr


def test_a_signal_before_the_waiting_ends_it_too_and_stays_known():
    with ending(signal.SIGUSR1) as end:
        assert not end.wait(0)
        signal.raise_signal(signal.SIGUSR1)
        assert end.wait(60) and end.wait(0)
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)


def test_another_signal_does_not_end_it():
    signal.signal(signal.SIGUSR2, lambda *_: None)
    try:
        with ending(signal.SIGUSR1) as end:
            signal.raise_signal(signal.SIGUSR2)
            assert not end.wait(0.05)
    finally:
        signal.signal(signal.SIGUSR1, signal.SIG_DFL)
        signal.signal(signal.SIGUSR2, signal.SIG_DFL)
