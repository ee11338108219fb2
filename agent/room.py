"""Keeping the spool within its days and megabytes; what had to go unsent is signed for as lost."""

from agent.log import log
from agent.outbox import Outbox
from agent.seal import Moment, Sealer
from agent.settings import Spool

_DAY_MS = 86_400_000


def make(outbox: Outbox, sealer: Sealer, spool: Spool, moment: Moment) -> None:
    """Delete what was proven days ago; beyond the cap first more of that, then the oldest unsent batches."""
    outbox.drop_old(moment.sample.wall - spool.days * _DAY_MS, moment.sample.wall)
    cap = spool.max_mb * 1024 * 1024
    size = outbox.size()
    if size <= cap:
        return
    # Down to nine tenths, so that this is not to be done again with the next batch.
    too_much = size - cap * 9 // 10
    too_much -= outbox.drop_kept(too_much)
    if too_much <= 0:
        return
    found = outbox.oldest_unsent(too_much)
    if found is None:
        log.error("the spool is over its %d MB and all of it waits for an answer", spool.max_mb)
        return
    log.error("the spool is full: batches %d to %d are dropped and signed for as lost", *found)
    sealer.lose(*found, "spool_full", moment)
