"""The configuration of FRRouting: what its daemons run, and what stands in its file, by SSH.

FRR's shell tells only what runs (`show startup-config` answers nothing there), so the saved one is read as
the file that `write` makes. An account whose login shell is vtysh cannot read it: there nobody can tell.
"""

from checks.api import ErrorKind, ObservationError
from checks.network._asking import asker
from checks.network._configs import Dialect, whole
from checks.remote import Login, Ran, Ssh

PLATFORM = "frr"
DIALECT = Dialect("show running-config", "", frozenset({"end"}), hashes=False)
SUDOERS = (
    "roundseal-agent ALL=(root) NOPASSWD: /usr/bin/vtysh -c show running-config,"
    " /usr/bin/cat /etc/frr/frr.conf"
)
# A login of the group frrvty needs no sudo, nor one that may read the file.
_RUNNING = (
    "LC_ALL=C; export LC_ALL; command -v vtysh >/dev/null || exit 127;"
    ' if [ "$(id -u)" = 0 ] || id -nG | grep -qw frrvty; then vtysh -c "show running-config";'
    ' else sudo -n vtysh -c "show running-config"; fi'
)
_SAVED = (
    "if [ -r /etc/frr/frr.conf ]; then cat /etc/frr/frr.conf;"
    ' elif [ "$(id -u)" != 0 ]; then sudo -n cat /etc/frr/frr.conf; else exit 1; fi'
)
_WRITTEN = "frr version "  # what FRR itself writes begins so; a file of somebody's own compares with nothing
_APART = "no service integrated-vtysh-config"  # each daemon keeps a file of its own


def texts(ssh: Ssh, to: Login, timeout_ms: int) -> tuple[str, str | None]:
    """The running configuration, and the saved one or None where nobody can tell."""
    ask = asker(ssh, to, timeout_ms)
    ran = ask(_RUNNING)
    if ran.stdout.lstrip().startswith("% "):  # vtysh itself is the login's shell
        return _typed(ssh, to, timeout_ms), None
    if ran.exit == 127:
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{to.name} has no vtysh")
    if ran.exit != 0 and not ran.cut:
        raise _refused(ran, to)
    running = _whole(ran.stdout, to, cut=ran.cut)
    if _APART in running:
        return running, None
    kept = ask(_SAVED)
    good = kept.exit == 0 and not kept.cut and kept.stdout.startswith(_WRITTEN)
    return running, kept.stdout if good else None


def _typed(ssh: Ssh, to: Login, timeout_ms: int) -> str:
    screens = ssh.shell(to, PLATFORM, (DIALECT.running,), timeout_ms=timeout_ms)
    screen = screens[0] if screens else None
    if screen is None or screen.trouble:
        raise ObservationError(ErrorKind.DENIED, f"{to.name}: this user may not see the configuration")
    return _whole(screen.text, to, cut=screen.cut)


def _refused(ran: Ran, to: Login) -> ObservationError:
    told = ran.stdout + ran.stderr
    if "sudo:" in told or "privileged user" in told or "ermission denied" in told:
        return ObservationError(ErrorKind.DENIED, f"{to.name}: this user may not run vtysh")
    return ObservationError(ErrorKind.UNSUPPORTED, f"{to.name}: no daemon of FRR answers vtysh")


def _whole(text: str, to: Login, *, cut: bool) -> str:
    """Up to the word that ends it, which the file does not have."""
    if cut or not whole(text, DIALECT):
        raise ObservationError(ErrorKind.GARBLED, f"{to.name}: the configuration breaks off")
    return text.rstrip().removesuffix("end")
