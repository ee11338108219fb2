"""C2SP checkpoints: origin, size and root of a log, as the text of a signed note.

<origin>\\n<size, decimal>\\n<base64 root>\\n
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from checks.wire import note, tree
from checks.wire.errors import Code, WireError
from checks.wire.numbers import HASH_SIZE
from checks.wire.signing import Signer


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Head of a log's tree."""

    origin: str
    size: int
    root: bytes


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """Note text of a checkpoint."""
    if len(checkpoint.root) != HASH_SIZE or checkpoint.size < 0:
        raise WireError(Code.BAD_CHECKPOINT, "a root has 32 bytes, a size is not negative")
    if not checkpoint.origin or any(c < " " for c in checkpoint.origin):
        raise WireError(Code.BAD_CHECKPOINT, f"{checkpoint.origin[:64]!r} cannot be an origin")
    root = b64encode(checkpoint.root).decode()
    return f"{checkpoint.origin}\n{checkpoint.size}\n{root}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint in a note's text; extension lines are refused, for nobody could audit them."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise WireError(Code.BAD_CHECKPOINT, "three lines are wanted: origin, size, root")
    origin, digits, root = lines[:3]
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise WireError(Code.BAD_CHECKPOINT, f"{digits[:24]!r} is no tree size")
    checkpoint = Checkpoint(origin, int(digits), note.unbase64(root, Code.BAD_CHECKPOINT))
    if format_checkpoint(checkpoint) != text:
        raise WireError(Code.BAD_CHECKPOINT, "not written canonically")
    if checkpoint.size == 0 and checkpoint.root != tree.EMPTY_ROOT:
        raise WireError(Code.BAD_CHECKPOINT, "an empty log has another root")
    return checkpoint


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """Signed note of a checkpoint; the key's name is the origin."""
    return note.sign(format_checkpoint(checkpoint), checkpoint.origin, signer)


def open_checkpoint(
    data: bytes, key: note.Vkey, others: Sequence[note.Vkey] = ()
) -> tuple[Checkpoint, note.Opened]:
    """Checkpoint signed by the log `key` (its name must be the origin) and perhaps by `others`."""
    opened = note.open_note(data, [key, *others])
    if not opened.signed_by(key):
        raise WireError(Code.BAD_SIGNATURE, f"the log {key.name} has not signed")
    checkpoint = parse_checkpoint(opened.text)
    if checkpoint.origin != key.name:
        raise WireError(Code.BAD_CHECKPOINT, f"origin {checkpoint.origin[:64]!r}, not {key.name}")
    return checkpoint, opened
