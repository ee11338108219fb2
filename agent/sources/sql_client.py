"""A read-only session on PostgreSQL or Kingbase by the client (psql, ksql) on its own machine, over SSH.

For where no driver can be had: Kingbase's own is for x86-64 only, and an SM3 login or one by the operating
system's user (peer) wants the maker's client. The machine's host key is pinned and its connection kept, as of
all looks by SSH; the client runs for one look and writes no file. Its password and what it connects to go to
the standard input of a shell: no command line, no file, no log holds the password (its environment does), and
the login's own shell, whichever that is, reads nothing that a plan may say.

Each statement is asked as one JSON object a row, so a value cannot be taken for a separator and NULL is not
an empty text; a line that the client itself prints ends each answer: a random word of its own, whether the
statement failed, its SQLSTATE and the number of its rows, which are counted. Numbers come as int or Decimal,
values of types that JSON has not (instants, addresses) as texts.
"""

import json
import math
import re
import secrets
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import paramiko

from agent.secrets import Secret
from agent.sources import ssh
from agent.sources.means import Means
from agent.sources.sql_session import Rows, Session
from agent.sources.sql_states import login_trouble, trouble
from agent.sources.sql_transaction import Transaction
from agent.sources.ssh_link import Deadline, errors
from agent.sources.ssh_pool import POOL
from agent.sources.ssh_text import decode
from checks.api import ErrorKind, ObservationError, Source
from checks.remote import Login
from checks.sql import PORTS, Reach

_MOST_ANSWER = 16 << 20  # bytes
_MOST_BANNER = 64 << 10
_MOST_WORDS = 64 << 10  # of standard error
_CHUNK = 65_536
_MOMENT_S = 0.2
_GRACE_S = 5  # so much after the deadline the target's own timeout ends a client that nobody hears any more
_SSLMODE = {"off": "disable", "prefer": "prefer", "require": "require"}
# Where makers put them; the shell of a login without a terminal seldom has them on its PATH.
PLACES = (
    *("/opt/Kingbase/ES/*/Server/bin", "/opt/Kingbase/ES/*/KESRealPro/*/Server/bin"),
    *("/home/kingbase/*/Server/bin", "/usr/pgsql-*/bin", "/usr/lib/postgresql/*/bin"),
)
# $1 the random word, $2 seconds, $3 the client's path or nothing, $4 its name, $5 whether a password comes;
# what it connects to comes behind that. In one line: a C shell takes no quoted line ends.
_SCRIPT = (
    'LC_ALL=C; export LC_ALL; n=$1; s=$2; p=$3; c=$4; if [ "$5" = yes ]; then IFS= read -r KINGBASE_PASSWORD;'
    " PGPASSWORD=$KINGBASE_PASSWORD; export KINGBASE_PASSWORD PGPASSWORD; fi; IFS= read -r d;"
    ' if [ -z "$p" ]; then for p in "$(command -v "$c")" '
    + " ".join(f'{place}/"$c"' for place in PLACES)
    + '; do [ -x "$p" ] && break; done; fi;'
    ' if [ ! -x "$p" ]; then echo "$n missing"; exit 0; fi; echo "$n" >&2; echo "$n begin";'
    ' t=; command -v timeout >/dev/null 2>&1 && t="timeout $s"; exec $t "$p" -X -q -A -t -0 -w -d "$d"'
)
_STATE = re.compile(r"(true|false) ([0-9A-Z]{5}) (\d+)")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
# What would be more than one statement, where quotations are a zero byte: also dollar quotes and strings with
# escapes (they end elsewhere than it seems), and the client's own variables.
_MORE = re.compile(
    r";|\\|'|\"|--|/\*|\$(?:\w|[^\x00-\x7f])*\$|(?<![\w$])[eE]\0|(?<!:):(?:[A-Za-z_{\0]|[^\x00-\x7f])"
)
_BAD_CONNECTION = 2  # psql's exit code where the server, or the way to it, was at fault


@contextmanager
def way(at: Reach, secret: Secret, means: Means) -> Iterator[Callable[[], Session]]:
    """What opens the session, with the client's machine reached and the client there.

    ObservationError of getting there says nothing about the database; what the callable raises does, but
    for `unreachable`: then the connection to the machine was lost.
    """
    to = at.ssh
    if to is None:
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{at.address}: no ssh is told for its {at.client}")
    means.allow(Source.SSH)
    deadline, held = Deadline(at.timeout_ms, to.name), ssh.pins(means.state)
    kept: ObservationError | None = None
    with (
        POOL.session(to, means, held, deadline) as link,
        ssh.opened_channel(link, to, means, held, deadline) as channel,
    ):
        talk = Talk(channel, deadline, f"{at.client} on {to.name}")
        talk.start(at, secret, to)
        try:
            yield lambda: ClientSession(talk, deadline.at)
        except ObservationError as problem:
            if problem.kind in (ErrorKind.UNREACHABLE, ErrorKind.TIMEOUT):
                raise  # the connection may be at fault: it is closed
            kept = problem
    if kept is not None:
        raise kept


class Talk:
    """The client's input and output."""

    def __init__(self, channel: paramiko.Channel, deadline: Deadline, peer: str) -> None:
        self._channel = channel
        self._deadline = deadline
        self._word = self._first = secrets.token_hex(16)
        self._told = bytearray()
        self.peer = peer

    def start(self, at: Reach, secret: Secret, to: Login) -> None:
        """Start the client; what the shell prints before is none of ours."""
        password, connects = secret.get("password"), _connects(at, secret)
        if re.search(r"[\r\n\0]", password):
            raise ObservationError(ErrorKind.DENIED, f"secret {at.secret}: a password of one line is wanted")
        if re.search(r"[\r\n\0]", connects):
            raise ObservationError(ErrorKind.DENIED, f"{to.name}: database, user and host are one line each")
        seconds = str(math.ceil(at.timeout_ms / 1000) + _GRACE_S)
        words = ["/bin/sh", "-c", _SCRIPT, "sh", self._word, seconds, secret.get("program"), at.client]
        words.append("yes" if password else "no")
        ssh.execute(self._channel, "exec " + shlex.join(words), to.name, self._deadline)
        self._say(f"{password}\n{connects}\n" if password else f"{connects}\n")
        _, said = self._until_word(_MOST_BANNER, "its shell runs no commands for this user")
        if said != "begin":
            wanted = secret.get("program") or f"{at.client} on its PATH or in {', '.join(PLACES)}"
            detail = f"{to.name}: no {wanted} (another place: `program` in the secret {at.secret!r})"
            raise ObservationError(ErrorKind.UNSUPPORTED, detail)

    def ask(self, text: str) -> tuple[bytes, str]:
        """What the client prints for these lines of input, and how the last statement ended."""
        # Each its own: the rest of an answer that was given up is not taken for the next one's. The first
        # one stood in a list of processes.
        self._word = secrets.token_hex(16)
        self._say(f"{text}\n\\echo {self._word} :ERROR :SQLSTATE :ROW_COUNT\n")
        return self._until_word(_MOST_ANSWER, "")

    def _say(self, text: str) -> None:
        with errors(self.peer, self._deadline):
            self._channel.settimeout(self._deadline.left())
            try:
                self._channel.sendall(text.encode())
            except TimeoutError:
                raise
            except OSError:
                return  # it has ended: why, is read

    def _until_word(self, most: int, early: str) -> tuple[bytes, str]:
        """All before our word, and the rest of its line. `early`: what it means that there is none."""
        data, word = bytearray(), self._word.encode()
        while True:
            at = data.find(word, max(len(data) - _CHUNK - len(word), 0))
            end = data.find(b"\n", at) if at >= 0 else -1
            if end >= 0:
                return bytes(data[:at]), data[at + len(word) : end].decode("ascii", "replace").strip()
            if len(data) > most:
                raise ObservationError(ErrorKind.GARBLED, f"{self.peer}: an answer without end")
            piece = self._piece()
            if not piece:
                raise self._ended(early)
            data += piece

    def _piece(self) -> bytes:
        with errors(self.peer, self._deadline):
            while True:
                self._channel.settimeout(self._deadline.left(_MOMENT_S))
                try:
                    return bytes(self._channel.recv(_CHUNK))
                except TimeoutError:
                    self._deadline.left()
                    self._listen()

    def _listen(self) -> None:
        """Take standard error out of the way: full, it would hold the client up."""
        while self._channel.recv_stderr_ready():
            self._told += self._channel.recv_stderr(_CHUNK)
            del self._told[_MOST_WORDS:]

    def _ended(self, early: str) -> ObservationError:
        """Why the client is gone, by its exit code and its own words, which are not kept."""
        with errors(self.peer, self._deadline):
            code = ssh.exit_code(self._channel, self.peer, self._deadline)
            self._listen()
        if early:
            return ObservationError(ErrorKind.UNSUPPORTED, f"{self.peer}: {early} (exit {code})")
        if code in (126, 127):
            return ObservationError(ErrorKind.UNSUPPORTED, f"{self.peer}: it does not start (exit {code})")
        if code == 124:  # timeout's
            return ObservationError(ErrorKind.TIMEOUT, self.peer)
        # What the shell complained of before is none of the client's words.
        said, ended = bytes(self._told).rpartition(self._first.encode())[2], f"it ended with exit {code}"
        problem = login_trouble(said, self.peer, ended)
        if code != _BAD_CONNECTION and problem.detail == f"{self.peer}: {ended}":
            # Its own trouble, not the server's.
            return ObservationError(ErrorKind.UNSUPPORTED, problem.detail)
        return problem


def _connects(at: Reach, secret: Secret) -> str:
    """Parameters of libpq; no password. Without a `host` it takes the machine's own socket, without a `user`
    the one who is logged in there."""
    given = {
        "dbname": at.database or ("test" if at.platform == "kingbase" else "postgres"),
        "user": secret.get("user"),
        "host": secret.get("host"),
        "port": str(at.port or PORTS[at.platform]),
        "sslmode": _SSLMODE[at.tls] if secret.get("host") else "",
        "connect_timeout": str(max(at.timeout_ms // 1000, 2)),  # libpq's least
        "application_name": "roundseal",
    }
    quoted = {name: re.sub(r"(['\\])", r"\\\1", value) for name, value in given.items() if value}
    return " ".join(f"{name}='{value}'" for name, value in quoted.items())


class ClientSession(Transaction):
    """The client's connection."""

    def __init__(self, talk: Talk, until: float) -> None:
        self._talk = talk
        self._text = decode
        # What it prints of itself when it is let in (Kingbase's: the kind of licence) is no answer.
        talk.ask("")
        self.begin(until)
        self.run("SET LOCAL standard_conforming_strings = on", (), 0)
        if self.run("SELECT current_setting('server_encoding')", (), 1) == [("SQL_ASCII",)]:
            # Its texts are in any encoding, which the server would not turn into another: bytes, so far.
            self._text = _latin
            talk.ask("\\encoding SQL_ASCII")
        else:
            talk.ask("\\encoding UTF8")
        if self.run("SELECT 1, true, NULL, 'x'", (), 1) != [(1, True, None, "x")]:
            raise ObservationError(ErrorKind.UNSUPPORTED, f"{talk.peer}: its server gives no rows as JSON")

    def run(self, statement: str, given: Sequence[Any], most: int) -> Rows:
        asked = _written(statement, given, self._talk.peer)
        if most:
            # The line ends keep a comment from reaching further than its statement.
            asked = f"SELECT row_to_json(r) FROM (\n{asked}\n) r LIMIT {most}"  # noqa: S608  # `_written`
        data, said = self._talk.ask(asked + ";")
        ended = _STATE.fullmatch(said)
        if ended is None:  # it knows no such variables, or something writes into its output
            raise ObservationError(
                ErrorKind.UNSUPPORTED, f"{self._talk.peer}: not as psql from 11 on answers"
            )
        failed, state, count = ended.groups()
        if failed == "true":
            raise trouble(state, self._talk.peer)
        rows = [self._row(one) for one in self._whole(data)]
        if len(rows) != (int(count) if most else 0):
            raise ObservationError(ErrorKind.GARBLED, f"{self._talk.peer}: {len(rows)} rows of {count}")
        return rows

    def _whole(self, data: bytes) -> list[bytes]:
        """Each row ends with a zero byte, which no text of PostgreSQL holds."""
        *whole, rest = data.split(b"\0")
        if rest:
            raise ObservationError(ErrorKind.GARBLED, f"{self._talk.peer}: something behind the last row")
        return whole

    def _row(self, data: bytes) -> tuple[Any, ...]:
        try:
            made = json.loads(
                self._text(data),
                object_pairs_hook=_Pairs, parse_float=Decimal, parse_constant=_no_number,
            )  # fmt: skip
            if isinstance(made, _Pairs):
                return tuple(_value(value, self._text is _latin) for _, value in made)
        except (ValueError, RecursionError):  # also half a character
            pass
        raise ObservationError(ErrorKind.GARBLED, f"{self._talk.peer}: a row that is no object in JSON")

    def close(self) -> None:
        """Nothing to do: the client ends with its channel, and the server rolls back what never wrote."""


def _written(statement: str, given: Sequence[Any], peer: str) -> str:
    """One statement with its arguments in place; ObservationError `denied` for what would be more to the
    client: a second statement, a command of its own, a quotation mark without its end."""
    written = statement % tuple(map(_literal, given)) if given else statement
    if "\0" in written or _MORE.search(_QUOTED.sub("\0", written)):
        raise ObservationError(ErrorKind.DENIED, f"{peer}: one plain statement is wanted")
    return written


def _literal(value: Any) -> str:
    if type(value) is int:
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


class _Pairs(list[tuple[str, Any]]):
    """Names and values of an object, in order; a name may stand twice."""


def _latin(data: bytes) -> str:
    """A character for each byte."""
    return data.decode("latin-1")


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def _value(value: Any, bytewise: bool) -> Any:
    """`bytewise`: each character of a text stands for a byte, unless it was written as an escape."""
    if isinstance(value, _Pairs):
        return {name: _value(item, bytewise) for name, item in value}
    if isinstance(value, list):
        return [_value(item, bytewise) for item in value]
    if isinstance(value, str):
        value.encode()  # half a pair of surrogates is a ValueError
        if bytewise and all(character <= "\xff" for character in value):
            return decode(value.encode("latin-1"))
    return value
