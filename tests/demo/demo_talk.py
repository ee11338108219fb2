"""Name server, mail, time, directory, camera."""

import os
import signal
import socket
import subprocess
from glob import glob
from pathlib import Path

from demo_parts import PROBER, QUIET, Asset, Part, free_port, program

PASSWORD = "demo-Talk-7"


def _imports(code):
    """Whether the system's Python has what these lines import."""
    python = Path("/usr/bin/python3")
    words = [str(python), "-c", code]
    return python.exists() and subprocess.run(words, **QUIET, timeout=60, check=False).returncode == 0


class Dns(Part):
    """A name server."""

    name = "dns"
    programs = ("dnsmasq",)

    def __init__(self, place):
        super().__init__(place)
        self.port = free_port()

    def assets(self):
        params = {"service.dns": {"name": "portal.test", "server": "127.0.0.1", "port": self.port,
                                  "expect": ["192.0.2.80"], "exact": True}}  # fmt: skip
        return [Asset("dns-1", "dns", {"via": PROBER}, [*params], params)]

    def start(self, address="192.0.2.80", name="portal.test"):
        words = [
            program("dnsmasq"), "--no-daemon", "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1",
            "--bind-interfaces", f"--port={self.port}", f"--address=/{name}/{address}",
            "--conf-file=/dev/null", f"--pid-file={self.place}/pid",
        ]  # fmt: skip
        if os.geteuid() == 0:
            words += ["--user=root"]
        self.run("dnsmasq", words, self.port)

    # faults

    def other_address(self):
        """The name leads somewhere else."""
        self.end("dnsmasq")
        self.start("198.51.100.7")

    def name_gone(self):
        """The name is not known any more."""
        self.end("dnsmasq")
        self.start(name="other.test")

    def stops(self):
        """It is stopped."""
        self.end("dnsmasq")

    def heal(self):
        """As it was."""
        if "dnsmasq" in self.running:
            self.end("dnsmasq")
        self.start()


class Mail(Part):
    """An SMTP server: aiosmtpd."""

    name = "smtp"

    def __init__(self, place):
        super().__init__(place)
        self.port = free_port()

    def missing(self):
        return [] if _imports("import aiosmtpd") else ["python3-aiosmtpd"]

    def assets(self):
        params = {"application.mail": {"address": "127.0.0.1", "port": self.port, "offers": ["SMTPUTF8"],
                                       "timeout_ms": 8000}}  # fmt: skip
        return [Asset("mail-1", "mail", {"via": PROBER}, [*params], params)]

    def start(self, *words):
        words = words or ("-u",)
        given = ["/usr/bin/python3", "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{self.port}", *words]
        self.run("smtp", [*given, "-c", "aiosmtpd.handlers.Sink"], self.port)

    # faults

    def heal(self):
        """As it was."""
        if "smtp" in self.running:
            self.end("smtp")
        self.start()

    def poorer(self):
        """It takes no addresses in Chinese any more."""
        self.end("smtp")
        self.start("-s", "1000000")

    def stops(self):
        """It is stopped."""
        self.end("smtp")

    def hangs(self):
        """It accepts and says nothing."""
        self.signal("smtp", signal.SIGSTOP)


LDAP = """include /etc/ldap/schema/core.schema
pidfile {place}/pid
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix "dc=example,dc=org"
rootdn "cn=admin,dc=example,dc=org"
rootpw {password}
directory {place}/db
access to * by anonymous auth by users read
"""
LDIF = """dn: dc=example,dc=org
objectClass: top
objectClass: dcObject
objectClass: organization
o: example
dc: example

dn: ou=people,dc=example,dc=org
objectClass: top
objectClass: organizationalUnit
ou: people
"""


class Ldap(Part):
    """A directory."""

    name = "ldap"
    programs = ("slapd", "slapadd", "setpriv")

    def __init__(self, place):
        super().__init__(place)
        self.port = free_port()

    def missing(self):
        return [
            *super().missing(),
            *([] if Path("/etc/ldap/schema/core.schema").exists() else ["slapd's schema"]),
        ]

    def assets(self):
        params = {"application.directory": {"address": "127.0.0.1", "port": self.port, "secret": "ldap",
                                            "base": "ou=people,dc=example,dc=org",
                                            "timeout_ms": 8000}}  # fmt: skip
        return [Asset("directory-1", "directory", {"via": PROBER}, [*params], params)]

    def secrets(self):
        return {"ldap": {"user": "cn=admin,dc=example,dc=org", "password": PASSWORD}}

    def start(self, ldif=LDIF, password=PASSWORD):
        subprocess.run(["rm", "-rf", str(self.place / "db")], check=True)
        (self.place / "db").mkdir()
        (self.place / "conf").write_text(LDAP.format(place=self.place, password=password))
        words = ["-f", str(self.place / "conf")]
        subprocess.run([program("slapadd"), *words], input=ldif.encode(), check=True, capture_output=True)
        url = f"ldap://127.0.0.1:{self.port}"
        self.run("slapd", [program("slapd"), "-d", "0", "-h", url, *words], self.port)

    # faults

    def heal(self):
        """As it was."""
        if "slapd" in self.running:
            self.end("slapd")
        self.start()

    def entry_gone(self):
        """The people's branch is gone."""
        self.end("slapd")
        self.start(LDIF.split("\n\n")[0] + "\n")

    def password_changed(self):
        """Somebody changes the account's password."""
        self.end("slapd")
        self.start(password="another-Word-3")

    def stops(self):
        """It is stopped."""
        self.end("slapd")


RTSP = """import gi, sys
gi.require_version("Gst", "1.0"); gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
server = GstRtspServer.RTSPServer(); server.set_service(sys.argv[1]); server.set_address("127.0.0.1")
made = GstRtspServer.RTSPMediaFactory(); made.set_shared(True)
made.set_launch("( videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=10/1 ! "
                "x264enc tune=zerolatency ! rtph264pay name=pay0 pt=96 )")
server.get_mount_points().add_factory(sys.argv[2], made)
server.attach(None)
GLib.MainLoop().run()
"""


class Camera(Part):
    """A stream over RTSP, as a camera gives it: gst-rtsp-server."""

    name = "rtsp"

    def __init__(self, place):
        super().__init__(place)
        self.port = free_port()

    def missing(self):
        code = (
            "import gi; gi.require_version('GstRtspServer', '1.0');"
            "from gi.repository import GstRtspServer, Gst; Gst.init(None);"
            "assert all(map(Gst.ElementFactory.find, ('x264enc', 'rtph264pay')))"
        )
        return [] if _imports(code) else ["gst-rtsp-server with its plugins"]

    def assets(self):
        params = {"application.camera": {"stream": f"rtsp://127.0.0.1:{self.port}/live", "seconds": 2}}
        return [Asset("camera-1", "camera", {"via": PROBER}, [*params], params)]

    def start(self, path="/live"):
        script = self.place / "server.py"
        script.write_text(RTSP)
        self.run("rtsp", ["/usr/bin/python3", script, self.port, path], self.port)

    # faults

    def heal(self):
        """As it was."""
        if "rtsp" in self.running:
            self.end("rtsp")
        self.start()

    def no_stream(self):
        """It is there, its stream is not."""
        self.end("rtsp")
        self.start("/other")

    def stops(self):
        """It is switched off."""
        self.end("rtsp")


# Not the program: it fails where one of its number, killed before, left its memory.
FAKED = "/usr/lib/*/faketime/libfaketime.so.1"


class Ntp(Part):
    """A time server: chronyd, and under faketime one whose clock is wrong."""

    name = "ntp"
    programs = ("chronyd", "faketime")

    def __init__(self, place):
        super().__init__(place)
        self.port = free_port(socket.SOCK_DGRAM)

    def assets(self):
        params = {"service.ntp": {"host": "127.0.0.1", "port": self.port, "timeout_ms": 3000}}
        return [Asset("ntp-1", "ntp", {"via": PROBER}, [*params], params)]

    def start(self, *before, stratum="local stratum 3"):
        (self.place / "conf").write_text(
            f"{stratum}\nport {self.port}\ncmdport 0\nbindaddress 127.0.0.1\nallow 127.0.0.1\n"
            f"pidfile {self.place}/pid\nbindcmdaddress /\n"
        )
        words = [*before, program("chronyd"), "-x", "-n", "-f", self.place / "conf", "-u", "root"]
        self.run("chronyd", words, ready=self._answers)

    def _answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.3)
            try:
                sock.sendto(b"\x23" + bytes(47), ("127.0.0.1", self.port))
                return bool(sock.recv(100))
            except OSError:
                return False

    # faults

    def heal(self):
        """Its clock is right."""
        if "chronyd" in self.running:
            self.end("chronyd")
        self.start()

    def wrong(self):
        """Its clock is 90 seconds ahead."""
        self.end("chronyd")
        self.start("env", f"LD_PRELOAD={glob(FAKED)[0]}", "FAKETIME=+90s")

    def unkept(self):
        """It has lost its own source of time."""
        self.end("chronyd")
        self.start(stratum="")

    def stops(self):
        """It is stopped."""
        self.end("chronyd")


def parts(place):
    """All of them."""
    return [Dns(place), Mail(place), Ldap(place), Camera(place), Ntp(place)]
