"""POST /v1/batches, before Flask: frames in, answers out, nothing good said before it is on disk."""

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from time import monotonic, perf_counter
from typing import Any

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from checks.wire import frame as frames
from checks.wire.errors import Code, WireError
from checks.wire.numbers import MAX_HEADER, MAX_REQUEST
from collector.context import Context
from collector.evidence.admission import refusal
from collector.evidence.agents import AgentState, Standing
from collector.evidence.answers import GOOD, Ack, Status, http_code
from collector.evidence.examine import Batch, Claim, claim, examine, refuse
from collector.evidence.intake import Fenced
from collector.evidence.rows import Rows
from collector.jobs.checkpoints import Publisher
from collector.jobs.placing import BatchWork
from collector.jobs.provers import ProverGone, Provers
from collector.jobs.sequencer import load_standing
from collector.jobs.writer import NotDurable, Overload
from collector.metrics import Metrics
from collector.store.intake import SqlIntake
from collector.web.plans import Plans

log = logging.getLogger(__name__)
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Key = tuple[str, int]

RETRY_S = 5
MIN_FREE = 64 * 1024 * 1024
_ENCODER = msgspec.json.Encoder()
_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    421: "Misdirected Request",
    503: "Service Unavailable",
}


class Batches:
    """The WSGI callable of the batch route."""

    def __init__(self, context: Context, publisher: Publisher, metrics: Metrics, plans: Plans) -> None:
        self._context = context
        self._publisher = publisher
        self._metrics = metrics
        self._plans = plans
        self._known: dict[Key, Standing] = {}
        self._full_checked = 0.0
        self._full = False
        self._samples: dict[str, str] = {}
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        begun, received = perf_counter(), self._context.now()
        data = self._read(environ)
        acks = [data] if isinstance(data, Ack) else self.take(data)
        for ack in acks:
            self._count(ack)
        self._metrics.seconds.observe(perf_counter() - begun)
        return self._answer(acks, received, start_response)

    def _read(self, environ: dict[str, Any]) -> bytes | Ack:
        """The request's body, never more than allowed."""
        if environ["REQUEST_METHOD"] != "POST":
            return Ack(Code.BAD_FRAME, detail="POST frames here")
        text = environ.get("CONTENT_LENGTH") or ""
        if text.isdigit() and int(text) > MAX_REQUEST:
            _drain(environ["wsgi.input"])
            return Ack(Code.TOO_LARGE, detail=f"at most {MAX_REQUEST} bytes a request")
        size = int(text) if text.isdigit() else MAX_REQUEST + 1
        data: bytes = environ["wsgi.input"].read(size)
        if len(data) > MAX_REQUEST:
            return Ack(Code.TOO_LARGE, detail=f"at most {MAX_REQUEST} bytes a request")
        return data

    def take(self, data: bytes) -> list[Ack]:
        """Answers to the frames of one request, in their order."""
        try:
            pieces = frames.pieces(data)
            if not pieces:
                raise WireError(Code.BAD_FRAME, "no frame")
        except WireError as error:
            return [Ack(error.code, detail=error.detail)]
        if self.disk_full():
            return [Ack(Status.DISK_FULL, retry_after=60) for _ in pieces]
        works: list[Ack | BatchWork] = []
        for group in self._groups(pieces):
            provers = self._context.provers
            found = self._prove(group, provers) if provers else [self._examine(one) for one in group]
            made = [one if isinstance(one, Ack) else self._work(one) for one in found]
            self._place([one for one in made if isinstance(one, BatchWork)])
            works += made
        return [one if isinstance(one, Ack) else one.ack for one in works]

    def _work(self, batch: Batch) -> BatchWork:
        return BatchWork(batch, self._context.origin, self._context.signer)

    def _groups(self, pieces: list[bytes]) -> Iterator[list[bytes]]:
        """What may be placed together: what follows a rotation is signed by the new key."""
        group: list[bytes] = []
        for piece in pieces:
            group.append(piece)
            if _ROTATION in piece[:_HEADER_AT_MOST]:
                yield group
                group = []
        if group:
            yield group

    def _examine(self, piece: bytes) -> Batch | Ack:
        """Check a frame by what memory knows of its agent; before refusing, by the database."""
        one = examine(piece, self._context.origin, self._remembered)
        if isinstance(one, Ack) and one.seq >= 0 and one.status in _BY_STANDING:
            self._known.pop((one.agent, one.epoch), None)
            one = examine(piece, self._context.origin, self._remembered)
        return one

    def _prove(self, pieces: list[bytes], provers: Provers) -> list[Batch | Ack]:
        """The same with the work done by another process; whatever is not simply good is done here again."""
        found: list[Batch | Ack | Claim] = [self._claim(piece) for piece in pieces]
        sent = [one for one in found if isinstance(one, Claim)]
        wanted = [
            (one.public, piece) for one, piece in zip(found, pieces, strict=True) if isinstance(one, Claim)
        ]
        try:
            answers = (
                iter(self._context.provers.prove(wanted)) if sent and self._context.provers else iter(())
            )
        except ProverGone:
            return [
                refuse(one.header, Status.OVERLOAD, retry_after=RETRY_S) if isinstance(one, Claim) else one
                for one in found
            ]
        made: list[Batch | Ack] = []
        for one in found:
            if not isinstance(one, Claim):
                made.append(one)
                continue
            rows = next(answers)
            if isinstance(rows, Rows):
                made.append(one.batch(rows))
            elif rows[0] in _BY_STANDING:
                made.append(self._examine(one.piece))
            else:
                made.append(refuse(one.header, rows[0], detail=rows[1]))
        return made

    def _claim(self, piece: bytes) -> Claim | Batch | Ack:
        """A claim of an agent that may send; all else is examined here at once."""
        one = claim(piece, self._context.origin, self._remembered)
        if isinstance(one, Claim) and refusal(one.standing) is None:
            return one
        return self._examine(piece)

    def _remembered(self, agent: str, epoch: int) -> Standing | None:
        found = self._known.get((agent, epoch))
        if found is None:
            with self._context.read() as conn:
                found = load_standing(conn, agent, epoch)
            if found is not None and found.agent.state is AgentState.APPROVED:
                self._known[agent, epoch] = found
        return found

    def _place(self, works: list[BatchWork]) -> None:
        """Have them logged; on any failure none of them is acknowledged."""
        if not works:
            return
        try:
            provers = self._context.provers
            self._context.writer.place(works, more=provers is not None and provers.busy)
        except Overload:
            self._fail(works, Ack(Status.OVERLOAD, retry_after=RETRY_S))
            return
        except NotDurable as error:
            status = Status.DISK_FULL if error.disk_full else Status.NOT_DURABLE
            self._fail(works, Ack(status, retry_after=RETRY_S))
            return
        except Fenced:
            self._park(works)
            return
        except Exception:  # a fault of ours must not look like an answer: the agent keeps what it has
            log.exception("a batch could not be placed")
            self._fail(works, Ack(Status.NOT_DURABLE, retry_after=RETRY_S))
            return
        for work in works:
            self._after(work)

    def _park(self, works: list[BatchWork]) -> None:
        """Another collector gives the positions: keep them durably for it."""
        try:
            acks = SqlIntake(self._context.database, self._context.now).append([w.batch.frame for w in works])
        except SQLAlchemyError:
            log.exception("the inbox could not be written")
            self._fail(works, Ack(Status.NOT_DURABLE, retry_after=RETRY_S))
            return
        for work, ack in zip(works, acks, strict=True):
            work.ack = ack

    def _fail(self, works: list[BatchWork], ack: Ack) -> None:
        for work in works:
            header = work.batch.header
            work.ack = Ack(
                ack.status,
                header.agent,
                header.epoch,
                header.seq,
                retry_after=ack.retry_after,
                detail=ack.detail,
            )

    def _after(self, work: BatchWork) -> None:
        header, ack = work.batch.header, work.ack
        if work.accepted is not None:
            self._metrics.results.inc(header.n)
            if ack.flags:
                self._metrics.clock_flags.inc()
        elif ack.status == Status.FORK:
            log.critical("agent %s epoch %d: fork at seq %d", header.agent, header.epoch, header.seq)
        if not self._publisher.saw(work.batch.key, header.seen, header.clock.wall):
            self._metrics.alarms.inc()

    def disk_full(self) -> bool:
        """Whether the data directory has hardly any room left (looked at once a second)."""
        now = monotonic()
        if now - self._full_checked > 1.0:
            self._full_checked = now
            room = os.statvfs(self._context.directory)
            self._full = room.f_bavail * room.f_frsize < MIN_FREE
        return self._full

    def _count(self, ack: Ack) -> None:
        word = str(ack.status)
        self._metrics.answered(word)
        if word not in GOOD and self._samples.get(word) != f"{ack.agent}/{ack.epoch}":
            with self._lock:
                self._samples[word] = f"{ack.agent}/{ack.epoch}"
            log.warning("batch refused: %s %s/%d seq %d %s", word, ack.agent, ack.epoch, ack.seq, ack.detail)

    def _answer(self, acks: list[Ack], received: int, start_response: StartResponse) -> list[bytes]:
        single = len(acks) == 1
        shown = [ack.to_json() for ack in acks]
        code = http_code(acks[0].status) if single else 200
        if all(ack.status in _AGAIN for ack in acks):
            code = 503
        body = _ENCODER.encode(shown[0] if single else shown)
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Roundseal-Time", f"{received},{self._context.now()}"),
        ]
        if self._publisher.current is not None:
            headers.append(("Roundseal-Checkpoint", str(self._publisher.current.size)))
        if len({(ack.agent, ack.epoch) for ack in acks}) == 1 and acks[0].agent:
            digest = self._plans.digest(acks[0].agent, acks[0].epoch)
            headers += [("Roundseal-Plan", digest)] if digest else []
        wait = max((ack.retry_after or 0 for ack in acks), default=0)
        headers += [("Retry-After", str(wait))] if wait else []
        start_response(f"{code} {_REASONS.get(code, 'Status')}", headers)
        return [body]


def _drain(body: Any) -> None:
    """Read on and forget: who is answered while he still sends sees a broken pipe instead of the answer."""
    for _ in range(4 * MAX_REQUEST // _PIECE):
        if not body.read(_PIECE):
            return


_PIECE = 256 * 1024
_ROTATION = b'"kind":"rotate"'
_HEADER_AT_MOST = MAX_HEADER + 10  # with what stands before it in a frame
_AGAIN = frozenset({Status.OVERLOAD, Status.NOT_DURABLE, Status.DISK_FULL})
_BY_STANDING = frozenset(
    {Status.UNKNOWN_KEY, Status.PENDING, Status.REVOKED, Status.OLD_EPOCH, Code.BAD_SIGNATURE}
)
