"""The evaluation: policies and what was observed, at an instant, give the ledger (pure)."""

from collector.backups.ledger import Ledger
from collector.backups.observed import Observed
from collector.backups.policy import Policies


def evaluate(policies: Policies, observed: Observed, now: int) -> Ledger:
    """The account of all objects at `now` (UTC epoch ms); nothing later than `now` is looked at."""
    raise NotImplementedError
