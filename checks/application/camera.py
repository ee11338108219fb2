"""A camera: its stream plays and moves on, it is the device that the ledger says, its clock is right."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from checks.api import Check, Lower, Reading, Seen, Source, State, Unit, Upper, percent
from checks.protocols import (
    DeviceSeen,
    Protocols,
    StreamSeen,
    answered,
    check_timeout,
    check_url,
    not_answered,
)


@dataclass(frozen=True, slots=True)
class Facts:
    stream: StreamSeen | None
    device: DeviceSeen | None


@dataclass(frozen=True, slots=True)
class Params:
    """`stream`: rtsp:// address (empty: not looked at); `onvif`: address of the device service.

    `picture`: look at two decoded thumbnails (needs ffmpeg beside the agent and a stream without
    password): `luma` and `change` are hundredths of 0 to 255 below which it is black or frozen.
    """

    stream: str
    onvif: str = ""
    secret: str = ""
    seconds: int = 3
    frames: Lower = Lower(None, 1)
    loss: Upper = Upper(1, 5)
    picture: bool = False
    luma: Lower = Lower(None, 1600)
    change: Lower = Lower(None, 2)
    serial: str = ""
    clock_s: Upper = Upper(30, 300)
    verify: bool = True
    ca: str = ""
    timeout_ms: int = 20_000

    def __post_init__(self) -> None:
        if not self.stream and not self.onvif:
            raise ValueError("stream or onvif says where the camera is")
        if (self.stream and not self.stream.startswith("rtsp://")) or "@" in self.stream:
            raise ValueError("stream must begin with rtsp:// and hold no credential")
        if self.onvif and not self.onvif.startswith(("http://", "https://")):
            raise ValueError("onvif must begin with http:// or https://")
        for url in filter(None, (self.stream, self.onvif)):
            check_url(url)
        check_timeout(self.timeout_ms)
        if not 1 <= self.seconds * 1000 < self.timeout_ms:
            raise ValueError("seconds must be at least 1 and end before timeout_ms")


def observe(net: Protocols, params: Params) -> Facts:
    stream = device = None
    if params.stream:
        stream = net.rtsp(
            params.stream, secret=params.secret, seconds=params.seconds, timeout_ms=params.timeout_ms
        )
    if params.onvif:
        device = net.onvif(
            params.onvif,
            secret=params.secret,
            verify=params.verify,
            ca=params.ca,
            timeout_ms=params.timeout_ms,
        )
    return Facts(stream, device)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    facts = seen.facts
    if params.stream:
        yield from _stream(facts.stream, params)
    if params.onvif:
        yield from _device(facts.device, params)


def _stream(found: StreamSeen | None, params: Params) -> Iterator[Reading]:
    if found is None:
        yield Reading("stream", None, Unit.NONE, State.UNKNOWN, "not_observed")
        return
    if bad := not_answered(found.talk):
        yield from bad
        return
    refused = [status for status in found.statuses.values() if status != 200]
    if refused or not found.tracks:
        why = "status_unexpected" if refused else "no_track"
        yield Reading("stream", refused[0] if refused else None, Unit.NONE, State.CRIT, why)
        return
    yield Reading("stream", 200, Unit.NONE, State.OK)
    state = params.frames.judge(found.frames)
    yield Reading("frames", found.frames, Unit.COUNT, state, "" if state is State.OK else "too_few")
    share = percent(found.lost, found.lost + found.packets)
    state = params.loss.judge(share)
    why = "no_records" if share is None else "packets_lost"
    yield Reading("loss", share, Unit.PERCENT, state, "" if state is State.OK else why)
    if params.picture:
        yield _picture("brightness", found.luma, params.luma, "black")
        yield _picture("movement", found.change, params.change, "frozen")


def _picture(name: str, hundredths: int | None, limit: Lower, bad: str) -> Reading:
    if hundredths is None:
        return Reading(name, None, Unit.COUNT, State.UNKNOWN, "not_checked")
    state = limit.judge(hundredths)
    return Reading(name, Fraction(hundredths, 100), Unit.COUNT, state, "" if state is State.OK else bad)


def _device(found: DeviceSeen | None, params: Params) -> Iterator[Reading]:
    if found is None:
        yield Reading("device", None, Unit.NONE, State.UNKNOWN, "not_observed")
        return
    if bad := not_answered(found.talk):
        yield from bad
        return
    yield answered(found.talk, Upper(None, None))
    if found.fault or not found.model:
        yield Reading(
            "device", found.status, Unit.NONE, State.UNKNOWN, "denied" if found.fault else "not_reported"
        )
    elif params.serial and found.serial != params.serial:
        yield Reading("device", 0, Unit.NONE, State.CRIT, "other_device")
    else:
        yield Reading("device", 1, Unit.NONE, State.OK)
    yield _clock(found, params)


def _clock(found: DeviceSeen, params: Params) -> Reading:
    if found.clock_ms is None or found.asked_ms is None:
        return Reading("offset", None, Unit.SECONDS, State.UNKNOWN, "not_reported")
    # The device tells whole seconds.
    off = abs(found.clock_ms - found.asked_ms) // 1000
    state = params.clock_s.judge(off)
    return Reading("offset", off, Unit.SECONDS, state, "" if state is State.OK else "clock_off")


CHECK = Check(
    id="application.camera",
    version=1,
    title="摄像机",
    title_en="Camera",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH-06", "LH-10"),
    needs=("an ONVIF user of the level User, and a stream address",),
)
