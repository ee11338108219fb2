"""The one table of numbers: algorithms, encodings, entry kinds, limits (docs/evidence.md quotes it)."""

from enum import IntEnum

ALG_ED25519 = 1  # strict profile, with SHA-256 everywhere else
ALG_SM2_SM3 = 2  # reserved: written nowhere yet, refused everywhere

ENC_RAW = 0
ENC_GZIP = 1
ENC_ZSTD = 2


class EntryKind(IntEnum):
    """Kind of a log entry. Results, loss, resume and rotate are header kinds of BATCH."""

    BATCH = 1
    ENROL = 2
    APPROVE = 3
    REVOKE = 4
    RESET = 5
    FORK = 6
    PLAN = 7
    RECORD = 8
    STATEMENT = 9
    COLLECTOR = 10
    PRUNE = 11
    ANCHOR = 12
    SCORECARD = 13

    @property
    def word(self) -> str:
        """Lower-case name; the PAE type of an entry of this kind is made from it."""
        return self.name.lower()


MAX_HEADER = 4096
MAX_BODY = 4 * 1024 * 1024  # uncompressed
MAX_LINES = 4096
MAX_REQUEST = 16 * 1024 * 1024
MAX_ENTRY = 65535
MAX_SIGNATURES = 8
MAX_SIGNATURE = 8192
MAX_INT = 2**53

HASH_SIZE = 32
KEY_ID_SIZE = 4
SEED_SIZE = 16
SALT_SIZE = 16
SIGNATURE_SIZE = 64


def pae_type(name: str) -> bytes:
    """PAE type of a signed object, e.g. `application/vnd.roundseal.batch.v1+json`."""
    return b"application/vnd.roundseal." + name.encode("ascii") + b".v1+json"
