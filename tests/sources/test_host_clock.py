"""Time servers that are silent, lie, refuse or have no time; then one that answers."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cffi_made import described

from agent.sources import host_clock
from agent.sources.host_clock import address_of, clock_offset, kernel_clock, read_answer

PACKET = struct.Struct("!BBBbII4sQQQQ")
Answer = Callable[[int], list[bytes]]


def stamp(at: float) -> int:
    return int((at + 2_208_988_800) * 2**32) & (2**64 - 1)


def packet(
    cookie: int, *, ahead: float = 0.0, first: int = 0x24, stratum: int = 2, code: bytes = b""
) -> bytes:
    now = stamp(time.time() + ahead)
    return PACKET.pack(first, stratum, 0, 0, 0, 0, code, now, cookie, now, now)


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    open_sockets: list[socket.socket] = []

    def start(answer: Answer) -> str:
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        server.settimeout(60)
        open_sockets.append(server)

        def once() -> None:
            question, who = server.recvfrom(1024)
            for reply in answer(PACKET.unpack(question)[10]):
                server.sendto(reply, who)

        threading.Thread(target=once, daemon=True).start()
        return f"127.0.0.1:{server.getsockname()[1]}"

    yield start
    for each in open_sockets:
        each.close()


def test_a_silent_server_is_a_timeout(serve: Callable[[Answer], str]) -> None:
    assert clock_offset(serve(lambda cookie: []), 100).trouble == "timeout"


def test_an_answer_to_another_question_is_not_believed(serve: Callable[[Answer], str]) -> None:
    forged = clock_offset(serve(lambda cookie: [packet(cookie ^ 1, ahead=3600), b"", b"short"]), 150)
    assert (forged.offset_us, forged.trouble) == (None, "timeout")


def test_the_true_answer_after_a_forged_one_counts(serve: Callable[[Answer], str]) -> None:
    found = clock_offset(serve(lambda cookie: [packet(cookie ^ 1, ahead=3600), packet(cookie)]), 30_000)
    assert found.offset_us is not None and abs(found.offset_us) < 60_000_000


def test_a_closed_port_is_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert clock_offset(f"127.0.0.1:{port}", 30_000).trouble == "refused"


@pytest.mark.parametrize(
    ("first", "stratum", "code", "trouble"),
    [
        (0xE4, 0, b"RATE", "kiss_of_death"),
        (0x24, 0, b"DENY", "kiss_of_death"),
        (0xE4, 0, b"", "unsynchronised"),
        (0x24, 0, b"", "unsynchronised"),
        (0xE4, 2, b"", "unsynchronised"),
        (0x24, 16, b"", "unsynchronised"),
        (0x23, 2, b"", "garbled"),
    ],
)
def test_a_server_without_time_is_not_used(
    serve: Callable[[Answer], str], first: int, stratum: int, code: bytes, trouble: str
) -> None:
    found = clock_offset(
        serve(lambda cookie: [packet(cookie, first=first, stratum=stratum, code=code)]), 30_000
    )
    assert (found.offset_us, found.trouble) == (None, trouble)


def test_a_server_half_a_minute_ahead_is_measured(serve: Callable[[Answer], str]) -> None:
    found = clock_offset(serve(lambda cookie: [packet(cookie, ahead=31.5)]), 30_000)
    assert found.stratum == 2 and found.delay_us is not None
    assert abs((found.offset_us or 0) - 31_500_000) <= found.delay_us // 2 + 1000


def test_the_era_after_2036_is_understood() -> None:
    t = 2_085_978_500 + 1000  # seconds after the 32-bit NTP clock wrapped
    answer = PACKET.pack(0x24, 1, 0, 0, 0, 0, b"", 0, 7, stamp(t + 2), stamp(t + 2))
    found = read_answer("s", answer, t * 10**9, t * 10**9)
    assert found.offset_us == 2_000_000


def test_server_names_with_and_without_ports_are_read() -> None:
    assert [
        address_of(s) for s in ("ntp.example", "10.0.0.1:1123", "[fd00::1]:124", "[fd00::1]", "fd00::1")
    ] == [
        ("ntp.example", 123),
        ("10.0.0.1", 1123),
        ("fd00::1", 124),
        ("fd00::1", 123),
        ("fd00::1", 123),
    ]
    assert clock_offset("127.0.0.1:port", 100).trouble == "unreachable"


def test_the_kernel_s_word_is_read() -> None:
    clock = kernel_clock()
    assert 0 <= clock.estimated_error_us <= 16_000_000
    assert clock.maximum_error_us >= 0


@pytest.mark.parametrize("way", [host_clock.by_cffi, host_clock.by_ctypes])
def test_both_ways_of_asking_the_kernel_give_its_word_and_its_struct(way: Callable[[], Callable]) -> None:
    state, _, timex = way()()
    modes, _, _, maximum, estimated, status = struct.unpack_from("@I4xqqqqi", timex)
    assert 0 <= state <= 5
    assert modes == 0
    assert maximum >= 0
    assert 0 <= estimated <= 16_000_000
    # Only the kernel sets STA_UNSYNC, and then it says TIME_ERROR.
    assert not status & 0x40 or state == 5


def test_the_call_is_described_to_cffi_as_cffi_itself_would(tmp_path: Path) -> None:
    ours = host_clock.TIMEX_VERSION, host_clock.TIMEX_TYPES, host_clock.TIMEX_GLOBALS
    assert described("int adjtimex(char *);", tmp_path) == ours
