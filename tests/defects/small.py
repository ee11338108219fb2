"""The small kinds: dumps of Redis, configurations of network devices."""

import contextlib
import socket
import subprocess
import time

import verify as v
import world as w
import yaml

from agent.sources.means import Means
from agent.sources.ssh_pins import Pin, Pins
from agent.sources.ssh_pool import POOL
from checks.remote import Login

SSH = w.beside("device_ssh", w.HERE.parent / "sources" / "ssh" / "conftest.py")
# The source's agent looks once an hour: this long before the dump.
BEFORE = w.timedelta(minutes=20)

CONFIG = """!Software Version V200R019C10SPC500
!Last configuration was updated at {clock} UTC+08:00 by admin
#
sysname HA-CORE-1
#
vlan batch 10 20 100 to 120
#
clock timezone BJ add 08:00:00
#
aaa
 local-user admin password irreversible-cipher $1a${salt}$
#
interface Vlanif10
 ip address 10.10.0.1 255.255.255.0
#
{ports}ntp-service unicast-server 10.10.0.9
#
ip route-static 0.0.0.0 0.0.0.0 10.10.0.254
#
user-interface vty 0 4
 authentication-mode aaa
 protocol inbound ssh
#
return
"""


def config(clock, salt="6fX0", ports=24, vlan=20):
    """A core switch's configuration."""
    given = "".join(
        f"interface GigabitEthernet0/0/{n}\n port link-type access\n port default vlan {vlan}\n#\n"
        for n in range(1, ports + 1)
    )
    return CONFIG.format(clock=clock, salt=salt, ports=given)


def make_config(world, kind):
    """Three days of the same configuration, but for its clock."""
    top = world.folder("good", kind)
    top.chmod(0o700)
    for at in w.DAYS:
        path = top / f"{at:%Y%m%d}.cfg"
        path.write_text(config(f"{at:%Y-%m-%d %H:%M:%S}"))
        finish(path, at)
    days = [top / f"{at:%Y%m%d}.cfg" for at in w.DAYS]
    facts = {"prints": [one for at in w.DAYS for one in device_says(world, at)]}
    return w.Made(kind, top, days, "backup.device_config", {"path": str(top / "%Y%m%d.cfg")}, facts)


def device_says(world, at, **more):
    """How long its running configuration is, asked by the source's agent over SSH."""
    text = config(f"{at - BEFORE:%Y-%m-%d %H:%M:%S}", **more).replace("\n", "\r\n").encode()
    state = world.folder("device-state")
    state.chmod(0o700)
    secrets = state / "secrets.yaml"
    secrets.write_text(yaml.safe_dump({"ssh": {"user": "inspect", "password": "s3cr3t-Word"}}))
    secrets.chmod(0o600)
    screens = {"display current-configuration": text}
    served = SSH.Listener(SSH.Behaviour(prompt=b"<HA-CORE-1>", screens=screens))
    with contextlib.closing(served):
        to = Login("127.0.0.1", served.port)
        Pins(state).put(to.name, Pin(served.key.get_name(), SSH.fingerprint(served.key.asbytes())))
        given = {"address": "127.0.0.1", "port": served.port, "platform": "huawei_vrp"}
        try:
            return v.sizes_of("backup.config_source", given, at - BEFORE, Means(state=state))
        finally:
            POOL.close()


def finish(path, at):
    """Modes, times, and the digest beside it."""
    w.noted(path)
    for one in (path, path.with_name(path.name + ".sha256")):
        one.chmod(0o600)
        w.dated(one, at + w.timedelta(minutes=1))


def redis(world, commands, path, at):
    """A dump of a server that got these commands; how much its agent was told that it holds."""
    place = world.folder("redis")
    (place / "dump.rdb").unlink(missing_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    argv = [
        w.tool("redis-server"),
        "--bind",
        "127.0.0.1",
        "--port",
        str(port),
        "--unixsocket",
        str(place / "s"),
        "--dir",
        str(place),
        "--save",
        "",
        "--daemonize",
        "no",
    ]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as server:
        try:
            with socket.socket(socket.AF_UNIX) as wire:
                for _ in range(300):
                    if (place / "s").exists() and wire.connect_ex(str(place / "s")) == 0:
                        break
                    time.sleep(0.05)
                wire.settimeout(60)
                for one in [*commands, ("SAVE",)]:
                    _say(wire, one)
                given = {"address": "127.0.0.1", "port": port, "secret": "", "tls": "off"}
                said = v.sizes_of("backup.redis_source", given, at - BEFORE, Means())
        finally:
            server.kill()
    (place / "s").unlink(missing_ok=True)
    path.write_bytes(made_at((place / "dump.rdb").read_bytes(), at))
    path.chmod(0o600)
    w.dated(path, at + w.timedelta(minutes=1))
    return said


def _say(wire, words):
    parts = [str(one).encode() for one in words]
    wire.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
    answer = wire.recv(65536)
    assert answer[:1] in b"+:", answer


def made_at(raw, at):
    """The same dump as if made at another time: faketime and the server's allocator do not go together."""
    mark = b"\x05ctime\xc2"
    where = raw.index(mark) + len(mark)
    raw = raw[:where] + int(at.timestamp()).to_bytes(4, "little") + raw[where + 4 : -8]
    return raw + crc64(raw).to_bytes(8, "little")


def crc64(raw):
    """CRC-64 (Jones) as Redis has it, reflected."""
    table = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (0x95AC9329AC4BC9B5 if number & 1 else 0)
        table.append(number)
    crc = 0
    for byte in raw:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return crc


def commands(world, day):
    """What stands in the cache on that day."""
    chance = world.random.__class__(world.seed)
    # So many that the source can tell their size.
    count = max(12_000, min(world.size // 2000, 20_000))
    values = [f"{chance.getrandbits(256):064x}" for _ in range(count)]
    step = 200
    for n in range(0, count, step):
        yield ("MSET", *(word for i in range(n, min(n + step, count)) for word in (f"会话:{i}", values[i])))
    yield ("SET", "day", day)
    yield ("RPUSH", "queue", *range(day + 3))
    yield ("SET", "short", "x", "EX", 7200)


def make_redis(world, kind):
    """Three days of dumps."""
    top = world.folder("good", kind)
    top.chmod(0o700)
    days = [top / f"{at:%Y%m%d}.rdb" for at in w.DAYS]
    told = []
    for number, (at, path) in enumerate(zip(w.DAYS, days, strict=True)):
        told += redis(world, commands(world, number), path, at)
    return w.Made(kind, top, days, "backup.redis", {"path": str(top / "%Y%m%d.rdb")}, {"prints": told})
