"""The error family of untrusted bytes: whatever they hold, a reader ends here and nowhere else."""

from enum import StrEnum


class Code(StrEnum):
    """What is wrong, as a stable word."""

    BAD_JSON = "bad_json"
    BAD_HEADER = "bad_header"
    BAD_FRAME = "bad_frame"
    BAD_SIGNATURE = "bad_signature"
    BAD_ROOT = "bad_root"
    BAD_SIZE = "bad_size"
    BAD_ENCODING = "bad_encoding"
    TOO_LARGE = "too_large"
    BAD_KEY = "bad_key"
    BAD_NOTE = "bad_note"
    BAD_CHECKPOINT = "bad_checkpoint"
    BAD_PROOF = "bad_proof"
    BAD_ENTRY = "bad_entry"
    BAD_TILE = "bad_tile"
    BAD_TOKEN = "bad_token"  # noqa: S105 - a code word, not a secret


class WireError(Exception):
    """These bytes cannot be accepted: `code` is for programs, `detail` for people."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else str(code))
        self.code = str(code)
        self.detail = detail
