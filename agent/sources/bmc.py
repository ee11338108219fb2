"""Management controllers of servers: each look through Redfish or IPMI, as its parameters say."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from agent.sources.means import Means
from agent.sources.memory import Memory
from checks.bmc import (
    Bmc,
    BmcClock,
    Drive,
    EventLog,
    Firmware,
    Identity,
    Module,
    Part,
    Processor,
    Reach,
    Sensor,
)

T = TypeVar("T")


def open_bmc(means: Means, memory: Memory) -> Bmc:
    """The BMC source; `memory` keeps which log entries were there at the last look.

    A secret has `user` and `password`, for Redfish also `ca` (file of certificates to trust).
    """
    return _Controllers(means, memory)


class _Controllers:
    """Implements `checks.bmc.Bmc`."""

    def __init__(self, means: Means, memory: Memory) -> None:
        self._means = means
        self._memory = memory

    def _look(self, at: Reach, what: Callable[[Bmc], T]) -> T:
        secret = self._means.secret(at.secret)
        if at.protocol == "ipmi":
            from agent.sources.bmc_ipmi import Ipmi

            return what(Ipmi(secret, self._memory))
        from agent.sources import bmc_session
        from agent.sources.bmc_redfish import Redfish

        with bmc_session.session(at, secret) as line:
            return what(Redfish(line, self._memory))

    def health(self, at: Reach) -> Sequence[Part]:
        return self._look(at, lambda bmc: bmc.health(at))

    def supplies(self, at: Reach) -> Sequence[Part]:
        return self._look(at, lambda bmc: bmc.supplies(at))

    def fans(self, at: Reach) -> Sequence[Sensor]:
        return self._look(at, lambda bmc: bmc.fans(at))

    def temperatures(self, at: Reach) -> Sequence[Sensor]:
        return self._look(at, lambda bmc: bmc.temperatures(at))

    def drives(self, at: Reach) -> Sequence[Drive]:
        return self._look(at, lambda bmc: bmc.drives(at))

    def memory(self, at: Reach) -> Sequence[Module]:
        return self._look(at, lambda bmc: bmc.memory(at))

    def processors(self, at: Reach) -> Sequence[Processor]:
        return self._look(at, lambda bmc: bmc.processors(at))

    def logs(self, at: Reach) -> Sequence[EventLog]:
        return self._look(at, lambda bmc: bmc.logs(at))

    def clock(self, at: Reach) -> BmcClock:
        return self._look(at, lambda bmc: bmc.clock(at))

    def firmware(self, at: Reach) -> Sequence[Firmware]:
        return self._look(at, lambda bmc: bmc.firmware(at))

    def identity(self, at: Reach) -> Identity:
        return self._look(at, lambda bmc: bmc.identity(at))
