"""The part of the intake that needs no order: are these bytes a well-signed batch of that agent?

Runs in the request's thread. What passes is a `Batch`; what does not is an `Ack` with its word.
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
from collector.evidence.rows import Line, read_lines
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
    lines: Sequence[Line]

    @property
    def key(self) -> tuple[str, int]:
        """Agent and epoch."""
        return self.header.agent, self.header.epoch


def refuse(batch: Header, status: str, /, **more: object) -> Ack:
    """A refusal that names the batch."""
    return Ack(status, batch.agent, batch.epoch, batch.seq, **more)  # type: ignore[arg-type]  # Ack's own fields


def examine(piece: bytes, origin: str, lookup: Lookup) -> Batch | Ack:
    """Check one frame's bytes."""
    try:
        frame = frames.decode(piece)
        header = read_header(frame.header)
    except WireError as error:
        return Ack(error.code, detail=error.detail)
    if header.log != origin:
        return refuse(header, Status.WRONG_LOG, detail=f"this log is {origin}")
    return _of_agent(frame, header, lookup(header.agent, header.epoch))


def _of_agent(frame: Frame, header: Header, standing: Standing | None) -> Batch | Ack:
    """Signature first: a state (`pending`, `revoked`) is told only to the holder of the key."""
    if standing is None:
        return refuse(header, Status.UNKNOWN_KEY)
    public = standing.agent.public
    try:
        if not any(one.key_id == frames.key_id(public) for one in frame.signatures):
            return refuse(header, Status.UNKNOWN_KEY)
        frames.check_signature(frame, header, public)
        refused = refusal(standing)
        if refused is not None:
            retry = RETRY_PENDING if refused is Status.PENDING else None
            return refuse(header, refused, retry_after=retry)
        found = frames.unpack_body(frame, header, unzstd)
        if bodies.body_root(frame.seed, found).hex() != header.root:
            raise WireError(Code.BAD_ROOT, "the lines do not hash to the header's root")
        return Batch(frame, header, public, read_lines(found))
    except WireError as error:
        return refuse(header, error.code, detail=error.detail)


def clock_off(header: Header, received_ms: int) -> bool:
    """Whether the agent's clock is so far off that it is flagged (never refused).

    A wall clock ahead of the receipt is off whatever else is said; one behind it may as well have waited
    in the spool, so there the agent's own measured offset decides where it has one.
    """
    ahead = header.clock.wall - received_ms
    if ahead > CLOCK_OFF_MS or header.clock.offset_us is None:
        return abs(ahead) > CLOCK_OFF_MS
    return abs(header.clock.offset_us) > CLOCK_OFF_MS * 1000
