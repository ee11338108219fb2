"""Writes the answers of the govmomi simulator anew (vsphere/, which test_vsphere.py serves):

.venv/bin/python tests/checks/virtual/record_vsphere.py VCSIM

VCSIM is built from vcsim/main.go (Debian: golang-go golang-github-vmware-govmomi-dev):
`GO111MODULE=off GOPATH=/usr/share/gocode go build -o vcsim main.go`.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent.sources import steps_http, vsphere
from checks.vsphere import Vcenter

HERE = Path(__file__).parent / "vsphere"
SECRET = {"user": "inspect", "password": "pa55-word"}


@contextmanager
def simulator(program: str) -> Iterator[str]:
    """The address of its web service while it runs."""
    with subprocess.Popen(
        [program, "127.0.0.1:0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"https://{process.stdout.readline().decode().strip()}/sdk"
        finally:
            process.stdin.close()
            process.wait(60)


def name_of(asked: str) -> str:
    """The file of a request's answer: its method, and of what kind of objects it asks."""
    method = re.search(r"<e:Body><(\w+)", asked)
    kind = re.search(r"<propSet><type>(\w+)", asked)
    assert method is not None
    return f"{method[1]}.{kind[1]}.xml" if kind else f"{method[1]}.xml"


def record(url: str, folder: Path) -> None:
    """What the source asks there, with the answers, one file each."""
    ask = steps_http.ask

    def keep(request: Any, *rest: Any) -> Any:
        answer = ask(request, *rest)
        text = re.sub(r"session\[[^<]*", "session-view", answer.text)
        (folder / name_of(request.body.decode())).write_text(text, "utf-8")
        return answer

    steps_http.ask = keep
    try:
        for look in (vsphere.hypervisors, vsphere.machines, vsphere.datastores):
            look(Vcenter(url, verify=False), SECRET)
    finally:
        steps_http.ask = ask


if __name__ == "__main__":
    with simulator(sys.argv[1]) as address:
        record(address, HERE)
