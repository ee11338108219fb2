"""Real counterparts: a Java machine and a Tomcat of this host, seen through a real sshd and over HTTP."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from parts import loaded

from agent.sources.means import Means
from agent.sources.protocols import open_protocols
from checks.remote import Login

TESTS = Path(__file__).parents[2]

_parts = loaded("sources/ssh/conftest.py")
state, secrets, means, ssh, pin = _parts.state, _parts.secrets, _parts.means, _parts.ssh, _parts.pin
start_sshd, sshd = _parts.start_sshd, _parts.sshd


@pytest.fixture
def here(sshd, pin):
    """Parameters that lead to this machine through its sshd."""
    pin(Login("127.0.0.1", sshd.port), sshd.key)
    return {"address": "127.0.0.1", "port": sshd.port, "timeout_ms": 60_000}


QUIET = """public class Quiet { public static void main(String[] words) throws Exception {
    System.out.println("ready"); Thread.sleep(600000); } }"""
# Each of two threads holds what the other wants.
KNOT = """import java.util.concurrent.CountDownLatch;
public class Knot {
    static final CountDownLatch both = new CountDownLatch(2);
    static void take(Object first, Object second) {
        synchronized (first) {
            both.countDown();
            try { both.await(); } catch (InterruptedException e) { return; }
            synchronized (second) { }
        }
    }
    public static void main(String[] words) throws Exception {
        Object a = new Object(), b = new Object();
        Thread one = new Thread(() -> take(a, b)), two = new Thread(() -> take(b, a));
        one.start(); two.start();
        for (Thread each : new Thread[] {one, two})
            while (each.getState() != Thread.State.BLOCKED) Thread.sleep(5);
        System.out.println("ready"); Thread.sleep(600000);
    }
}"""


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """Two small programs, compiled."""
    if not (shutil.which("java") and shutil.which("jcmd") and shutil.which("javac")):
        pytest.skip("NOT TESTED: no JDK is installed")
    place = tmp_path_factory.mktemp("classes")
    (place / "Quiet.java").write_text(QUIET)
    (place / "Knot.java").write_text(KNOT)
    subprocess.run(["javac", "-d", str(place), *map(str, place.glob("*.java"))], check=True, timeout=120)
    return place


@pytest.fixture
def machine(classes):
    """Start one of the programs; it runs until the test ends."""
    with contextlib.ExitStack() as stack:

        def start(name, *options):
            words = ["java", "-Xmx64m", "-XX:TieredStopAtLevel=1", *options, "-cp", str(classes), name]
            process = stack.enter_context(subprocess.Popen(words, stdout=subprocess.PIPE, cwd=classes))
            stack.callback(process.kill)
            assert process.stdout.readline() == b"ready\n"

        yield start


USERS = """<tomcat-users xmlns="http://tomcat.apache.org/xml" version="1.0">
<user username="tester" password="pa55-word" roles="manager-script,manager-status,manager-jmx"/>
</tomcat-users>"""
SERVER = """<Server port="-1"><Service name="Catalina">
<Connector port="{port}" address="127.0.0.1" protocol="HTTP/1.1" maxThreads="20"/>
<Engine name="Catalina" defaultHost="localhost">
<Realm className="org.apache.catalina.realm.UserDatabaseRealm" resourceName="UserDatabase"/>
<Host name="localhost" appBase="webapps"/></Engine></Service>
<GlobalNamingResources><Resource name="UserDatabase" auth="Container"
 type="org.apache.catalina.UserDatabase" factory="org.apache.catalina.users.MemoryUserDatabaseFactory"
 pathname="conf/tomcat-users.xml"/></GlobalNamingResources></Server>"""


@pytest.fixture
def tomcat(tmp_path):
    """A Tomcat with its manager, in a directory of its own: its port and that directory."""
    home, manager = Path("/usr/share/tomcat10"), Path("/usr/share/tomcat10-admin/manager")
    if not (home / "bin" / "catalina.sh").exists() or not manager.exists() or not shutil.which("java"):
        pytest.skip("NOT TESTED: tomcat10 and tomcat10-admin are not installed")
    base = tmp_path / "tomcat"
    for part in ("conf/Catalina/localhost", "webapps", "logs", "work", "temp"):
        (base / part).mkdir(parents=True, exist_ok=True)
    for name in ("web.xml", "context.xml", "catalina.properties", "logging.properties"):
        shutil.copy(f"/etc/tomcat10/{name}", base / "conf" / name)
    context = f'<Context docBase="{manager}" privileged="true" antiResourceLocking="false"/>'
    (base / "conf/Catalina/localhost/manager.xml").write_text(context)
    (base / "conf/tomcat-users.xml").write_text(USERS)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    (base / "conf/server.xml").write_text(SERVER.format(port=port))
    env = {**os.environ, "CATALINA_BASE": str(base), "CATALINA_HOME": str(home)}
    words = [str(home / "bin" / "catalina.sh"), "run"]
    with (
        (base / "out").open("wb") as out,
        subprocess.Popen(words, env=env, stdout=out, stderr=out, start_new_session=True) as process,
    ):
        try:
            # It listens long before its applications are there.
            until = time.monotonic() + 300
            while time.monotonic() < until and process.poll() is None:
                if b"Server startup in" in (base / "out").read_bytes():
                    break
                time.sleep(0.05)
            yield port, base
        finally:
            os.killpg(process.pid, 9)


@pytest.fixture
def web(tmp_path):
    """The protocols, with the manager's user as a secret."""
    path = tmp_path / "web"
    path.mkdir(mode=0o700)
    (path / "secrets.yaml").write_text(
        "tomcat: {user: tester, password: pa55-word}\nwrong: {user: tester, password: not-this}\n"
    )
    (path / "secrets.yaml").chmod(0o600)
    return open_protocols(Means(state=path))
