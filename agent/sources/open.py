"""From a check's source to the thing it looks through; each kind is loaded when first asked for."""

from typing import Any

from agent.sources.means import Means
from agent.sources.memory import Memory
from checks.api import ErrorKind, ObservationError, Source


def open_source(source: Source, memory: Memory, means: Means) -> Any:
    """The source that a check of this kind looks through; unsupported where this agent has none, denied
    where its own settings switch it off."""
    means.allow(source)
    if source is Source.HOST:
        from agent.sources.host import open_host

        return open_host(memory)
    if source is Source.NET:
        from agent.sources.net import open_net

        return open_net()
    if source is Source.PLUGIN:
        from agent.sources.plugins import open_plugins

        return open_plugins(means.plugins)
    if source is Source.BMC:
        from agent.sources.bmc import open_bmc

        return open_bmc(means, memory)
    if source is Source.HTTP:
        from agent.sources.protocols import open_protocols

        return open_protocols(means)
    return _remote(source, memory, means)


def _remote(source: Source, memory: Memory, means: Means) -> Any:
    if source is Source.SSH:
        from agent.sources.ssh import open_ssh

        return open_ssh(means)
    if source is Source.SNMP:
        from agent.sources.snmp import open_snmp

        return open_snmp(memory, means)
    if source is Source.SQL:
        from agent.sources.sql import open_sql

        return open_sql(memory, means)
    if source is Source.RECEIVED:
        from agent.sources.received import open_received

        return open_received(memory, means)
    if source is Source.DEVICE:
        from agent.sources.device import open_devices

        return open_devices(memory, means)
    if source is Source.FILES:
        from agent.sources.files import open_files

        return open_files(memory, means)
    if source is Source.BACKUP:
        import time

        from agent.sources.backup import open_backups

        return open_backups(memory, means, time.time_ns() // 1_000_000)
    raise ObservationError(ErrorKind.UNSUPPORTED, f"this agent has no {source.value} source")
