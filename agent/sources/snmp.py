"""The SNMP source: v1 and v2c by our own walker, v3 through pysnmp."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from socket import AF_INET, AF_INET6, SOCK_DGRAM, gaierror, getaddrinfo
from typing import Any

from agent.sources import snmp_profiles
from agent.sources.means import Means
from agent.sources.memory import Memory
from agent.sources.snmp_look import look as look_reader
from agent.sources.snmp_look import members as members_reader
from agent.sources.snmp_udp import Job, Loop
from agent.sources.snmp_walk import Reader, Rows, checked, get, recorded, walk
from checks.api import ErrorKind, ObservationError
from checks.codec import JsonValue
from checks.device import Member
from checks.snmp import EVERYTHING, Device, Part, Peer, PortCounters, Value


def open_snmp(memory: Memory, means: Means) -> "SnmpSource":
    """Devices seen through SNMP; secrets come from the agent's own file."""
    return SnmpSource(memory, means)


class SnmpSource:
    """Implements checks.snmp.Snmp. `memory` keeps each device's port counters of the look before."""

    def __init__(self, memory: Memory, means: Means) -> None:
        self._memory = memory
        self._means = means

    def look(self, peer: Peer, parts: Sequence[Part] = EVERYTHING) -> Device:
        """Identify the device and read these parts of it."""
        snmp_profiles.everything()  # read at the first look, and not at the cost of its device's time
        device: Device = self._run(peer, look_reader(parts))
        return self._with_counters(peer, device) if Part.PORTS in parts else device

    def members(self, peer: Peer) -> tuple[Member, ...]:
        """Units of its stack or pair."""
        snmp_profiles.everything()
        found: tuple[Member, ...] = self._run(peer, members_reader())
        return found

    def record(self, peer: Peer) -> tuple[dict[bytes, tuple[int, bytes]], ObservationError | None]:
        """All that a look at this device is answered, by encoded OID, and why it broke off if it did."""
        seen: dict[bytes, tuple[int, bytes]] = {}
        try:
            self._run(peer, recorded(look_reader(EVERYTHING), seen))
        except ObservationError as error:
            return seen, error
        return seen, None

    def walk(self, peer: Peer, columns: Sequence[str]) -> Mapping[str, Mapping[str, Value]]:
        """Rows below each of these OIDs, and the OIDs themselves where they end in `.0`."""
        return dict(self._run(peer, _columns(columns)))

    def _run(self, peer: Peer, reader: Reader[Any]) -> Any:
        job = self._job(peer, reader)
        if isinstance(job, ObservationError):
            raise job
        if peer.version == 3:
            self._v3(peer, job)
        else:
            Loop([job]).run()
        if job.error is not None:
            raise job.error
        return job.result

    def _job(self, peer: Peer, reader: Reader[Any]) -> Job | ObservationError:
        try:
            community = b""
            if peer.version != 3:
                community = self._means.secret(peer.secret)["community"].encode()
            name = f"{peer.address}:{peer.port}"
            address = resolve(peer.address, peer.port)
            return Job(address, peer.version, community, reader, peer.timeout_ms / 1000, name)
        except ObservationError as error:
            return error

    def _v3(self, peer: Peer, job: Job) -> None:
        from agent.sources.snmp_v3 import run

        try:
            job.result = run(job, self._means.secret(peer.secret))
        except ObservationError as error:
            job.error = error

    def _with_counters(self, peer: Peer, device: Device) -> Device:
        """Counters of the look before, unless the device restarted since: its own clock says so."""
        now = device.identity.uptime_ms
        kept: dict[str, JsonValue] = {
            str(port.index): [
                port.after.octets_in,
                port.after.octets_out,
                port.after.errors_in,
                port.after.errors_out,
                port.after.discards_in,
                port.after.discards_out,
            ]
            for port in device.ports
        }
        before = self._memory.swap(f"ports:{peer.address}:{peer.port}", {"uptime": now, "ports": kept})
        if not isinstance(before, dict) or now is None:
            return device
        then, counts = before.get("uptime"), before.get("ports")
        if not isinstance(then, int) or not isinstance(counts, dict) or then >= now:
            return device
        ports = tuple(replace(port, before=_counters(counts.get(str(port.index)))) for port in device.ports)
        return replace(device, ports=ports, elapsed_ms=now - then)


def _counters(kept: JsonValue | None) -> PortCounters | None:
    if not isinstance(kept, list) or len(kept) != 6:
        return None
    return PortCounters(*(value if isinstance(value, int) else None for value in kept))


def _columns(columns: Sequence[str]) -> Reader[Mapping[str, Mapping[str, Value]]]:
    rows = Rows()
    single = [oid for oid in columns if oid.endswith(".0")]
    yield from get(rows, single)
    yield from walk(rows, [oid for oid in columns if not oid.endswith(".0")])
    checked(rows)
    found = {oid: ({"": rows.scalar(oid)} if oid in rows.scalars else {}) for oid in single}
    return found | dict(rows.mapping(oid for oid in columns if not oid.endswith(".0")))


def resolve(address: str, port: int) -> tuple[Any, ...]:
    """Socket address of a device; ObservationError `unreachable` where its name says nothing."""
    try:
        found = getaddrinfo(address, port, type=SOCK_DGRAM)
    except (gaierror, UnicodeError) as error:
        raise ObservationError(ErrorKind.UNREACHABLE, f"{address}: {error}") from None
    for family in (AF_INET, AF_INET6):
        for each in found:
            if each[0] is family:
                return each[4]
    raise ObservationError(ErrorKind.UNREACHABLE, f"{address}: no address")
