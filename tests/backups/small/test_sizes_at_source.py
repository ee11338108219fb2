"""How much a Redis and a network device hold, as they say it themselves, and how dumps are set beside it."""

import json
import shutil
import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from parts import loaded

from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.open import open_source
from checks import registry, result
from checks.api import ErrorKind
from checks.artefacts import deviceconfig
from collector.backups import lines
from collector.estate.catalog import installed
from collector.estate.loading import read_estate

TESTS = Path(__file__).parents[2]
_PARTS = loaded("sources/ssh/conftest.py")
state, secrets, means, pin, device = (
    getattr(_PARTS, name) for name in ("state", "secrets", "means", "pin", "device")
)
CONFIG = b"""!Software Version V200R019C10SPC500
!Last configuration was updated at 2026-03-04 01:40:00 UTC+08:00 by admin
#
sysname HA-CORE-1
#
aaa
 local-user admin password irreversible-cipher $1a$6fX0$
#
interface GigabitEthernet0/0/1
 port link-type access
#
return
"""


def look(check_id, params, means, at=1_772_560_800_000):
    """One look, signed and read back."""
    check = registry.get(check_id)
    item = result.Item(check_id, check.version, "county/xian-1/cache@src", "src", params)
    source = open_source(check.source, Transient(), means)
    line = result.look(
        check, item, source, vantage="src-agent", when=result.When(at), now=lambda: at, told=lambda _: None
    )
    return result.decode(result.encode(line))


@pytest.fixture
def redis(tmp_path):
    """The port of a real Redis, and how it is spoken to."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("NOT TESTED: redis is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    argv = [program, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(tmp_path), "--save", ""]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + 60
            while time.monotonic() < end:
                try:
                    wire = socket.create_connection(("127.0.0.1", port), timeout=60)
                    break
                except OSError:
                    assert process.poll() is None
                    time.sleep(0.05)
            with wire:

                def say(*words):
                    parts = [str(one).encode() for one in words]
                    body = b"".join(b"$%d\r\n%s\r\n" % (len(one), one) for one in parts)
                    wire.sendall(b"*%d\r\n" % len(parts) + body)
                    assert wire.recv(65536)[:1] in b"+:"

                yield {"address": "127.0.0.1", "port": port, "secret": "", "tls": "off"}, say
        finally:
            process.kill()


def test_a_redis_tells_its_keys_and_bytes_in_all_databases(redis):
    at, say = redis
    before = look("backup.redis_source", at, Means())
    assert str(before.state) == "ok" and before.facts["held"]["keys"] == 0
    for number in range(300):
        say("SET", f"键:{number}", "x" * 5000)
    say("SELECT", 3)
    say("SET", "short", "x", "EX", 1000)
    after = look("backup.redis_source", at, Means())
    assert (after.facts["held"]["keys"], after.facts["held"]["expires"]) == (301, 1)
    # An empty one's buffers weigh as much as it holds: no measure.
    assert before.facts["bytes"] is None
    assert 1_500_000 < after.facts["bytes"] < 3_000_000
    few = look("backup.redis_source", {**at, "least_keys": 302}, Means())
    assert [(one.name, one.reason) for one in few.readings if one.reason] == [("keys", "rows_missing")]


def test_a_redis_that_is_gone_is_an_error_and_no_size(redis):
    at, _ = redis
    said = look("backup.redis_source", {**at, "port": 1}, Means())
    assert said.error is ErrorKind.REFUSED and sizes(said) == []


def test_a_device_tells_the_length_of_what_somebody_configured(device, means):
    to, _ = device(screens={"display current-configuration": CONFIG.replace(b"\n", b"\r\n")})
    given = {"address": to.address, "port": to.port, "platform": "huawei_vrp"}
    said = look("backup.config_source", given, means)
    kept = deviceconfig.read(CONFIG, "huawei_vrp")
    # Neither the clock in its comments nor how lines end counts, as with a kept one.
    held = [line for line in CONFIG.splitlines() if not line.startswith(b"!")]
    assert said.facts == {"lines": kept.lines, "bytes": sum(len(one) + 1 for one in held), "core": kept.core}
    assert str(said.state) == "ok"
    short = look("backup.config_source", {**given, "least_lines": 50}, means)
    assert [(one.name, one.reason) for one in short.readings if one.reason] == [("lines", "nothing_inside")]


@pytest.mark.parametrize(
    ("shown", "kind"),
    [
        ({}, ErrorKind.UNSUPPORTED),
        (
            {"display current-configuration": CONFIG[: CONFIG.index(b"aaa")].replace(b"\n", b"\r\n")},
            ErrorKind.GARBLED,
        ),
    ],
)
def test_what_a_device_does_not_show_whole_is_no_size(device, means, shown, kind):
    to, _ = device(screens=shown)
    given = {"address": to.address, "port": to.port, "platform": "huawei_vrp"}
    said = look("backup.config_source", given, means)
    assert said.error is kind and sizes(said) == []


def sizes(*said):
    """What the account takes from these lines."""
    rows = [
        lines.Line(n, 1, one.check, one.target, one.vantage, one.t0, one.t0, 0, one)
        for n, one in enumerate(said)
    ]
    return [(one.object, one.at_ms, one.bytes, one.root) for one in lines.read(rows).fingerprints]


def test_each_look_is_a_size_of_its_own_hour_said_again_or_not(redis):
    at, say = redis
    say("SET", "large", "x" * 2_000_000)
    said = look("backup.redis_source", at, Means())
    row = lines.Line(1, 1, said.check, said.target, said.vantage, said.t0, said.t0, 0, said)
    again = replace(row, idx=2, t=row.t + 3_600_000, result=None)
    found = lines.read([row, again]).fingerprints
    assert [(one.at_ms, one.bytes) for one in found] == [
        (row.t, said.facts["bytes"]),
        (row.t + 3_600_000, said.facts["bytes"]),
    ]
    assert json.dumps(lines.distilled(said))  # as the table keeps it
    assert lines.distilled(said)["facts"]["bytes"] == said.facts["bytes"]


ESTATE = """\
estate: e
assets:
  - {id: watch, kind: server, agent: watch}
  - {id: cache, kind: server, via: watch, sql: {address: 10.0.0.5, platform: redis}}
  - {id: core, kind: switch, via: watch, ssh: {address: 10.0.0.6, platform: huawei_vrp}}
objects:
  - {id: oa/cache, asset: cache, place: shelf, params: {backup.redis_source: {least_keys: 10}}}
  - {id: net/core, asset: core, place: shelf, kind: files, params: {backup.config_source: {}}}
places:
  - {id: shelf, asset: watch, path: "/srv/{object}/"}
backups:
  - object: "*/*"
    clause: HA-08
    source: {kind: file, path: "/b/{object}/%Y%m%d*"}
    full: {every: day, window: "00:00-05:00", grace: 3h, keep: 3 months}
    drill: {every: month, restore_within: 12h}
"""


def test_an_estate_plans_them_at_the_source():
    loaded = read_estate("estate.yaml", lambda _: ESTATE.encode(), installed())
    made = {look.check.id: (look.target, look.agent, look.params) for look in loaded.regular}
    target, agent, params = made["backup.redis_source"]
    assert (target, agent, params["address"], params["least_keys"]) == (
        "oa/cache@cache",
        "watch",
        "10.0.0.5",
        10,
    )
    target, agent, params = made["backup.config_source"]
    assert (target, agent, params["platform"]) == ("net/core@core", "watch", "huawei_vrp")
