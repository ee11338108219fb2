"""network.config on a real router: FRRouting's own daemons and vtysh, behind a real sshd.

The daemons, /etc/frr, /run and the sudoers stand in a mount namespace of their own: nothing of this machine's
is touched.
"""

import contextlib
import getpass
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import recordings

from checks.api import ErrorKind, ObservationError, Seen, State
from checks.codec import to_json
from checks.network import config
from checks.remote import Login

AT = 1_795_255_710_806
DAEMONS = Path("/usr/lib/frr")
NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups "
MEMBER = "setpriv --reuid=65534 --regid=65534 --groups=frr,frrvty "
BOOT = """frr version 8.4.4
frr defaults traditional
hostname edge-r1
service integrated-vtysh-config
!
ip route 10.99.0.0/16 Null0
!
router ospf
 network 10.1.0.0/24 area 0
 area 0 authentication message-digest
exit
!
"""
SUDO = "nobody ALL=(root) NOPASSWD: /usr/bin/vtysh -c show running-config, /usr/bin/cat /etc/frr/frr.conf\n"
HOLD = """
set -e
mount --bind {place}/etc /etc/frr
mount -t tmpfs none /run
mkdir -p /run/frr /run/sudo /run/sshd
chown frr:frr /run/frr
mount --bind {place}/sudoers /etc/sudoers
unshare --net sh -c 'ip link set lo up
  for one in zebra staticd ospfd; do
    /usr/lib/frr/$one -d -u frr -g frr -P 0 -f /dev/null
  done' </dev/null >/dev/null
vtysh -b
echo ready
exec sleep 100000
"""


@dataclass
class Router:
    """A running FRR; `inside` is what enters its place in the file system."""

    holder: subprocess.Popen
    place: Path

    @property
    def inside(self) -> str:
        return f"nsenter --mount --target={self.holder.pid} -- "

    def vtysh(self, *commands: str) -> str:
        return self._run(*(word for one in commands for word in ("-c", one)))

    def vtysh_of(self, file: Path) -> str:
        """What a file of commands says."""
        return self._run("-f", str(file))

    def _run(self, *words: str) -> str:
        told = [*self.inside.split(), "vtysh", *words]
        return subprocess.run(told, check=True, capture_output=True, text=True, timeout=120).stdout

    def stop(self, *names: str) -> None:
        """End daemons by their own pid files."""
        for file in Path(f"/proc/{self.holder.pid}/root/run/frr").glob("*.pid"):
            if not names or file.stem in names:
                pid = int(file.read_text())
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                while runs(pid):
                    time.sleep(0.02)


def runs(pid: int) -> bool:
    """Whether it does; a dead one may stay in the list until somebody asks for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (OSError, IndexError):
        return False


@pytest.fixture
def router(tmp_path):
    if os.getuid() or not (DAEMONS / "zebra").exists() or not shutil.which("vtysh"):
        pytest.skip("NOT TESTED: FRRouting (Debian's frr) is not installed, or these tests are not root's")
    if subprocess.run(["unshare", "--mount", "--net", "true"], check=False, timeout=60).returncode:
        pytest.skip("NOT TESTED: no namespaces here")
    place = tmp_path / "frr"
    (place / "etc").mkdir(parents=True)
    (place / "etc/vtysh.conf").write_text("service integrated-vtysh-config\n")
    (place / "etc/frr.conf").write_text(BOOT)
    (place / "sudoers").write_text(SUDO)
    (place / "sudoers").chmod(0o440)
    for one in (place / "etc", place / "etc/vtysh.conf", place / "etc/frr.conf"):
        shutil.chown(one, "frr", "frr")
        one.chmod(0o750 if one.is_dir() else 0o640)
    words = ["unshare", "--mount", "--propagation=private", "sh", "-c", HOLD.format(place=place)]
    holder = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    made = Router(holder, place)
    try:
        assert any(line == "ready\n" for line in holder.stdout), "FRR did not come up"
        yield made
    finally:
        made.stop()
        holder.kill()
        holder.wait(60)
        holder.stdout.close()


@pytest.fixture
def reached(router, start_sshd, secrets, pin):
    """`reached(as_whom, vtysh=False)` -> parameters that lead to the router."""

    def start(whom="", vtysh=False):
        typed = f'{router.inside}{whom}{"vtysh -c" if vtysh else "sh -c"} "$SSH_ORIGINAL_COMMAND"'
        # What sshd does for an account whose shell is vtysh.
        bare = f"{router.inside}{whom}vtysh"
        forced = f'if [ -n "$SSH_ORIGINAL_COMMAND" ]; then exec {typed}; else exec {bare}; fi'
        sshd = start_sshd(f"ForceCommand {forced}")
        secrets(ssh={"user": getpass.getuser(), "key": str(sshd.client_key)})
        pin(Login("127.0.0.1", sshd.port), sshd.key)
        return {"address": "127.0.0.1", "port": sshd.port, "platform": "frr"}

    return start


@pytest.fixture
def look(ssh):
    """Facts and readings of a look; under `name` it is kept as a recording where that is wanted."""

    def at(to, name="", **given):
        params = config.Params(**to, **given)
        facts = config.observe(ssh, params)
        found = list(config.judge(Seen(facts, AT), params))
        if name:
            asked = {"address": "10.0.0.1", "platform": "frr", **given}
            kept = {
                "params": asked,
                "facts": to_json(facts),
                "taken_at": AT,
                "expect": recordings.expected(found),
            }
            recordings.keep("network.config", name, kept)
        return facts, {one.name: (one.value, one.state, one.reason) for one in found}

    return at


def test_what_runs_is_saved_until_somebody_changes_it_and_again_once_it_is_written(router, reached, look):
    to = reached()
    router.vtysh("write")
    first, found = look(to)
    assert found["saved"] == (1, State.OK, "")
    assert found["unexpected"][1:] == (State.UNKNOWN, "no_baseline")
    approved = config.propose(first)
    assert approved.keys() >= {"hostname", "ip", "router ospf"}
    again, found = look(to, "frr_saved", approved=approved)
    assert again == first and {state for _, state, _ in found.values()} == {State.OK}
    # What a person would do at its prompt.
    router.vtysh(
        "configure terminal", "ip route 10.98.0.0/16 Null0", "router ospf", "no area 0 authentication"
    )
    changed, found = look(to, "frr_changed", approved=approved)
    assert found["saved"] == (0, State.WARN, "not_saved")
    assert found["changed"] == (2, State.CRIT, "changed") and {"ip", "router ospf"} <= found.keys()
    assert changed.saved == first.saved and changed.running != first.running
    router.vtysh("write")
    written, found = look(to, approved=approved)
    assert found["saved"] == (1, State.OK, "") and found["changed"][1] is State.CRIT
    assert written.running == changed.running
    # Back to what was approved, as the first time.
    router.vtysh(
        "configure terminal",
        "no ip route 10.98.0.0/16 Null0",
        "router ospf",
        "area 0 authentication message-digest",
    )
    router.vtysh("write")
    assert look(to, approved=approved)[0] == first


def test_a_daemon_that_died_takes_its_part_of_what_runs_away(router, reached, look):
    to = reached()
    router.vtysh("write")
    approved = config.propose(look(to)[0])
    router.stop("ospfd")
    _, found = look(to, approved=approved)
    assert found["saved"][1:] == (State.WARN, "not_saved")
    assert found["router ospf"][1:] == (State.CRIT, "gone")


def test_a_file_that_somebody_wrote_by_hand_and_daemons_with_their_own_say_nothing_of_what_is_saved(
    router, reached, look
):
    to = reached()
    kept = Path(f"/proc/{router.holder.pid}/root/etc/frr/frr.conf")
    for text in ("# by hand\nhostname edge-r1\nip route 10.99.0.0/16 Null0\n", ""):
        kept.write_text(text)
        assert look(to)[1]["saved"] == (None, State.UNKNOWN, "not_reported")
    kept.unlink()
    assert look(to)[1]["saved"] == (None, State.UNKNOWN, "not_reported")
    kept.with_name("vtysh.conf").write_text("no service integrated-vtysh-config\n")
    kept.write_text(BOOT)
    assert look(to)[1]["saved"] == (None, State.UNKNOWN, "not_reported")


def test_the_least_right_is_enough_and_none_is_denied(router, reached, look):
    """By sudo's two lines, as a member of the groups, and as nobody in particular."""
    router.vtysh("write")
    whole, _ = look(reached())
    assert look(reached(MEMBER))[0] == whole
    if shutil.which("sudo"):
        assert look(reached(NOBODY))[0] == whole
    (Path(f"/proc/{router.holder.pid}/root/etc/sudoers")).write_text("root ALL=(ALL) ALL\n")
    with pytest.raises(ObservationError) as raised:
        look(reached(NOBODY))
    assert raised.value.kind is ErrorKind.DENIED


def test_a_router_that_does_not_run_shows_nothing(router, reached, look):
    to = reached()
    router.stop()
    with pytest.raises(ObservationError) as raised:
        look(to)
    assert raised.value.kind is ErrorKind.UNSUPPORTED


def test_an_account_whose_shell_is_vtysh_is_asked_at_its_prompt(router, reached, look):
    """A long configuration in a terminal, with a pager switched on; what is saved cannot be seen there."""
    rows = [f"ip route 10.{at // 250}.{at % 250}.0/24 Null0\n" for at in range(1200)]
    (router.place / "routes").write_text("".join(rows))
    router.vtysh_of(router.place / "routes")
    whole, _ = look(reached())
    typed, found = look(reached("env VTYSH_PAGER=more ", vtysh=True))
    assert (typed.running, typed.sections) == (whole.running, whole.sections)
    assert found["saved"] == (None, State.UNKNOWN, "not_reported")
