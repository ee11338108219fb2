"""Network devices by SNMP, or by their command line where SNMP is not allowed; the facts are the same."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from agent.clock import boot_id
from agent.parsing.errors import ParseError
from agent.parsing.parse import Row, parse
from agent.sources import device_cli, device_dates, device_log, device_ports, device_roles
from agent.sources.means import Means
from agent.sources.memory import Memory
from checks.api import ErrorKind, ObservationError, Source
from checks.codec import JsonValue
from checks.device import Console, Dated, LogNews, Member, Reach
from checks.remote import Screen, Ssh
from checks.snmp import Device, Identity, Part, Port, PortCounters


class DeviceLooks:
    """Implements checks.device.Devices. `memory` keeps port counters and what a device's log held."""

    def __init__(self, memory: Memory, means: Means) -> None:
        self._memory = memory
        self._means = means

    def look(self, at: Reach, parts: Sequence[Part]) -> Device:
        """Identify the device (no parts), or read these parts of it."""
        if not at.platform:
            self._means.allow(Source.SNMP)
            from agent.sources.snmp import open_snmp

            return open_snmp(self._memory, self._means).look(at.peer(), parts)
        found = Device(Identity("", ""))
        for part in parts:
            found = self._part(at, part, found)
        return found if parts else self._identity(at)

    def log(self, at: Console) -> LogNews:
        """What its own log gained since the last look."""
        (text,) = self._texts(at, (_asked(at, device_log.COMMANDS),)).values()
        return device_log.news(text, self._memory, f"log:{at.login().name}")

    def dated(self, at: Console) -> Sequence[Dated]:
        """Licences and libraries of signatures."""
        commands = device_dates.COMMANDS.get(at.platform)
        if not commands:
            raise _unknown(at)
        texts = {**self._texts(at, commands), **self._optional(at, device_dates.MORE.get(at.platform, ()))}
        return device_dates.read(at.platform, {one: _rows(at, one, text) for one, text in texts.items()})

    def members(self, at: Reach) -> Sequence[Member]:
        """Units of its stack or pair."""
        if not at.platform:
            self._means.allow(Source.SNMP)
            from agent.sources.snmp import open_snmp

            return open_snmp(self._memory, self._means).members(at.peer())
        commands = device_roles.COMMANDS.get(at.platform)
        if not commands:
            raise _unknown(at)
        texts = self._texts(at, commands)
        rows = {one: _rows(at, one, text) for one, text in texts.items()}
        return device_roles.read(at.platform, rows, texts)

    def _identity(self, at: Reach) -> Device:
        commands = device_cli.IDENTITY.get(at.platform)
        if commands is None:
            raise _unknown(at)
        texts = self._texts(at, commands)
        rows = {one: _rows(at, one, text) for one, text in texts.items()}
        if commands[0] not in rows:
            raise ObservationError(ErrorKind.UNSUPPORTED, f"{at.address}: does not know {commands[0]!r}")
        return Device(device_cli.identity(at.platform, rows))

    def _part(self, at: Reach, part: Part, found: Device) -> Device:
        commands = device_cli.COMMANDS.get((at.platform, part))
        if commands is None:
            raise _unknown(at)
        texts = self._texts(at, commands)
        rows: dict[str, Sequence[Row]] = {}
        missing = found.missing
        for one, text in texts.items():
            if device_cli.INSTEAD.get(one) in rows:
                continue
            try:
                rows[one] = parse(at.platform, one, text)
            except ParseError:
                # What came is not what this command shows: nothing is read from a part of it.
                missing = (*found.missing, part.value)
        if part is Part.PORTS:
            ports = device_ports.ports(at.platform, rows, texts)
            return self._with_counters(at, replace(found, ports=ports, missing=missing))
        return device_cli.filled(replace(found, missing=missing), at.platform, part, rows)

    def _texts(self, at: Console, commands: Sequence[str]) -> Mapping[str, str]:
        """Outputs of those commands that the device knows; unsupported where it knows none of them."""
        self._means.allow(Source.SSH)
        from agent.sources.ssh import open_ssh

        ssh: Ssh = open_ssh(self._means)
        screens = ssh.shell(at.login(), at.platform, commands, timeout_ms=at.timeout_ms)
        if any(one.trouble == "no_right" for one in screens):
            raise ObservationError(ErrorKind.DENIED, f"{at.address}: this user may not see it")
        if any(one.cut for one in screens):
            raise ObservationError(ErrorKind.GARBLED, f"{at.address}: an output without end")
        texts = {one.command: one.text for one in screens if _said(one)}
        if not texts:
            raise ObservationError(
                ErrorKind.UNSUPPORTED, f"{at.address}: does not know {' or '.join(map(repr, commands))}"
            )
        return texts

    def _optional(self, at: Console, commands: Sequence[str]) -> Mapping[str, str]:
        """Outputs of commands that a device may not know and a user may not see."""
        if not commands:
            return {}
        try:
            return self._texts(at, commands)
        except ObservationError as error:
            if error.kind not in (ErrorKind.UNSUPPORTED, ErrorKind.DENIED):
                raise
            return {}

    def _with_counters(self, at: Reach, device: Device) -> Device:
        """Counters of the look before. A device that restarted since shows by counters that went back."""
        now = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
        kept: dict[str, JsonValue] = {one.name: _counts(one.after) for one in device.ports}
        held = {"boot": boot_id(), "at": now, "ports": kept}
        before = self._memory.swap(f"ports:{at.login().name}", held)
        if not isinstance(before, dict) or before.get("boot") != held["boot"]:
            return device
        then, counts = before.get("at"), before.get("ports")
        if not isinstance(then, int) or not isinstance(counts, dict) or then >= now:
            return device
        ports = tuple(_joined(one, counts.get(one.name)) for one in device.ports)
        return replace(device, ports=ports, elapsed_ms=now - then)


def _said(screen: Screen) -> bool:
    return screen.trouble == "" and bool(screen.text.strip())


def _asked(at: Console, commands: Mapping[str, str]) -> str:
    if at.platform not in commands:
        raise _unknown(at)
    return commands[at.platform]


def _unknown(at: Console) -> ObservationError:
    kind = at.platform or "SNMP"
    return ObservationError(ErrorKind.UNSUPPORTED, f"{at.address}: nothing is known to ask {kind} for this")


def _rows(at: Console, command: str, text: str) -> Sequence[Row]:
    try:
        return parse(at.platform, command, text)
    except ParseError as error:
        raise ObservationError(ErrorKind.GARBLED, f"{at.address}: {command}: {error.code}") from None


def _counts(one: PortCounters) -> list[int | None]:
    return [
        one.octets_in,
        one.octets_out,
        one.errors_in,
        one.errors_out,
        one.discards_in,
        one.discards_out,
    ]


def _joined(port: Port, kept: JsonValue | None) -> Port:
    if not isinstance(kept, list) or len(kept) != 6 or all(one is None for one in kept):
        return port
    return replace(port, before=PortCounters(*(one if isinstance(one, int) else None for one in kept)))


def open_devices(memory: Memory, means: Means) -> DeviceLooks:
    """The source."""
    return DeviceLooks(memory, means)
