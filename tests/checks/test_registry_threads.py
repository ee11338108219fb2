"""Checks are loaded when first asked for, by whichever thread comes first."""

import subprocess
import sys

_CODE = """
import sys, threading
from checks import registry
sys.setswitchinterval(1e-6)
found, start = [], threading.Barrier(8)
def ask():
    start.wait()
    found.append(registry.get("host.ports").id)
threads = [threading.Thread(target=ask) for _ in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
print(len(found))
"""


def test_threads_that_ask_at_once_for_a_check_all_get_a_whole_one():
    for _ in range(5):
        found = subprocess.run([sys.executable, "-c", _CODE], capture_output=True, text=True, check=False)
        assert (found.stdout, found.stderr) == ("8\n", "")
