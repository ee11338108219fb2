"""Devices written down as lines, walked over real UDP, and what a look at them tells."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.sources.snmp_look import look
from agent.sources.snmp_responder import Responder, recording
from agent.sources.snmp_udp import Job, Loop
from checks.snmp import EVERYTHING, Device, Part

E = "1.3.6.1.4.1."


def read(
    object_id: str, description: str, lines: Mapping[str, str], parts: Sequence[Part] = EVERYTHING
) -> Device:
    """What a look gives of a device that has these lines, below E where they do not begin with `1.3.6.`."""
    named = {"1.3.6.1.2.1.1.1.0": f"4|{description}", "1.3.6.1.2.1.1.2.0": f"6|{E}{object_id}"}
    named |= {oid if oid.startswith("1.3.6.") else E + oid: value for oid, value in lines.items()}
    order = sorted(named, key=lambda oid: [int(arc) for arc in oid.split(".")])
    with Responder({b"public": recording([f"{oid}|{named[oid]}".encode() for oid in order])}) as responder:
        job = Job(("127.0.0.1", responder.port), 2, b"public", look(parts), 60, "x")
        Loop([job]).run()
    assert job.error is None
    found: Device = job.result
    return found


def states(device: Device) -> dict[str, str]:
    """Severities of what tells its own state."""
    return {sensor.name: sensor.severity for sensor in device.sensors if sensor.kind == "state"}


def values(device: Device) -> dict[tuple[str, str], Any]:
    """Everything else, by kind and name."""
    return {(sensor.kind, sensor.name): sensor.value for sensor in device.sensors if sensor.kind != "state"}
