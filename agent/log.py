"""The agent's log for its operator: standard error, no time stamps (journald has its own), no secrets."""

import logging
import sys

log = logging.getLogger("roundseal.agent")


def to_stderr() -> None:
    """Write log lines to standard error, with systemd's level prefix when it reads them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
