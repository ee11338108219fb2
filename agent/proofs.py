"""What the agent checks of the log: that it holds our batches, and that it never went back on its word.

A checkpoint counts when the pinned log key signed it and the tree we saw before is a prefix of it,
computed from the log's own tiles. The newest such checkpoint is `seen` in every header from then on
(rulings 20), so a log that was rewritten contradicts headers signed by its own agents.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple

from agent.errors import UnreachableError
from agent.outbox import ACCEPTED, Batch, Outbox
from checks.wire import note, tree
from checks.wire.checkpoint import Checkpoint, open_checkpoint
from checks.wire.entry import Entry
from checks.wire.errors import WireError
from checks.wire.numbers import EntryKind
from checks.wire.tiles import Tile, tile_nodes
from checks.wire.tree import NodeSource

Fetch = Callable[[str], bytes]  # path below /log/ -> bytes; UnreachableError when it isn't there

# One pass proves at most this many: the tiles they share are fetched once, memory stays small.
MOST = 256


class Pass(NamedTuple):
    """What one look at the log gave. `alarm` is a code word: the log contradicts itself."""

    size: int
    proven: int
    alarm: str = ""


def look(fetch: Fetch, outbox: Outbox, key: note.Vkey, wall: int) -> Pass:
    """Fetch the newest checkpoint, check it against the one seen before, prove what can be proved."""
    data = fetch("checkpoint")
    try:
        checkpoint, _ = open_checkpoint(data, key)
    except WireError as error:
        raise UnreachableError(f"the log's checkpoint is refused: {error}", code="bad_checkpoint") from None
    nodes = tile_nodes(lambda tile: _tile(fetch, tile), checkpoint.size)
    try:
        alarm = _contradiction(outbox, checkpoint, nodes)
        if alarm:
            _raise_alarm(outbox, alarm, data, wall)
            return Pass(checkpoint.size, 0, alarm)
        proven = _proven(outbox, checkpoint, nodes)
    except WireError as error:
        raise UnreachableError(f"the log's tiles are refused: {error}", code="bad_tile") from None
    outbox.prove(proven)
    outbox.put(
        seen={
            "size": checkpoint.size,
            "root": checkpoint.root.hex(),
            "note": sha256(data).hexdigest(),
            "at": wall,
            "cosigned": len(note.parse(data).signatures) > 1,
        },
        seen_note=data,
    )
    return Pass(checkpoint.size, len(proven))


def _tile(fetch: Fetch, tile: Tile) -> bytes:
    return fetch(tile.path)


def _contradiction(outbox: Outbox, checkpoint: Checkpoint, nodes: NodeSource) -> str:
    """Code word of what is wrong between this checkpoint and the one seen before; "" if nothing."""
    seen = outbox.get("seen")
    if not isinstance(seen, dict):
        return ""
    size, root = int(seen["size"]), bytes.fromhex(seen["root"])
    if checkpoint.size < size:
        return "rolled_back"
    if size == 0:
        return ""
    proof = tree.consistency_proof(nodes, size, checkpoint.size)
    good = tree.verify_consistency(size, checkpoint.size, proof, root, checkpoint.root)
    return "" if good else "rewritten"


def _raise_alarm(outbox: Outbox, alarm: str, data: bytes, wall: int) -> None:
    """Both notes together are the proof: keep them. `seen` stays, so our headers go on saying it."""
    outbox.put(log_alarm={"why": alarm, "at": wall}, log_alarm_note=data)


def _proven(outbox: Outbox, checkpoint: Checkpoint, nodes: NodeSource) -> list[int]:
    found = []
    for batch in outbox.batches(ACCEPTED, limit=MOST):
        if is_held(batch, checkpoint, nodes):
            found.append(batch.seq)
    return found


def is_held(batch: Batch, checkpoint: Checkpoint, nodes: NodeSource) -> bool:
    """Whether the log holds this batch's entry where its answer said."""
    if batch.idx is None or batch.received is None or batch.idx >= checkpoint.size:
        return False
    leaf = Entry(EntryKind.BATCH, batch.received, batch.header, batch.signatures).leaf
    path = tree.inclusion_proof(nodes, batch.idx, checkpoint.size)
    return tree.verify_inclusion(batch.idx, checkpoint.size, leaf, path, checkpoint.root)
