"""Whatever bytes come, the answer is a documented word and the server lives."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.wire import frame as frames
from collector.evidence.answers import WORDS, http_code
from collector.jobs.checkpoints import Publisher
from collector.jobs.fsck import Fsck
from collector.metrics import Metrics
from collector.web.batches import Batches
from collector.web.plans import Plans

RELAXED = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def intake(context):
    return Batches(context, Publisher(context), Metrics(), Plans(context))


@pytest.fixture
def pieces(context, enrol):
    """Three good frames that were never sent."""
    agent = enrol(context, "web-01")
    return [agent.batch(count=2) for _ in range(3)]


def check(acks):
    assert acks
    for ack in acks:
        assert ack.status in WORDS
        assert http_code(ack.status) in (200, 400, 401, 403, 409, 413, 421, 503)
        ack.to_json()


@RELAXED
@given(st.binary(max_size=300))
def test_any_bytes_are_answered_in_words(intake, data):
    check(intake.take(data))
    check(intake.take(b"EVB1" + data))


@RELAXED
@given(st.data())
def test_any_change_of_a_good_request_is_answered_in_words(intake, pieces, context, data):
    request = bytearray(b"".join(pieces[: data.draw(st.integers(1, 3))]))
    for _ in range(data.draw(st.integers(1, 6))):
        kind = data.draw(st.sampled_from(["flip", "cut", "insert", "double"]))
        at = data.draw(st.integers(0, max(len(request) - 1, 0)))
        size = data.draw(st.integers(0, 40))
        if kind == "flip" and request:
            request[at] ^= 1 << data.draw(st.integers(0, 7))
        elif kind == "cut":
            del request[at : at + size]
        elif kind == "insert":
            request[at:at] = data.draw(st.binary(max_size=size))
        else:
            request[at:at] = request[at : at + size]
    check(intake.take(bytes(request)))


@RELAXED
@given(
    header=st.binary(max_size=200),
    enc=st.sampled_from([0, 1, 2]),
    body=st.binary(max_size=200),
    signed=st.booleans(),
)
def test_any_header_and_body_in_a_good_frame_are_answered_in_words(
    intake, pieces, enrol, header, enc, body, signed
):
    good = frames.decode(pieces[0])
    made = replace(good, header=header or b"{}", enc=enc, body=body)
    if signed:
        made = replace(good, enc=enc, body=body)
    check(intake.take(frames.encode(made)))


def test_after_all_that_the_log_is_whole(intake, pieces, context):
    check(intake.take(b"".join(pieces)))
    assert Fsck(context, full=True).run().problems == []


def test_a_bomb_is_refused_without_being_inflated(intake, context, enrol):
    import zlib

    from collector.evidence.unzstd import zstd_pack

    agent = enrol(context, "web-02")
    lines = [b'{"a":1}']
    for enc, packer in ((1, lambda d: zlib.compress(d, 9, 31)), (2, lambda d: zstd_pack(d, 19))):
        bomb = packer(bytes(200_000_000))
        frame = replace(agent.frame(agent.header(lines), lines), enc=enc, body=bomb[: 4 * 1024 * 1024])
        ack = intake.take(frames.encode(frame))[0]
        assert ack.status in ("bad_size", "bad_encoding")


def test_zstd_from_an_agent_is_read(intake, context, enrol):
    from checks.wire import lines as bodies
    from collector.evidence.unzstd import zstd_pack

    agent = enrol(context, "web-03")
    piece = frames.decode(agent.batch())
    body = bodies.join(frames.unpack_body(piece, frames.headers.parse(piece.header)))
    assert intake.take(frames.encode(replace(piece, enc=2, body=zstd_pack(body, 3))))[0].status == "ok"
    assert Fsck(context, full=True).run().problems == []
