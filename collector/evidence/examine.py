"""The part of the intake that needs no order: are these bytes a well-signed batch of that agent?

Two steps: `claim` reads who says he sent it, `prove` checks what he signed. The first runs in the
request's thread; the second is most of the work, needs nothing but the bytes and the key, and runs there
or in a process of its own. What passes is a `Batch`; what does not is an `Ack` with its word.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from checks.wire import frame as frames
from checks.wire import lines as bodies
from checks.wire.errors import Code, WireError
from checks.wire.frame import Frame
from checks.wire.header import Header
from collector.evidence.admission import refusal
from collector.evidence.agents import Standing
from collector.evidence.answers import Ack, Status
from collector.evidence.fast_header import read_header
from collector.evidence.rows import Line, Rows, read_lines
from collector.evidence.unzstd import unzstd

CLOCK_OFF_MS = 60_000
RETRY_PENDING = 60

Lookup = Callable[[str, int], Standing | None]


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch whose signature, sizes, root and lines are right; `public` is the key it was checked with."""

    frame: Frame
    header: Header
    public: bytes
    rows: Rows

    @property
    def key(self) -> tuple[str, int]:
        """Agent and epoch."""
        return self.header.agent, self.header.epoch


def refuse(batch: Header, status: str, /, **more: object) -> Ack:
    """A refusal that names the batch."""
    return Ack(status, batch.agent, batch.epoch, batch.seq, **more)  # type: ignore[arg-type]  # Ack's own fields


@dataclass(frozen=True, slots=True)
class Claim:
    """A frame that says it is of an agent we know, under a key that agent has; nothing of it is proven."""

    piece: bytes
    frame: Frame
    header: Header
    standing: Standing

    @property
    def public(self) -> bytes:
        """The key that must have signed it."""
        return self.standing.agent.public

    def batch(self, rows: Rows) -> Batch:
        """The batch, once it is proven and its agent may send."""
        return Batch(self.frame, self.header, self.public, rows)


def claim(piece: bytes, origin: str, lookup: Lookup) -> Claim | Ack:
    """Who says he sent this frame."""
    try:
        frame = frames.decode(piece)
        header = read_header(frame.header)
    except WireError as error:
        return Ack(error.code, detail=error.detail)
    if header.log != origin:
        return refuse(header, Status.WRONG_LOG, detail=f"this log is {origin}")
    standing = lookup(header.agent, header.epoch)
    if standing is None:
        return refuse(header, Status.UNKNOWN_KEY)
    identity = frames.key_id(standing.agent.public)
    if not any(one.key_id == identity for one in frame.signatures):
        return refuse(header, Status.UNKNOWN_KEY)
    return Claim(piece, frame, header, standing)


def prove(frame: Frame, header: Header, public: bytes) -> Sequence[Line]:
    """The lines, once signature, sizes, root and every line are right; else WireError."""
    frames.check_signature(frame, header, public)
    body = frames.inflate(frame, header, unzstd)
    found = frames.split_body(body, header)
    if bodies.body_root(frame.seed, found).hex() != header.root:
        raise WireError(Code.BAD_ROOT, "the lines do not hash to the header's root")
    return read_lines(found, body, header.agent)


def examine(piece: bytes, origin: str, lookup: Lookup) -> Batch | Ack:
    """Check one frame's bytes.

    Signature first: a state (`pending`, `revoked`) is told only to the holder of the key.
    """
    one = claim(piece, origin, lookup)
    if isinstance(one, Ack):
        return one
    refused = refusal(one.standing)
    try:
        if refused is None:
            return one.batch(Rows(prove(one.frame, one.header, one.public)))
        frames.check_signature(one.frame, one.header, one.public)
    except WireError as error:
        return refuse(one.header, error.code, detail=error.detail)
    retry = RETRY_PENDING if refused is Status.PENDING else None
    return refuse(one.header, refused, retry_after=retry)


def clock_off(header: Header, received_ms: int) -> bool:
    """Whether the agent's clock is so far off that it is flagged (never refused).

    A wall clock ahead of the receipt is off whatever else is said; one behind it may as well have waited
    in the spool, so there the agent's own measured offset decides where it has one.
    """
    ahead = header.clock.wall - received_ms
    if ahead > CLOCK_OFF_MS or header.clock.offset_us is None:
        return abs(ahead) > CLOCK_OFF_MS
    return abs(header.clock.offset_us) > CLOCK_OFF_MS * 1000
