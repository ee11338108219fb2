"""A device in the form in which readings are compared with those of other systems."""

from typing import Any

from checks.snmp import Device, Sensor, Space

_SEVERITY = {"ok": "ok", "warn": "warning", "crit": "critical"}


def _part(value: int | None, by: int) -> float | int | None:
    return None if value is None else value // by if value % by == 0 else value / by


def readings(device: Device) -> dict[str, Any]:
    """identity, processors, mempools, storage, sensors, ports."""
    who = device.identity
    return {
        "identity": {
            "os": who.os,
            "sysObjectID": who.object_id,
            "version": who.version,
            "hardware": who.hardware,
            "serial": who.serial,
        },
        "processors": [
            {"oid": cpu.oid, "descr": cpu.name, "percent": _part(cpu.load, 100)} for cpu in device.processors
        ],
        "mempools": [_space(space) for space in device.memory],
        "storage": [_space(space) for space in device.storage],
        "sensors": [_sensor(sensor) for sensor in device.sensors],
        "ports": [
            {
                "index": port.index,
                "name": port.name,
                "descr": port.description,
                "alias": port.alias,
                "admin": port.admin,
                "oper": port.oper,
                "speed": port.speed,
            }
            for port in device.ports
        ],
    }


def _space(space: Space) -> dict[str, Any]:
    return ({"oid": space.oid} if space.oid else {}) | {
        "descr": space.name,
        "kind": space.kind,
        "percent": _part(space.share, 100),
        "total": space.total,
        "used": space.used,
    }


def _sensor(sensor: Sensor) -> dict[str, Any]:
    made: dict[str, Any] = {
        "oid": sensor.oid,
        "class": sensor.kind,
        "descr": sensor.name,
        "value": _part(sensor.value, 1000),
    }
    if sensor.kind == "state":
        made |= {"state": sensor.state, "severity": _SEVERITY.get(sensor.severity, "unknown")}
    return made
