"""Frames: sizes first, then signature, then root; bombs and flips end in the error family."""

import gzip
import io
import tracemalloc
import zlib
from dataclasses import replace
from types import ModuleType

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.wire import chain, frame, header, numbers
from checks.wire.errors import WireError
from checks.wire.frame import Frame
from checks.wire.signing import Signer


def unzstd(data: bytes, size: int) -> bytes:
    """What the collector does: one zstd frame, never more than one byte beyond `size`."""
    unpacker = zstd.ZstdDecompressor()
    body = unpacker.decompress(data, max_length=size + 1)
    if not unpacker.eof or unpacker.unused_data:
        raise WireError("bad_encoding", "zstd: cut short, or more bytes behind it")
    return body


def accept(data: bytes, public: bytes) -> list[bytes]:
    """The way of every reader: decode, parse, check."""
    found = frame.decode(data)
    return frame.check(found, header.parse(found.header), public, unzstd)


def refused(data: bytes, public: bytes) -> str:
    with pytest.raises(WireError) as caught:
        accept(data, public)
    return caught.value.code


def with_body(samples: ModuleType, enc: int, body: bytes, promised: bytes) -> bytes:
    """A signed frame whose header promises `promised` and whose body is something else."""
    found = promised.split(b"\n")[:-1]
    sealed = samples.seal(samples.results(found), found)
    return frame.encode(replace(sealed, enc=enc, body=body))


PROMISED = b'{"a":1}\n{"b":2}\n'
BOMB = b"0" * 64 * 1024 * 1024 + b"\n"


def endless(data: bytes) -> bytes:
    """zstd without a declared size."""
    packer = zstd.ZstdCompressor()
    return packer.compress(data) + packer.flush()


def lying_zstd(data: bytes, size: int) -> bytes:
    """A zstd frame of `data` whose header declares `size` instead (8-byte field, single segment)."""
    options = {zstd.CompressionParameter.content_size_flag: 0}
    packed = zstd.compress(data, options=options)
    flags, window = packed[4], packed[5]
    assert flags >> 6 == 0 and not flags & 0x23
    return packed[:4] + bytes((flags | 0xC0, window)) + size.to_bytes(8, "little") + packed[6:]


def test_a_gzip_bomb_is_stopped_at_the_promised_size_and_never_unpacked(samples: ModuleType) -> None:
    bomb = with_body(samples, 1, gzip.compress(BOMB), PROMISED)
    assert len(bomb) < 70_000
    tracemalloc.start()
    try:
        assert refused(bomb, samples.AGENT.public) == "bad_size"
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_a_zstd_bomb_that_declares_its_size_is_refused_before_it_is_opened(samples: ModuleType) -> None:
    data = with_body(samples, 2, zstd.compress(BOMB), PROMISED)
    found = frame.decode(data)

    def never(body: bytes, size: int) -> bytes:
        raise AssertionError("opened")

    with pytest.raises(WireError) as caught:
        frame.check(found, header.parse(found.header), samples.AGENT.public, never)
    assert caught.value.code == "bad_size"


def test_a_zstd_bomb_that_declares_no_size_is_stopped(samples: ModuleType) -> None:
    packed = endless(BOMB)
    assert frame.zstd_size(packed) is None
    assert refused(with_body(samples, 2, packed, PROMISED), samples.AGENT.public) in (
        "bad_size",
        "bad_encoding",
    )


def test_a_zstd_bomb_that_declares_the_promised_size_is_stopped(samples: ModuleType) -> None:
    packed = lying_zstd(BOMB, len(PROMISED))
    assert frame.zstd_size(packed) == len(PROMISED)
    assert refused(with_body(samples, 2, packed, PROMISED), samples.AGENT.public) in (
        "bad_size",
        "bad_encoding",
    )


BODIES = {
    "raw, one byte short": (0, PROMISED[:-1], "bad_size"),
    "raw, one byte more": (0, PROMISED + b"\n", "bad_size"),
    "raw, another line": (0, PROMISED.replace(b"1", b"3"), "bad_root"),
    "raw, lines swapped": (0, b'{"b":2}\n{"a":1}\n', "bad_root"),
    "raw, lines joined": (0, PROMISED.replace(b"\n{", b" {"), "bad_size"),
    "gzip, cut short": (1, gzip.compress(PROMISED)[:-1], "bad_encoding"),
    "gzip, bytes behind": (1, gzip.compress(PROMISED) + b"x", "bad_encoding"),
    "gzip, two members": (1, gzip.compress(PROMISED[:8]) + gzip.compress(PROMISED[8:]), "bad_encoding"),
    "gzip, wrong checksum": (1, gzip.compress(PROMISED)[:-8] + bytes(8), "bad_encoding"),
    "gzip, empty": (1, b"", "bad_encoding"),
    "zlib instead of gzip": (1, zlib.compress(PROMISED), "bad_encoding"),
    "gzip, a smaller body": (1, gzip.compress(PROMISED[:8]), "bad_size"),
    "zstd, cut short": (2, zstd.compress(PROMISED)[:-1], "bad_encoding"),
    "zstd, bytes behind": (2, zstd.compress(PROMISED) + b"x", "bad_encoding"),
    "zstd, no frame": (2, b"no frame at all", "bad_encoding"),
    "zstd, header only": (2, b"\x28\xb5\x2f\xfd\xc0\x00\x01", "bad_encoding"),
    "zstd, empty": (2, b"", "bad_encoding"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_other_than_the_header_promises_is_refused(samples: ModuleType, name: str) -> None:
    enc, body, code = BODIES[name]
    assert refused(with_body(samples, enc, body, PROMISED), samples.AGENT.public) == code


@pytest.mark.parametrize(
    "data",
    [gzip.compress(PROMISED), zstd.compress(PROMISED), endless(PROMISED), PROMISED],
    ids=["gzip", "zstd", "zstd without its size", "raw"],
)
def test_each_encoding_gives_the_same_lines(samples: ModuleType, data: bytes) -> None:
    enc = {b"\x1f": 1, b"\x28": 2}.get(data[:1], 0)
    assert accept(with_body(samples, enc, data, PROMISED), samples.AGENT.public) == [b'{"a":1}', b'{"b":2}']


@pytest.mark.parametrize("size", [0, 1, 255, 256, 65_791, 65_792, 300_000])
def test_the_size_that_zstd_declares_is_read_right(size: int) -> None:
    assert frame.zstd_size(zstd.compress(bytes(size))) == size


def test_zstd_is_refused_where_nobody_can_open_it(samples: ModuleType) -> None:
    found = frame.decode(with_body(samples, 2, zstd.compress(PROMISED), PROMISED))
    with pytest.raises(WireError) as caught:
        frame.check(found, header.parse(found.header), samples.AGENT.public)
    assert caught.value.code == "bad_encoding"


def sealed(samples: ModuleType, n: int = 3, enc: int = 0) -> bytes:
    found = samples.batch_lines(n)
    return frame.encode(samples.seal(samples.results(found), found, enc=enc))


def read(request: bytes) -> list[Frame]:
    return [frame.decode(piece) for piece in frame.pieces(request)]


@given(st.integers(0, 1_000_000))
@settings(max_examples=400)
def test_any_flipped_bit_of_a_raw_frame_is_refused(samples: ModuleType, bit: int) -> None:
    data = bytearray(sealed(samples))
    bit %= len(data) * 8
    data[bit // 8] ^= 1 << bit % 8
    refused(bytes(data), samples.AGENT.public)


@given(st.integers(0, 1_000_000), st.sampled_from([1, 2]))
@settings(max_examples=400)
def test_any_flipped_bit_of_a_packed_frame_is_refused_or_leaves_every_line_as_signed(
    samples: ModuleType, bit: int, enc: int
) -> None:
    found = samples.batch_lines(30)
    whole = samples.seal(samples.results(found), found)
    body = gzip.compress(whole.body) if enc == 1 else zstd.compress(whole.body)
    data = bytearray(frame.encode(replace(whole, enc=enc, body=body)))
    bit %= len(data) * 8
    data[bit // 8] ^= 1 << bit % 8
    # Packing is not signed: gzip's time stamp, for one, may be anything. The lines are.
    try:
        lines = accept(bytes(data), samples.AGENT.public)
    except WireError:
        return
    assert lines == found


@given(st.integers(0, 1_000_000))
def test_a_frame_cut_anywhere_is_refused(samples: ModuleType, size: int) -> None:
    data = sealed(samples)
    with pytest.raises(WireError):
        frame.decode(data[: size % len(data)])


@given(
    st.binary(max_size=200)
    | st.binary(max_size=100).map(lambda b: b"EVB1" + (len(b) + 8).to_bytes(4, "big") + b)
)
def test_any_bytes_are_frames_written_exactly_so_or_an_error(data: bytes) -> None:
    try:
        frames = read(data)
    except WireError as error:
        code = error.code
    else:
        code = "bad_frame"
        assert b"".join(frame.encode(one) for one in frames) == data
    assert code in ("bad_frame", "too_large", "bad_encoding")


def test_sizes_beyond_the_limits_are_refused_before_anything_is_read(samples: ModuleType) -> None:
    with pytest.raises(WireError) as caught:
        frame.pieces(bytes(numbers.MAX_REQUEST + 1))
    assert caught.value.code == "too_large"
    head = b"EVB1" + (8 + 2).to_bytes(4, "big") + (4097).to_bytes(2, "big")
    with pytest.raises(WireError) as caught:
        frame.decode(head)
    assert caught.value.code == "too_large"
    whole = samples.seal(samples.results([b"a"]), [b"a"])
    for bad in (replace(whole, body=bytes(numbers.MAX_BODY + 1)), replace(whole, header=bytes(4097))):
        with pytest.raises(WireError) as caught:
            frame.encode(bad)
        assert caught.value.code == "too_large"


def test_no_bytes_at_all_are_no_frame() -> None:
    with pytest.raises(WireError) as caught:
        frame.decode(b"")
    assert caught.value.code == "bad_frame"


def test_what_cannot_be_decoded_is_not_encoded(samples: ModuleType) -> None:
    whole = samples.seal(samples.results([b"a"]), [b"a"])
    one = whole.signatures[0]
    for bad in (
        replace(whole, seed=bytes(15)),
        replace(whole, enc=3),
        replace(whole, signatures=()),
        replace(whole, signatures=(one,) * 9),
        replace(whole, signatures=(replace(one, key_id=b"abc"),)),
        replace(whole, signatures=(replace(one, sig=b""),)),
    ):
        with pytest.raises(WireError) as caught:
            frame.encode(bad)
        assert caught.value.code == "bad_frame"
    with pytest.raises(WireError):
        frame.pack_body([b"a"], enc=2)


def test_a_frame_by_another_key_or_with_one_signature_too_many_is_refused(samples: ModuleType) -> None:
    data = sealed(samples)
    assert refused(data, samples.NEXT.public) == "bad_signature"
    found = frame.decode(data)
    doubled = replace(found, signatures=found.signatures * 2)
    assert refused(frame.encode(doubled), samples.AGENT.public) == "bad_signature"
    sm2 = replace(found, signatures=(replace(found.signatures[0], alg=numbers.ALG_SM2_SM3),))
    assert refused(frame.encode(sm2), samples.AGENT.public) == "bad_signature"


def test_a_signature_over_another_type_does_not_count(samples: ModuleType) -> None:
    found = frame.decode(sealed(samples))
    signature = samples.AGENT.sign(found.header)
    bare = replace(found, signatures=(replace(found.signatures[0], sig=signature),))
    assert refused(frame.encode(bare), samples.AGENT.public) == "bad_signature"


def test_a_rotation_needs_the_old_key_and_then_the_new(samples: ModuleType) -> None:
    head = samples.rotate()
    good = samples.seal(head, [], samples.AGENT, samples.NEXT)
    assert accept(frame.encode(good), samples.AGENT.public) == []
    for signers in ((samples.AGENT,), (samples.NEXT,), (samples.NEXT, samples.AGENT)):
        data = frame.encode(samples.seal(head, [], *signers))
        assert refused(data, samples.AGENT.public) == "bad_signature"


@pytest.mark.parametrize("kind", ["loss", "resume"])
def test_batches_without_lines_pass_and_may_not_carry_any(samples: ModuleType, kind: str) -> None:
    whole = samples.seal(getattr(samples, kind)(), [])
    assert accept(frame.encode(whole), samples.AGENT.public) == []
    packed = replace(whole, enc=1, body=frame.pack_body([], 1))
    assert accept(frame.encode(packed), samples.AGENT.public) == []
    smuggled = replace(whole, body=b"x\n")
    assert refused(frame.encode(smuggled), samples.AGENT.public) == "bad_size"


def test_a_file_of_frames_is_read_one_by_one_and_its_torn_end_is_an_error(samples: ModuleType) -> None:
    data = sealed(samples, 1) + sealed(samples, 2) + sealed(samples, 257, enc=1)
    assert list(frame.decode_stream(io.BytesIO(data))) == read(data)
    torn = frame.decode_stream(io.BytesIO(data[:-1]))
    assert isinstance(next(torn), Frame) and isinstance(next(torn), Frame)
    with pytest.raises(WireError):
        next(torn)
    for junk in (b"EVB1", b"EVB1\0\0\0\0", b"XXXX\0\0\0\x20", b"EVB1\xff\xff\xff\xff"):
        with pytest.raises(WireError):
            list(frame.decode_stream(io.BytesIO(junk)))


@pytest.mark.parametrize("n", [1, 2, 3, 50, 255, 256, 257, 4096])
@pytest.mark.parametrize("enc", [0, 1])
def test_batches_of_every_size_come_back(samples: ModuleType, n: int, enc: int) -> None:
    assert accept(sealed(samples, n, enc), samples.AGENT.public) == samples.batch_lines(n)


def test_frames_of_several_agents_travel_in_one_request(samples: ModuleType) -> None:
    frames = [
        samples.seal(samples.results([b"%d" % i], seq=i), [b"%d" % i], Signer(bytes([i]) * 32))
        for i in range(3)
    ]
    assert read(b"".join(map(frame.encode, frames))) == frames


def test_a_second_good_signature_on_the_same_header_does_not_change_the_chain(samples: ModuleType) -> None:
    found = frame.decode(sealed(samples))
    other = replace(found, signatures=frame.sign_header(found.header, samples.NEXT))
    assert chain.chain_hash(other.header) == chain.chain_hash(found.header)


@pytest.mark.parametrize("change", [b"EVB2", b"\0\0\0\0"])
def test_a_single_frame_without_its_mark_is_refused(samples: ModuleType, change: bytes) -> None:
    with pytest.raises(WireError) as caught:
        frame.decode(change + sealed(samples)[4:])
    assert caught.value.code == "bad_frame"


@pytest.mark.parametrize("by", [-1, 1, 2**16])
def test_a_single_frame_that_says_another_length_is_refused(samples: ModuleType, by: int) -> None:
    data = sealed(samples)
    with pytest.raises(WireError) as caught:
        frame.decode(data[:4] + (len(data) + by).to_bytes(4, "big") + data[8:])
    assert caught.value.code == "bad_frame"


def test_a_body_of_exactly_the_largest_size_passes(samples: ModuleType) -> None:
    found = [b"x" * (numbers.MAX_BODY - 1)]
    data = frame.encode(samples.seal(samples.results(found), found))
    assert accept(data, samples.AGENT.public) == found


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_the_short_way_to_a_frame_takes_only_what_the_careful_one_takes_alike(
    samples: ModuleType, data: st.DataObject
) -> None:
    one = bytearray(sealed(samples))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.one_of(st.integers(0, 12), st.integers(0, len(one) - 1)))
        match data.draw(st.sampled_from(["set", "cut", "add"])):
            case "set":
                one[at] = data.draw(st.integers(0, 255))
            case "cut":
                del one[at:]
            case _:
                one.insert(at, data.draw(st.integers(0, 255)))
        one[4:8] = len(one).to_bytes(4, "big") if data.draw(st.booleans()) else one[4:8]
        if len(one) < 13:
            break
    made = frame._usual(bytes(one))
    if made is not None:
        assert made == frame._careful(bytes(one))
    else:
        try:
            assert len(frame._careful(bytes(one)).signatures) > 1
        except WireError:
            return
