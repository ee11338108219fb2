"""Bodies as texts and columns: whatever the bytes, the same come back, or they are refused."""

import random

import pytest

from checks.wire.numbers import ENC_RAW
from collector.store import columns, packs
from collector.store.columns import PlainOnly, decode, encode
from collector.store.evidence import BodyRow

LINE = (
    b'{"check":"service.tcp","version":1,"asset":"%s","target":"%s-%d","vantage":"%s","slot":%d,"t0":%d,"t1":%d,'
    b'"params":"%s","facts":{"connect_us":%d,"%%":-7},"readings":[["connect",%d,"us","ok"]],"state":"ok"}\n'
)


def bodies(agents: int, minutes: int) -> list[bytes]:
    turn, made = random.Random(1), []
    for minute in range(minutes):
        for agent in range(agents):
            name, lines = b"web-%02d" % agent, []
            for probe in range(20):
                at, took = 1790000000000 + 60_000 * minute, turn.randrange(100, 4000)
                args = (name, name, probe, name, at, at + probe, at + probe + 3, b"5b" * 32, took, took)
                lines.append(LINE % args)
            made.append(b"".join(lines))
    return made


@pytest.mark.parametrize("byte", [b"\x00", b"\x01"])
def test_bodies_that_hold_the_bytes_of_the_places_are_refused_and_packed_plainly(byte: bytes) -> None:
    odd = [b'{"a":1}\n', b"photo" + byte + b",1,2]"]
    with pytest.raises(PlainOnly):
        encode(odd)
    rows = {at: BodyRow(at, None, ENC_RAW, body) for at, body in enumerate(odd)}
    assert packs.packed_bodies(packs.pack_bodies(rows)) == rows


def test_odd_bytes_come_back_as_they_were() -> None:
    odd = [
        b"", b"\n", b"\n\n", b"no line", b'{"a":1}', b'{"a":1}\n',
        b"[0,-0,00,01,-1,1.5,1e9,0]\n", b"%d %s %\n",
        b"[999999999999999999,-999999999999999999]\n", b"[9999999999999999999]\n",
        b"[-999999999999999999,1]\n",
        b'{"vantage":"a","b":"a","c":"ab",\r\n"x":[1,[2,3],{"y":4}]}\n', b"\xff\xfe,7]\n",
        "巡检,8]\n".encode(),
        b'{"vantage":"%d","n":5}\n', b'{"vantage":"","n":5}\n',
    ]  # fmt: skip
    assert decode(encode(odd)) == odd
    assert decode(encode(odd[::-1] * 3)) == odd[::-1] * 3
    assert decode(encode([])) == []


def test_made_up_bodies_of_every_shape_come_back() -> None:
    turn = random.Random(5)
    words = [b",", b"[", b"]", b"{", b"}", b":", b"\n", b'"', b"-", b"%", b'"vantage":"w', b'w"', b"e"]
    for _ in range(300):
        made = []
        for _ in range(turn.randrange(6)):
            pieces = [turn.choice([*words, b"%d" % turn.randrange(-99, 10**18)]) for _ in range(40)]
            made.append(b"".join(pieces))
        assert decode(encode(made)) == made


def test_seeds_and_gaps_keep_their_places() -> None:
    rows = {
        at: BodyRow(at, None if at % 3 else bytes([at]) * 16, ENC_RAW, body)
        for at, body in zip((0, 7, 9, 255), bodies(2, 2), strict=True)
    }
    assert packs.packed_bodies(packs.pack_bodies(rows)) == rows
    assert packs.packed_bodies(packs.pack_bodies({})) == {}


def test_lines_that_differ_in_numbers_alone_take_a_few_bytes_each_for_few_agents_and_for_many() -> None:
    few, many = bodies(8, 16), bodies(64, 2)
    for made in (few, many):
        coded = columns.encode(made)
        assert decode(coded) == made
        assert len(coded) / (20 * len(made)) < 4
