"""Parts of the demonstration: counties that dump, seal and copy; a city platform; a backup server by SFTP."""

import hashlib
import importlib.util
import os
import pwd
import random
import shutil
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "defects"), str(ROOT)]

import files  # noqa: E402  # the bench's: keys and seals
import world as w  # noqa: E402
import yaml  # noqa: E402

from agent.fingerprints import wrap  # noqa: E402
from agent.fingerprints.login import Login  # noqa: E402
from agent.fingerprints.take import Pace  # noqa: E402
from agent.sources.backup import open_backups  # noqa: E402
from agent.sources.means import Means  # noqa: E402
from agent.sources.memory import Transient  # noqa: E402
from agent.sources.ssh_link import fingerprint  # noqa: E402
from agent.sources.ssh_pins import Pin, Pins  # noqa: E402
from checks import registry, result  # noqa: E402
from checks.artefacts.copyrows import SHA256  # noqa: E402
from checks.artefacts.fingerprint import ENDING, Bytes  # noqa: E402
from checks.artefacts.fingerprint import dump as dumped  # noqa: E402


def beside(name, path):
    """A module of another test directory, once."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


worksite = beside("worksite", ROOT / "tests" / "web" / "worksite.py")


def look(state, name, item, at, kept):
    """One look of an agent (or one of its drills), as it is signed."""
    source = open_backups(Transient(kept), Means(state=state), at)
    ticks = iter(range(at, at + 100))
    return result.look(
        registry.get(item.check), item, source, vantage=name, when=result.When(at), now=lambda: next(ticks)
    )


class County:
    """One county: a small database on its server, dumped and sealed every night."""

    def __init__(self, demo, number):
        self.demo, self.number = demo, number
        self.name = f"county/xian-{number}/oa-db"
        self.database = f"oa_{number}"
        self.place = demo.top / "counties" / self.name
        self.copies = demo.top / "server" / self.name
        for folder in (self.place, self.copies):
            folder.mkdir(parents=True)
            folder.chmod(0o700)
        self.demo.pg.sql(f"CREATE DATABASE {self.database}")
        self.sql(
            "CREATE TABLE document (id serial PRIMARY KEY, title text, body text, fee numeric(10,2))",
            "CREATE TABLE person (id integer PRIMARY KEY, name text)",
            f"INSERT INTO person SELECT g, '县{number}人员' || g FROM generate_series(1, 40) g",
            "INSERT INTO document (title, body, fee) SELECT '关于第' || g || '号文件的通知', md5(g::text), g"
            " FROM generate_series(1, 120) g",
        )

    def sql(self, *statements):
        self.demo.pg.sql(*statements, database=self.database)

    def path(self, day):
        return self.place / f"{day:%Y%m%d}.dump.age"

    def copy(self, day):
        return self.copies / f"{day:%Y%m%d}.dump.age"

    def work(self, day):
        """What a day changes."""
        self.sql(
            f"INSERT INTO document (title, body, fee) SELECT '{day} 收文' || g, md5('{day}' || g), g"
            " FROM generate_series(1, 3) g",
            f"UPDATE document SET fee = fee + 1 WHERE id % 37 = {day.day}",
        )

    def back_up(self, day, *, words=(), to=("ops", "escrow"), between=(), beside=()):
        """The night's job: fingerprint of the source, dump, seal. `between`: statements after the fingerprint
        that are taken back after the dump; `beside`: other databases on the server."""
        at = w.datetime(day.year, day.month, day.day, 1, 10, tzinfo=w.ZONE)
        pg = self.demo.pg
        plain = self.demo.top / f"{self.database}.dump"
        login = Login(self.database, "127.0.0.1", pg.port, "postgres", programs=str(pg.programs))
        print_ = wrap.alone(wrap.Wish(login, Pace(), SHA256, self.place))
        if between:
            self.sql("CREATE SCHEMA aside", "CREATE TABLE aside.document AS TABLE document", *between)
        w.run(
            pg.programs / "pg_dump",
            "-h",
            "127.0.0.1",
            "-p",
            pg.port,
            "-U",
            "postgres",
            "-Fc",
            "-N",
            "aside",
            *words,
            "-f",
            plain,
            self.database,
            at=at,
        )
        if between:
            self.sql(
                "TRUNCATE document", "INSERT INTO document TABLE aside.document", "DROP SCHEMA aside CASCADE"
            )
        path = self.path(day)
        files.seal(self.demo.world, "age", plain, path, at, to=to)
        path.with_name(path.name + ".sha256").unlink()
        raw = path.read_bytes()
        made = Bytes(path.name, len(raw), hashlib.sha256(raw).hexdigest())
        print_ = replace(
            print_,
            started=w.ms(at),
            ended=w.ms(at) + 5000,
            artefact=made,
            databases=(self.database, *beside),
        )
        beside_ = path.with_name(path.name + ENDING)
        beside_.write_bytes(dumped(print_))
        self.tidy(day)

    def tidy(self, day):
        at = w.datetime(day.year, day.month, day.day, 1, 10, tzinfo=w.ZONE)
        for one in self.place.glob(self.path(day).name + "*"):
            one.chmod(0o600)
            w.dated(one, at + w.timedelta(minutes=1))

    def send(self, day):
        """The automatic copy to the backup server."""
        for one in self.place.glob(self.path(day).name + "*"):
            subprocess.run(["cp", "-a", one, self.copies], check=True)


class City:
    """The city platform: a tree, in full every Monday, else what changed."""

    def __init__(self, demo):
        self.demo, self.name = demo, "city/oa-files"
        self.live = demo.top / "city" / "live"
        self.place = demo.top / "appliance"
        self.live.mkdir(parents=True)
        self.place.mkdir()
        self.place.chmod(0o700)
        chance = random.Random(demo.seed)
        for number in range(30):
            (self.live / f"文件{number:03d}.txt").write_bytes(chance.randbytes(900 + number))
        self.chance = chance

    def path(self, day):
        return self.place / f"{day:%Y%m%d}"

    def work(self, day):
        """Some files are new, some change, one goes."""
        at = w.datetime(day.year, day.month, day.day, tzinfo=w.ZONE) - w.timedelta(hours=8)
        for path in self.chance.sample(sorted(self.live.iterdir()), 3):
            path.write_bytes(self.chance.randbytes(700))
            w.dated(path, at)
        new = self.live / f"新文件{day:%m%d}.txt"
        new.write_bytes(self.chance.randbytes(500))
        w.dated(new, at)
        self.chance.choice(sorted(self.live.iterdir())).unlink()

    def back_up(self, day, manifest):
        """Copy what the source's manifest names as new or changed."""
        import gzip

        from checks.artefacts.manifest import decoded

        at = w.datetime(day.year, day.month, day.day, 1, 30, tzinfo=w.ZONE)
        target = self.path(day)
        target.mkdir()
        for line in gzip.decompress(manifest.read_bytes()).splitlines():
            sign, _, rest = line.partition(b"\t")
            if sign in (b"+", b"~"):
                name, kind = rest.split(b"\t")[:2]
                path = os.fsdecode(decoded(name))
                if kind == b"f":
                    (target / path).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(self.live / path, target / path)
        held = self.place / f"{day:%Y%m%d}.manifest.gz"
        shutil.copy2(manifest, held)
        target.chmod(0o700)
        for one in (target, held):
            os.utime(one, ((at + w.timedelta(minutes=2)).timestamp(),) * 2)


def sshd(demo):
    """The backup server's own sshd; its port. The city's agent may log in by key, the host key is pinned."""
    import paramiko

    place = demo.top / "sshd"
    place.mkdir(mode=0o700)
    for name in ("host", "client"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place / name], check=True)
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True) if os.geteuid() == 0 else None
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    (place / "conf").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {place}/host\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {place}/client.pub\nPermitRootLogin yes\nPidFile {place}/pid\n"
        "Subsystem sftp internal-sftp\nMaxStartups 100\n"
        "KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org\n"
    )
    server = subprocess.Popen([w.tool("sshd"), "-D", "-e", "-f", place / "conf"], stderr=subprocess.DEVNULL)
    demo.world.open.callback(lambda: (server.terminate(), server.wait(60)))
    for _ in range(200):
        with closing(socket.socket()) as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    state = demo.state("city")
    held = yaml.safe_load((state / "secrets.yaml").read_text())
    held["sftp"] = {"user": pwd.getpwuid(os.geteuid()).pw_name, "key": str(place / "client")}
    (state / "secrets.yaml").write_text(yaml.safe_dump(held))
    key = paramiko.PKey.from_path(str(place / "host"))
    Pins(state).put(f"127.0.0.1:{port}", Pin(key.get_name(), fingerprint(key.asbytes())))
    return port
