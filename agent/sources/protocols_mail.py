"""SMTP and IMAP: greet, secure, log in, leave. Nothing is sent, fetched or marked."""

import base64
import re
from collections.abc import Mapping

from agent.sources.net_connect import Clock, Failed
from agent.sources.protocols_wire import Course, Peer
from checks.api import ErrorKind, ObservationError
from checks.protocols import Endpoint, MailSeen, Tls

_REPLY = re.compile(r"([2-5][0-9]{2})([ -]?)(.*)")
_MOST_LINES = 200


def smtp(end: Endpoint, secret: Mapping[str, str]) -> MailSeen:
    """Greeting, EHLO, STARTTLS, AUTH where there is a secret, QUIT."""
    course = Course(Clock(end.timeout_ms))
    code: int | None = None
    offers: tuple[str, ...] = ()
    logged_in: bool | None = None
    with course.guard(), course.connected(end) as peer:
        code, _ = _reply(peer)
        if code == 220:
            code, offers = _ehlo(peer)
            if code == 250 and end.tls is Tls.STARTTLS:
                code, offers = _starttls(peer, end, offers)
            if code == 250 and secret:
                logged_in = _auth(peer, offers, secret)
            peer.send(b"QUIT\r\n")
    return MailSeen(course.talk(), offers, code, logged_in)


def _reply(peer: Peer) -> tuple[int, list[str]]:
    lines: list[str] = []
    for _ in range(_MOST_LINES):
        found = _REPLY.fullmatch(peer.line())
        if found is None:
            break
        lines.append(found[3])
        if found[2] != "-":
            return int(found[1]), lines
    raise Failed("garbled")


def _ehlo(peer: Peer) -> tuple[int, tuple[str, ...]]:
    peer.send(b"EHLO roundseal.invalid\r\n")
    code, lines = _reply(peer)
    offers = {line.strip().upper()[:60] for line in lines[1:] if line.strip().isascii()}
    return code, tuple(sorted(offers))[:40]


def _starttls(peer: Peer, end: Endpoint, offers: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    if "STARTTLS" not in offers:
        raise Failed("no_starttls")
    peer.send(b"STARTTLS\r\n")
    code, _ = _reply(peer)
    if code != 220:
        return code, offers
    peer.secure(end)
    return _ehlo(peer)


def _auth(peer: Peer, offers: tuple[str, ...], secret: Mapping[str, str]) -> bool:
    if not peer.tls and not peer.address.startswith(("127.", "::1")):
        raise ObservationError(ErrorKind.UNSUPPORTED, "a password is not sent in the clear: set tls")
    user, password = _credentials(secret)
    if any(offer.startswith("AUTH") and " PLAIN" in offer for offer in offers):
        word = base64.b64encode(f"\0{user}\0{password}".encode())
        peer.send(b"AUTH PLAIN " + word + b"\r\n")
        code, _ = _reply(peer)
    else:
        for part in (b"AUTH LOGIN", base64.b64encode(user.encode()), base64.b64encode(password.encode())):
            peer.send(part + b"\r\n")
            code, _ = _reply(peer)
            if code != 334:
                break
    return code == 235


def _credentials(secret: Mapping[str, str]) -> tuple[str, str]:
    user, password = secret.get("user", ""), secret.get("password", "")
    if not user or any(c in user + password for c in "\r\n\0"):
        raise ObservationError(ErrorKind.DENIED, "the secret needs user and password, each one line")
    return user, password


def imap(end: Endpoint, secret: Mapping[str, str]) -> MailSeen:
    """Greeting, CAPABILITY, STARTTLS, LOGIN and EXAMINE INBOX where there is a secret, LOGOUT."""
    course = Course(Clock(end.timeout_ms))
    offers: tuple[str, ...] = ()
    logged_in: bool | None = None
    messages: int | None = None
    with course.guard(), course.connected(end) as peer:
        if not peer.line().upper().startswith(("* OK", "* PREAUTH")):
            raise Failed("garbled")
        offers = _capability(peer)
        if end.tls is Tls.STARTTLS:
            if "STARTTLS" not in offers:
                raise Failed("no_starttls")
            if not _command(peer, "STARTTLS")[0]:
                raise Failed("no_starttls")
            peer.secure(end)
            offers = _capability(peer)
        if secret:
            logged_in, messages = _inbox(peer, secret)
        peer.send(b"z LOGOUT\r\n")
    return MailSeen(course.talk(), offers, None, logged_in, messages)


def _command(peer: Peer, words: str) -> tuple[bool, list[str]]:
    peer.send(b"a " + words.encode() + b"\r\n")
    lines: list[str] = []
    for _ in range(_MOST_LINES):
        line = peer.line()
        if line.startswith("a "):
            return line[2:4].upper() == "OK", lines
        lines.append(line)
    raise Failed("garbled")


def _capability(peer: Peer) -> tuple[str, ...]:
    _, lines = _command(peer, "CAPABILITY")
    found = {word for line in lines if line.upper().startswith("* CAPABILITY ") for word in line[13:].split()}
    return tuple(sorted(word.upper()[:60] for word in found if word.isascii()))[:60]


def _inbox(peer: Peer, secret: Mapping[str, str]) -> tuple[bool, int | None]:
    if not peer.tls and not peer.address.startswith(("127.", "::1")):
        raise ObservationError(ErrorKind.UNSUPPORTED, "a password is not sent in the clear: set tls")
    user, password = (_quoted(part) for part in _credentials(secret))
    if not _command(peer, f"LOGIN {user} {password}")[0]:
        return False, None
    done, lines = _command(peer, "EXAMINE INBOX")
    counts = [line.split()[1] for line in lines if re.fullmatch(r"\* [0-9]{1,12} EXISTS", line)]
    return True, int(counts[0]) if done and counts else None


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
