"""A certificate as a fact: of probes, and of files on a machine that takes none."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate as the server sent it; times are UTC epoch milliseconds.

    `readable` is False where the bytes could not be understood: then only `sha256` is known.
    `key` is rsa, dsa, ec, ed25519, ed448, sm2 or other. Names: "dns:…" or "ip:…".
    """

    readable: bool
    sha256: str
    subject: str = ""
    issuer: str = ""
    serial: str = ""
    names: tuple[str, ...] = ()
    not_before: int | None = None
    not_after: int | None = None
    key: str = ""
    bits: int | None = None
    signature: str = ""
    self_issued: bool = False
