"""Kept connections: one for each target and secret, one look at a time on each.

A connection serves a round's looks and is closed a while after the last. The keeper, a thread that lives as
long as there are connections, closes those whose look is past its deadline: that ends whatever wait the
look hangs in.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import paramiko

from agent.sources import ssh_link
from agent.sources.means import Means
from agent.sources.ssh_link import Deadline, errors
from agent.sources.ssh_pins import Pins
from checks.api import ErrorKind, ObservationError
from checks.remote import Login, place

if TYPE_CHECKING:
    from agent.sources.ssh_shell import Shell

IDLE_S = 90.0
MOST_KEPT = 64  # each is a thread; more only while all of them are in use
_KEEPER_S = 0.2
_Key = tuple[Login, str]


class Session:
    """A connection to one target; who holds `lock` uses it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.links: list[paramiko.Transport] = []  # the bastion's first, the target's last
        self.shell: Shell | None = None
        self.until: float | None = None  # end of the look under way
        self.used = time.monotonic()

    @property
    def alive(self) -> bool:
        """Whether all its links stand."""
        return bool(self.links) and all(link.is_active() for link in self.links)

    @property
    def transport(self) -> paramiko.Transport:
        """The target's link."""
        return self.links[-1]

    def close(self) -> None:
        """End it, the target's link first."""
        links, self.links, self.shell = self.links, [], None
        for link in reversed(links):
            ssh_link.hang_up(link)


class Pool:
    """All connections of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[_Key, Session] = {}
        self._keeper: threading.Thread | None = None

    @contextmanager
    def session(self, to: Login, means: Means, pins: Pins, deadline: Deadline) -> Iterator[Session]:
        """The target's session, connected and logged in, for this look alone."""
        with self.held(to, means, deadline) as session:
            try:
                _ready(session, to, means, pins, deadline)
                yield session
            except ObservationError as problem:
                # A look that ended midway leaves unread output behind.
                if problem.kind is not ErrorKind.DENIED:
                    session.close()
                raise

    @contextmanager
    def held(self, to: Login, means: Means, deadline: Deadline) -> Iterator[Session]:
        """The target's session as it is; the keeper sees to its deadline."""
        session = self._taken((to, str(means.state)), deadline, to.name)
        try:
            session.until = deadline.at
            yield session
        finally:
            session.until, session.used = None, time.monotonic()
            session.lock.release()

    def close(self) -> None:
        """End all connections that no look uses."""
        self._sweep(float("inf"))

    def _taken(self, key: _Key, deadline: Deadline, peer: str) -> Session:
        """The session of this key, its lock held."""
        while True:
            session = self._of(key)
            if not session.lock.acquire(timeout=deadline.left()):
                raise ObservationError(ErrorKind.TIMEOUT, f"{peer}: another look is under way")
            with self._lock:
                if self._sessions.get(key) is session:
                    return session
            session.lock.release()  # taken out as idle before we had it

    def _of(self, key: _Key) -> Session:
        with self._lock:
            spare = [] if key in self._sessions else self._idlest(len(self._sessions) + 1 - MOST_KEPT)
            session = self._sessions.setdefault(key, Session())
            session.used = time.monotonic()
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, name="ssh-keeper", daemon=True)
                self._keeper.start()
        _end(spare)
        return session

    def _idlest(self, count: int) -> list[Session]:
        """Take out so many of those that nobody uses, the longest idle first; their locks are held."""
        found: list[Session] = []
        for key, session in sorted(self._sessions.items(), key=lambda one: one[1].used):
            if len(found) < count and session.lock.acquire(blocking=False):
                found.append(session)
                del self._sessions[key]
        return found

    def _keep(self) -> None:
        while True:
            time.sleep(_KEEPER_S)
            now = time.monotonic()
            for session in self._late(now):
                for link in list(session.links):
                    ssh_link.hang_up(link)
            self._sweep(now - IDLE_S)
            with self._lock:
                if not self._sessions:
                    self._keeper = None
                    return

    def _late(self, now: float) -> list[Session]:
        with self._lock:
            return [one for one in self._sessions.values() if one.until is not None and now > one.until]

    def _sweep(self, before: float) -> None:
        """Close what nobody has used since `before`."""
        idle = []
        with self._lock:
            for key, session in list(self._sessions.items()):
                if session.used < before and session.lock.acquire(blocking=False):
                    idle.append(session)
                    del self._sessions[key]
        _end(idle)


def _end(idle: list[Session]) -> None:
    """Close sessions whose locks are held."""
    for session in idle:
        session.close()
        session.lock.release()


POOL = Pool()


def connect(session: Session, to: Login, means: Means, pins: Pins, deadline: Deadline) -> None:
    """Reach the target, through its bastion if it has one, and log in."""
    secret = means.secret(to.secret)
    check_key(_greet(session, to, means, pins, deadline), to, pins)
    ssh_link.log_in(session.transport, secret, to.name, deadline)


def _ready(session: Session, to: Login, means: Means, pins: Pins, deadline: Deadline) -> None:
    """Connected and logged in, to a peer whose key is still the pinned one; else closed."""
    try:
        if session.alive:
            check_key(session.transport, to, pins)
        else:
            session.close()
            connect(session, to, means, pins, deadline)
    except BaseException:
        session.close()
        raise


def _greet(session: Session, to: Login, means: Means, pins: Pins, deadline: Deadline) -> paramiko.Transport:
    """The target's link, its hands shaken and nobody logged in; the bastion is in `session` by then."""
    inner: Any
    pin = pins.get(to.name)  # before anything is open
    if to.hop:
        inner = _through(session, to, means, pins, deadline)
    else:
        inner = ssh_link.dial(to.address, to.port, deadline, to.name)
    link = ssh_link.greet(inner, to.name, legacy=to.legacy, pin=pin, deadline=deadline)
    session.links.append(link)
    return link


def _through(session: Session, to: Login, means: Means, pins: Pins, deadline: Deadline) -> paramiko.Channel:
    """A channel through the bastion to the target."""
    host, port = place(to.hop)
    bastion = Login(host, port, to.hop_secret)
    try:
        connect(session, bastion, means, pins, deadline)
    except ObservationError as problem:
        raise ObservationError(problem.kind, f"bastion of {to.address}: {problem.detail}") from None
    link = session.transport
    with errors(f"{to.name}", deadline):
        try:
            return link.open_channel(
                "direct-tcpip", (to.address, to.port), ("127.0.0.1", 0), timeout=deadline.left()
            )
        except paramiko.ChannelException as problem:
            kind = ErrorKind.DENIED if problem.code == 1 else ErrorKind.UNREACHABLE
            raise ObservationError(kind, f"{to.name}: the bastion opens no way to it") from None


def check_key(link: paramiko.Transport, to: Login, pins: Pins) -> None:
    """ObservationError `denied` unless the peer holds the key that was pinned."""
    pin, shown = pins.get(to.name), ssh_link.presented(link)
    if pin is None:
        raise ObservationError(
            ErrorKind.DENIED,
            f"{to.name}: its host key {shown.sha256} is not pinned: {trust_words(to)}",
        )
    if pin != shown:
        raise ObservationError(
            ErrorKind.DENIED,
            f"{to.name}: its host key has changed to {shown.sha256} ({shown.kind}); {pin.sha256} is pinned",
        )


def trust_words(to: Login) -> str:
    """The command that pins its key."""
    words = f"roundseal-agent trust {to.name.partition('@')[0]}"
    words += " --legacy" if to.legacy else ""
    return words + (f" --hop {to.hop} --hop-secret {to.hop_secret}" if to.hop else "")


@contextmanager
def greeted(to: Login, means: Means, pins: Pins, deadline: Deadline) -> Iterator[paramiko.Transport]:
    """A new link to the target for its key's sake: nobody logs in to it."""
    session = Session()
    try:
        yield _greet(session, to, means, pins, deadline)
    finally:
        session.close()
