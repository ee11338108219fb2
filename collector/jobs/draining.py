"""Giving places to what other collectors have accepted: entries and settling in one transaction."""

import logging
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from checks.wire import frame
from collector.context import Context
from collector.evidence.examine import Batch, examine
from collector.evidence.intake import AgentKey, Fenced
from collector.jobs.placing import BatchWork
from collector.jobs.sequencer import Draft, Sequencer, load_standing
from collector.jobs.timer import Timer
from collector.jobs.writer import NotDurable, Overload
from collector.store.intake import SqlIntake, settle

log = logging.getLogger(__name__)
EVERY_S = 0.2
_MOST = 256


@dataclass(slots=True)
class SettleWork:
    """Forget what the works before it, in the same commit, have placed (or refused for good)."""

    log: str
    upto: dict[AgentKey, int]

    def place(self, draft: Draft, sequencer: Sequencer) -> None:
        """Empty the inbox up to these seqs."""
        del sequencer
        settle(draft.conn, self.log, self.upto)


class Drain:
    """A thread beside the writer; it does nothing while another collector holds the lease."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.intake = SqlIntake(context.database, context.now)
        self._timer = Timer("drain", EVERY_S, self._turn)

    def start(self) -> None:
        """Begin."""
        self._timer.start()

    def stop(self) -> None:
        """End after the group at hand."""
        self._timer.stop()

    def _turn(self) -> None:
        try:
            while self._context.writer.held and self.drain():
                pass
        except (Fenced, NotDurable, Overload, SQLAlchemyError) as error:
            log.warning("inbox not drained: %s", error)

    def drain(self) -> int:
        """Place one group; how many frames it was."""
        context = self._context
        waiting = self.intake.pending(context.origin, _MOST)
        if not waiting:
            return 0
        upto: dict[AgentKey, int] = {}
        works: list[BatchWork | SettleWork] = []
        with context.read() as conn:
            for one in waiting:
                found = examine(frame.encode(one), context.origin, lambda a, e: load_standing(conn, a, e))
                if isinstance(found, Batch):
                    works.append(BatchWork(found, context.origin, context.signer))
                header = found.header if isinstance(found, Batch) else found
                key = AgentKey(header.agent, header.epoch)
                upto[key] = max(upto.get(key, -1), header.seq)
        # What is refused now (a gap, a fork) goes too: its agent finds no proof and sends it again.
        context.writer.place([*works, SettleWork(context.origin, upto)])
        return len(waiting)
