"""How much memory the verification took at most."""

import sys
from contextlib import suppress

_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


def memory() -> tuple[int, int]:
    """Bytes resident at most: this process, and the largest of its workers (0: none, or not known)."""
    with suppress(ImportError):  # not a Unix
        import resource

        own, workers = (
            resource.getrusage(who).ru_maxrss * _UNIT
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        return own, workers
    return 0, 0
