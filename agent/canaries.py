"""The canary set of a vantage point (AV 3.2): when none of it answers, a failed probe proves nothing.

Canaries are probes that the plan marks. When a probe fails, all canaries are looked at in the same instant;
if every one of them fails too, it is this agent's own view that is lost, and the failure is signed as an
error (`unreachable`), which is no evidence. As long as one answers, or not all have failed when the look
must end, the failure stands. Their answers are kept for a second, so re-probes do not multiply them.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from agent.memory import LookMemory, Recent
from checks.api import ErrorKind, State
from checks.plan import PlanItem
from checks.result import Item, Result, When

KEPT_MS = 1_000
MARGIN_MS = 200  # what is left of a failed look's deadline to sign it

Look = Callable[[Item, When, LookMemory], Result]
_ANSWERED = (State.OK, State.WARN)


@dataclass(slots=True)
class _Round:
    """One look at all canaries: how many have failed, whether one answered."""

    members: int
    failed: int = 0
    answered: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def decided(self) -> bool:
        return self.answered or self.failed == self.members


class Canaries:
    """Asked by the worker threads; `adopt` is called by the loop when a plan comes into force."""

    def __init__(self, look: Look, recent: Recent, mono: Callable[[], int]) -> None:
        self._look = look
        self._recent = recent
        self._mono = mono
        self._lock = threading.Lock()
        self._items: tuple[PlanItem, ...] = ()
        self._newest: tuple[int, _Round] | None = None

    def adopt(self, items: Sequence[PlanItem]) -> None:
        """The canaries of the plan that is now in force."""
        with self._lock:
            self._items = tuple(item for item in items if item.canary)
            self._newest = None

    def weigh(self, result: Result, until_mono: int) -> Result:
        """The result of a probe as it may be signed; decided before `until_mono` (ms)."""
        if result.state is not State.CRIT or not self._items or not self._lost(until_mono - MARGIN_MS):
            return result
        return replace(result, facts=None, readings=(), state=State.UNKNOWN, error=ErrorKind.UNREACHABLE)

    def _lost(self, until_mono: int) -> bool:
        asked = self._asked()
        with asked.changed:
            while not asked.decided and (left := until_mono - self._mono()) > 0:
                asked.changed.wait(left / 1000)
            return not asked.answered and asked.failed == asked.members

    def _asked(self) -> _Round:
        """The newest look at the canaries, begun now unless it is fresh."""
        with self._lock:
            now = self._mono()
            if self._newest is None or now - self._newest[0] >= KEPT_MS:
                self._newest = (now, _Round(len(self._items)))
                for item in self._items:
                    words = (item, self._newest[1])
                    threading.Thread(target=self._one, args=words, name="canary", daemon=True).start()
            return self._newest[1]

    def _one(self, item: PlanItem, asked: _Round) -> None:
        seen = self._look(item.item, When(0), LookMemory(self._recent, f"canary {item.target}"))
        with asked.changed:
            if seen.state in _ANSWERED and seen.error is None:
                asked.answered = True
            else:
                asked.failed += 1
            asked.changed.notify_all()
