"""DSSE 1.0.2 pre-authentication encoding: the only thing a signature of ours is ever made over."""


def pae(kind: bytes, body: bytes) -> bytes:
    """`"DSSEv1" SP len(kind) SP kind SP len(body) SP body`, lengths in bytes as ASCII decimals."""
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)
