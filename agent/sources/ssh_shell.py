"""A device's own command line: prompt, echo, paging, levels; what a person would type and see.

The prompt is found by asking: an empty line, answered twice alike. A command is over when that very line
stands at the end again, its echo has been seen and nothing follows for a moment.
"""

from collections.abc import Sequence

import paramiko

from agent.secrets import Secret
from agent.sources import ssh_dialects as dialects
from agent.sources.ssh_link import Deadline, errors
from agent.sources.ssh_text import clean, decode, whole_lines
from checks.api import ErrorKind, ObservationError
from checks.remote import Screen

_QUIET_S = 0.3  # a device that says nothing for so long waits for us
_SURE_S = 0.02  # after a prompt
_BARE_S = 1.0  # a prompt without an echo before it
_MOST_ANSWERS = 8  # passwords, questions and pages at login
_MOST_NUDGES = 3
_MOST_GREETING = 256 * 1024
_TAIL = 2048


class Shell:
    """An interactive session on a kept connection."""

    def __init__(self, channel: paramiko.Channel, peer: str) -> None:
        self._channel = channel
        self._peer = peer
        self.prompt = ""

    @property
    def alive(self) -> bool:
        """Whether it still takes commands."""
        return not self._channel.closed and not self._channel.eof_received

    def start(self, platform: str, secret: Secret, deadline: Deadline) -> None:
        """Wait for the first prompt, enter the higher level where the secret has `enable`, paging off."""
        self._settle(secret, deadline)
        dialect = dialects.of(platform)
        if dialect.enable and secret.get("enable") and not self.prompt.endswith("#"):
            self._enable(dialect.enable, secret, deadline)
        for command in dialect.paging:
            self.ask(command, deadline, _MOST_GREETING)

    def ask(self, command: str, deadline: Deadline, most_bytes: int) -> Screen:
        """One command and its screen; after one that is cut the shell is closed."""
        self._send(command + "\n", deadline)
        data, cut = self._until_prompt(command, deadline, most_bytes)
        if cut:
            self._channel.close()
            data = whole_lines(data)
        text = _stripped(clean(decode(data)), command, "" if cut else self.prompt)
        return Screen(command, text, cut, "" if cut else dialects.trouble(text))

    # Reading

    def _until_prompt(self, command: str, deadline: Deadline, most_bytes: int) -> tuple[bytes, bool]:
        data, quiet = b"", _SURE_S
        wanted = "".join(command.split())[:40]
        while True:
            more = self._recv(deadline, quiet)
            data += more
            if len(data) > most_bytes:
                return data[:most_bytes], True
            last = _last(data)
            if last != self.prompt:
                quiet = 0.5
                if more and dialects.MORE.search(last):
                    self._send(dialects.turned(last), deadline)
            elif more:
                quiet = _SURE_S
            elif quiet >= _BARE_S or wanted in _squeezed(data):
                return data, False
            else:
                quiet = _BARE_S

    def _recv(self, deadline: Deadline, seconds: float) -> bytes:
        """What comes within so many seconds; nothing if nothing does."""
        self._channel.settimeout(deadline.left(seconds))
        with errors(self._peer, deadline):
            try:
                data: bytes = self._channel.recv(32768)
            except TimeoutError:
                deadline.left()
                return b""
        if not data:
            raise ObservationError(ErrorKind.UNREACHABLE, f"{self._peer}: the session was closed")
        return data

    def _send(self, text: str, deadline: Deadline) -> None:
        self._channel.settimeout(deadline.left())
        with errors(self._peer, deadline):
            self._channel.sendall(text.encode())

    # Arriving

    def _settle(self, secret: Secret, deadline: Deadline, data: bytes = b"") -> None:
        """Answer what stands before the prompt, until an empty line is answered with the same line twice."""
        came, nudges, before = 0, 0, ""
        given: list[str] = []
        while True:
            more = self._recv(deadline, _QUIET_S)
            data = (data + more)[-_MOST_GREETING:]
            if more:
                came += len(more)
                if came > _MOST_GREETING:
                    raise ObservationError(ErrorKind.GARBLED, f"{self._peer}: no prompt in sight")
                continue
            last = _last(data)
            if self._answered(last, secret, given, deadline):
                data, before = b"", ""
            elif last and last == before:
                self.prompt = last
                return
            elif dialects.PROMPT.match(last):
                before, data = last, b""
                self._send("\n", deadline)
            elif not last and nudges < _MOST_NUDGES:
                nudges += 1  # some say nothing before Enter is pressed
                self._send("\n", deadline)

    def _answered(self, last: str, secret: Secret, given: list[str], deadline: Deadline) -> bool:
        """Whether the device asked something; a password it asks for twice was wrong."""
        if dialects.MORE.search(last):
            kind, text = "page", dialects.turned(last)
        elif dialects.QUESTION.search(last):
            kind, text = "question", "N\n"
        elif dialects.USER.search(last):
            kind, text = "user", secret["user"] + "\n"
        elif dialects.PASSWORD.search(last):
            kind, text = "password", secret["password"] + "\n"
        else:
            return False
        if given.count(kind) >= (_MOST_ANSWERS if kind in ("page", "question") else 1):
            raise ObservationError(ErrorKind.DENIED, f"{self._peer}: asks for its {kind} again and again")
        given.append(kind)
        self._send(text, deadline)
        return True

    def _enable(self, command: str, secret: Secret, deadline: Deadline) -> None:
        self._send(command + "\n", deadline)
        data, asked = b"", False
        while True:
            more = self._recv(deadline, _QUIET_S)
            data = (data + more)[-_MOST_GREETING:]
            last = _last(data)
            if more:
                continue
            if dialects.PASSWORD.search(last):
                if asked:
                    raise ObservationError(ErrorKind.DENIED, f"{self._peer}: {command} refused")
                asked = True
                self._send(secret["enable"] + "\n", deadline)
                data = b""
            elif dialects.PROMPT.match(last):
                break
        if not asked or _refused(data) or (command == "enable" and not last.endswith("#")):
            raise ObservationError(ErrorKind.DENIED, f"{self._peer}: {command} refused")
        self._settle(secret, deadline, data)


def _refused(data: bytes) -> bool:
    text = clean(decode(data)).lower()
    return any(word in text for word in ("denied", "error", "failed", "bad secrets", "incorrect", "invalid"))


def _squeezed(data: bytes) -> str:
    return "".join(clean(decode(data)).split())


def _last(data: bytes) -> str:
    """The last line as it would show."""
    return clean(decode(data[-_TAIL:]).rpartition("\n")[2]).strip()


def _stripped(text: str, command: str, prompt: str) -> str:
    """Without the echo before and the prompt behind."""
    lines = text.split("\n")
    wanted = "".join(command.split())
    for index, line in enumerate(lines[:3]):
        if "".join(line.split()).endswith(wanted):
            lines = lines[index + 1 :]
            break
    if prompt and lines and lines[-1].strip() == prompt:
        lines.pop()
    return "\n".join(lines).strip("\n")


def open_shell(
    link: paramiko.Transport, peer: str, platform: str, secret: Secret, deadline: Deadline
) -> Shell:
    """A new shell at its prompt; a terminal so wide and high that little is wrapped and paged."""
    with errors(peer, deadline):
        channel = link.open_session(timeout=deadline.left())
    shell = Shell(channel, peer)
    try:
        with errors(peer, deadline):
            channel.get_pty(term="vt100", width=511, height=1000)
            channel.invoke_shell()
        shell.start(platform, secret, deadline)
    except BaseException:
        channel.close()
        raise
    return shell


def screens(shell: Shell, commands: Sequence[str], deadline: Deadline, most_bytes: int) -> tuple[Screen, ...]:
    """What the device shows, command by command, until one is cut."""
    made = []
    for command in commands:
        made.append(shell.ask(command, deadline, most_bytes))
        if made[-1].cut:
            break
    return tuple(made)
