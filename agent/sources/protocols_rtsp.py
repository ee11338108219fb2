"""RTSP 1.0 (RFC 2326) over one TCP connection: play a stream for some seconds and count its frames."""

import hashlib
import re
import shutil
import struct
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from agent.sources import protocols_digest
from agent.sources.net_connect import Clock, Failed
from agent.sources.protocols_wire import Course, Peer
from checks.api import ErrorKind, ObservationError
from checks.protocols import Endpoint, StreamSeen

_MOST = 64 << 20
_FIRST = re.compile(r"RTSP/1\.0 ([1-5][0-9]{2})(?: .*)?")
_WIDTH, _HEIGHT = 32, 18


class _Session:
    """Requests with their numbers, the session's name and the answers to challenges."""

    def __init__(self, peer: Peer, secret: Mapping[str, str]) -> None:
        self.peer = peer
        self.secret = secret
        self.statuses: dict[str, int] = {}
        self._number = 0
        self._session = ""
        self._challenges: list[str] = []

    def ask(self, method: str, url: str, extra: str = "") -> tuple[dict[str, str], bytes]:
        """Headers and body of the answer; challenged once, it is asked again with a digest."""
        status, headers, body = self._once(method, url, extra)
        if status == 401 and self.secret:
            self._challenges = headers.get("www-authenticate", "").split("\n")
            status, headers, body = self._once(method, url, extra)
            if status == 401:
                raise ObservationError(
                    ErrorKind.DENIED, f"{self.peer.address} refuses the user of the secret"
                )
        self.statuses[method] = status
        if status != 200:
            raise Failed("answered")
        self._session = headers.get("session", self._session).partition(";")[0]
        return headers, body

    def leave(self, url: str) -> None:
        """TEARDOWN; its answer stands behind packets that nobody reads any more."""
        self._number += 1
        head = f"TEARDOWN {url} RTSP/1.0\r\nCSeq: {self._number}\r\nSession: {self._session}\r\n"
        with suppress(Failed):
            self.peer.send(f"{head}\r\n".encode())

    def _once(self, method: str, url: str, extra: str) -> tuple[int, dict[str, str], bytes]:
        self._number += 1
        head = f"{method} {url} RTSP/1.0\r\nCSeq: {self._number}\r\nUser-Agent: roundseal\r\n{extra}"
        if self._session:
            head += f"Session: {self._session}\r\n"
        if self._challenges:
            head += (
                f"Authorization: {protocols_digest.answer(self._challenges, self.secret, method, url)}\r\n"
            )
        self.peer.send(f"{head}\r\n".encode())
        return self._response()

    def _response(self) -> tuple[int, dict[str, str], bytes]:
        first, *lines = self.peer.until(b"\r\n\r\n").decode("latin-1").lstrip("\r\n").split("\r\n")
        found = _FIRST.fullmatch(first)
        if found is None:
            raise Failed("garbled")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, text = line.partition(":")
            name = name.strip().lower()
            headers[name] = f"{headers[name]}\n{text.strip()}" if name in headers else text.strip()
        size = int(headers.get("content-length", "0")[:8])
        return int(found[1]), headers, self.peer.exactly(min(size, 1 << 20))


def play(url: str, secret: Mapping[str, str], seconds: int, timeout_ms: int) -> StreamSeen:
    """OPTIONS, DESCRIBE, SETUP of the first video track, PLAY, TEARDOWN."""
    parts = urlsplit(url)
    if parts.scheme != "rtsp" or not parts.hostname or parts.username is not None:
        raise ObservationError(ErrorKind.UNSUPPORTED, "an rtsp:// address without a user is wanted")
    end = Endpoint(parts.hostname, parts.port or 554, timeout_ms=timeout_ms)
    course = Course(Clock(timeout_ms))
    seen = StreamSeen(course.talk())
    statuses: dict[str, int] = {}
    with course.guard(), course.connected(end) as peer:
        peer.allow(_MOST)
        session = _Session(peer, secret)
        statuses = session.statuses
        session.ask("OPTIONS", url)
        headers, body = session.ask("DESCRIBE", url, "Accept: application/sdp\r\n")
        tracks = _tracks(body.decode("latin-1"), headers.get("content-base", url))
        seen = replace(seen, tracks=len(tracks))
        if tracks:
            session.ask("SETUP", tracks[0], "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n")
            session.ask("PLAY", headers.get("content-base", url), "Range: npt=0.000-\r\n")
            seen = _listen(seen, peer, course.clock, seconds)
            session.leave(url)
    if course.outcome == "answered" and seen.packets:
        seen = _picture(seen, url, secret, course.clock)
    return replace(seen, talk=course.talk(), statuses=statuses)


def _tracks(sdp: str, base: str) -> list[str]:
    """Addresses of the video tracks; of all tracks where none says that it is video."""
    base = base if base.endswith("/") else f"{base}/"
    found: list[tuple[str, str]] = []
    for section in re.split(r"(?m)^m=", sdp)[1:51]:
        control = re.search(r"(?m)^a=control:(\S+)", section)
        found.append((section.split(" ", 1)[0], urljoin(base, control[1]) if control else base))
    video = [address for kind, address in found if kind == "video"]
    made = video or [address for _, address in found]
    # A track elsewhere would be another device: its address is not ours to follow.
    return [address for address in made if urlsplit(address).netloc == urlsplit(base).netloc]


def _listen(seen: StreamSeen, peer: Peer, clock: Clock, seconds: int) -> StreamSeen:
    until = clock.us() + seconds * 1_000_000
    packets = octets = lost = 0
    last: int | None = None
    stamps: set[int] = set()
    while clock.us() < until:
        try:
            channel, packet = _packet(peer)
        except Failed as failed:
            if failed.outcome != "timeout" and not packets:
                raise
            break
        if channel or len(packet) < 12 or packet[0] >> 6 != 2:
            continue
        number, stamp = struct.unpack(">HI", packet[2:8])
        if last is not None:
            gap = (number - last) & 0xFFFF
            lost += gap - 1 if 1 < gap < 0x8000 else 0
        last = number
        stamps.add(stamp)
        packets, octets = packets + 1, octets + len(packet)
    return replace(seen, packets=packets, lost=lost, frames=len(stamps), octets=octets)


def _packet(peer: Peer) -> tuple[int, bytes]:
    """Channel and bytes of an interleaved packet; what is said between packets is read over."""
    head = peer.exactly(1)
    if head != b"$":
        peer.until(b"\r\n\r\n")
        return 1, b""
    channel, size = struct.unpack(">BH", peer.exactly(3))
    return channel, peer.exactly(size)


def _picture(seen: StreamSeen, url: str, secret: Mapping[str, str], clock: Clock) -> StreamSeen:
    """Two thumbnails, a second apart, where a decoder is there and the stream needs no password.

    A password would stand in ffmpeg's command line, which everybody on this host can read.
    """
    program = shutil.which("ffmpeg")
    if program is None or secret:
        return seen
    words = ["-v", "error", "-rtsp_transport", "tcp", "-i", url, "-t", "3", "-an"]
    words += ["-vf", f"fps=1,scale={_WIDTH}:{_HEIGHT},format=gray", "-frames:v", "2", "-f", "rawvideo", "-"]
    try:
        made = subprocess.run(  # noqa: S603  # a fixed program, no shell, an address of the signed plan
            [program, "-nostdin", *words], capture_output=True, timeout=clock.left(), check=False
        ).stdout
    except (subprocess.TimeoutExpired, OSError, Failed):
        return seen
    size = _WIDTH * _HEIGHT
    if len(made) < 2 * size:
        return seen
    first, second = made[:size], made[size : 2 * size]
    change = sum(abs(a - b) for a, b in zip(first, second, strict=True)) * 100 // size
    return replace(
        seen, picture=hashlib.sha256(second).hexdigest(), luma=sum(second) * 100 // size, change=change
    )
