"""Fixed samples: every byte follows from the seeds here, so golden vectors can be made again."""

import json
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256

from checks.wire import chain, frame, header, lines, numbers
from checks.wire.signing import Signer
from collector.inspection.human import Answer, Head, Sheet
from collector.statements.text import Text

AGENT = Signer(bytes(range(32)))
NEXT = Signer(bytes(range(32, 64)))  # the agent's key after rotation
LOG = Signer(bytes(range(64, 96)))
WITNESS = Signer(bytes(range(96, 128)))
PERSON = Signer(bytes(range(128, 160)))
VOUCHER = Signer(bytes(range(160, 192)))
ORIGIN = "log.example/luohe"
SEED = bytes(range(0xA0, 0xB0))
STATEMENT = (
    b'{"v":1,"log":"log.example/luohe","token":"t1","public":"'
    + AGENT.public.hex().encode()
    + b'","alg":1,"hostname":"web-01"}'
)
T0 = 1_800_000_000_000
SAID = Text(
    ORIGIN,
    "satisfaction",
    "jia",
    T0,
    {"period": "2026-12", "unit": "centre", "points": "28.8", "text": "响应及时𠮷😀"},
)


def line(i: int) -> bytes:
    """Line `i` of the generated batches; summaries hold an emoji and a four-byte Chinese character."""
    value = {"i": i, "state": "ok", "text": "" if i % 3 == 0 else "机房𠮷\U0001f600" * (i % 3)}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def batch_lines(n: int) -> list[bytes]:
    """The lines of the generated batch of `n`."""
    return [line(i) for i in range(n)]


def base(seq: int = 0, prev: bytes | None = None) -> header.Header:
    """A header without lines, to be completed."""
    return header.Header(
        log=ORIGIN,
        agent="web-01",
        epoch=1,
        seq=seq,
        prev=(prev or chain.chain_hash(STATEMENT)).hex(),
        kind=header.Kind.LOSS,
        n=0,
        bytes=0,
        root=sha256(b"").hexdigest(),
        from_ms=T0,
        to_ms=T0 + 9_999,
        clock=header.Clock(T0 + 10_000, 7_200_000, "5b1c9a52-8c1e-4c38-a4f0-6c2e5b0f3a11", -1500, True),
        seen=header.SeenNote(256, "5e" * 32),
        plan="70" * 32,
        code="c0" * 32,
        machine="3a" * 32,
    )


def results(found: list[bytes], seq: int = 0, prev: bytes | None = None) -> header.Header:
    """Header of a batch of these lines."""
    return replace(
        base(seq, prev),
        kind=header.Kind.RESULTS,
        n=len(found),
        bytes=len(lines.join(found)),
        root=lines.body_root(SEED, found).hex(),
    )


def seal(
    head: header.Header, found: list[bytes], *signers: Signer, enc: int = numbers.ENC_RAW
) -> frame.Frame:
    """Signed frame."""
    data = header.encode(head)
    signatures = frame.sign_header(data, *(signers or (AGENT,)))
    return frame.Frame(data, signatures, SEED, enc, frame.pack_body(found, enc))


def loss() -> header.Header:
    return replace(base(1, b"\1" * 32), loss=header.Loss(1, 3, "disk_full"))


def resume() -> header.Header:
    return replace(base(9, b"\2" * 32), kind=header.Kind.RESUME, resume=header.Resume(5, 8, "restored"))


def rotate() -> header.Header:
    new = header.Rotate(NEXT.public.hex())
    return replace(base(2, b"\3" * 32), kind=header.Kind.ROTATE, rotate=new)


SHEET = Sheet(
    1,
    "weekly/2027-01-18",
    "room-1",
    (
        Answer("water", "crit", "空调下方有水渍", photos=(sha256(b"a photograph").hexdigest(),), corrects=40),
        Answer("temperature", "ok", "", Fraction(47, 2), "℃"),
        Answer("fire", "unknown", "柜门锁着\U0001f512"),
    ),
)


def head(kind: str, **more: object) -> Head:
    """A statement about the sheet's round, in time."""
    return replace(Head(1, ORIGIN, kind, SHEET.window, "zhao", "operator", T0 + 10_000, False), **more)
