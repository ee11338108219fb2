"""Web: nginx with pages, TLS and what a message broker tells of its queues; Tomcat with its manager."""

import json
import os
import shutil
import signal
import urllib.request
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

from demo_certs import authority, certificate
from demo_parts import PROBER, Asset, Cannot, Part, free_port, program

NGINX = """daemon off; master_process off; pid {place}/pid; error_log {place}/error.log;
events {{ worker_connections 128; }}
http {{
  access_log off;
  client_body_temp_path {place}/t1; proxy_temp_path {place}/t2; fastcgi_temp_path {place}/t3;
  uwsgi_temp_path {place}/t4; scgi_temp_path {place}/t5;
  default_type text/html; root {place}/www;
  server {{ listen 127.0.0.1:{plain}; location /status {{ stub_status; }} {more} }}
  server {{
    listen 127.0.0.1:{secure} ssl;
    ssl_certificate {place}/site.pem; ssl_certificate_key {place}/site.key;
  }}
}}
"""
NAME = "portal.test"


class Nginx(Part):
    """A portal's page, its TLS, and a JSON that tells the depth of two queues."""

    name = "nginx"
    programs = ("nginx",)
    exclusive = False

    def __init__(self, place):
        super().__init__(place)
        self.plain, self.secure = free_port(), free_port()
        self.www = self.place / "www"
        self.www.mkdir()
        self.root, self.signer = authority("Demonstration CA")
        self.more = ""

    def assets(self):
        base = f"http://127.0.0.1:{self.plain}"
        web = {"service.http": {"url": f"{base}/", "text": "公告"}}
        tls = {
            "service.tls": {"host": "127.0.0.1", "port": self.secure, "name": NAME, "ca": self.root.decode()}
        }
        queue = {"application.queue": {"url": f"{base}/queues.json", "expect": ["orders", "letters"]}}
        step = {"url": f"{base}/upstream.json", "name": "upstream", "read": ["waiting", "last"],
                "equals": {"status": "ok"}}  # fmt: skip
        upstream = {"application.interface": {
            "script": {"steps": [step]}, "limits": {"waiting": {"warn": 10, "crit": 100}}, "success": "last",
        }}  # fmt: skip
        return [
            Asset("portal-1", "website", {"via": PROBER}, [*web], web),
            Asset("portal-tls", "website", {"via": PROBER}, [*tls], tls),
            Asset("broker-1", "queue", {"via": PROBER}, [*queue], queue),
            Asset("exchange-1", "interface", {"via": PROBER}, [*upstream], upstream),
        ]

    def secrets(self):
        return {"queue": {"user": "inspect", "password": "demo-Queue-7"}}

    def start(self):
        self.page()
        self.queues()
        self.exchange()
        self.sign(NAME, 400)
        self.serve()

    def serve(self):
        """The server with the configuration as it is now."""
        given = {"place": self.place, "plain": self.plain, "secure": self.secure, "more": self.more}
        (self.place / "conf").write_text(NGINX.format(**given))
        for at in range(1, 6):
            (self.place / f"t{at}").mkdir(exist_ok=True)
        words = [
            program("nginx"),
            "-p",
            self.place,
            "-c",
            self.place / "conf",
            "-e",
            self.place / "error.log",
        ]
        if os.geteuid() == 0:
            words += ["-g", "user root;"]
        self.run("nginx", words, self.plain)

    def again(self):
        """The server anew."""
        if "nginx" in self.running:
            self.end("nginx")
        self.serve()

    def sign(self, name, days):
        """A certificate for so many days by our own authority."""
        now = datetime.now(UTC)
        start = now - timedelta(days=400)
        pem, key = certificate(name, start, now + timedelta(days=days, hours=1), self.signer)
        (self.place / "site.pem").write_bytes(pem + self.root)
        (self.place / "site.key").write_bytes(key)

    # faults

    def page(self):
        """The page as it should be."""
        (self.www / "index.html").write_text("<html><body><h1>公告</h1></body></html>", encoding="utf-8")

    def defaced(self):
        """Somebody puts another page in its place."""
        (self.www / "index.html").write_text("<html><body>owned</body></html>")

    def page_gone(self):
        """The page is gone."""
        (self.www / "index.html").unlink()

    def expires_soon(self):
        """Its certificate has five days left."""
        self.sign(NAME, 5)
        self.again()

    def expired(self):
        """Its certificate ran out yesterday."""
        self.sign(NAME, -2)
        self.again()

    def wrong_name(self):
        """Its certificate is for another name."""
        self.sign("other.test", 400)
        self.again()

    def self_signed(self):
        """Its certificate is signed by nobody we know."""
        now = datetime.now(UTC)
        pem, key = certificate(NAME, now - timedelta(days=1), now + timedelta(days=400))
        (self.place / "site.pem").write_bytes(pem)
        (self.place / "site.key").write_bytes(key)
        self.again()

    def renewed(self):
        """A good certificate."""
        self.sign(NAME, 400)
        self.again()

    def queues(self, orders=3, consumers=2):
        """What the broker tells: few messages, somebody takes them."""
        told = [
            {"name": "orders", "messages": orders, "consumers": consumers},
            {"name": "letters", "messages": 0, "consumers": 1},
        ]
        (self.www / "queues.json").write_text(json.dumps(told))

    def queue_full(self):
        """20 000 messages wait."""
        self.queues(orders=20_000)

    def nobody_takes(self):
        """Nobody takes messages."""
        self.queues(consumers=0)

    def queue_gone(self):
        """A queue is gone."""
        told = [{"name": "orders", "messages": 3, "consumers": 2}]
        (self.www / "queues.json").write_text(json.dumps(told))

    def exchange(self, waiting=0, hours=0, status="ok"):
        """The exchange with another system works."""
        last = int((datetime.now(UTC) - timedelta(hours=hours)).timestamp())
        told = {"status": status, "waiting": waiting, "last": last}
        (self.www / "upstream.json").write_text(json.dumps(told))

    def tick(self):
        told = json.loads((self.www / "upstream.json").read_text())
        if told["last"] > datetime.now(UTC).timestamp() - 1800:
            self.exchange(told["waiting"], 0, told["status"])

    def exchange_stale(self):
        """Its last success is nine hours old."""
        self.exchange(hours=9)

    def exchange_jams(self):
        """50 records wait."""
        self.exchange(waiting=50)


SERVER = """<Server port="-1"><Service name="Catalina">
<Connector port="{port}" address="127.0.0.1" protocol="HTTP/1.1" maxThreads="20"/>
<Engine name="Catalina" defaultHost="localhost">
<Realm className="org.apache.catalina.realm.UserDatabaseRealm" resourceName="UserDatabase"/>
<Host name="localhost" appBase="webapps"/></Engine></Service>
<GlobalNamingResources><Resource name="UserDatabase" auth="Container"
 type="org.apache.catalina.UserDatabase" factory="org.apache.catalina.users.MemoryUserDatabaseFactory"
 pathname="conf/tomcat-users.xml"/></GlobalNamingResources></Server>"""
USERS = """<tomcat-users xmlns="http://tomcat.apache.org/xml" version="1.0">
<user username="{user}" password="{password}" roles="manager-script,manager-status"/></tomcat-users>"""
HOME, MANAGER = Path("/usr/share/tomcat10"), Path("/usr/share/tomcat10-admin/manager")


class Tomcat(Part):
    """A Tomcat with an application."""

    name = "tomcat"
    programs = ("java",)

    def __init__(self, place):
        super().__init__(place)
        self.port = free_port()
        self.base = self.place / "base"
        self.user = {"user": "inspect", "password": "demo-Tomcat-7"}

    def missing(self):
        lacks = super().missing()
        return lacks if MANAGER.exists() and (HOME / "bin").exists() else [*lacks, "tomcat10, tomcat10-admin"]

    def assets(self):
        params = {"middleware.tomcat": {
            "url": f"http://127.0.0.1:{self.port}/manager", "apps": ["/shop"], "timeout_ms": 15_000,
            "heap": {"warn": 99, "crit": 100},
        }}  # fmt: skip
        return [Asset("tomcat-1", "middleware", {"via": PROBER}, [*params], params)]

    def secrets(self):
        return {"tomcat": self.user}

    def start(self):
        for part in ("conf/Catalina/localhost", "webapps/shop", "logs", "work", "temp"):
            (self.base / part).mkdir(parents=True)
        for name in ("web.xml", "context.xml", "catalina.properties", "logging.properties"):
            shutil.copy(f"/etc/tomcat10/{name}", self.base / "conf" / name)
        context = f'<Context docBase="{MANAGER}" privileged="true" antiResourceLocking="false"/>'
        (self.base / "conf/Catalina/localhost/manager.xml").write_text(context)
        (self.base / "conf/tomcat-users.xml").write_text(USERS.format(**self.user))
        (self.base / "conf/server.xml").write_text(SERVER.format(port=self.port))
        (self.base / "webapps/shop/index.html").write_text("shop")
        self.serve()

    def serve(self):
        """Start it; its applications are there when this returns."""
        env = {**os.environ, "CATALINA_BASE": str(self.base), "CATALINA_HOME": str(HOME),
               "JAVA_OPTS": "-Xmx96m -XX:TieredStopAtLevel=1"}  # fmt: skip
        (self.place / "tomcat.out").unlink(missing_ok=True)
        up = lambda: b"Server startup in" in (self.place / "tomcat.out").read_bytes()  # noqa: E731
        self.run("tomcat", [HOME / "bin" / "catalina.sh", "run"], ready=up, env=env)

    def _manager(self, command):
        words = b64encode(f"{self.user['user']}:{self.user['password']}".encode()).decode()
        url = f"http://127.0.0.1:{self.port}/manager/text/{command}"
        ask = urllib.request.Request(url, headers={"Authorization": f"Basic {words}"})
        with urllib.request.urlopen(ask, timeout=60) as answer:
            said = answer.read().decode()
        if not said.startswith("OK"):
            raise Cannot(said)

    # faults

    def application_stops(self):
        """Somebody stops its application."""
        self._manager("stop?path=/shop")

    def application_starts(self):
        """It runs."""
        self._manager("start?path=/shop")

    def stops(self):
        """It is killed."""
        self.signal("tomcat", signal.SIGKILL)
        self.running.pop("tomcat").wait(60)


def parts(place):
    """All of them."""
    return [Nginx(place), Tomcat(place)]
