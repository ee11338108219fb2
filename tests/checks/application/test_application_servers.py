"""Directory, mailboxes and UPS: checks against slapd, dovecot and upsd themselves."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from ports import free_port

from checks.api import State


def found(program):
    """The program's path; NOT TESTED where it is missing."""
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin:/lib/nut")
    if path is None:
        pytest.skip(f"NOT TESTED: {program} is not installed")
    return path


@contextlib.contextmanager
def running(words, port, **more):
    """A server until the end; it listens when this is entered."""
    if os.geteuid():
        pytest.skip(f"NOT TESTED: {words[0]} needs root")
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more) as process:
        try:
            until = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < until:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.02)
            yield process
        finally:
            process.terminate()
            process.wait(60)


LDAP = """
include /etc/ldap/schema/core.schema
pidfile {place}/pid
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix "dc=example,dc=org"
rootdn "cn=admin,dc=example,dc=org"
rootpw pa55-word
directory {place}/db
access to * by anonymous auth by users read
"""
LDIF = """dn: dc=example,dc=org
objectClass: top
objectClass: dcObject
objectClass: organization
o: example
dc: example
"""


def test_a_directory_takes_a_bind_and_has_its_base(tmp_path, observed, why):
    slapd, slapadd = found("slapd"), found("slapadd")
    (tmp_path / "db").mkdir()
    (tmp_path / "slapd.conf").write_text(LDAP.format(place=tmp_path))
    conf = ["-f", str(tmp_path / "slapd.conf")]
    subprocess.run([slapadd, *conf], input=LDIF.encode(), check=True, capture_output=True)
    port = free_port()
    with running([slapd, "-d", "0", "-h", f"ldap://127.0.0.1:{port}", *conf], port):
        at = {"address": "127.0.0.1", "port": port, "base": "dc=example,dc=org"}
        assert why(observed("application.directory", {**at, "secret": "admin"}, "ok")) == {
            "answer": "ok",
            "bind": "ok",
            "base_entry": "ok",
        }
        result = observed(
            "application.directory", {**at, "secret": "admin", "base": "dc=example,dc=net"}, "crit"
        )
        assert result.state is State.CRIT
        result = observed("application.directory", {**at, "secret": "notadmin"}, "unknown")
        assert result.state is State.UNKNOWN and why(result)["bind"] == "login_refused"
        # Nobody in particular may not read: whether the entry is there cannot be told.
        assert why(observed("application.directory", at, "unknown_anonymous"))["base_entry"] == "denied"
        assert why(observed("application.directory", {**at, "tls": "starttls"}))["answer"] == "no_starttls"


DOVECOT = """
protocols = imap
base_dir = {place}/run
state_dir = {place}/state
log_path = {place}/log
ssl = no
disable_plaintext_auth = no
default_login_user = nobody
default_internal_user = nobody
default_internal_group = nogroup
mail_location = maildir:{place}/mail
mail_uid = 1000
mail_gid = 1000
first_valid_uid = 1
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = static
  args = password=pa55-word
}}
userdb {{
  driver = static
  args = uid=1000 gid=1000 home={place}/home
}}
"""


def test_a_mailbox_is_opened_and_its_messages_counted(tmp_path, observed, why):
    dovecot, port = found("dovecot"), free_port()
    for part in ("run", "state", "mail/new", "mail/cur", "mail/tmp", "home"):
        (tmp_path / part).mkdir(parents=True)
    (tmp_path / "mail/new/1.a.b").write_text("Subject: x\n\nx\n")
    subprocess.run(["chown", "-R", "1000:1000", tmp_path / "mail", tmp_path / "home"], check=True)
    for part in (tmp_path, *tmp_path.parents):
        if str(part).startswith("/tmp/") and part.owner() == "root":
            part.chmod(0o755)
    (tmp_path / "dovecot.conf").write_text(DOVECOT.format(place=tmp_path, port=port))
    with running([dovecot, "-F", "-c", str(tmp_path / "dovecot.conf")], port):
        at = {"address": "127.0.0.1", "port": port, "protocol": "imap", "offers": ["IMAP4REV1"]}
        result = observed("application.mail", {**at, "secret": "tester"}, "ok_imap")
        assert result.state is State.OK, (result, (tmp_path / "log").read_text())
        assert result.facts["mail"]["messages"] == 1
        assert why(observed("application.mail", {**at, "secret": "wrong"}))["login"] == "login_refused"
        assert why(observed("application.mail", {**at, "offers": ["X-NONE"]}))["X-NONE:offered"] == "missing"


UPS = """ups.status: {status}
battery.charge: {charge}
battery.runtime: 1800
ups.load: 23
ups.model: Smart-UPS 1500
"""


def ups_settings(place, port):
    (place / "ups.conf").write_text(
        f"[ups1]\n  driver = dummy-ups\n  port = {place}/ups1.dev\n  mode = dummy-loop\n"
    )
    (place / "upsd.conf").write_text(f"LISTEN 127.0.0.1 {port}\n")
    (place / "upsd.users").write_text("")
    for name in ("ups.conf", "upsd.conf", "upsd.users"):
        (place / name).chmod(0o640)
    return {
        **os.environ,
        "NUT_CONFPATH": str(place),
        "NUT_STATEPATH": str(place),
        "NUT_ALTPIDPATH": str(place),
    }


def test_a_ups_tells_its_source_and_its_battery(tmp_path, observed, why):
    upsd = Path("/lib/nut/upsd")
    found("dummy-ups")
    if not upsd.exists():
        pytest.skip("NOT TESTED: nut-server is not installed")
    port = free_port()
    env = ups_settings(tmp_path, port)
    at = {"address": "127.0.0.1", "port": port, "ups": "ups1"}

    def told(status, charge, name, until):
        """What the check says, once upsd has had this from the driver."""
        (tmp_path / "ups1.dev").write_text(UPS.format(status=status, charge=charge))
        words = ["/lib/nut/dummy-ups", "-a", "ups1", "-u", "root", "-D"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(words, env=env, **quiet) as driver:
            try:
                for _ in range(300):
                    if why(observed("application.nut", at)).get("ups") == until:
                        break
                    time.sleep(0.1)
                return why(observed("application.nut", at, name))
            finally:
                driver.terminate()

    with running([str(upsd), "-u", "root", "-D"], port, env=env):
        assert told("OL", 100, "ok", "ok") == {
            "answer": "ok",
            "ups": "ok",
            "charge": "ok",
            "runtime": "ok",
            "load": "ok",
        }
        assert told("OB LB", 25, "crit", "battery_low")["charge"] == "too_low"
        # Its driver is gone: what upsd still holds is no reading.
        for _ in range(300):
            result = observed("application.nut", at)
            if result.state is State.UNKNOWN:
                break
            time.sleep(0.1)
        assert why(observed("application.nut", at, "unknown"))["ups"] in ("stale", "failed")
        assert why(observed("application.nut", {**at, "ups": "none"}, "unknown_name"))["ups"] == "not_found"
