"""What the agent's receiver has counted, since the last look."""

import json
import socket
from collections.abc import Mapping
from typing import Any

from agent.sources.means import Means
from agent.sources.memory import Memory
from checks.api import ErrorKind, ObservationError
from checks.received import Heard, Received, Receiver, What

_SOCKET = "receive.sock"
_TIMEOUT_MS = 10_000
_MOST = 1024 * 1024
_GROWING = ("limited", "garbled", "refused", "lost", "messages", "stranger_messages")


class ReceiverLooks:
    """Implements checks.received.Ears; `memory` keeps the counts of the look before."""

    def __init__(self, memory: Memory, means: Means) -> None:
        self._memory = memory
        self._means = means
        self._kept: Mapping[str, Any] = {}  # of the look before, whichever run it was

    def received(self, what: What, address: str, timeout_ms: int = _TIMEOUT_MS) -> Received:
        """What this sender sent since the last look."""
        said = self._ask({"what": what.value, "addresses": _addresses(address)}, timeout_ms)
        before = self._before(f"received:{what.value}:{address}", said)
        counts, old = said["counts"], before.get("counts", {})
        grown = {word: count - old.get(word, 0) for word, count in sorted(counts.items())}
        last = said["last_at"] or before.get("last_at") or self._kept.get("last_at")
        return Received(
            first_look=not self._kept,
            restarted=bool(self._kept) and not before,
            listening_ms=said["listening_ms"],
            counts={word: count for word, count in grown.items() if count > 0},
            limited=_grown(said, before, "limited"),
            garbled=_grown(said, before, "garbled"),
            refused=_grown(said, before, "refused"),
            lost=_grown(said, before, "lost"),
            last_at=last,
            heard=tuple(Heard(*one) for one in said["heard"] if one[0] > before.get("at", 0)),
        )

    def receiver(self) -> Receiver:
        """How the receiver itself fares."""
        said = self._ask({"what": "receiver"})
        before = self._before("receiver", said)
        return Receiver(
            first_look=not self._kept,
            restarted=bool(self._kept) and not before,
            listening_ms=said["listening_ms"],
            places=tuple(said["places"]),
            senders=said["senders"],
            strangers=said["strangers"],
            **{name: _grown(said, before, name) for name in _GROWING},
        )

    def _before(self, key: str, said: Mapping[str, Any]) -> Mapping[str, Any]:
        """What was kept at the last look, of this run of the receiver; nothing of another one."""
        heard = said.get("heard") or []
        newest = heard[-1][0] if heard else 0
        held = {name: said[name] for name in ("run", "counts", "last_at", *_GROWING) if name in said}
        kept = self._memory.swap(key, {**held, "at": newest})
        self._kept = kept if isinstance(kept, dict) else {}
        if held.get("last_at") is None and self._kept.get("last_at"):
            # It was heard in an earlier run: that stays known.
            self._memory.swap(key, {**held, "at": newest, "last_at": self._kept["last_at"]})
        return self._kept if self._kept.get("run") == said["run"] else {}

    def _ask(self, asked: Mapping[str, Any], timeout_ms: int = _TIMEOUT_MS) -> dict[str, Any]:
        state = self._means.state
        if state is None:
            raise ObservationError(ErrorKind.UNSUPPORTED, "no agent runs here that receives anything")
        try:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(timeout_ms / 1000)
                sock.connect(str(state / _SOCKET))
                sock.sendall(json.dumps(asked).encode())
                return _answer(sock)
        except FileNotFoundError:
            raise ObservationError(
                ErrorKind.UNSUPPORTED, "agent.yaml says nothing of what to receive"
            ) from None
        except TimeoutError:
            raise ObservationError(ErrorKind.TIMEOUT, "the receiver does not answer") from None
        except OSError as error:
            raise ObservationError(ErrorKind.UNREACHABLE, f"the receiver: {error.strerror}") from None


def _answer(sock: socket.socket) -> dict[str, Any]:
    data = b""
    while not data.endswith(b"\n") and len(data) < _MOST:
        more = sock.recv(65_536)
        if not more:
            break
        data += more
    try:
        said = json.loads(data)
    except ValueError:
        raise ObservationError(ErrorKind.GARBLED, "the receiver's answer") from None
    if not isinstance(said, dict) or "run" not in said:
        raise ObservationError(ErrorKind.GARBLED, "the receiver's answer")
    return said


def _grown(said: Mapping[str, Any], before: Mapping[str, Any], name: str) -> int:
    """Since the look before; counts of another run begin at nought."""
    return max(int(said[name]) - int(before.get(name, 0)), 0)


def _addresses(name: str) -> list[str]:
    """All addresses of a sender's name; unreachable where it says nothing."""
    try:
        return sorted({str(one[4][0]) for one in socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)})
    except (socket.gaierror, UnicodeError) as error:
        raise ObservationError(ErrorKind.UNREACHABLE, f"{name}: {error}") from None


def open_received(memory: Memory, means: Means) -> ReceiverLooks:
    """The source."""
    return ReceiverLooks(memory, means)
