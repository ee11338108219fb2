"""The estates of the four contracts, with systems and servers as their inventories count them."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml
from year_tale import local_day


@dataclass(frozen=True)
class Terms:
    """What the demonstration plays under one pack."""

    pack: str
    scheme: str
    begin: date
    end: date
    servers: int
    devices: dict[str, int]
    target: str
    units: tuple[str, ...]
    systems: tuple[str, ...]


def terms(pack):
    """The inventory of a pack."""
    held = yaml.safe_load((Path(__file__).parent / "inventories.yaml").read_text())[pack]
    return Terms(pack=pack, **{**held, "units": tuple(held["units"]), "systems": tuple(held["systems"])})


def system_id(number):
    """Id of a system."""
    return f"sys-{number + 1:02d}"


def server_id(number):
    """Id of a server, and of its agent."""
    return f"srv-{number + 1:02d}"


def unit_id(number):
    """Id of a unit."""
    return f"unit-{number + 1}"


def text(found, tale, ms):
    """The estate file as it is at an instant: servers are dealt to systems; each has an agent, and one more
    probes from outside."""
    systems = [k for k in range(len(found.systems)) if tale.is_there(k, local_day(ms))]
    mine = servers(found, tale, ms)
    made = [
        f"estate: {found.pack}-demo",
        "timezone: Asia/Shanghai",
        f"contract: {{pack: {found.pack}, start: {found.begin}}}",
        "units:",
    ]
    made += [f"  - {{id: {unit_id(k)}, name: {name}}}" for k, name in enumerate(found.units)]
    made += ["systems:"]
    made += [_system(found, k) for k in systems]
    made += ["assets:", "  - {id: outside, kind: vantage, agent: outside}"]
    made += [_server(k, system) for k, system in mine.items()]
    made += [_device(number, kind, found) for number, kind in enumerate(devices(found))]
    made += ["probes:"]
    made += [_probe(k) for k in systems]
    also = DEVICES if found.devices else ""
    made += ["rounds:", WEEKLY + LOOKS + also]
    if found.scheme == "huaian_yearly":
        made += [HOLIDAYS + LOOKS + also]
    made += ["objects:"]
    made += [_object(k) for k in systems]
    made += [BACKUPS.replace("CLAUSE", CLAUSES[found.scheme])]
    return "\n".join(made) + "\n"


def devices(found):
    """Kinds of all devices that have no agent: the first server looks whether they answer."""
    return [kind for kind, count in found.devices.items() for _ in range(count)]


def servers(found, tale, ms):
    """Number -> system of every server that is there at an instant."""
    every = {k: tale.system_of(k, found, ms) for k in range(max(found.servers, len(found.systems)))}
    day = local_day(ms)
    return {k: system for k, system in every.items() if tale.is_there(k % len(found.systems), day)}


WEEKLY = """\
  - id: weekly
    name: 每周巡检
    every: week
    on: tuesday
    window: "09:00-17:00"
"""
HOLIDAYS = """\
  - id: holidays
    name: 节前特巡
    before: [national-day, spring-festival, labour-day]
    days: 7
"""
LOOKS = """\
    assets: kind:server
    checks: [host.cpu, host.memory, host.filesystem, host.uptime]"""
DEVICES = """
    also:
      - {assets: [dev-*], checks: [service.tcp]}"""
BACKUPS = """\
backups:
  - object: sys-*/db
    clause: CLAUSE
    level: unchanged
    full: {every: week, on: thursday, window: "00:00-05:00", grace: 3h, keep: 3 months}
    source: {kind: file, path: "/backup/{object}/*.dmp"}"""

CLAUSES = {"luohe_monthly": "LH-32", "pds_quarterly": "PD-05", "huaian_yearly": "HA-06"}


def _system(found, k):
    name = found.systems[k]
    unit, core = unit_id(k % len(found.units)), str(k < 9).lower()
    return (
        f"  - {{id: {system_id(k)}, unit: {unit}, name: {name}, core: {core},"
        f" service: p-{system_id(k)}, target: {found.target}%, min_notice: 2h}}"
    )


def _server(k, system):
    return f"  - {{id: {server_id(k)}, kind: server, agent: {server_id(k)}, system: {system_id(system)}}}"


def _device(number, kind, found):
    """A device of a system that is there all year."""
    name, system = f"dev-{number + 1:03d}", system_id(number % min(8, len(found.systems)))
    params = f"{{service.tcp: {{host: {name}.example, port: 443}}}}"
    return f"  - {{id: {name}, kind: {kind}, via: srv-01, system: {system}, params: {params}}}"


def _probe(k):
    params = f"{{host: {system_id(k)}.example, port: 443, latency_ms: {{warn: 2000, crit: null}}}}"
    return f"  - {{id: p-{system_id(k)}, check: service.tcp, from: [outside], every: 10m, params: {params}}}"


def _object(k):
    return f"  - {{id: {system_id(k)}/db, asset: {server_id(k)}, system: {system_id(k)}}}"
