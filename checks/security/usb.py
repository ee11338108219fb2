"""USB storage plugged in now, and plugged in since the last look as the kernel's log tells."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, ErrorKind, ObservationError, Reading, Seen, Source, State, Unit, Upper
from checks.hardening import SecuredHost, UsbDevice
from checks.sources import LogGrowth

_PATTERNS = {"usb_storage": r"USB Mass Storage device detected|scsi host\d+: uas\b|ums-\w+.*device detected"}
_ORDER = ("/var/log/kern.log", "/var/log/messages", "/var/log/syslog", "journal")


@dataclass(frozen=True, slots=True)
class Facts:
    """Devices, and growth of the log that holds the kernel's messages (None: there is no such log)."""

    devices: tuple[UsbDevice, ...]
    log: LogGrowth | None


@dataclass(frozen=True, slots=True)
class Params:
    """`allowed`: `vendor:product` that may stay plugged in. `log`: "" picks the system's own."""

    allowed: tuple[str, ...] = ()
    events: Upper = Upper(1, None)
    log: str = ""
    most_bytes: int = 8 * 1024 * 1024


def observe(host: SecuredHost, params: Params) -> Facts:
    """sysfs and the kernel's messages."""
    devices = tuple(host.security().usb_devices())
    known = [params.log] if params.log else [log for log in _ORDER if log in host.system_logs()]
    if not known:
        return Facts(devices, None)
    growth = host.log_growth(known[0], _PATTERNS, (), params.most_bytes)
    if growth.trouble == "denied" and not devices:
        raise ObservationError(ErrorKind.DENIED, f"{known[0]}: add the agent to its group (adm)")
    return Facts(devices, growth)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """`plugged_in`, `usb_storage` (times since the last look)."""
    strange = [one for one in seen.facts.devices if f"{one.vendor}:{one.product}" not in params.allowed]
    state = State.CRIT if strange else State.OK
    yield Reading("plugged_in", len(strange), Unit.COUNT, state, "plugged_in" if strange else "")
    for one in strange:
        yield Reading(f"{one.vendor}:{one.product}:{one.kind}", None, Unit.NONE, State.CRIT, "plugged_in")
    yield _events(seen.facts.log, params)


def _events(log: LogGrowth | None, params: Params) -> Reading:
    count = None if log is None else log.counts.get("usb_storage")
    if log is None or log.trouble:
        return Reading("usb_storage", None, Unit.COUNT, State.UNKNOWN, log.trouble if log else "no_log")
    if log.first_look:
        return Reading("usb_storage", None, Unit.COUNT, State.UNKNOWN, "first_look")
    state = params.events.judge(count)
    if state is State.OK and (log.lost or log.skipped):
        return Reading(
            "usb_storage", count, Unit.COUNT, State.UNKNOWN, "rotated_away" if log.lost else "too_much"
        )
    reason = "not_counted" if count is None else "" if state is State.OK else "plugged_in"
    return Reading("usb_storage", count, Unit.COUNT, state, reason)


CHECK = Check(
    id="security.usb",
    version=1,
    title="USB 存储接入",
    title_en="USB storage",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH rule 6", "LH rule 21"),
    needs=(
        "/sys/bus/usb",
        "the kernel's messages: /var/log (group adm) or journalctl (group systemd-journal)",
    ),
)
