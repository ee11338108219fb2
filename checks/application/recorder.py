"""A video recorder: channels online, disks well, days of recordings kept, its clock."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Lower, Reading, Seen, Source, State, Unit, Upper
from checks.protocols import Protocols, Script, StepSeen, instant_ms, judge_steps


@dataclass(frozen=True, slots=True)
class Facts:
    steps: tuple[StepSeen, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """`channels`, `disks`, `oldest`, `clock`: what the script's steps read (JSON paths or `regex:…`); the
    states that are good; how many there must be (0: not asked). `oldest`: instant of the oldest recording;
    `clock`: the recorder's own time, `clock_s`: by how many seconds it may be off."""

    script: Script
    channels: str = ""
    channel_ok: tuple[str, ...] = ("online", "true", "1")
    channel_count: int = 0
    disks: str = ""
    disk_ok: tuple[str, ...] = ("ok", "normal", "idle")
    disk_count: int = 0
    oldest: str = ""
    days: Lower = Lower(31, 29)
    zone_hours: int = 8
    clock: str = ""
    clock_s: Upper = Upper(60, 300)

    def __post_init__(self) -> None:
        read = {path for step in self.script.steps for path in step.read}
        if not {path for path in (self.channels, self.disks, self.oldest, self.clock) if path} <= read:
            raise ValueError("channels, disks, oldest and clock name what a step reads")
        if not -12 <= self.zone_hours <= 14:
            raise ValueError("zone_hours must be -12 to 14")


def observe(net: Protocols, params: Params) -> Facts:
    return Facts(net.run(params.script))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    steps = seen.facts.steps
    yield from judge_steps(steps, params.script)
    fields = {path: texts for step in steps for path, texts in step.fields.items()}
    if params.channels:
        good = params.channel_ok
        yield from _members("channels", fields.get(params.channels, ()), good, params.channel_count)
    if params.disks:
        yield from _members("disks", fields.get(params.disks, ()), params.disk_ok, params.disk_count)
    if params.oldest:
        yield _kept(fields.get(params.oldest, ()), seen.taken_at, params)
    if params.clock:
        yield _clock(fields.get(params.clock, ()), seen.taken_at, params)


def _members(name: str, texts: tuple[str, ...], good: tuple[str, ...], wanted: int) -> Iterator[Reading]:
    if not texts:
        yield Reading(name, None, Unit.COUNT, State.UNKNOWN, "field_missing")
        return
    count = sum(text.lower() in good for text in texts)
    if count < len(texts):
        yield Reading(name, count, Unit.COUNT, State.CRIT, "down")
    elif count < wanted:
        yield Reading(name, count, Unit.COUNT, State.CRIT, "too_few")
    else:
        yield Reading(name, count, Unit.COUNT, State.OK)


def _kept(texts: tuple[str, ...], now: int, params: Params) -> Reading:
    instants = [instant_ms(text, params.zone_hours) for text in texts]
    known = [one for one in instants if one is not None]
    if not known or len(known) < len(instants):
        return Reading("days_kept", None, Unit.DAYS, State.UNKNOWN, "field_missing")
    # The channel whose oldest recording is the youngest keeps the least.
    days = (now - max(known)) // 86_400_000
    if days < 0:
        return Reading("days_kept", days, Unit.DAYS, State.UNKNOWN, "in_the_future")
    state = params.days.judge(days)
    return Reading("days_kept", days, Unit.DAYS, state, "" if state is State.OK else "too_few")


def _clock(texts: tuple[str, ...], now: int, params: Params) -> Reading:
    """How far its clock is off; the look itself takes a part of that, at most the script's `timeout_ms`."""
    told = instant_ms(texts[0], params.zone_hours) if len(texts) == 1 else None
    if told is None:
        return Reading("offset", None, Unit.SECONDS, State.UNKNOWN, "field_missing")
    off = abs(now - told) // 1000
    state = params.clock_s.judge(off)
    return Reading("offset", off, Unit.SECONDS, state, "" if state is State.OK else "clock_off")


CHECK = Check(
    id="application.recorder",
    version=1,
    title="录像机",
    title_en="Video recorder",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH-06",),
    needs=(
        "an account of the recorder that may only read its state",
        "`Authorization: ${digest}` among a step's headers where it asks for digest authentication, as"
        " recorders of Hikvision and Dahua do; tried on answers typed after published ones of Hikvision's"
        " ISAPI, never on a recorder",
    ),
)
