"""/healthz, /readyz, /metrics of the real server; its watchdog."""

import json
import resource
import select
import shutil
import socket
import sqlite3
import subprocess
import threading
import time
from contextlib import closing

import pytest

from collector.serve import WAITING_THREADS

PROMTOOL = shutil.which("promtool")
# Enough for what is there, not for another page of the write-ahead log.
NOTHING_MORE = (1, resource.RLIM_INFINITY)


def test_a_store_that_takes_no_writes_is_not_ready_and_alive_all_the_same(start, directory):
    server = start.collector(directory)
    assert server.get("/readyz")[0] == 200
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, NOTHING_MORE)
    code, body = server.get("/readyz")
    answer = json.loads(body)
    assert (code, answer["status"]) == (503, "not_ready")
    assert answer["database"].startswith("not writable")
    assert server.get("/healthz")[0] == 200
    resource.prlimit(
        server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    )
    assert server.get("/readyz")[0] == 200


def test_healthz_and_readyz_say_so_in_json(start, directory):
    server = start.collector(directory)
    assert json.loads(server.get("/healthz")[1]) == {"status": "ok"}
    answer = json.loads(server.get("/readyz")[1])
    assert (answer["status"], answer["database"], answer["writer"]) == ("ok", "ok", "ok")
    assert answer["entries"] >= 1


@pytest.mark.skipif(PROMTOOL is None, reason="NOT TESTED: promtool (Debian's package prometheus) is not here")
def test_promtool_has_nothing_to_say_about_the_metrics(start, directory):
    server = start.collector(directory)
    server.get("/v1/batches", "POST")  # a refusal, so that the answers have been counted once
    code, text = server.get("/metrics")
    assert code == 200
    assert b"roundseal_log_entries" in text
    checked = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


@pytest.fixture
def systemd(tmp_path):
    """The socket systemd would listen on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(90)
        yield sock, {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "900000"}


def heard(sock, word):
    while (said := sock.recv(4096)) != word:
        assert said in (b"READY=1", b"WATCHDOG=1"), said


def silent_for(sock, seconds):
    """Signs already under way aside, nothing comes for so long."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        if not select.select([sock], [], [], seconds)[0]:
            return
        sock.recv(4096)
    raise AssertionError("signs of life went on")


def test_the_watchdog_hears_nothing_from_a_server_whose_threads_all_hang(start, directory, systemd):
    sock, environment = systemd
    server = start.collector(directory, env=environment)
    heard(sock, b"WATCHDOG=1")
    with closing(sqlite3.connect(directory / "collector.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # somebody else keeps the database: each of these waits for it
        waiting = [threading.Thread(target=server.get, args=("/readyz",)) for _ in range(WAITING_THREADS + 2)]
        for thread in waiting:
            thread.start()
        silent_for(sock, 2.0)
    heard(sock, b"WATCHDOG=1")
    for thread in waiting:
        thread.join()


def test_systemd_is_told_of_the_start_of_life_and_of_the_end(start, directory, systemd):
    sock, environment = systemd
    server = start.collector(directory, env=environment)
    assert sock.recv(4096) == b"READY=1"
    heard(sock, b"WATCHDOG=1")
    assert server.stop() == 0
    heard(sock, b"STOPPING=1")
