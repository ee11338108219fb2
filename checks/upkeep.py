"""What scheduled jobs and the machine's own sensors show, without all that `checks.hardening` brings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TimerJob:
    """A systemd timer and what its unit's last run came to, in systemd's words (success, exit-code …)."""

    timer: str
    unit: str
    last_at: int | None
    next_at: int | None
    result: str
    exit: int | None


@dataclass(frozen=True, slots=True)
class CronFile:
    """A crontab: how many jobs it holds and its SHA-256."""

    path: str
    jobs: int
    digest: str
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A file that a job writes when it succeeds: when it was last changed, and its size."""

    path: str
    changed_at: int | None
    size: int | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Jobs:
    """Scheduled jobs. `timers` is None (with a trouble) where systemd cannot be asked."""

    timers: tuple[TimerJob, ...] | None
    crontabs: tuple[CronFile, ...]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Sensor:
    """A temperature in thousandths of a degree Celsius, or a fan in turns a minute; the chip's limits."""

    name: str
    value: int | None
    high: int | None = None
    critical: int | None = None


@dataclass(frozen=True, slots=True)
class Sensors:
    """What the kernel's hardware monitoring shows of this machine."""

    temperatures: tuple[Sensor, ...]
    fans: tuple[Sensor, ...]
