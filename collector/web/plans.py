"""The plan each agent is to follow now, by the table that follows the plans' entries."""

from time import monotonic
from typing import NamedTuple

from checks.wire.numbers import pae_type
from checks.wire.pae import pae
from collector.context import Context
from collector.store import content, packs, plans

_FRESH_S = 2.0
_MOST = 10_000


class Served(NamedTuple):
    """A plan as it is served."""

    digest: str
    data: bytes
    signature: bytes


class Plans:
    """Looks plans up, and remembers digests for a moment."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._digests: dict[tuple[str, int], tuple[float, str]] = {}

    def digest(self, agent: str, epoch: int) -> str:
        """Digest of the agent's current plan, empty if it has none; at most two seconds old."""
        kept = self._digests.get((agent, epoch))
        now = monotonic()
        if kept is not None and now - kept[0] < _FRESH_S:
            return kept[1]
        with self._context.read() as conn:
            issued = plans.newest_issued(conn, agent, epoch)
        found = "" if issued is None else issued[1]
        if len(self._digests) >= _MOST:
            self._digests.clear()
        self._digests[agent, epoch] = (now, found)
        return found

    def current(self, agent: str, epoch: int) -> Served | None:
        """The agent's current plan with our signature over its bytes."""
        with self._context.read() as conn:
            found = plans.newest_issued(conn, agent, epoch)
            body = None if found is None else packs.body(conn, found[0])
        if found is None or body is None:
            return None
        data = content.content(body)
        return Served(found[1], data, self._context.signer.sign(pae(pae_type("plan"), data)))
