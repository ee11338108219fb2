"""Time since boot, and restarts that nobody had announced."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.sources import Boot, Host


@dataclass(frozen=True, slots=True)
class Facts:
    """This boot, the one seen last time, the restart mark."""

    boot: Boot


@dataclass(frozen=True, slots=True)
class Params:
    """A restart is planned if the `mark` file was touched within `mark_valid_minutes` before the boot.

    `planned` holds periods [from, to) in UTC epoch milliseconds in which a boot is expected.
    """

    mark: str = "/var/lib/roundseal/planned-restart"
    mark_valid_minutes: int = 240
    planned: tuple[tuple[int, int], ...] = ()


def observe(host: Host, params: Params) -> Facts:
    """The boot id now and at the last look."""
    return Facts(host.boot(params.mark))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Readings `uptime` and `unexpected_restart` (0 or 1)."""
    boot = seen.facts.boot
    yield Reading("uptime", Fraction(boot.uptime_ms, 1000), Unit.SECONDS, State.OK)
    yield _restart(boot, params)


def _restart(boot: Boot, params: Params) -> Reading:
    name = "unexpected_restart"
    if boot.previous_boot_id is None:
        return Reading(name, None, Unit.COUNT, State.UNKNOWN, "first_look")
    if boot.previous_boot_id == boot.boot_id:
        return Reading(name, 0, Unit.COUNT, State.OK)
    if _planned(boot, params):
        return Reading(name, 0, Unit.COUNT, State.OK, "planned")
    return Reading(name, 1, Unit.COUNT, State.CRIT, "restarted")


def _planned(boot: Boot, params: Params) -> bool:
    if any(begin <= boot.booted_at < end for begin, end in params.planned):
        return True
    if boot.marked_at is None:
        return False
    return boot.booted_at - params.mark_valid_minutes * 60_000 <= boot.marked_at <= boot.booted_at


CHECK = Check(
    id="host.uptime",
    version=1,
    title="运行时间与意外重启",
    title_en="Uptime and unexpected restarts",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH-31",),
    needs=("/proc/sys/kernel/random/boot_id", "/proc/uptime"),
)
