"""SNMP v1 and v2c to any number of devices at once: one UDP socket a family, one loop.

Each device has one request under way, its own tries and its own deadline, so a dead or slow one costs the
others nothing. An answer counts only from the address that was asked, with our number and community.
"""

import heapq
import secrets
import selectors
import socket
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from agent.sources.snmp_ber import BULK, GET, NEXT, Garbled, request, response
from agent.sources.snmp_walk import Reader
from checks.api import ErrorKind, ObservationError

FIRST_TRY = 1.0  # seconds; each further try waits twice as long, never past the deadline
TRIES = 5
_LARGEST = 65535
_IP_RECVERR, _IPV6_RECVERR, _MSG_ERRQUEUE = 11, 25, 0x2000


@dataclass(slots=True)
class Job:
    """One device to read: socket address, version 1 or 2, community, what to do, seconds it may take."""

    address: tuple[Any, ...]
    version: int
    community: bytes
    reader: Reader[Any]
    seconds: float
    name: str = ""
    result: Any = None
    error: ObservationError | None = None
    answered: bool = False
    _deadline: float = 0.0
    _until: float = 0.0
    _tries: int = 0
    _number: int = 0
    _bytes: bytes = field(default=b"", repr=False)


class Loop:
    """Runs jobs until all have ended; `under_way` of them at the same time."""

    def __init__(self, jobs: Iterable[Job], under_way: int = 256) -> None:
        self._waiting = list(jobs)[::-1]
        self._room = under_way
        self._open: dict[tuple[tuple[Any, ...], int], Job] = {}
        self._timers: list[tuple[float, int, Job]] = []
        self._sockets: dict[int, socket.socket] = {}
        self._serial = 0

    def run(self) -> None:
        """Every job has a result or an error afterwards."""
        with ExitStack() as stack, selectors.DefaultSelector() as selector:
            self._stack, self._selector = stack, selector
            self._start()
            while self._open:
                timeout = max(self._timers[0][0] - time.monotonic(), 0) if self._timers else 1.0
                for key, _ in selector.select(timeout):
                    self._receive(key.fileobj)  # type: ignore[arg-type]  # only sockets are registered
                self._expire(time.monotonic())
                self._start()

    def _start(self) -> None:
        while self._waiting and len(self._open) < self._room:
            job = self._waiting.pop()
            job._deadline = time.monotonic() + job.seconds
            self._step(job, None)

    def _step(self, job: Job, answer: Any) -> None:
        """Go on with what the reader wants next, or note how it ended."""
        try:
            ask = job.reader.send(answer)
        except StopIteration as end:
            job.result = end.value
            return
        except ObservationError as error:
            job.error = error
            return
        job._tries = 0
        job._number = secrets.randbelow(1 << 31)
        kind = GET if not ask.repeat else BULK if job.version == 2 else NEXT
        repeat = ask.repeat if kind == BULK else 0
        job._bytes = request(job.version, job.community, kind, job._number, ask.heads, repeat)
        self._open[job.address, job._number] = job
        self._send(job)

    def _send(self, job: Job) -> None:
        now = time.monotonic()
        until = min(now + FIRST_TRY * 2**job._tries, job._deadline)
        job._tries += 1
        self._serial += 1
        job._until = until
        heapq.heappush(self._timers, (until, self._serial, job))
        try:
            self._socket(len(job.address)).sendto(job._bytes, job.address)
        except BlockingIOError:
            return  # the next try sends it
        except OSError as error:
            self._end(job, ErrorKind.UNREACHABLE, error.strerror or "no route")

    def _socket(self, width: int) -> socket.socket:
        family = socket.AF_INET if width == 2 else socket.AF_INET6
        if family not in self._sockets:
            made = self._stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            made.setblocking(False)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            # So that a refusal names who refused, though the socket is not connected to anybody.
            level, option = (
                (socket.IPPROTO_IP, _IP_RECVERR) if width == 2 else (socket.IPPROTO_IPV6, _IPV6_RECVERR)
            )
            made.setsockopt(level, option, 1)
            self._selector.register(made, selectors.EVENT_READ)
            self._sockets[family] = made
        return self._sockets[family]

    def _receive(self, sock: socket.socket) -> None:
        for _ in range(512):
            try:
                datagram, address = sock.recvfrom(_LARGEST)
            except BlockingIOError:
                return
            except OSError:
                self._refused(sock)
                continue
            self._answer(datagram, address)

    def _refused(self, sock: socket.socket) -> None:
        """A router or the device itself said that nobody listens there."""
        try:
            _, _, _, address = sock.recvmsg(_LARGEST, 512, _MSG_ERRQUEUE)
        except OSError:
            return
        for (asked, _), job in list(self._open.items()):
            if asked == address:
                self._end(job, ErrorKind.REFUSED, "nobody listens on that port")

    def _answer(self, datagram: bytes, address: tuple[Any, ...]) -> None:
        try:
            community, answer = response(datagram)
        except Garbled:
            self._garbled(address)
            return
        job = self._open.get((address, answer.number))
        if job is None or community != job.community:
            return
        del self._open[address, answer.number]
        job.answered, job.error = True, None
        self._step(job, answer)

    def _garbled(self, address: tuple[Any, ...]) -> None:
        """Not believed, but remembered: a device that only ever sends this is garbled, not silent."""
        for (asked, _), job in list(self._open.items()):
            if asked == address and job.error is None:
                job.error = ObservationError(ErrorKind.GARBLED, f"{job.name}: no SNMP answer")

    def _expire(self, now: float) -> None:
        while self._timers and self._timers[0][0] <= now:
            until, _, job = heapq.heappop(self._timers)
            if self._open.get((job.address, job._number)) is not job or job._until != until:
                continue  # a timer of a request that was answered
            if job._tries < TRIES and now < job._deadline:
                self._send(job)
            else:
                how = "broke off" if job.answered else "no answer (address, community or version)"
                self._end(job, ErrorKind.TIMEOUT, how)

    def _end(self, job: Job, kind: ErrorKind, text: str) -> None:
        self._open.pop((job.address, job._number), None)
        job.reader.close()
        if job.error is None:
            job.error = ObservationError(kind, f"{job.name}: {text}")
