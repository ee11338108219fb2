"""The receiver's process: `python -m agent.receive.main STATE`; it ends with the agent that started it."""

import os
import signal
import sys
from pathlib import Path

from agent import log, settings
from agent.errors import AgentError
from agent.log import log as say
from agent.receive import engine
from agent.receive.ledger import Ledger
from agent.receive.server import Server
from agent.receive.streams import context
from agent.receive.usm import Opener, User, user
from agent.secrets import Secrets
from agent.settings import Receive
from agent.state import State
from checks.api import ObservationError

SOCKET = "receive.sock"
KNOWN = "receive.known"
ENGINE = "receive.engine"


def main(argv: list[str]) -> int:
    """Exit 0 when told to end, 1 where it cannot listen."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log.to_stderr()
    state = State(Path(argv[0]))
    server: Server | None = None
    try:
        server = opened(state, settings.read(state).receive)
        say.info("receives at %s", ", ".join(server.places))
        server.run(0)
    except (OSError, ValueError, AgentError, ObservationError) as error:
        say.error("the receiver: %s", error)
        return 1
    finally:
        if server is not None:
            server.close()
    return 0


def opened(state: State, wanted: Receive) -> Server:
    """A server that listens as agent.yaml says."""
    communities, users = _secrets(state, wanted.traps.secrets if wanted.traps else ())
    ours = engine.begun(state.path(ENGINE))
    server = Server(Ledger(state.path(KNOWN)), communities, Opener(users), ours)
    try:
        if wanted.syslog is not None:
            port = server.syslog_udp(wanted.syslog.address, wanted.syslog.port)
            server.syslog_tcp(wanted.syslog.address, port)
        if wanted.traps is not None:
            server.traps_udp(wanted.traps.address, wanted.traps.port)
        if wanted.syslog_tls is not None:
            tls = wanted.syslog_tls
            server.syslog_tls(tls.address, tls.port, context(tls))
        server.looks(state.path(SOCKET))
    except BaseException:
        server.close()
        raise
    return server


def _secrets(state: State, names: tuple[str, ...]) -> tuple[frozenset[bytes], dict[bytes, User]]:
    held, communities, users = Secrets(state.root), set(), {}
    for name in names:
        secret = held.get(name)
        if secret.get("community"):
            communities.add(secret["community"].encode())
        if secret.get("user"):
            made = user(secret)
            users[made.name] = made
    return frozenset(communities), users


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
