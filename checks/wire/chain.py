"""The chain of one agent: each header names the hash of the one before.

    prev of batch k+1 = SHA-256( "roundseal/chain/v1\n" || header bytes of batch k )
    prev of batch 0   = SHA-256( "roundseal/chain/v1\n" || enrolment statement bytes )

Signatures are not part of it, so a second valid signature on the same header changes nothing.
"""

from hashlib import sha256

PREFIX = b"roundseal/chain/v1\n"
GENESIS = bytes(32)  # no predecessor at all: never the prev of an agent's batch


def chain_hash(header: bytes) -> bytes:
    """Hash that the next header must name as its `prev`."""
    return sha256(PREFIX + header).digest()
