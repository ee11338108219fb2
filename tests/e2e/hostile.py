"""Requests that no honest agent sends, and the answer that docs/evidence.md gives to each."""

import gzip
import json
import os
import random
import struct
import zlib
from dataclasses import dataclass, replace
from http.client import HTTPConnection

from backports import zstd
from parts import loaded

from checks.wire import frame as frames
from checks.wire import header as headers
from checks.wire import lines as bodies
from checks.wire.frame import Frame
from checks.wire.header import Kind, Loss
from checks.wire.numbers import ENC_GZIP, ENC_RAW, ENC_ZSTD
from checks.wire.signing import Signer
from collector.evidence.answers import WORDS
from collector.evidence.enrolment import read_statement
from collector.jobs import lifecycle


def enrolled(context, name):
    """A simulated agent, enrolled and approved."""
    module = loaded("intake/conftest.py")
    agent = module.SimAgent(name, Signer(os.urandom(32)), log=context.origin)
    raw, body = agent.statement_for(lifecycle.create_token(context, name, name, by="test"))
    known = lifecycle.enrol(context, read_statement(body))
    agent.enrolled(raw)
    lifecycle.approve(context, known.code, by="test")
    return agent


class Line:
    """One kept connection; opened anew whenever the server closed it."""

    def __init__(self, port):
        self.port = port
        self._connection = None

    def post(self, body, path="/v1/batches"):
        """(HTTP code, JSON value)."""
        for last in (False, True):
            fresh = self._connection is None
            if fresh:
                self._connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                self._connection.request("POST", path, body)
                answer = self._connection.getresponse()
                data = answer.read()
                if answer.will_close:
                    self.close()
                return answer.status, json.loads(data)
            except OSError:
                self.close()
                if fresh or last:
                    raise
            except Exception:
                self.close()
                raise
        raise AssertionError

    def close(self):
        if self._connection is not None:
            self._connection.close()
        self._connection = None


@dataclass(frozen=True)
class Case:
    """`make(agent)` gives the bytes of a request; the answer has this HTTP code and this word."""

    name: str
    http: int
    word: str
    make: object

    def __str__(self):
        return self.name


def _raw(header, signatures, body, seed=bytes(16), enc=ENC_RAW, **lies):
    """A frame with any lie in its lengths."""
    size = lies.get("body_size", len(body))
    rest = struct.pack(">H", lies.get("header_size", len(header))) + header + signatures
    rest += seed + bytes([enc]) + struct.pack(">I", size) + body
    return b"EVB1" + struct.pack(">I", lies.get("total", len(rest) + 8)) + rest


def _lines(agent, count=3):
    return [loaded("intake/conftest.py").result_line(agent.name, 1_700_000_000_000, i) for i in range(count)]


def _signed(agent, body, enc, **changes):
    """A signed header over whatever, with any body behind it."""
    raw = headers.encode(agent.header(_lines(agent), **changes))
    return frames.encode(Frame(raw, frames.sign_header(raw, agent.signer), bytes(16), enc, body))


DEEP = b'{"x":' + b"[" * 900 + b"]" * 900 + b","


def _odd(old, new):
    """Maker of a batch whose header is signed but odd: its text with `old` replaced by `new`."""

    def make(agent):
        lines = _lines(agent)
        raw = headers.encode(agent.header(lines)).replace(old, new, 1)
        signed = frames.sign_header(raw, agent.signer)
        return frames.encode(Frame(raw, signed, bytes(16), ENC_RAW, bodies.join(lines)))

    return make


def _good(agent):
    lines = _lines(agent)
    return frames.encode(agent.frame(agent.header(lines), lines, enc=ENC_RAW))


def _flip(data, mark, beyond):
    """The byte so far behind the beginning of `mark` changed."""
    at = data.rindex(mark) + beyond
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _bomb_gzip(agent):
    return _signed(agent, gzip.compress(bytes(64 << 20), 9), ENC_GZIP)


def _bomb_zstd(agent):
    return _signed(agent, zstd.compress(bytes(64 << 20), 19), ENC_ZSTD)


def _bomb_zstd_unsaid(agent):
    """The same without a declared size."""
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.content_size_flag: 0})
    return _signed(agent, packer.compress(bytes(64 << 20)) + packer.flush(), ENC_ZSTD)


def _two_members(agent):
    text = bodies.join(_lines(agent))
    return _signed(agent, gzip.compress(text[:40]) + gzip.compress(text[40:]), ENC_GZIP)


def _short(agent):
    return _signed(agent, gzip.compress(bodies.join(_lines(agent)))[:-9], ENC_GZIP)


def _other_lines(agent):
    text = bodies.join(_lines(agent)).replace(b"probe-1", b"probe-9")
    return _signed(agent, text, ENC_RAW)


def _other_key(agent):
    return _good(replace(agent, signer=Signer(b"z" * 32)))


def _wrong_signature(agent):
    lines = _lines(agent)
    made = agent.frame(agent.header(lines), lines)
    (one,) = made.signatures
    return frames.encode(replace(made, signatures=(replace(one, sig=bytes(64)),)))


def _two_signatures(agent):
    lines = _lines(agent)
    made = agent.frame(agent.header(lines), lines)
    return frames.encode(replace(made, signatures=made.signatures * 2))


def _flipped_signature(agent):
    lines = _lines(agent)
    made = agent.frame(agent.header(lines), lines)
    return _flip(frames.encode(made), made.signatures[0].sig, 40)


def _unknown_encoding(agent):
    good = _signed(agent, b"x", ENC_RAW)
    return good[:-6] + b"\x07" + good[-5:]


def _loss_with_body(agent):
    empty = {"n": 0, "bytes": 0, "root": loaded("intake/conftest.py").EMPTY.hex()}
    made = agent.header([], kind=Kind.LOSS, loss=Loss(agent.seq, agent.seq, "test"), **empty)
    raw = headers.encode(made)
    return frames.encode(Frame(raw, frames.sign_header(raw, agent.signer), bytes(16), ENC_RAW, b"{}\n"))


CASES = (
    Case("nothing", 400, "bad_frame", lambda a: b""),
    Case("a text", 400, "bad_frame", lambda a: b"POST me"),
    Case("only the magic", 400, "bad_frame", lambda a: b"EVB1"),
    Case("zeros", 400, "bad_frame", lambda a: bytes(5000)),
    Case("truncated in the header", 400, "bad_frame", lambda a: _good(a)[:100]),
    Case("truncated by one byte", 400, "bad_frame", lambda a: _good(a)[:-1]),
    Case("one byte too many", 400, "bad_frame", lambda a: _good(a) + b"\0"),
    Case("total of zero", 400, "bad_frame", lambda a: _raw(b"{}", b"\0", b"", total=0)),
    Case("total of four gigabytes", 400, "bad_frame", lambda a: _raw(b"{}", b"\0", b"", total=2**32 - 1)),
    Case("header longer than allowed", 413, "too_large", lambda a: _raw(b" " * 5000, b"\0", b"")),
    Case("header beyond the frame", 400, "bad_frame", lambda a: _raw(b"{}", b"\0", b"", header_size=4000)),
    Case("no signature", 400, "bad_frame", lambda a: _raw(headers.encode(a.header(_lines(a))), b"\0", b"")),
    Case("255 signatures", 400, "bad_frame", lambda a: _raw(b"{}", b"\xff" + bytes(400), b"")),
    Case("unknown encoding", 400, "bad_encoding", _unknown_encoding),
    Case("flipped in the header", 400, "bad_signature", lambda a: _flip(_good(a), b'"from":', 8)),
    Case("flipped in the signature", 400, "bad_signature", _flipped_signature),
    Case("flipped in the body", 400, "bad_root", lambda a: _flip(_good(a), b"connect", 2)),
    Case("other lines of the same length", 400, "bad_root", _other_lines),
    Case("signature of zeros", 400, "bad_signature", _wrong_signature),
    Case("two signatures", 400, "bad_signature", _two_signatures),
    Case("another key", 401, "unknown_key", _other_key),
    Case("an agent nobody knows", 401, "unknown_key", lambda a: _good(replace(a, name="nobody"))),
    Case("an epoch that never was", 401, "unknown_key", lambda a: _good(replace(a, epoch=7))),
    Case("meant for another log", 421, "wrong_log", lambda a: _good(replace(a, log="other.example/log"))),
    Case("header is no JSON", 400, "bad_json", _odd(b"{", b"{{{{")),
    Case("header with a key twice", 400, "bad_json", _odd(b"{", b'{"v":1,')),
    Case("header with NaN", 400, "bad_json", _odd(b'"v":1', b'"v":NaN')),
    Case("header with a lone surrogate", 400, "bad_json", _odd(b"boot-1", b"\\ud800")),
    Case("header with one key more", 400, "bad_header", _odd(b"{", b'{"x":1,')),
    Case("header of version 2", 400, "bad_header", _odd(b'"v":1', b'"v":2')),
    Case("nested deeper than allowed", 400, "bad_json", _odd(b"{", DEEP)),
    Case("more lines said than there are", 400, "bad_size", lambda a: _signed(
        a, bodies.join(_lines(a)), ENC_RAW, n=4)),
    Case("a loss with a body", 400, "bad_size", _loss_with_body),
    Case("gzip bomb", 400, "bad_size", _bomb_gzip),
    Case("zstd bomb that says its size", 400, "bad_size", _bomb_zstd),
    Case("zstd bomb that does not", 400, "bad_size", _bomb_zstd_unsaid),
    Case("two gzip members", 400, "bad_encoding", _two_members),
    Case("half a gzip member", 400, "bad_encoding", _short),
    Case("no gzip at all", 400, "bad_encoding", lambda a: _signed(a, b"no gzip", ENC_GZIP)),
    Case("a request beyond 16 MiB", 413, "too_large", lambda a: _good(a) * 20_000),
    Case("beyond the next", 409, "gap", lambda a: _good(replace(a, seq=a.seq + 1))),
)  # fmt: skip


def mutate(rng, base):
    """One of the ways in which bytes go wrong."""
    data = bytearray(base)
    match rng.randrange(9):
        case 0:  # bits
            for _ in range(rng.choice((1, 1, 1, 2, 8))):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        case 1:  # bytes
            for _ in range(rng.choice((1, 4, 32))):
                data[rng.randrange(len(data))] = rng.randrange(256)
        case 2:
            del data[rng.randrange(len(data)) :]
        case 3:
            at = rng.randrange(len(data))
            del data[at : at + rng.randint(1, 40)]
        case 4:
            at = rng.randrange(len(data) + 1)
            data[at:at] = rng.randbytes(rng.randint(1, 40))
        case 5:  # a length field
            at = rng.choice((4, 5, 6, 7, 8, 9, len(data) - rng.randint(1, 400)))
            data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
        case 6:  # parts doubled, swapped
            a, b = sorted(rng.randrange(len(data)) for _ in range(2))
            data = data[:b] + data[a:b] + data[b:]
        case 7:
            return bytes(data) + bytes(data)[: rng.randrange(len(data))]
        case _:  # total made right again, so that what is inside is reached
            at = rng.randrange(10, len(data))
            del data[at : at + rng.randint(1, 4)]
            data[4:8] = struct.pack(">I", len(data))
    return bytes(data)


def bodies_of(rng, text):
    """A compressed body gone wrong, (encoding, bytes)."""
    enc = rng.choice((ENC_GZIP, ENC_ZSTD, ENC_RAW))
    data = bytearray({ENC_GZIP: gzip.compress, ENC_ZSTD: zstd.compress, ENC_RAW: bytes}[enc](text))
    for _ in range(rng.randint(0, 3)):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    if rng.random() < 0.2:
        del data[rng.randrange(len(data)) :]
    return enc, bytes(data)


@dataclass(frozen=True)
class Base:
    """One good batch, in every encoding: what the mutations begin with."""

    raw: bytes
    signed: tuple
    text: bytes

    def frame(self, enc, body):
        return frames.encode(Frame(self.raw, self.signed, bytes(16), enc, body))


def base(agent):
    """The agent's next batch; its chain does not move on."""
    lines = _lines(agent)
    raw = headers.encode(agent.header(lines))
    return Base(raw, frames.sign_header(raw, agent.signer), bodies.join(lines))


def storm(line, good, count, seed):
    """`count` mutated requests; words -> how often. Only documented answers are let through."""
    rng = random.Random(seed)
    whole = [
        good.frame(ENC_GZIP, zlib.compress(good.text, wbits=31)),
        good.frame(ENC_ZSTD, zstd.compress(good.text)),
        good.frame(ENC_RAW, good.text),
    ]
    found = {}
    for _ in range(count):
        if rng.random() < 0.3:  # the body alone: past the signature, into the unpacking
            request = good.frame(*bodies_of(rng, good.text))
        else:
            request = mutate(rng, rng.choice(whole))
        code, value = line.post(request)
        for ack in value if isinstance(value, list) else [value]:
            assert ack["status"] in WORDS, ack
            found[ack["status"]] = found.get(ack["status"], 0) + 1
        assert code in (200, 400, 401, 403, 409, 413, 421), (code, value)
    return found
